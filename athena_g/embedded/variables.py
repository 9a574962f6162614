"""The system variables: their defaults, which can be set, and what values they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from athena_g import errors
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS, charset_of
from athena_g.embedded.native import Value

SERVER_VERSION = "8.4.0-athena-g-embedded"
Check = Callable[[str, Value], Value]
SQL_MODES = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "NOT_USED",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
]
_MEANING_CHANGED = frozenset(
    [
        "PIPES_AS_CONCAT",
        "ANSI_QUOTES",
        "NO_UNSIGNED_SUBTRACTION",
        "ANSI",
        "NO_BACKSLASH_ESCAPES",
        "HIGH_NOT_PRECEDENCE",
        "PAD_CHAR_TO_FULL_LENGTH",
        "TIME_TRUNCATE_FRACTIONAL",
        "REAL_AS_FLOAT",
        "ALLOW_INVALID_DATES",
    ]
)
DEFAULT_SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)


def _wrong(name: str, value: Value) -> Exception:
    return errors.WRONG_VALUE_FOR_VARIABLE(variable=name, value="NULL" if value is None else value)


def boolean(name: str, value: Value) -> Value:
    """ON, OFF, 1 or 0 as 1 or 0."""
    text = str(value).upper()
    if text in ("1", "ON", "TRUE"):
        return 1
    if text in ("0", "OFF", "FALSE"):
        return 0
    raise _wrong(name, value)


def between(low: int, high: int) -> Check:
    """A check that cuts a number to what is allowed, as MySQL does."""

    def check(name: str, value: Value) -> Value:
        if not isinstance(value, int):
            raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
        return max(low, min(value, high))

    return check


def one_of(*choices: str) -> Check:
    """A check for one of several words; a number counts them from 0."""

    def check(name: str, value: Value) -> Value:
        if isinstance(value, int) and 0 <= value < len(choices):
            return choices[value]
        text = str(value).upper()
        if text not in choices:
            raise _wrong(name, value)
        return text

    return check


def sql_mode(name: str, value: Value) -> Value:
    """A list of modes; those that would change the meaning of statements are refused."""
    modes = [mode.strip().upper() for mode in str(value).split(",") if mode.strip()]
    for mode in modes:
        if mode not in SQL_MODES:
            raise _wrong(name, mode)
        if mode in _MEANING_CHANGED:
            raise errors.NOT_SUPPORTED_YET(construct=f"sql_mode {mode}")
    if "TRADITIONAL" in modes:
        modes = [*DEFAULT_SQL_MODE.split(",")[1:], "STRICT_ALL_TABLES", "TRADITIONAL"]
    return ",".join(sorted(set(modes), key=SQL_MODES.index))


def time_zone(name: str, value: Value) -> Value:
    """UTC under one of its names: the server keeps no other time zone."""
    text = str(value)
    if text.upper() in ("SYSTEM", "UTC") or re.fullmatch(r"[+-]0{1,2}:00", text):
        return text.upper() if text.upper() == "SYSTEM" else text
    raise errors.NOT_SUPPORTED_YET(construct=f"time_zone {text}")


def charset(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in CHARSET_DEFAULTS:
        raise errors.UNKNOWN_CHARACTER_SET(charset=value)
    return text


def collation(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in COLLATIONS:
        raise errors.UNKNOWN_COLLATION(collation=value)
    return text


def anything(name: str, value: Value) -> Value:
    return value


@dataclass(frozen=True, slots=True)
class Variable:
    """One system variable."""

    default: Value
    check: Check | None = None
    """None: read-only."""
    scope: str = "both"
    """``both``, ``global`` or ``session``."""
    is_switch: bool = False


def _switch(default: int, scope: str = "both") -> Variable:
    return Variable(default, boolean, scope, is_switch=True)


def _fixed(value: Value) -> Variable:
    return Variable(value, None, "global")


_BIG = 2**63 - 1
VARIABLES: dict[str, Variable] = {
    "autocommit": _switch(1),
    "auto_increment_increment": Variable(1, between(1, 1)),
    "auto_increment_offset": Variable(1, between(1, 1)),
    "big_tables": _switch(0),
    "character_set_client": Variable("utf8mb4", charset),
    "character_set_connection": Variable("utf8mb4", charset),
    "character_set_database": Variable("utf8mb4", charset),
    "character_set_filesystem": Variable("binary", charset),
    "character_set_results": Variable("utf8mb4", charset),
    "character_set_server": Variable("utf8mb4", charset),
    "character_set_system": _fixed("utf8mb3"),
    "collation_connection": Variable("utf8mb4_0900_ai_ci", collation),
    "collation_database": Variable("utf8mb4_0900_ai_ci", collation),
    "collation_server": Variable("utf8mb4_0900_ai_ci", collation),
    "completion_type": Variable("NO_CHAIN", one_of("NO_CHAIN")),
    "connect_timeout": Variable(10, between(2, 31536000), "global"),
    "default_storage_engine": Variable("InnoDB", one_of("INNODB")),
    "default_tmp_storage_engine": Variable("InnoDB", one_of("INNODB")),
    "default_week_format": Variable(0, between(0, 0)),
    "div_precision_increment": Variable(4, between(4, 4)),
    "event_scheduler": _fixed("OFF"),
    "foreign_key_checks": _switch(1),
    "group_concat_max_len": Variable(1024, between(4, _BIG)),
    "have_ssl": _fixed("DISABLED"),
    "hostname": _fixed("localhost"),
    "init_connect": Variable("", anything, "global"),
    "innodb_lock_wait_timeout": Variable(10, between(1, 1073741824)),
    "innodb_version": _fixed("8.4.0"),
    "interactive_timeout": Variable(28800, between(1, 31536000)),
    "license": _fixed("Apache-2.0"),
    "lock_wait_timeout": Variable(31536000, between(1, 31536000)),
    "log_bin": _fixed(0),
    "long_query_time": Variable(10, anything),
    "lower_case_file_system": _fixed(0),
    "lower_case_table_names": _fixed(2),
    "max_allowed_packet": Variable(67108864, between(1024, 1073741824), "global"),
    "max_connections": Variable(151, between(1, 100000), "global"),
    "max_execution_time": Variable(0, between(0, 0)),
    "max_join_size": Variable(_BIG, between(1, _BIG)),
    "max_user_connections": Variable(0, between(0, 4294967295)),
    "net_buffer_length": Variable(16384, between(1024, 1048576), "global"),
    "net_read_timeout": Variable(30, between(1, 31536000)),
    "net_write_timeout": Variable(60, between(1, 31536000)),
    "optimizer_switch": Variable("", anything),
    "performance_schema": _fixed(0),
    "port": _fixed(3306),
    "protocol_version": _fixed(10),
    "query_cache_size": _fixed(0),
    "query_cache_type": _fixed("OFF"),
    "read_only": _fixed(0),
    "server_id": _fixed(1),
    "server_uuid": _fixed("00000000-0000-0000-0000-000000000000"),
    "session_track_gtids": Variable("OFF", one_of("OFF")),
    "session_track_schema": _switch(1),
    "session_track_state_change": _switch(0),
    "session_track_system_variables": Variable(
        "time_zone,autocommit,character_set_client,character_set_results,character_set_connection",
        anything,
    ),
    "session_track_transaction_info": Variable("OFF", one_of("OFF", "STATE", "CHARACTERISTICS")),
    "socket": _fixed(""),
    "sql_auto_is_null": Variable(0, between(0, 0)),
    "sql_big_selects": _switch(1),
    "sql_log_bin": _switch(1, "session"),
    "sql_mode": Variable(DEFAULT_SQL_MODE, sql_mode),
    "sql_notes": _switch(1),
    "sql_quote_show_create": _switch(1),
    "sql_safe_updates": Variable(0, between(0, 0)),
    "sql_select_limit": Variable(18446744073709551615, anything),
    "sql_warnings": _switch(0),
    "super_read_only": _fixed(0),
    "system_time_zone": _fixed("UTC"),
    "thread_handling": _fixed("one-thread-per-connection"),
    "time_zone": Variable("SYSTEM", time_zone),
    "tmp_table_size": Variable(16777216, between(1024, _BIG)),
    "transaction_isolation": Variable(
        "REPEATABLE-READ",
        one_of("READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"),
    ),
    "transaction_read_only": _switch(0),
    "tx_isolation": Variable(
        "REPEATABLE-READ",
        one_of("READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"),
    ),
    "tx_read_only": _switch(0),
    "unique_checks": _switch(1),
    "version": _fixed(SERVER_VERSION),
    "version_comment": _fixed("athena-g embedded server (SQLite)"),
    "version_compile_machine": _fixed("any"),
    "version_compile_os": _fixed("any"),
    "wait_timeout": Variable(28800, between(1, 31536000)),
    "warning_count": Variable(0, None, "session"),
    "error_count": Variable(0, None, "session"),
    "last_insert_id": Variable(0, anything, "session"),
    "identity": Variable(0, anything, "session"),
    "pseudo_thread_id": Variable(0, None, "session"),
}
_ALIASES = {"tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only"}
_SESSION_LIST_HIDDEN = frozenset({"tx_isolation", "tx_read_only"})


def definition(name: str) -> Variable:
    """The variable; raises 1193."""
    found = VARIABLES.get(name)
    if found is None:
        raise errors.UNKNOWN_SYSTEM_VARIABLE(variable=name)
    return found


class SystemVariables:
    """The values of one session, seeded from the server's."""

    def __init__(self, server: dict[str, Value]) -> None:
        self._server = server
        self._own: dict[str, Value] = {}

    def get(self, name: str, scope: str = "") -> Value:
        """The value as ``@@scope.name`` gives it; raises 1193, 1238."""
        known = definition(name)
        name = _ALIASES.get(name, name)
        if scope == "global" or (name not in self._own and known.scope != "session"):
            if scope == "global" and known.scope == "session":
                raise errors.READ_ONLY_VARIABLE(variable=name, scope="SESSION")
            if scope in ("session", "local") and known.scope == "global":
                raise errors.READ_ONLY_VARIABLE(variable=name, scope="GLOBAL")
            return self._server.get(name, known.default)
        return self._own.get(name, known.default)

    def set(self, name: str, value: Value, scope: str) -> tuple[str, Value]:
        """Sets the variable; the name and value it now has."""
        known = definition(name)
        name = _ALIASES.get(name, name)
        if known.check is None:
            raise errors.READ_ONLY_VARIABLE(variable=name, scope="read only")
        if known.scope == "global" and scope != "global":
            raise errors.GLOBAL_VARIABLE(variable=name)
        if known.scope == "session" and scope == "global":
            raise errors.SESSION_VARIABLE(variable=name)
        checked = known.check(name, value)
        (self._server if scope == "global" else self._own)[name] = checked
        return name, checked

    def default(self, name: str, scope: str) -> Value:
        """What ``SET name = DEFAULT`` gives."""
        known = definition(name)
        return known.default if scope == "global" else self._server.get(name, known.default)

    def put(self, name: str, value: Value) -> None:
        """Sets the session's value without any check."""
        self._own[name] = value

    def reset(self) -> None:
        """Forgets all that the session set."""
        self._own.clear()

    def listed(self, scope: str) -> list[tuple[str, str]]:
        """SHOW VARIABLES: names and values as texts."""
        rows = []
        for name, known in sorted(VARIABLES.items()):
            if name in _SESSION_LIST_HIDDEN or known.scope == "session":
                continue
            value: Any = self.get(name, "global" if scope == "GLOBAL" else "")
            shown = ("ON" if value else "OFF") if known.is_switch else str(value)
            rows.append((name, shown))
        return rows

    def set_names(self, name: str, chosen: str | None) -> list[tuple[str, Value]]:
        """SET NAMES: the variables it changed."""
        checked = charset("character_set_client", name)
        picked = collation("", chosen) if chosen else CHARSET_DEFAULTS[checked]
        if charset_of(picked) != {"utf8": "utf8mb3"}.get(checked, checked):
            raise _wrong("collation_connection", chosen)
        values = {
            "character_set_client": checked,
            "character_set_results": checked,
            "character_set_connection": checked,
            "collation_connection": picked,
        }
        self._own.update(values)
        return list(values.items())
