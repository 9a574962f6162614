"""The numbers of the MySQL client/server protocol, under the names the documentation gives them.

Sources (dev.mysql.com, MySQL Source Code Documentation): "Capabilities Flags" (mysql_com.h),
"Command Phase", "SERVER_STATUS_flags_enum", "field_types.h", "Column Definition Flags" and
"Protocol::OK_Packet, Session State Information".
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

MAX_PAYLOAD: Final = 0xFFFFFF
"""Most bytes one packet carries; a longer payload continues in the next packet."""

# --- Capabilities ---------------------------------------------------------------------------------

CLIENT_LONG_PASSWORD: Final = 1 << 0
CLIENT_MYSQL: Final = CLIENT_LONG_PASSWORD
"""MariaDB's name of bit 0: set means "I speak MySQL's dialect", no MariaDB extensions follow."""
CLIENT_FOUND_ROWS: Final = 1 << 1
CLIENT_LONG_FLAG: Final = 1 << 2
CLIENT_CONNECT_WITH_DB: Final = 1 << 3
CLIENT_NO_SCHEMA: Final = 1 << 4
CLIENT_COMPRESS: Final = 1 << 5
CLIENT_ODBC: Final = 1 << 6
CLIENT_LOCAL_FILES: Final = 1 << 7
CLIENT_IGNORE_SPACE: Final = 1 << 8
CLIENT_PROTOCOL_41: Final = 1 << 9
CLIENT_INTERACTIVE: Final = 1 << 10
CLIENT_SSL: Final = 1 << 11
CLIENT_IGNORE_SIGPIPE: Final = 1 << 12
CLIENT_TRANSACTIONS: Final = 1 << 13
CLIENT_RESERVED: Final = 1 << 14
CLIENT_SECURE_CONNECTION: Final = 1 << 15
"""Called CLIENT_RESERVED2 by MySQL 8: the 4.1 authentication, with a scramble of 20 bytes."""
CLIENT_MULTI_STATEMENTS: Final = 1 << 16
CLIENT_MULTI_RESULTS: Final = 1 << 17
CLIENT_PS_MULTI_RESULTS: Final = 1 << 18
CLIENT_PLUGIN_AUTH: Final = 1 << 19
CLIENT_CONNECT_ATTRS: Final = 1 << 20
CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA: Final = 1 << 21
CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS: Final = 1 << 22
CLIENT_SESSION_TRACK: Final = 1 << 23
CLIENT_DEPRECATE_EOF: Final = 1 << 24
CLIENT_OPTIONAL_RESULTSET_METADATA: Final = 1 << 25
CLIENT_ZSTD_COMPRESSION_ALGORITHM: Final = 1 << 26
CLIENT_QUERY_ATTRIBUTES: Final = 1 << 27
CLIENT_MULTI_FACTOR_AUTHENTICATION: Final = 1 << 28
CLIENT_CAPABILITY_EXTENSION: Final = 1 << 29
CLIENT_SSL_VERIFY_SERVER_CERT: Final = 1 << 30
CLIENT_REMEMBER_OPTIONS: Final = 1 << 31

# --- Commands -------------------------------------------------------------------------------------


class Command(IntEnum):
    """The first byte of a command's payload; names are the documentation's without ``COM_``."""

    SLEEP = 0x00
    QUIT = 0x01
    INIT_DB = 0x02
    QUERY = 0x03
    FIELD_LIST = 0x04
    CREATE_DB = 0x05
    DROP_DB = 0x06
    REFRESH = 0x07
    SHUTDOWN = 0x08
    STATISTICS = 0x09
    PROCESS_INFO = 0x0A
    CONNECT = 0x0B
    PROCESS_KILL = 0x0C
    DEBUG = 0x0D
    PING = 0x0E
    TIME = 0x0F
    DELAYED_INSERT = 0x10
    CHANGE_USER = 0x11
    BINLOG_DUMP = 0x12
    TABLE_DUMP = 0x13
    CONNECT_OUT = 0x14
    REGISTER_SLAVE = 0x15
    STMT_PREPARE = 0x16
    STMT_EXECUTE = 0x17
    STMT_SEND_LONG_DATA = 0x18
    STMT_CLOSE = 0x19
    STMT_RESET = 0x1A
    SET_OPTION = 0x1B
    STMT_FETCH = 0x1C
    DAEMON = 0x1D
    BINLOG_DUMP_GTID = 0x1E
    RESET_CONNECTION = 0x1F
    CLONE = 0x20
    SUBSCRIBE_GROUP_REPLICATION_STREAM = 0x21


