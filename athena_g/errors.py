"""The one registry of every error a client can get: name, number, SQLSTATE, text, what to do.

An entry is raised by calling it with the fields of its text::

    raise errors.UNKNOWN_DATABASE(database="shop")

The one place that answers a client turns the :class:`SqlError` into an ERR packet. Numbers and
SQLSTATEs are those of the MySQL Server Error Message Reference and, for 2xxx, of the MySQL
Client Error Message Reference; 1105 (ER_UNKNOWN_ERROR, HY000) is what MySQL itself gives where
it has no number of its own. ``docs/errors.md`` is generated from this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class SqlError(Exception):
    """What one client is told in an ERR packet; ``sqlstate`` has five characters.

    ``name`` is that of its entry in the registry, empty for an error of a server. ``retryable``
    says that the same statement may succeed when sent again as it is.
    ``fatal`` says that the connection is closed after the ERR packet.
    """

    def __init__(
        self,
        errno: int,
        sqlstate: str,
        message: str,
        *,
        retryable: bool = False,
        fatal: bool = False,
        name: str = "",
    ) -> None:
        super().__init__(errno, sqlstate, message)
        self.name = name
        self.errno = errno
        self.sqlstate = sqlstate
        self.message = message
        self.retryable = retryable
        self.fatal = fatal

    def __str__(self) -> str:
        return f"{self.errno} ({self.sqlstate}): {self.message}"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One entry of the registry; calling it with the text's fields gives the error to raise."""

    name: str
    errno: int
    sqlstate: str
    text: str
    help: str
    retryable: bool = False
    fatal: bool = False

    def __call__(self, **fields: object) -> SqlError:
        return SqlError(
            self.errno,
            self.sqlstate,
            self.text.format(**fields),
            retryable=self.retryable,
            fatal=self.fatal,
            name=self.name,
        )


_REGISTRY: dict[str, ErrorCode] = {}


def _register(
    name: str,
    errno: int,
    sqlstate: str,
    text: str,
    help: str,
    *,
    retryable: bool = False,
    fatal: bool = False,
) -> ErrorCode:
    if name in _REGISTRY:
        raise ValueError(f"error {name} is registered twice")
    code = ErrorCode(name, errno, sqlstate, text, help, retryable, fatal)
    _REGISTRY[name] = code
    return code


def registry() -> Iterator[ErrorCode]:
    """Every entry, in the order of this file."""
    return iter(_REGISTRY.values())


# --- Connecting and logging in ----------------------------------------------------------------

TOO_MANY_CONNECTIONS = _register(
    "TOO_MANY_CONNECTIONS", 1040, "08004",
    "Too many connections (server.max_connections = {limit})",
    "Close idle client connections, or raise the limit named in the message.",
    retryable=True, fatal=True,
)  # fmt: skip
POOL_EXHAUSTED = _register(
    "POOL_EXHAUSTED", 1040, "08004",
    "Too many connections: no connection to {instance} (group {group}) became free within "
    "{timeout_ms} ms; {out} of {limit} are in use, {bound} of them bound to a client by a "
    "transaction or session state, and {waiting} statements wait (pool.max_open, "
    "pool.acquire_timeout_ms)",
    "The instance is busy or clients hold transactions open. Raise pool.max_open if the server "
    "can take it, or pool.acquire_timeout_ms if waiting longer is acceptable.",
    retryable=True,
)  # fmt: skip
BAD_HANDSHAKE = _register(
    "BAD_HANDSHAKE", 1043, "08S01",
    "Bad handshake: {reason}",
    "The client does not speak the MySQL protocol 4.1 or later, or sent a damaged packet.",
    fatal=True,
)  # fmt: skip
HANDSHAKE_TIMEOUT = _register(
    "HANDSHAKE_TIMEOUT", 1159, "08S01",
    "The handshake was not finished within {seconds} s (server.connect_timeout)",
    "The client or the network is too slow, or something other than a MySQL client connected.",
    retryable=True, fatal=True,
)  # fmt: skip
ACCESS_DENIED = _register(
    "ACCESS_DENIED", 1045, "28000",
    "Access denied for user '{user}'@'{host}' (using password: {using_password})",
    "Check user, password and database name: the database named at login must be a group of the "
    "configuration and the user one of that group. The log says which of them was wrong.",
    fatal=True,
)  # fmt: skip
SECURE_TRANSPORT_REQUIRED = _register(
    "SECURE_TRANSPORT_REQUIRED", 3159, "HY000",
    "Connections using insecure transport are prohibited while server.tls.required = true",
    "Connect with TLS (--ssl, --ssl-mode=REQUIRED).",
    fatal=True,
)  # fmt: skip
NO_DATABASE = _register(
    "NO_DATABASE", 1046, "3D000",
    "No database selected",
    "Name the database when connecting or with USE.",
)  # fmt: skip
UNKNOWN_DATABASE = _register(
    "UNKNOWN_DATABASE", 1049, "42000",
    "Unknown database '{database}'",
    "The database is not there.",
)  # fmt: skip
OTHER_DATABASE = _register(
    "OTHER_DATABASE", 1049, "42000",
    "Unknown database '{database}': this connection is logged in to '{group}'; connect again "
    "naming the other database",
    "A connection stays in the group it logged in to.",
)  # fmt: skip

# --- The wire -----------------------------------------------------------------------------------

