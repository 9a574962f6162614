"""SQLAlchemy's engines on each of the Python drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine

from tests.drivers.place import Place

DIALECTS: dict[str, dict[str, Any]] = {
    "pymysql": {"ssl_disabled": True},
    "mysqldb": {},
    "mysqlconnector": {"ssl_disabled": True, "use_pure": True},
}
DIALECT_MODULES = {"pymysql": "pymysql", "mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector"}


@contextmanager
def engine_on(place: Place, dialect: str, **options: Any) -> Iterator[Engine]:
    """An engine with an empty pool of its own; options are those of ``create_engine``."""
    arguments = dict(DIALECTS[dialect])
    if place.is_mariadb and dialect == "mysqlconnector":
        arguments["collation"] = "utf8mb4_general_ci"  # it asks for one of MySQL's unless told
    url = URL.create(
        f"mysql+{dialect}",
        place.user,
        place.password,
        place.host,
        place.port,
        place.database,
        query={"charset": "utf8mb4"},
    )
    engine = create_engine(url, connect_args=arguments, **options)
    try:
        yield engine
    finally:
        engine.dispose()