MYSQL_OPTION_MULTI_STATEMENTS_ON: Final = 0
MYSQL_OPTION_MULTI_STATEMENTS_OFF: Final = 1

CURSOR_TYPE_NO_CURSOR: Final = 0
CURSOR_TYPE_READ_ONLY: Final = 1
CURSOR_TYPE_FOR_UPDATE: Final = 2
CURSOR_TYPE_SCROLLABLE: Final = 4
PARAMETER_COUNT_AVAILABLE: Final = 8

# --- Server status --------------------------------------------------------------------------------

SERVER_STATUS_IN_TRANS: Final = 1 << 0
SERVER_STATUS_AUTOCOMMIT: Final = 1 << 1
SERVER_MORE_RESULTS_EXISTS: Final = 1 << 3
SERVER_QUERY_NO_GOOD_INDEX_USED: Final = 1 << 4
SERVER_QUERY_NO_INDEX_USED: Final = 1 << 5
SERVER_STATUS_CURSOR_EXISTS: Final = 1 << 6
SERVER_STATUS_LAST_ROW_SENT: Final = 1 << 7
SERVER_STATUS_DB_DROPPED: Final = 1 << 8
SERVER_STATUS_NO_BACKSLASH_ESCAPES: Final = 1 << 9
SERVER_STATUS_METADATA_CHANGED: Final = 1 << 10
SERVER_QUERY_WAS_SLOW: Final = 1 << 11
SERVER_PS_OUT_PARAMS: Final = 1 << 12
SERVER_STATUS_IN_TRANS_READONLY: Final = 1 << 13
SERVER_SESSION_STATE_CHANGED: Final = 1 << 14
SERVER_STATUS_ANSI_QUOTES: Final = 1 << 15
"""MariaDB's only: the SQL mode has ANSI_QUOTES."""

SESSION_TRACK_SYSTEM_VARIABLES: Final = 0
SESSION_TRACK_SCHEMA: Final = 1
SESSION_TRACK_STATE_CHANGE: Final = 2
SESSION_TRACK_GTIDS: Final = 3
SESSION_TRACK_TRANSACTION_CHARACTERISTICS: Final = 4
SESSION_TRACK_TRANSACTION_STATE: Final = 5

# --- Columns --------------------------------------------------------------------------------------


class ColumnType(IntEnum):
    """The type byte of a column definition or a statement parameter (field_types.h)."""

    DECIMAL = 0
    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    NULL = 6
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    NEWDATE = 14
    VARCHAR = 15
    BIT = 16
    TIMESTAMP2 = 17
    DATETIME2 = 18
    TIME2 = 19
    TYPED_ARRAY = 20
    VECTOR = 242
    INVALID = 243
    BOOL = 244
    JSON = 245
    NEWDECIMAL = 246
    ENUM = 247
    SET = 248
    TINY_BLOB = 249
    MEDIUM_BLOB = 250
    LONG_BLOB = 251
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


NOT_NULL_FLAG: Final = 1 << 0
PRI_KEY_FLAG: Final = 1 << 1
UNIQUE_KEY_FLAG: Final = 1 << 2
MULTIPLE_KEY_FLAG: Final = 1 << 3
BLOB_FLAG: Final = 1 << 4
UNSIGNED_FLAG: Final = 1 << 5
ZEROFILL_FLAG: Final = 1 << 6
BINARY_FLAG: Final = 1 << 7
ENUM_FLAG: Final = 1 << 8
AUTO_INCREMENT_FLAG: Final = 1 << 9
TIMESTAMP_FLAG: Final = 1 << 10
SET_FLAG: Final = 1 << 11
NO_DEFAULT_VALUE_FLAG: Final = 1 << 12
ON_UPDATE_NOW_FLAG: Final = 1 << 13
PART_KEY_FLAG: Final = 1 << 14
NUM_FLAG: Final = 1 << 15

NOT_FIXED_DECIMALS: Final = 31
"""``decimals`` of a FLOAT or DOUBLE column that was declared without a number of decimals."""