UNKNOWN_COMMAND = _register(
    "UNKNOWN_COMMAND", 1047, "08S01",
    "Unknown command: {command} is not supported",
    "The command is not part of what this server offers on this connection.",
)  # fmt: skip
PACKET_TOO_LARGE = _register(
    "PACKET_TOO_LARGE", 1153, "08S01",
    "Got a packet bigger than 'max_allowed_packet' bytes ({limit})",
    "Send smaller statements or raise server.max_allowed_packet.",
    fatal=True,
)  # fmt: skip
PACKETS_OUT_OF_ORDER = _register(
    "PACKETS_OUT_OF_ORDER", 1156, "08S01",
    "Got packets out of order: sequence id {got} where {expected} was due",
    "The client or something between damaged the stream.",
    fatal=True,
)  # fmt: skip
UNCOMPRESS_FAILED = _register(
    "UNCOMPRESS_FAILED", 1157, "08S01",
    "Couldn't uncompress communication packet: {reason}",
    "The client or something between damaged the stream, or it is no zlib compression.",
    fatal=True,
)  # fmt: skip
MALFORMED_PACKET = _register(
    "MALFORMED_PACKET", 1835, "HY000",
    "Malformed communication packet: {reason}",
    "The client or something between damaged the stream.",
    fatal=True,
)  # fmt: skip
SERVER_SHUTDOWN = _register(
    "SERVER_SHUTDOWN", 1053, "08S01",
    "Server shutdown in progress",
    "Connect again.",
    retryable=True, fatal=True,
)  # fmt: skip
INTERNAL_ERROR = _register(
    "INTERNAL_ERROR", 1105, "HY000",
    "Internal error {reference}: see the log of athena-g",
    "A fault of athena-g itself. The log has the details under the reference.",
    fatal=True,
)  # fmt: skip

# --- Backends -----------------------------------------------------------------------------------

BACKEND_UNREACHABLE = _register(
    "BACKEND_UNREACHABLE", 2003, "HY000",
    "Can't connect to {instance} (group {group}): {reason}",
    "The server is down, or host and port in the configuration are wrong. The next statement "
    "tries again.",
    retryable=True,
)  # fmt: skip
BACKEND_LOGIN_REFUSED = _register(
    "BACKEND_LOGIN_REFUSED", 1105, "HY000",
    "{instance} (group {group}) refused athena-g's login: {reason}",
    "Check user, password and database of the instance in the configuration.",
)  # fmt: skip
BACKEND_FULL = _register(
    "BACKEND_FULL", 1040, "08004",
    "Too many connections: {instance} (group {group}) takes no more: {reason}",
    "Raise max_connections of the server (or the account's limit), or lower pool.max_open.",
    retryable=True,
)  # fmt: skip
BACKEND_SETUP_REFUSED = _register(
    "BACKEND_SETUP_REFUSED", 1105, "HY000",
    "{instance} (group {group}) refused the session's settings: {reason}",
    "The server does not know the character set of the client, or is too old to reset or track a "
    "session (MySQL 5.7, MariaDB 10.2 and later can).",
)  # fmt: skip
BACKEND_LOST = _register(
    "BACKEND_LOST", 2013, "HY000",
    "Lost connection to {instance} (group {group}) during query{consequence}",
    "The server went away. What it had done of the statement is not known; an open transaction "
    "was rolled back by it.",
)  # fmt: skip
BACKEND_LOST_IN_ROW = _register(
    "BACKEND_LOST_IN_ROW", 2013, "HY000",
    "Lost connection to {instance} (group {group}) in the middle of a row of more than 256 KiB",
    "The beginning of the row had been sent, so there is no place for an error: the client's "
    "connection is closed, and this text is in the log only.",
    fatal=True,
)  # fmt: skip
BACKEND_PROTOCOL = _register(
    "BACKEND_PROTOCOL", 1105, "HY000",
    "{instance} (group {group}) broke the MySQL protocol: {reason}",
    "What stands behind the address is no MySQL server, or a fault; the connection was closed.",
)  # fmt: skip
SESSION_STATE_LOST = _register(
    "SESSION_STATE_LOST", 1105, "HY000",
    "{what} would answer for another connection: the server connection of the previous "
    "statement ({instance}, group {group}) was needed by another client; raise pool.max_open or "
    "put both statements into one transaction",
    "Functions that look back at the previous statement work while the session still has the "
    "server connection that ran it.",
)  # fmt: skip
TRANSACTION_LOST = _register(
    "TRANSACTION_LOST", 1105, "HY000",
    "The transaction was lost with the connection to {instance} (group {group}); nothing of it is "
    "kept. Send ROLLBACK before anything else",
    "Statements are refused until ROLLBACK (or a reset of the session), so that none of them "
    "takes effect outside the transaction it was meant for.",
)  # fmt: skip
SETTINGS_LOST = _register(
    "SETTINGS_LOST", 1105, "HY000",
    "What the previous statement set was lost with the connection to {instance} (group {group}): "
    "{reason}; set it again",
    "The server had set it and went away before it told the values. Earlier settings are kept; "
    "this statement was not run.",
)  # fmt: skip
NO_SUCH_STATEMENT = _register(
    "NO_SUCH_STATEMENT", 1243, "HY000",
    "Unknown prepared statement handler ({statement}) given to {command}",
    "The statement was never prepared, or is closed. Prepare it again.",
)  # fmt: skip
TOO_MANY_STATEMENTS = _register(
    "TOO_MANY_STATEMENTS", 1461, "42000",
    "Can't create more than max_prepared_stmt_count statements (current value: {limit})",
    "Close prepared statements that are no longer used, or raise "
    "server.max_prepared_stmt_count.",
)  # fmt: skip
NOT_PREPARABLE = _register(
    "NOT_PREPARABLE", 1295, "HY000",
    "This command is not supported in the prepared statement protocol yet",
    "Send the statement as text.",
)  # fmt: skip
MALFORMED_EXECUTE = _register(
    "MALFORMED_EXECUTE", 1210, "HY000",
    "Incorrect arguments to {command}",
    "The driver sent a damaged packet, or parameters without their types.",
)  # fmt: skip
LONG_DATA_TOO_LONG = _register(
    "LONG_DATA_TOO_LONG", 1105, "HY000",
    "Parameters of prepared statements which are set through mysql_send_long_data() are together "
    "longer than 'max_allowed_packet' bytes ({limit})",
    "Those of statements on sharded and broadcast tables are kept until the execution, all of a "
    "session together up to server.max_allowed_packet. Execute or reset statements before more is "
    "sent, or raise it.",
)  # fmt: skip
KILL_DENIED = _register(
    "KILL_DENIED", 1095, "HY000",
    "You are not owner of thread {thread}",
    "Only connections of the same user can be killed.",
)  # fmt: skip
KILL_FAILED = _register(
    "KILL_FAILED", 1105, "HY000",
    "The statement of connection {thread} could not be killed on {instance} (group {group}): "
    "{reason}",
    "The server could not be reached for the KILL. Try again, or kill the connection.",
    retryable=True,
)  # fmt: skip
LOCAL_INFILE_REFUSED = _register(
    "LOCAL_INFILE_REFUSED", 3948, "42000",
    "Loading local data is disabled; this must be enabled on both the client and server sides",
    "Connect with the client's option for LOCAL INFILE, and enable local_infile on the server.",
)  # fmt: skip
NOT_SUPPORTED_YET = _register(
    "NOT_SUPPORTED_YET", 1235, "42000",
    "This version of athena-g doesn't yet support '{construct}'",
    "The construct is understood but cannot be answered exactly, so it is refused.",
)  # fmt: skip

