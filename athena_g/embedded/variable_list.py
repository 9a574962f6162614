"""The system variables: their defaults, whose they are, and which can be set."""

from __future__ import annotations

from dataclasses import dataclass

from athena_g import errors
from athena_g.embedded.native import Value
from athena_g.embedded.variable_values import (
    DEFAULT_SQL_MODE,
    Check,
    anything,
    between,
    boolean,
    charset,
    collation,
    no_default,
    number,
    one_of,
    only,
    results_charset,
    sql_mode,
    time_zone,
)

SERVER_VERSION = "8.4.0-athena-g-embedded"


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


def definition(name: str) -> Variable:
    """The variable; raises 1193."""
    found = VARIABLES.get(name)
    if found is None:
        raise errors.UNKNOWN_SYSTEM_VARIABLE(variable=name)
    return found


def shown_value(name: str, value: Value) -> str:
    """A variable's value as SHOW VARIABLES prints it."""
    if definition(name).is_switch:
        return "ON" if value else "OFF"
    if name in ("timestamp", "long_query_time") and value is not None:
        return f"{value:.6f}"
    return "" if value is None else str(value)
