"""Functions that answer from the session's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g.embedded import types
from athena_g.embedded.translate.signatures import (
    INTEGER,
    Function,
    native,
    session_function,
)
from athena_g.embedded.translate.values import (
    Sql,
    to_integer,
    to_real,
)

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _last_insert_id(translator: Expressions, values: list[Sql]) -> Sql:
    argument = to_integer(values[0]).text if values else ""
    return Sql(f"my_last_insert_id({argument})", types.BIGINT_UNSIGNED, bool(values))


def _sleep(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"my_sleep({to_real(values[0]).text})", INTEGER, nullable=False)


STATE_FUNCTIONS: dict[str, Function] = {
    "VERSION": session_function("my_version", types.varchar(60)),
    "DATABASE": session_function("my_database", types.varchar(64), nullable=True),
    "SCHEMA": session_function("my_database", types.varchar(64), nullable=True),
    "USER": session_function("my_user", types.varchar(288)),
    "CURRENT_USER": session_function("my_user", types.varchar(288)),
    "SESSION_USER": session_function("my_user", types.varchar(288)),
    "SYSTEM_USER": session_function("my_user", types.varchar(288)),
    "CONNECTION_ID": session_function("my_connection_id", types.BIGINT_UNSIGNED),
    "LAST_INSERT_ID": Function(0, 1, _last_insert_id),
    "FOUND_ROWS": session_function("my_found_rows", types.BIGINT),
    "ROW_COUNT": session_function("my_row_count", types.BIGINT),
    "SLEEP": Function(1, 1, _sleep),
    "GET_LOCK": native("my_get_lock", "sr", INTEGER),
    "RELEASE_LOCK": native("my_release_lock", "s", INTEGER),
    "IS_FREE_LOCK": native("my_is_free_lock", "s", INTEGER),
    "IS_USED_LOCK": native("my_is_used_lock", "s", INTEGER),
    "RELEASE_ALL_LOCKS": session_function("my_release_all_locks", types.BIGINT),
}