# --- Sharding ---------------------------------------------------------------------------------

EMPTY_SHARD_INTERSECTION = _register(
    "EMPTY_SHARD_INTERSECTION", 1105, "HY000",
    "Empty shard intersection: query involves multiple sharded tables with no common shard "
    "({tables})",
    "The conditions send the tables of the statement to different shards. Join sharded tables by "
    "equal shard keys, or ask for one of them at a time.",
)  # fmt: skip
SHARDS_WOULD_MIX = _register(
    "SHARDS_WOULD_MIX", 1105, "HY000",
    "The statement would need rows of different shards to meet: {reason} (tables {tables})",
    "Rows can only meet on their own shard: join sharded tables by equal shard keys (rules with "
    "the same binding), tie subqueries to the outer rows by the shard key, or restrict all tables "
    "to one value of it.",
)  # fmt: skip
MERGE_NOT_EXACT = _register(
    "MERGE_NOT_EXACT", 1235, "42000",
    "This version of athena-g doesn't yet support {function} of {what} (column {column}) over "
    "several shards",
    "What is merged is exact: texts are compared as their servers do, and floating point numbers "
    "have another sum in another order. Name the shard key, or merge the rows in the application.",
)  # fmt: skip
NEEDS_MERGE = _register(
    "NEEDS_MERGE", 1235, "42000",
    "This version of athena-g doesn't yet support '{construct}' over several shards (table "
    "{table}, shards {shards})",
    "Restrict the statement to one shard by a condition on the shard key, or leave the construct "
    "out and do it in the application.",
)  # fmt: skip
NOT_IN_ORDER = _register(
    "NOT_IN_ORDER", 1105, "HY000",
    "The rows of a shard of {table} do not come in the order of what they are ordered by",
    "The servers order by something else than athena-g takes ORDER BY for. Order by columns or "
    "aliases instead of expressions, and report the statement.",
)  # fmt: skip
SCATTER_TIMEOUT = _register(
    "SCATTER_TIMEOUT", 3024, "HY000",
    "The server {instance} gave no rows for {timeout_ms} ms (scatter_timeout_ms = {timeout_ms} in "
    "[merge]): the query on several shards is stopped",
    "See what the server is busy with, make the query cheaper, or raise scatter_timeout_ms.",
)  # fmt: skip
TOO_MANY_SHARDS = _register(
    "TOO_MANY_SHARDS", 1105, "HY000",
    "The query would read {count} shards (table {table}; max_scatter_shards = {limit} in [merge])",
    "Name values of the shard key in the query, or raise max_scatter_shards.",
)  # fmt: skip
TOO_MANY_ROWS_MEET = _register(
    "TOO_MANY_ROWS_MEET", 1105, "HY000",
    "More than {limit} rows of shards would have to meet (table {table}; max_join_rows = {limit} "
    "in [merge])",
    "The query is answered by the home server, which gets the rows of all shards that it reads. "
    "Name the shard key, make the conditions narrower, join sharded tables by equal shard keys, or "
    "raise max_join_rows.",
)  # fmt: skip
MERGE_MEMORY = _register(
    "MERGE_MEMORY", 1114, "HY000",
    "The rows that have to meet take more than {limit} MiB (max_memory_mb = {limit} in [merge])",
    "Make the conditions of the query narrower, ask for fewer columns, or raise max_memory_mb.",
)  # fmt: skip
MEETS_IN_TRANSACTION = _register(
    "MEETS_IN_TRANSACTION", 1105, "HY000",
    "In a transaction rows of several shards can't meet those of a table without shards (table "
    "{table})",
    "The rows of shards would be brought to the home server, over a connection that sees nothing "
    "of the transaction. Ask for the two one after the other, or outside of the transaction.",
)  # fmt: skip
CANNOT_MEET = _register(
    "CANNOT_MEET", 1105, "HY000",
    "The server {instance} can't take the rows of shards that have to meet: {reason}",
    "It puts them into temporary tables: the user of the home DB group needs the privilege CREATE "
    "TEMPORARY TABLES in its database. MySQL reads a temporary table once in a query (1137): write "
    "a common table expression twice, under two names, instead of naming it twice.",
)  # fmt: skip
SCATTER_WRITE = _register(
    "SCATTER_WRITE", 1105, "HY000",
    "Scatter writes not allowed: INSERT/UPDATE/DELETE must target a single shard (table {table}, "
    "shards {shards}; scatter_writes = \"reject\" in rule {rule})",
    "Name one value of the shard key in the statement, or set scatter_writes = \"allow\" in the "
    "rule named in the message: then each shard does its part by itself.",
)  # fmt: skip
SCATTER_WRITE_LIMIT = _register(
    "SCATTER_WRITE_LIMIT", 1105, "HY000",
    "Scatter writes not allowed: {construct} cannot be divided among shards (table {table}, shards "
    "{shards})",
    "Leave the construct out, or name one value of the shard key in the statement.",
)  # fmt: skip
CROSS_SHARD_TRANSACTION = _register(
    "CROSS_SHARD_TRANSACTION", 1105, "HY000",
    "Cross-shard query in transaction not allowed (bound to {bound}, query targets {target})",
    "A transaction stays in one DB group. COMMIT or ROLLBACK first.",
)  # fmt: skip
SESSION_BOUND = _register(
    "SESSION_BOUND", 1105, "HY000",
    "The session is bound to {bound} by what it has there ({reason}), and the query targets "
    "{target}",
    "What a session holds on one server (a temporary table, a lock, a user variable set by a "
    "query) cannot be taken to another one. Release it, or use a connection of its own for it.",
)  # fmt: skip
SCATTER_IN_TRANSACTION = _register(
    "SCATTER_IN_TRANSACTION", 1105, "HY000",
    "Scatter queries not allowed in transaction (the query targets the DB groups {targets})",
    "A transaction stays in one DB group. Name one value of the shard key, or COMMIT first.",
)  # fmt: skip
NOT_UNDERSTOOD = _register(
    "NOT_UNDERSTOOD", 1235, "42000",
    "athena-g does not understand this statement, which names the sharded table {table}, and sends "
    "none to a shard that it does not understand",
    "Say it in simpler SQL. Statements that name no sharded table go to the home DB group whatever "
    "they are.",
)  # fmt: skip
NOT_ON_SHARDED = _register(
    "NOT_ON_SHARDED", 1235, "42000",
    "This version of athena-g doesn't yet support '{construct}' on the sharded table {table}",
    "docs/sharding.md says which statements about sharded tables there are.",
)  # fmt: skip
TABLE_NOT_THERE = _register(
    "TABLE_NOT_THERE", 1105, "HY000",
    "The table {other} has no sharding rule and is in the DB group {home} only, while the rows of "
    "{table} that are asked for are in {target}",
    "Make it a broadcast table (groups.broadcast_tables) with a copy in every DB group, or give "
    "it a sharding rule.",
)  # fmt: skip
KEY_MISSING = _register(
    "KEY_MISSING", 1105, "HY000",
    "The shard of a row of {table} is not known: {reason} (shard column {column})",
    "Give the shard column of each row as a literal or a parameter, and name the columns.",
)  # fmt: skip
KEY_CHANGES = _register(
    "KEY_CHANGES", 1105, "HY000",
    "The shard column {column} of {table} may not be changed: {reason}",
    "A row stays on its shard. Insert it anew under the other key and delete it under the old one.",
)  # fmt: skip
BROADCAST_MIXED = _register(
    "BROADCAST_MIXED", 1105, "HY000",
    "The broadcast table {other} cannot be changed together with, or by rows of, the table {table}",
    "A broadcast table is written in every DB group, also in those where the other table is not: "
    "use a statement of its own for it, with the values in it.",
)  # fmt: skip
SHARDS_DIFFER = _register(
    "SHARDS_DIFFER", 1105, "HY000",
    "The answer of {shard} ({instance}) has other columns than those of the shards before it",
    "The parts of the sharded table are not defined alike: compare SHOW CREATE TABLE of them on "
    "the servers, and repeat the ALTER TABLE that one of them lacks.",
)  # fmt: skip
PARTLY_DONE = _register(
    "PARTLY_DONE", 1105, "HY000",
    "{construct} failed on {failed}: {reason}; it is done on {done}",
    "What is done stays done. Repeat the statement for the rest: data definition with IF EXISTS or "
    "IF NOT EXISTS, changes of rows with a condition that leaves out what is done.",
)  # fmt: skip
SHARDING_FUNCTION_FAILED = _register(
    "SHARDING_FUNCTION_FAILED", 1105, "HY000",
    "The sharding function {function} failed: {reason}",
    "The function that the rule names as its algorithm raised an exception, or gave something else "
    "than an index of a shard. Nothing was sent. Mend the function, and restart athena-g.",
)  # fmt: skip
SHARD_KEY_UNFIT = _register(
    "SHARD_KEY_UNFIT", 1105, "HY000",
    "The sharding rule {rule} does not fit the column {column} of table '{table}': {reason}",
    "The type of the column, as a shard has it or key_type says, is not one for the algorithm or "
    "the boundaries of the rule. Change the rule or the column.",
)  # fmt: skip
INVALID_HINT = _register(
    "INVALID_HINT", 1105, "HY000",
    "Invalid hint '{hint}': {reason}; a hint may be shard=<index>, master, slave or scatter",
    "Correct the comment /*athena: ... */ of the statement. It may have several hints, separated "
    "by commas or spaces; shard and scatter exclude one another, and so do master and slave.",
)  # fmt: skip

