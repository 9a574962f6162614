"""The system variables: their defaults, which can be set, and what values they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
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
_RESULTS_IDS = {"utf8mb3": 33, "latin1": 8, "ascii": 11}
"""What a column definition says for a character set; all others are sent in UTF-8."""
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


def only(kept: Value) -> Check:
    """A check for the one value that can be honoured; any other is 1235."""
    spelled = {str(kept).upper(), *({0: ("OFF", "FALSE"), 1: ("ON", "TRUE")}.get(kept, ()))}

    def check(name: str, value: Value) -> Value:
        if str(value).upper() not in spelled:
            raise errors.NOT_SUPPORTED_YET(construct=f"{name} = {value}")
        return kept

    return check


def number(low: float, high: float) -> Check:
    """A check that cuts a number, with decimals or without, to what is allowed."""

    def check(name: str, value: Value) -> Value:
        if isinstance(value, str | bytes | None):
            raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
        return max(low, min(value, high))

    return check


def no_default(name: str, value: Value) -> Value:
    """An integer; ``DEFAULT`` is none of its values."""
    if not isinstance(value, int):
        raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
    return max(0, value)


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
    if value is None:
        raise _wrong(name, value)
    if isinstance(value, int):
        chosen = [mode for bit, mode in enumerate(SQL_MODES) if value >> bit & 1]
        value = ",".join(chosen)
    modes = [mode.strip().upper() for mode in str(value).split(",") if mode.strip()]
    for mode in modes:
        if mode not in SQL_MODES:
            raise _wrong(name, mode)
        if mode in _MEANING_CHANGED:
            raise errors.NOT_SUPPORTED_YET(construct=f"sql_mode {mode}")
    if "TRADITIONAL" in modes:
        modes += [*DEFAULT_SQL_MODE.split(",")[1:], "STRICT_ALL_TABLES"]
    return ",".join(sorted(set(modes), key=SQL_MODES.index))


def time_zone(name: str, value: Value) -> Value:
    """SYSTEM, which is UTC here, or an offset from it; no names of zones are known."""
    text = str(value)
    if text.upper() == "SYSTEM":
        return "SYSTEM"
    match = _OFFSET.fullmatch(text)
    if match is None or not -839 <= _minutes(match) <= 840:
        raise errors.UNKNOWN_TIME_ZONE(zone="NULL" if value is None else text)
    return f"{match[1]}{int(match[2]):02d}:{match[3]}"


_OFFSET = re.compile(r"([+-])(\d{1,2}):([0-5]\d)")


def _minutes(match: re.Match[str]) -> int:
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def charset(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in CHARSET_DEFAULTS:
        raise errors.UNKNOWN_CHARACTER_SET(charset="NULL" if value is None else value)
    return "utf8mb3" if text == "utf8" else text


def results_charset(name: str, value: Value) -> Value:
    """A character set, or NULL for none: texts are sent as they are."""
    return None if value is None else charset(name, value)


def collation(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in COLLATIONS and text != "binary":
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
_BUFFER = between(1024, 2**32)
_TRACKED = (
    "time_zone,autocommit,character_set_client,character_set_results,character_set_connection"
)
VARIABLES: dict[str, Variable] = {
    "autocommit": _switch(1),
    "auto_increment_increment": Variable(1, only(1)),
    "auto_increment_offset": Variable(1, only(1)),
    "big_tables": _switch(0),
    "block_encryption_mode": Variable("aes-128-ecb", anything),
    "bulk_insert_buffer_size": Variable(8388608, between(0, _BIG)),
    "cte_max_recursion_depth": Variable(1000, between(0, 2**32)),
    "character_set_client": Variable("utf8mb4", charset),
    "character_set_connection": Variable("utf8mb4", charset),
    "character_set_database": Variable("utf8mb4", charset),
    "character_set_filesystem": Variable("binary", charset),
    "character_set_results": Variable("utf8mb4", results_charset),
    "character_set_server": Variable("utf8mb4", charset),
    "character_set_system": _fixed("utf8mb3"),
    "collation_connection": Variable("utf8mb4_0900_ai_ci", collation),
    "collation_database": Variable("utf8mb4_0900_ai_ci", collation),
    "collation_server": Variable("utf8mb4_0900_ai_ci", collation),
    "completion_type": Variable("NO_CHAIN", one_of("NO_CHAIN", "CHAIN", "RELEASE")),
    "connect_timeout": Variable(10, between(2, 31536000), "global"),
    "default_storage_engine": Variable("InnoDB", one_of("INNODB")),
    "default_tmp_storage_engine": Variable("InnoDB", one_of("INNODB")),
    "default_week_format": Variable(0, only(0)),
    "div_precision_increment": Variable(4, only(4)),
    "end_markers_in_json": _switch(0),
    "eq_range_index_dive_limit": Variable(200, between(0, 2**32)),
    "explicit_defaults_for_timestamp": Variable(1, only(1), is_switch=True),
    "event_scheduler": _fixed("OFF"),
    "foreign_key_checks": _switch(1),
    "group_concat_max_len": Variable(1024, between(4, _BIG)),
    "have_ssl": _fixed("DISABLED"),
    "hostname": _fixed("localhost"),
    "information_schema_stats_expiry": Variable(86400, between(0, 31536000)),
    "init_connect": Variable("", anything, "global"),
    "innodb_lock_wait_timeout": Variable(10, between(1, 1073741824)),
    "innodb_version": _fixed("8.4.0"),
    "insert_id": Variable(0, no_default, "session"),
    "interactive_timeout": Variable(28800, between(1, 31536000)),
    "join_buffer_size": Variable(262144, _BUFFER),
    "lc_messages": Variable("en_US", only("en_US")),
    "lc_time_names": Variable("en_US", only("en_US")),
    "license": _fixed("Apache-2.0"),
    "lock_wait_timeout": Variable(31536000, between(1, 31536000)),
    "log_bin": _fixed(0),
    "local_infile": _fixed(0),
    "long_query_time": Variable(10.0, number(0, 31536000)),
    "low_priority_updates": _switch(0),
    "lower_case_file_system": _fixed(0),
    "lower_case_table_names": _fixed(2),
    "max_allowed_packet": Variable(67108864, between(1024, 1073741824), "global"),
    "max_connections": Variable(151, between(1, 100000), "global"),
    "max_error_count": Variable(1024, only(1024)),
    "max_execution_time": Variable(0, between(0, 2**32)),
    "max_heap_table_size": Variable(16777216, between(16384, _BIG)),
    "max_join_size": Variable(2**64 - 1, between(1, 2**64 - 1)),
    "max_length_for_sort_data": Variable(4096, between(4, 8388608)),
    "max_prepared_stmt_count": Variable(16382, between(0, 4194304), "global"),
    "max_seeks_for_key": Variable(2**64 - 1, between(1, 2**64 - 1)),
    "max_sort_length": Variable(1024, between(4, 8388608)),
    "max_user_connections": Variable(0, between(0, 4294967295)),
    "net_buffer_length": Variable(16384, between(1024, 1048576), "global"),
    "net_read_timeout": Variable(30, between(1, 31536000)),
    "net_write_timeout": Variable(60, between(1, 31536000)),
    "optimizer_switch": Variable("", anything),
    "optimizer_prune_level": Variable(1, between(0, 1)),
    "optimizer_search_depth": Variable(62, between(0, 62)),
    "performance_schema": _fixed(0),
    "port": _fixed(3306),
    "profiling": _switch(0),
    "protocol_version": _fixed(10),
    "query_cache_size": _fixed(0),
    "query_cache_type": _fixed("OFF"),
    "range_optimizer_max_mem_size": Variable(8388608, between(0, _BIG)),
    "read_buffer_size": Variable(131072, _BUFFER),
    "read_only": _fixed(0),
    "read_rnd_buffer_size": Variable(262144, _BUFFER),
    "server_id": _fixed(1),
    "server_uuid": _fixed("00000000-0000-0000-0000-000000000000"),
    "session_track_gtids": Variable("OFF", one_of("OFF")),
    "session_track_schema": _switch(1),
    "session_track_state_change": _switch(0),
    "session_track_system_variables": Variable(
        _TRACKED,
        anything,
    ),
    "session_track_transaction_info": Variable("OFF", one_of("OFF", "STATE", "CHARACTERISTICS")),
    "socket": _fixed(""),
    "sort_buffer_size": Variable(262144, _BUFFER),
    "sql_auto_is_null": Variable(0, only(0), is_switch=True),
    "sql_big_selects": _switch(1),
    "sql_log_bin": _switch(1, "session"),
    "sql_mode": Variable(DEFAULT_SQL_MODE, sql_mode),
    "sql_notes": _switch(1),
    "sql_quote_show_create": _switch(1),
    "sql_safe_updates": Variable(0, only(0), is_switch=True),
    "sql_select_limit": Variable(2**64 - 1, between(0, 2**64 - 1)),
    "sql_warnings": _switch(0),
    "super_read_only": _fixed(0),
    "system_time_zone": _fixed("UTC"),
    "thread_handling": _fixed("one-thread-per-connection"),
    "time_zone": Variable("SYSTEM", time_zone),
    "timestamp": Variable(0, number(0, 2**31 - 1), "session"),
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
    "updatable_views_with_limit": _switch(1),
    "version": _fixed(SERVER_VERSION),
    "version_comment": _fixed("athena-g embedded server (SQLite)"),
    "version_compile_machine": _fixed("any"),
    "version_compile_os": _fixed("any"),
    "wait_timeout": Variable(28800, between(1, 31536000)),
    "warning_count": Variable(0, None, "session"),
    "error_count": Variable(0, None, "session"),
    "last_insert_id": Variable(0, no_default, "session"),
    "identity": Variable(0, no_default, "session"),
    "pseudo_thread_id": Variable(0, None, "session"),
}
_ALIASES = {"tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only"}
_WITHOUT_DEFAULT = frozenset({"last_insert_id", "identity", "insert_id"})
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

    def checked(self, name: str, value: Value, scope: str) -> tuple[str, Value]:
        """The variable's own name and the value it takes; it is not set yet."""
        known = definition(name)
        name = _ALIASES.get(name, name)
        if known.check is None:
            raise errors.READ_ONLY_VARIABLE(variable=name, scope="read only")
        if known.scope == "global" and scope != "global":
            raise errors.GLOBAL_VARIABLE(variable=name)
        if known.scope == "session" and scope == "global":
            raise errors.SESSION_VARIABLE(variable=name)
        return name, known.check(name, value)

    def default(self, name: str, scope: str) -> Value:
        """What ``SET name = DEFAULT`` gives."""
        known = definition(name)
        if name in _WITHOUT_DEFAULT:
            raise errors.NO_VARIABLE_DEFAULT(variable=name)
        return known.default if scope == "global" else self._server.get(name, known.default)

    def put(self, name: str, value: Value) -> None:
        """Sets the session's value, which is a checked one."""
        self._own[name] = value

    def put_global(self, name: str, value: Value) -> None:
        """Sets the server's value, which is a checked one."""
        self._server[name] = value

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
            rows.append((name, shown_value(name, value)))
        return rows

    @property
    def results_collation_id(self) -> int:
        """The collation id of texts in results, by character_set_results."""
        return _RESULTS_IDS.get(str(self.get("character_set_results")), 255)

    @property
    def utc_offset(self) -> timedelta:
        """How far the session's time is ahead of UTC."""
        match = _OFFSET.fullmatch(str(self.get("time_zone")))
        return timedelta(minutes=_minutes(match)) if match else timedelta()

    def names(self, name: str, chosen: str | None) -> dict[str, Value]:
        """What SET NAMES sets, by the variables' names."""
        checked = charset("character_set_client", name)
        picked = collation("", chosen) if chosen else CHARSET_DEFAULTS[checked]
        if charset_of(picked) != checked:
            raise errors.COLLATION_MISMATCH(collation=chosen, charset=checked)
        return {
            "character_set_client": checked,
            "character_set_results": checked,
            "character_set_connection": checked,
            "collation_connection": picked,
        }

    def log_in(self, charset_name: str, collation_name: str) -> None:
        """Takes what a client named when it logged in, as far as it is known here."""
        if collation_name in COLLATIONS:
            self._own.update(self.names(charset_name, collation_name))

    def character_set(self, name: str) -> dict[str, Value]:
        """What SET CHARACTER SET sets: the connection's is that of the database."""
        checked = charset("character_set_client", name)
        return {
            "character_set_client": checked,
            "character_set_results": checked,
            "character_set_connection": self.get("character_set_database"),
            "collation_connection": self.get("collation_database"),
        }

    @staticmethod
    def following(name: str, value: Value) -> dict[str, Value]:
        """What else changes with the variable: a character set has a collation, and back."""
        if name == "character_set_connection":
            return {"collation_connection": CHARSET_DEFAULTS[value]}
        if name == "collation_connection":
            return {"character_set_connection": charset_of(value)}
        return {}


def shown_value(name: str, value: Value) -> str:
    """A variable's value as SHOW VARIABLES prints it."""
    if definition(name).is_switch:
        return "ON" if value else "OFF"
    if name in ("timestamp", "long_query_time") and value is not None:
        return f"{value:.6f}"
    return "" if value is None else str(value)
