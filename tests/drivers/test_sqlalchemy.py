"""SQLAlchemy Core: tables, reflection, inserts, isolation, streams, transactions."""

from __future__ import annotations

import enum
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.exc import DBAPIError

from tests.drivers.conftest import Compare
from tests.drivers.engines import engine_on
from tests.drivers.notes import Notes
from tests.drivers.place import Place


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


def shop() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "customer",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, unique=True),
        sa.Column("about", sa.Text),
        mysql_charset="utf8mb4",
    )
    sa.Table(
        "item",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey("customer.id", ondelete="CASCADE")),
        sa.Column("price", sa.Numeric(12, 2), nullable=False, server_default="0"),
        sa.Column("size", sa.Enum(Size)),
        sa.Column("sold", sa.Boolean, default=False),
        sa.Column("at", sa.DateTime),
        sa.Column("photo", sa.LargeBinary),
        sa.Column("attributes", sa.JSON),
        sa.Index("by_price", "price", "size"),
    )
    return metadata


def describe(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    columns = [
        {key: str(value) for key, value in column.items()}
        for column in inspector.get_columns(table)
    ]
    return {
        "columns": columns,
        "primary key": inspector.get_pk_constraint(table),
        "foreign keys": inspector.get_foreign_keys(table),
        "indexes": inspector.get_indexes(table),
        "unique": inspector.get_unique_constraints(table),
        "options": inspector.get_table_options(table),
    }


def reflect(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        metadata = shop()
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE VIEW names AS SELECT name FROM customer"))
        inspector = sa.inspect(engine)
        seen("tables", inspector.get_table_names())
        seen("views", inspector.get_view_names())
        seen("schema", inspector.default_schema_name)
        seen("has", [inspector.has_table("item"), inspector.has_table("nothing")])
        for table in ("customer", "item"):
            seen(table, describe(inspector, table))
        reflected = sa.MetaData()
        reflected.reflect(engine, views=True)
        seen("reflected", [list(map(str, table.columns)) for table in reflected.sorted_tables])
        seen("version", engine.dialect.server_version_info)
        metadata.drop_all(engine)
        seen("left", sa.inspect(engine).get_table_names())


@pytest.mark.real_servers("it has no SHOW CREATE TABLE of MySQL's form, and no views")
def test_tables_are_made_and_reflected(compare: Compare, dialect: str) -> None:
    seen = compare(reflect, dialect)
    assert seen["tables"] == ["customer", "item"]
    assert seen["item"]["foreign keys"][0]["referred_table"] == "customer"
    assert seen["left"] == []


def fill_and_query(place: Place, dialect: str, seen: Notes) -> None:
    metadata = shop()
    customer, item = metadata.tables["customer"], metadata.tables["item"]
    with engine_on(place, dialect) as engine:
        metadata.create_all(engine)
        with engine.begin() as connection:
            one = connection.execute(customer.insert().values(name="Ännchen", about="🐬 %s"))
            seen("key", tuple(one.inserted_primary_key))
            many = [{"name": f"customer {number}"} for number in range(100)]
            seen("many", connection.execute(customer.insert(), many).rowcount)
            rows = [
                {
                    "customer_id": number % 7 + 1,
                    "price": Decimal(number) / 4,
                    "size": Size.SMALL if number % 2 else Size.LARGE,
                    "at": datetime(2024, 1, 1 + number % 28),
                    "photo": bytes([number]) * 10,
                    "attributes": {"n": number, "list": [None, True, "ü"]},
                }
                for number in range(50)
            ]
            connection.execute(item.insert(), rows)
        with engine.connect() as connection:
            joined = (
                sa.select(customer.c.name, sa.func.count(), sa.func.sum(item.c.price))
                .join(item)
                .group_by(customer.c.name)
                .order_by(customer.c.name)
            )
            seen("joined", list(connection.execute(joined)))
            seen("items", list(connection.execute(sa.select(item).order_by(item.c.id))))
            price = item.c.attributes["n"].as_integer()
            seen("by JSON", connection.scalar(sa.select(item.c.id).where(price == 7)))
        with engine.begin() as connection:
            updated = connection.execute(
                item.update().where(item.c.price > 5).values(price=item.c.price)
            )
            seen("updated", updated.rowcount)
            seen("deleted", connection.execute(item.delete().where(item.c.id > 45)).rowcount)
            put = upsert(customer).values(id=1, name="Ännchen")
            put = put.on_duplicate_key_update(about=put.inserted.name)
            seen("upserted", connection.execute(put).rowcount)
            seen("about", connection.scalar(sa.select(customer.c.about).filter_by(id=1)))
        with engine.connect() as connection:
            with pytest.raises(sa.exc.IntegrityError) as caught:
                connection.execute(customer.insert().values(name="Ännchen"))
            seen("duplicate", caught.value.orig.args)


def test_rows_are_inserted_joined_updated_and_deleted(compare: Compare, dialect: str) -> None:
    seen = compare(fill_and_query, dialect)
    assert seen["key"] == (1,)
    assert len(seen["joined"]) == 7
    assert seen["updated"] == 29
    assert seen["about"] == "Ännchen"
    assert seen["duplicate"][0] == 1062


def isolate(place: Place, dialect: str, seen: Notes) -> None:
    variable = "tx_isolation" if place.is_mariadb else "transaction_isolation"
    look = sa.text(f"SELECT @@{variable}, @@autocommit")
    with engine_on(place, dialect, pool_size=1, max_overflow=0) as engine:
        for level in ("SERIALIZABLE", "READ COMMITTED", "AUTOCOMMIT"):
            with engine.connect().execution_options(isolation_level=level) as connection:
                seen(level, list(connection.execute(look)))
                seen(f"{level} as it says", connection.get_isolation_level())
            with engine.connect() as connection:
                seen(f"after {level}", list(connection.execute(look)))


def test_isolation_levels_are_set_and_put_back(compare: Compare, dialect: str) -> None:
    seen = compare(isolate, dialect)
    assert seen["SERIALIZABLE"] == [("SERIALIZABLE", 0)]
    assert seen["AUTOCOMMIT"] == [("REPEATABLE-READ", 1)]
    assert seen["after AUTOCOMMIT"] == [("REPEATABLE-READ", 0)]


def nest(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE TABLE t (a INT PRIMARY KEY)"))
            connection.commit()
            put = sa.text("INSERT INTO t VALUES (:a)")
            with connection.begin():
                connection.execute(put, {"a": 1})
                with connection.begin_nested():
                    connection.execute(put, {"a": 2})
                    inner = connection.begin_nested()
                    connection.execute(put, {"a": 3})
                    inner.rollback()
                with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
                    connection.execute(put, {"a": 1})
                connection.execute(put, {"a": 4})
            seen("rows", list(connection.execute(sa.text("SELECT a FROM t ORDER BY a"))))
            connection.rollback()
            transaction = connection.begin()
            connection.execute(put, {"a": 5})
            transaction.rollback()
            seen("at the end", list(connection.execute(sa.text("SELECT COUNT(*) FROM t"))))


def test_transactions_are_nested(compare: Compare, dialect: str) -> None:
    seen = compare(nest, dialect)
    assert seen["rows"] == [(1,), (2,), (4,)]
    assert seen["at the end"] == [(3,)]


def two_phases(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine, engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE t (a INT PRIMARY KEY)"))
        connection.commit()
        for number, end in enumerate(("commit", "rollback")):
            transaction = connection.begin_twophase()
            connection.execute(sa.text(f"INSERT INTO t VALUES ({number})"))
            transaction.prepare()
            getattr(transaction, end)()
        seen("rows", list(connection.execute(sa.text("SELECT a FROM t"))))


@pytest.mark.real_servers("it has no XA")
def test_transactions_are_committed_in_two_phases(compare: Compare, dialect: str) -> None:
    assert compare(two_phases, dialect)["rows"] == [(0,)]


def stream(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        numbers = sa.Table("numbers", sa.MetaData(), sa.Column("n", sa.Integer))
        numbers.create(engine)
        with engine.begin() as connection:
            connection.execute(numbers.insert(), [{"n": number} for number in range(3000)])
        with engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, yield_per=100)
            result = streaming.execute(sa.select(numbers.c.n).order_by(numbers.c.n))
            seen("sizes", [len(part) for part in result.partitions()])
            result = streaming.execute(sa.select(numbers.c.n).order_by(numbers.c.n))
            seen("first", result.fetchmany(3))
            result.close()
            seen("afterwards", connection.scalar(sa.select(sa.func.count()).select_from(numbers)))


def test_results_are_streamed(compare: Compare, dialect: str) -> None:
    seen = compare(stream, dialect)
    assert seen["sizes"] == [100] * 30
    assert seen["afterwards"] == 3000


def work_in_threads(place: Place, dialect: str, seen: Notes) -> None:
    """Twenty threads at once; each finds its own settings however often it looks."""
    threads = 20
    options = {"pool_size": threads, "max_overflow": 0, "pool_pre_ping": True}
    start = Barrier(threads)

    def one(engine: sa.Engine, number: int) -> list[Any]:
        zone, mode = f"+{number % 13:02}:00", ("ANSI_QUOTES", "PIPES_AS_CONCAT")[number % 2]
        look = "SELECT @me, @@time_zone, @@sql_mode, HOUR(FROM_UNIXTIME(0)), 'a' || 'b'"
        with engine.connect() as connection:
            start.wait()
            settings = f"SET @me = {number}, time_zone = '{zone}', sql_mode = '{mode}'"
            connection.execute(sa.text(settings))
            found = set()
            for turn in range(15):
                put = f"INSERT INTO marks VALUES ({number}, {turn}, NOW())"
                connection.execute(sa.text(put))
                if turn % 3 == 2:
                    connection.rollback()
                elif turn % 3 == 1:
                    connection.commit()
                found.add(tuple(connection.execute(sa.text(look)).one()))
            connection.rollback()
            return sorted(found)

    with engine_on(place, dialect, **options) as engine:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE marks (who INT, turn INT, at DATETIME)"))
        with ThreadPoolExecutor(threads) as pool:
            seen("threads", list(pool.map(lambda number: one(engine, number), range(threads))))
        with engine.connect() as connection:
            counts = "SELECT who, COUNT(*), MAX(turn) FROM marks GROUP BY who ORDER BY who"
            seen("rows", list(connection.execute(sa.text(counts))))


@pytest.mark.real_servers("it has one writer at a time")
def test_twenty_threads_keep_their_settings_and_transactions(
    compare: Compare, dialect: str
) -> None:
    seen = compare(work_in_threads, dialect)
    for number, found in enumerate(seen["threads"]):
        mode = ("ANSI_QUOTES", "PIPES_AS_CONCAT")[number % 2]
        joined = "ab" if number % 2 else 0
        assert found == [(number, f"+{number % 13:02}:00", mode, number % 13, joined)]
    assert seen["rows"] == [(number, 10, 13) for number in range(20)]


def return_to_the_pool(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect, pool_size=1, max_overflow=0, pool_pre_ping=True) as engine:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE t (a INT)"))
        with engine.connect() as connection:
            connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        with engine.connect() as connection:  # the same one; its transaction was rolled back
            seen("rows", list(connection.execute(sa.text("SELECT * FROM t"))))
            seen("failed", failure(connection, "SELECT * FROM missing"))
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            raw.close()
            connection.invalidate()
        with engine.connect() as connection:
            seen("with a new one", list(connection.execute(sa.text("SELECT 1"))))


def failure(connection: sa.Connection, sql: str) -> Any:
    try:
        connection.execute(sa.text(sql))
    except DBAPIError as error:
        return (type(error).__name__, *error.orig.args)
    return "no error"


def test_a_returned_connection_has_no_transaction(compare: Compare, dialect: str) -> None:
    seen = compare(return_to_the_pool, dialect)
    assert seen["rows"] == []
    assert seen["failed"][1] == 1146
    assert seen["with a new one"] == [(1,)]