# --- SQL, as the embedded server answers ----------------------------------------------------------

CANNOT_CREATE_DATABASE = _register(
    "CANNOT_CREATE_DATABASE", 1007, "HY000",
    "Can't create database '{database}'; database exists",
    "Use CREATE DATABASE IF NOT EXISTS.",
)  # fmt: skip
BAD_NULL = _register(
    "BAD_NULL", 1048, "23000",
    "Column '{column}' cannot be null",
    "Give the column a value.",
)  # fmt: skip
TABLE_EXISTS = _register(
    "TABLE_EXISTS", 1050, "42S01",
    "Table '{table}' already exists",
    "Use CREATE TABLE IF NOT EXISTS.",
)  # fmt: skip
BAD_TABLE = _register(
    "BAD_TABLE", 1051, "42S02",
    "Unknown table '{table}'",
    "Use DROP TABLE IF EXISTS.",
)  # fmt: skip
AMBIGUOUS_COLUMN = _register(
    "AMBIGUOUS_COLUMN", 1052, "23000",
    "Column '{column}' in {clause} is ambiguous",
    "Qualify the column with its table.",
)  # fmt: skip
UNKNOWN_COLUMN = _register(
    "UNKNOWN_COLUMN", 1054, "42S22",
    "Unknown column '{column}' in '{clause}'",
    "The column is not in any table of the statement.",
)  # fmt: skip
DUPLICATE_ENTRY = _register(
    "DUPLICATE_ENTRY", 1062, "23000",
    "Duplicate entry '{value}' for key '{key}'",
    "The row is there already.",
)  # fmt: skip
PARSE_ERROR = _register(
    "PARSE_ERROR", 1064, "42000",
    "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server "
    "version for the right syntax to use near '{near}' at line {line}",
    "The statement is not MySQL's SQL.",
)  # fmt: skip
EMPTY_QUERY = _register(
    "EMPTY_QUERY", 1065, "42000",
    "Query was empty",
    "Send a statement.",
)  # fmt: skip
NO_SUCH_TABLE = _register(
    "NO_SUCH_TABLE", 1146, "42S02",
    "Table '{table}' doesn't exist",
    "The table is not there.",
)  # fmt: skip
LOCK_WAIT_TIMEOUT = _register(
    "LOCK_WAIT_TIMEOUT", 1205, "HY000",
    "Lock wait timeout exceeded; try restarting transaction",
    "Another transaction holds the lock.",
    retryable=True,
)  # fmt: skip
READ_ONLY = _register(
    "READ_ONLY", 1290, "HY000",
    "The MySQL server is running with the --read-only option so it cannot execute this statement",
    "Write to the master.",
)  # fmt: skip
DISK_FULL = _register(
    "DISK_FULL", 1021, "HY000",
    "Disk full; waiting for someone to free some space...",
    "Free space on the disk of the data directory.",
)  # fmt: skip
STACK_OVERRUN = _register(
    "STACK_OVERRUN", 1436, "HY000",
    "Thread stack overrun: the statement is too deep",
    "Write the statement with fewer levels of parentheses or subqueries.",
)  # fmt: skip
INVALID_CHARACTER_STRING = _register(
    "INVALID_CHARACTER_STRING", 1300, "HY000",
    "Invalid {charset} character string: '{bytes}'",
    "Send text in the character set that SET NAMES announced.",
)  # fmt: skip
BAD_FIELD_VALUE_COUNT = _register(
    "BAD_FIELD_VALUE_COUNT", 1136, "21S01",
    "Column count doesn't match value count at row {row}",
    "Give as many values as columns.",
)  # fmt: skip
DATABASE_DROP_EXISTS = _register(
    "DATABASE_DROP_EXISTS", 1008, "HY000",
    "Can't drop database '{database}'; database doesn't exist",
    "Use DROP DATABASE IF EXISTS.",
)  # fmt: skip
WRONG_FIELD_WITH_GROUP = _register(
    "WRONG_FIELD_WITH_GROUP", 1055, "42000",
    "Expression #{position} of SELECT list is not in GROUP BY clause and contains "
    "nonaggregated column '{column}' which is not functionally dependent on columns in GROUP "
    "BY clause; this is incompatible with sql_mode=only_full_group_by",
    "Group by the column, or aggregate it.",
)  # fmt: skip
ORDER_NOT_IN_SELECT = _register(
    "ORDER_NOT_IN_SELECT", 3065, "HY000",
    "Expression #{position} of ORDER BY clause is not in SELECT list, references column "
    "'{column}' which is not in SELECT list; this is incompatible with DISTINCT",
    "Select the column, or leave out DISTINCT.",
)  # fmt: skip
WRONG_ORDER_WITH_GROUP = _register(
    "WRONG_ORDER_WITH_GROUP", 1055, "42000",
    "Expression #{position} of ORDER BY clause is not in GROUP BY clause and contains "
    "nonaggregated column '{column}' which is not functionally dependent on columns in GROUP "
    "BY clause; this is incompatible with sql_mode=only_full_group_by",
    "Group by the column, or aggregate it.",
)  # fmt: skip
MIX_OF_GROUP_AND_FIELDS = _register(
    "MIX_OF_GROUP_AND_FIELDS", 1140, "42000",
    "In aggregated query without GROUP BY, expression #{position} of SELECT list contains "
    "nonaggregated column '{column}'; this is incompatible with sql_mode=only_full_group_by",
    "Add a GROUP BY, or aggregate the column.",
)  # fmt: skip
INVALID_GROUP_FUNCTION = _register(
    "INVALID_GROUP_FUNCTION", 1111, "HY000",
    "Invalid use of group function",
    "An aggregate function stands where none may.",
)  # fmt: skip
DUPLICATE_COLUMN = _register(
    "DUPLICATE_COLUMN", 1060, "42S21",
    "Duplicate column name '{column}'",
    "Name each column once.",
)  # fmt: skip
DUPLICATE_KEY_NAME = _register(
    "DUPLICATE_KEY_NAME", 1061, "42000",
    "Duplicate key name '{key}'",
    "Name the index differently.",
)  # fmt: skip
WRONG_FIELD_SPEC = _register(
    "WRONG_FIELD_SPEC", 1063, "42000",
    "Incorrect column specifier for column '{column}'",
    "The type does not take this attribute.",
)  # fmt: skip
NOT_UNIQUE_TABLE = _register(
    "NOT_UNIQUE_TABLE", 1066, "42000",
    "Not unique table/alias: '{table}'",
    "Give one of them another alias.",
)  # fmt: skip
INVALID_DEFAULT = _register(
    "INVALID_DEFAULT", 1067, "42000",
    "Invalid default value for '{column}'",
    "The default is not a value of the column's type.",
)  # fmt: skip
MULTIPLE_PRIMARY_KEY = _register(
    "MULTIPLE_PRIMARY_KEY", 1068, "42000",
    "Multiple primary key defined",
    "A table has one primary key.",
)  # fmt: skip
KEY_COLUMN_MISSING = _register(
    "KEY_COLUMN_MISSING", 1072, "42000",
    "Key column '{column}' doesn't exist in table",
    "Index a column of the table.",
)  # fmt: skip
COLUMN_TOO_LONG = _register(
    "COLUMN_TOO_LONG", 1074, "42000",
    "Column length too big for column '{column}' (max = {limit}); use BLOB or TEXT instead",
    "Declare a shorter column, or TEXT.",
)  # fmt: skip
WRONG_AUTO_KEY = _register(
    "WRONG_AUTO_KEY", 1075, "42000",
    "Incorrect table definition; there can be only one auto column and it must be defined as "
    "a key",
    "Make the AUTO_INCREMENT column a key.",
)  # fmt: skip
CANNOT_REMOVE_ALL_COLUMNS = _register(
    "CANNOT_REMOVE_ALL_COLUMNS", 1090, "42000",
    "You can't delete all columns with ALTER TABLE; use DROP TABLE instead",
    "Drop the table.",
)  # fmt: skip
CANNOT_DROP = _register(
    "CANNOT_DROP", 1091, "42000",
    "Can't DROP '{name}'; check that column/key exists",
    "The column or key is not there.",
)  # fmt: skip
UPDATE_TABLE_USED = _register(
    "UPDATE_TABLE_USED", 1093, "HY000",
    "You can't specify target table '{table}' for update in FROM clause",
    "Read the table in a derived table of its own.",
)  # fmt: skip
NO_TABLES_USED = _register(
    "NO_TABLES_USED", 1096, "HY000",
    "No tables used",
    "Name a table after FROM.",
)  # fmt: skip
BLOB_CANNOT_HAVE_DEFAULT = _register(
    "BLOB_CANNOT_HAVE_DEFAULT", 1101, "42000",
    "BLOB, TEXT, GEOMETRY or JSON column '{column}' can't have a default value",
    "Leave the default out.",
)  # fmt: skip
WRONG_DATABASE_NAME = _register(
    "WRONG_DATABASE_NAME", 1102, "42000",
    "Incorrect database name '{database}'",
    "Use letters, digits, _, $ and - in the name of a database.",
)  # fmt: skip
DATABASE_NOT_WRITABLE = _register(
    "DATABASE_NOT_WRITABLE", 1044, "42000",
    "Access denied for user to database '{database}'",
    "The database is computed; make tables in another one.",
)  # fmt: skip
IDENTIFIER_TOO_LONG = _register(
    "IDENTIFIER_TOO_LONG", 1059, "42000",
    "Identifier name '{name}' is too long",
    "Names have at most 64 characters.",
)  # fmt: skip
WRONG_INDEX_NAME = _register(
    "WRONG_INDEX_NAME", 1280, "42000",
    "Incorrect index name '{key}'",
    "Give the index a name that does not end in a space.",
)  # fmt: skip
WRONG_COLUMN_NAME = _register(
    "WRONG_COLUMN_NAME", 1166, "42000",
    "Incorrect column name '{column}'",
    "Give the column a name that does not end in a space.",
)  # fmt: skip
WRONG_TABLE_NAME = _register(
    "WRONG_TABLE_NAME", 1103, "42000",
    "Incorrect table name '{table}'",
    "Give the table a name that does not end in a space.",
)  # fmt: skip
UNKNOWN_TABLE_IN_CLAUSE = _register(
    "UNKNOWN_TABLE_IN_CLAUSE", 1109, "42S02",
    "Unknown table '{table}' in {clause}",
    "The table is not one of the statement.",
)  # fmt: skip
FIELD_SPECIFIED_TWICE = _register(
    "FIELD_SPECIFIED_TWICE", 1110, "42000",
    "Column '{column}' specified twice",
    "Name each column once.",
)  # fmt: skip
UNKNOWN_CHARACTER_SET = _register(
    "UNKNOWN_CHARACTER_SET", 1115, "42000",
    "Unknown character set: '{charset}'",
    "SHOW CHARACTER SET lists those there are.",
)  # fmt: skip
WRONG_NUMBER_OF_COLUMNS_IN_SELECT = _register(
    "WRONG_NUMBER_OF_COLUMNS_IN_SELECT", 1222, "21000",
    "The used SELECT statements have a different number of columns",
    "Give every part of the UNION as many columns.",
)  # fmt: skip
SUBQUERY_NO_1_ROW = _register(
    "SUBQUERY_NO_1_ROW", 1242, "21000",
    "Subquery returns more than 1 row",
    "Compare with IN or ANY, or limit the subquery.",
)  # fmt: skip
OPERAND_COLUMNS = _register(
    "OPERAND_COLUMNS", 1241, "21000",
    "Operand should contain {count} column(s)",
    "Compare rows of equal length.",
)  # fmt: skip
WRONG_USAGE = _register(
    "WRONG_USAGE", 1221, "HY000",
    "Incorrect usage of {first} and {second}",
    "The two do not go together.",
)  # fmt: skip
WRONG_PARAMETER_COUNT = _register(
    "WRONG_PARAMETER_COUNT", 1582, "42000",
    "Incorrect parameter count in the call to native function '{function}'",
    "See the function's description.",
)  # fmt: skip
FUNCTION_DOES_NOT_EXIST = _register(
    "FUNCTION_DOES_NOT_EXIST", 1305, "42000",
    "FUNCTION {function} does not exist",
    "The function is not known.",
)  # fmt: skip
UNKNOWN_SYSTEM_VARIABLE = _register(
    "UNKNOWN_SYSTEM_VARIABLE", 1193, "HY000",
    "Unknown system variable '{variable}'",
    "SHOW VARIABLES lists those there are.",
)  # fmt: skip
WRONG_VALUE_FOR_VARIABLE = _register(
    "WRONG_VALUE_FOR_VARIABLE", 1231, "42000",
    "Variable '{variable}' can't be set to the value of '{value}'",
    "The value is not one the variable takes.",
)  # fmt: skip
WRONG_TYPE_FOR_VARIABLE = _register(
    "WRONG_TYPE_FOR_VARIABLE", 1232, "42000",
    "Incorrect argument type to variable '{variable}'",
    "The value's type is not the variable's.",
)  # fmt: skip
READ_ONLY_VARIABLE = _register(
    "READ_ONLY_VARIABLE", 1238, "HY000",
    "Variable '{variable}' is a {scope} variable",
    "The variable cannot be set this way.",
)  # fmt: skip
GLOBAL_VARIABLE = _register(
    "GLOBAL_VARIABLE", 1229, "HY000",
    "Variable '{variable}' is a GLOBAL variable and should be set with SET GLOBAL",
    "Use SET GLOBAL.",
)  # fmt: skip
SESSION_VARIABLE = _register(
    "SESSION_VARIABLE", 1228, "HY000",
    "Variable '{variable}' is a SESSION variable and can't be used with SET GLOBAL",
    "Use SET SESSION.",
)  # fmt: skip
OUT_OF_RANGE = _register(
    "OUT_OF_RANGE", 1264, "22003",
    "Out of range value for column '{column}' at row {row}",
    "Give a value the column's type can hold.",
)  # fmt: skip
DATA_TRUNCATED = _register(
    "DATA_TRUNCATED", 1265, "01000",
    "Data truncated for column '{column}' at row {row}",
    "Give a value of the column's type.",
)  # fmt: skip
UNKNOWN_COLLATION = _register(
    "UNKNOWN_COLLATION", 1273, "HY000",
    "Unknown collation: '{collation}'",
    "SHOW COLLATION lists those there are.",
)  # fmt: skip
ILLEGAL_MIX_OF_COLLATIONS = _register(
    "ILLEGAL_MIX_OF_COLLATIONS", 1267, "HY000",
    "Illegal mix of collations ({first}) and ({second}) for operation '{operation}'",
    "Name the collation with COLLATE.",
)  # fmt: skip
TRUNCATED_WRONG_VALUE = _register(
    "TRUNCATED_WRONG_VALUE", 1292, "22007",
    "Incorrect {type} value: '{value}' for column '{column}' at row {row}",
    "Give a value of the column's type.",
)  # fmt: skip
TRUNCATED_VALUE = _register(
    "TRUNCATED_VALUE", 1292, "22007",
    "Truncated incorrect {type} value: '{value}'",
    "The text is no number.",
)  # fmt: skip
SAVEPOINT_UNKNOWN = _register(
    "SAVEPOINT_UNKNOWN", 1305, "42000",
    "SAVEPOINT {savepoint} does not exist",
    "The savepoint was never set, or its transaction ended.",
)  # fmt: skip
QUERY_INTERRUPTED = _register(
    "QUERY_INTERRUPTED", 1317, "70100",
    "Query execution was interrupted",
    "The statement was killed.",
)  # fmt: skip
NO_DEFAULT = _register(
    "NO_DEFAULT", 1364, "HY000",
    "Field '{column}' doesn't have a default value",
    "Give the column a value.",
)  # fmt: skip
DIVISION_BY_ZERO = _register(
    "DIVISION_BY_ZERO", 1365, "22012",
    "Division by 0",
    "Do not divide by zero.",
)  # fmt: skip
WRONG_VALUE_FOR_FIELD = _register(
    "WRONG_VALUE_FOR_FIELD", 1366, "HY000",
    "Incorrect {type} value: '{value}' for column '{column}' at row {row}",
    "Give a value of the column's type.",
)  # fmt: skip
DATA_TOO_LONG = _register(
    "DATA_TOO_LONG", 1406, "22001",
    "Data too long for column '{column}' at row {row}",
    "Give a shorter value, or widen the column.",
)  # fmt: skip
INCORRECT_TEMPORAL_VALUE = _register(
    "INCORRECT_TEMPORAL_VALUE", 1525, "HY000",
    "Incorrect {type} value: '{value}'",
    "Compare with a valid date or time.",
)  # fmt: skip
ROW_IS_REFERENCED = _register(
    "ROW_IS_REFERENCED", 1451, "23000",
    "Cannot delete or update a parent row: a foreign key constraint fails ({constraint})",
    "Delete the rows that refer to this one first.",
)  # fmt: skip
NO_REFERENCED_ROW = _register(
    "NO_REFERENCED_ROW", 1452, "23000",
    "Cannot add or update a child row: a foreign key constraint fails ({constraint})",
    "Insert the row referred to first.",
)  # fmt: skip
TRANSACTION_CHARACTERISTICS = _register(
    "TRANSACTION_CHARACTERISTICS", 1568, "25001",
    "Transaction characteristics can't be changed while a transaction is in progress",
    "Commit or roll back first.",
)  # fmt: skip
DATA_OUT_OF_RANGE = _register(
    "DATA_OUT_OF_RANGE", 1690, "22003",
    "{type} value is out of range in '{expression}'",
    "The result does not fit the type.",
)  # fmt: skip
READ_ONLY_TRANSACTION = _register(
    "READ_ONLY_TRANSACTION", 1792, "25006",
    "Cannot execute statement in a READ ONLY transaction.",
    "Start the transaction without READ ONLY.",
)  # fmt: skip
DEADLOCK = _register(
    "DEADLOCK", 1213, "40001",
    "Deadlock found when trying to get lock; try restarting transaction",
    "Another transaction wrote after this one's snapshot was taken. Run the transaction "
    "again.",
    retryable=True,
)  # fmt: skip
CANNOT_OPEN_REFERENCED_TABLE = _register(
    "CANNOT_OPEN_REFERENCED_TABLE", 1824, "HY000",
    "Failed to open the referenced table '{table}'",
    "Create the referenced table first.",
)  # fmt: skip
FOREIGN_KEY_NO_INDEX = _register(
    "FOREIGN_KEY_NO_INDEX", 6125, "HY000",
    "Failed to add the foreign key constraint. Missing unique key for constraint "
    "'{constraint}' in the referenced table '{table}'",
    "Make the referenced columns a primary or unique key.",
)  # fmt: skip
FOREIGN_KEY_COLUMN_MISSING = _register(
    "FOREIGN_KEY_COLUMN_MISSING", 3734, "HY000",
    "Failed to add the foreign key constraint. Missing column '{column}' for constraint "
    "'{constraint}' in the referenced table '{table}'",
    "Refer to a column that is there.",
)  # fmt: skip
FOREIGN_KEY_PARENT_DROP = _register(
    "FOREIGN_KEY_PARENT_DROP", 3730, "HY000",
    "Cannot drop table '{table}' referenced by a foreign key constraint '{constraint}' on "
    "table '{child}'.",
    "Drop the referring table first.",
)  # fmt: skip
TRUNCATE_REFERENCED = _register(
    "TRUNCATE_REFERENCED", 1701, "42000",
    "Cannot truncate a table referenced in a foreign key constraint ({constraint})",
    "Use DELETE.",
)  # fmt: skip
INVALID_JSON_TEXT = _register(
    "INVALID_JSON_TEXT", 3140, "22032",
    "Invalid JSON text: \"{reason}\" at position {position} in value for column '{column}'.",
    "Give valid JSON.",
)  # fmt: skip
INVALID_JSON_ARGUMENT = _register(
    "INVALID_JSON_ARGUMENT", 3141, "22032",
    "Invalid JSON text in argument {argument} to function {function}: \"{reason}\" at "
    "position {position}.",
    "Give valid JSON.",
)  # fmt: skip
INVALID_JSON_PATH = _register(
    "INVALID_JSON_PATH", 3143, "42000",
    "Invalid JSON path expression. The error is around character position {position}.",
    "Give a path such as $.key or $[0].",
)  # fmt: skip
LOCK_NOWAIT = _register(
    "LOCK_NOWAIT", 3572, "HY000",
    "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.",
    "Try again, or wait without NOWAIT.",
    retryable=True,
)  # fmt: skip
UNKNOWN_STORAGE_ENGINE = _register(
    "UNKNOWN_STORAGE_ENGINE", 1286, "42000",
    "Unknown storage engine '{engine}'",
    "SHOW ENGINES lists those there are.",
)  # fmt: skip
INVALID_REGEXP = _register(
    "INVALID_REGEXP", 3685, "HY000",
    "Illegal argument to a regular expression.",
    "Give a valid regular expression.",
)  # fmt: skip
CHECK_VIOLATED = _register(
    "CHECK_VIOLATED", 3819, "HY000",
    "Check constraint '{constraint}' is violated.",
    "Give values that satisfy the constraint.",
)  # fmt: skip
CHECK_MISSING = _register(
    "CHECK_MISSING", 3821, "HY000",
    "Check constraint '{constraint}' is not found in the table.",
    "SHOW CREATE TABLE lists the constraints.",
)  # fmt: skip
UNKNOWN_CONSTRAINT = _register(
    "UNKNOWN_CONSTRAINT", 3940, "HY000",
    "Constraint '{constraint}' does not exist.",
    "SHOW CREATE TABLE lists the constraints.",
)  # fmt: skip
DERIVED_WITHOUT_ALIAS = _register(
    "DERIVED_WITHOUT_ALIAS", 1248, "42000",
    "Every derived table must have its own alias",
    "Name the derived table.",
)  # fmt: skip
NULL_IN_PRIMARY_KEY = _register(
    "NULL_IN_PRIMARY_KEY", 1171, "42000",
    "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE "
    "instead",
    "Declare the column NOT NULL.",
)  # fmt: skip
BLOB_KEY_WITHOUT_LENGTH = _register(
    "BLOB_KEY_WITHOUT_LENGTH", 1170, "42000",
    "BLOB/TEXT column '{column}' used in key specification without a key length",
    "Give the key part a length.",
)  # fmt: skip
NO_SUCH_THREAD = _register(
    "NO_SUCH_THREAD", 1094, "HY000",
    "Unknown thread id: {thread}",
    "SHOW PROCESSLIST lists the connections.",
)  # fmt: skip
NO_SUCH_INDEX = _register(
    "NO_SUCH_INDEX", 1176, "42000",
    "Key '{key}' doesn't exist in table '{table}'",
    "SHOW INDEX lists the keys.",
)  # fmt: skip
TABLE_LOCKED_FOR_READING = _register(
    "TABLE_LOCKED_FOR_READING", 1099, "HY000",
    "Table '{table}' was locked with a READ lock and can't be updated",
    "Lock the table with WRITE, or unlock it.",
)  # fmt: skip
TABLE_NOT_LOCKED = _register(
    "TABLE_NOT_LOCKED", 1100, "HY000",
    "Table '{table}' was not locked with LOCK TABLES",
    "Name every table that is used in LOCK TABLES, or unlock them.",
)  # fmt: skip
NO_VARIABLE_DEFAULT = _register(
    "NO_VARIABLE_DEFAULT", 1230, "42000",
    "Variable '{variable}' doesn't have a default value",
    "Set the variable to a value.",
)  # fmt: skip
COLLATION_MISMATCH = _register(
    "COLLATION_MISMATCH", 1253, "42000",
    "COLLATION '{collation}' is not valid for CHARACTER SET '{charset}'",
    "Name a collation of the character set.",
)  # fmt: skip
UNKNOWN_TIME_ZONE = _register(
    "UNKNOWN_TIME_ZONE", 1298, "HY000",
    "Unknown or incorrect time zone: '{zone}'",
    "Give an offset such as '+02:00', or SYSTEM; named time zones are not loaded.",
)  # fmt: skip
NO_OPEN_CURSOR = _register(
    "NO_OPEN_CURSOR", 1421, "HY000",
    "The statement ({statement}) has no open cursor.",
    "Execute the statement with a cursor before fetching from it.",
)  # fmt: skip
WRONG_LOCK_NAME = _register(
    "WRONG_LOCK_NAME", 3057, "42000",
    "Incorrect user-level lock name '{name}'. The name is empty, NULL, or can not be expressed in "
    "the current character-set.",
    "Give the lock a name.",
)  # fmt: skip
LOCK_NAME_TOO_LONG = _register(
    "LOCK_NAME_TOO_LONG", 4163, "42000",
    "User-level lock name '{name}' should not exceed 64 characters.",
    "Give the lock a shorter name.",
)  # fmt: skip


# --- Documentation --------------------------------------------------------------------------------


def documentation() -> str:
    """``docs/errors.md``: every entry with its text and what to do."""
    lines = [
        "# Errors",
        "",
        "What athena-g itself answers a client with. Errors of a MySQL server behind it are passed",
        "on as they are. Generated from `athena_g/errors.py` by `scripts/generate`.",
        "",
    ]
    for code in registry():
        notes = [
            *(["may succeed when sent again"] if code.retryable else []),
            *(["the connection is closed"] if code.fatal else []),
        ]
        lines += [f"## {code.errno} ({code.sqlstate}) {code.name}", "", f"> {code.text}", ""]
        lines += [code.help + (f" ({'; '.join(notes)})" if notes else ""), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(documentation(), end="")  # noqa: T201
