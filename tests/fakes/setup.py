"""What the proxy sends to bring a connection to the settings of the test's client."""

TRACKING = (
    "SESSION session_track_state_change = 1, SESSION session_track_schema = 1, "
    "SESSION session_track_system_variables = "
    "'autocommit,character_set_client,character_set_connection,character_set_results,"
    "group_concat_max_len,innodb_lock_wait_timeout,lock_wait_timeout,sql_mode,sql_safe_updates,"
    "sql_select_limit,time_zone,max_execution_time,transaction_isolation,transaction_read_only'"
)
NAMES = "NAMES utf8mb4 COLLATE utf8mb4_general_ci"
SET_NAMES = f"SET {NAMES}, {TRACKING}"
RESET = "RESET_CONNECTION"
