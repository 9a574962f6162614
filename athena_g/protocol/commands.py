"""What a client asks in the command phase: payload to command.

Source: dev.mysql.com, MySQL Source Code Documentation, "Command Phase" with its pages "COM_QUERY",
"COM_FIELD_LIST", "COM_SET_OPTION", "COM_STMT_EXECUTE" and so on; "Query Attributes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from athena_g import errors
from athena_g.protocol.binary_values import binary_decoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_QUERY_ATTRIBUTES,
    UNSIGNED_FLAG,
    ColumnType,
)
from athena_g.protocol.constants import Command as Code
from athena_g.protocol.handshake import ChangeUserRequest
from athena_g.protocol.text_values import Value
from athena_g.protocol.wire import PayloadReader

UNSIGNED_PARAMETER: Final = 0x80
"""In the upper byte of a parameter's type: the number is unsigned."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A command that is its code and nothing else."""

    code: Code


@dataclass(frozen=True, slots=True)
class InitDb:
    """COM_INIT_DB: make ``database`` the current one."""

    database: bytes


@dataclass(frozen=True, slots=True)
class QueryAttribute:
    """One value that a client attached to a statement."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Query:
    """COM_QUERY: SQL in the client's character set."""

    sql: bytes
    attributes: tuple[QueryAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldList:
    """COM_FIELD_LIST: the columns of ``table`` whose names are LIKE ``wildcard`` (empty: all)."""

    table: bytes
    wildcard: bytes


@dataclass(frozen=True, slots=True)
class ProcessKill:
    """COM_PROCESS_KILL: end another connection."""

    connection_id: int


@dataclass(frozen=True, slots=True)
class SetOption:
    """COM_SET_OPTION: one of the MYSQL_OPTION constants."""

    option: int


@dataclass(frozen=True, slots=True)
class StmtPrepare:
    """COM_STMT_PREPARE: SQL in the client's character set."""

    sql: bytes


@dataclass(frozen=True, slots=True)
class StmtExecute:
    """COM_STMT_EXECUTE; ``parameters`` is the rest, whose form depends on the statement."""

    statement_id: int
    flags: int
    iterations: int
    parameters: bytes


@dataclass(frozen=True, slots=True)
class StmtSendLongData:
    """COM_STMT_SEND_LONG_DATA: more bytes of one parameter; has no answer."""

    statement_id: int
    parameter: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StmtClose:
    """COM_STMT_CLOSE; has no answer."""

    statement_id: int


@dataclass(frozen=True, slots=True)
class StmtReset:
    """COM_STMT_RESET: forget long data and close the cursor."""

    statement_id: int


@dataclass(frozen=True, slots=True)
class StmtFetch:
    """COM_STMT_FETCH: up to ``rows`` rows of an open cursor."""

    statement_id: int
    rows: int


AnyCommand = (
    Bare
    | InitDb
    | Query
    | FieldList
    | ProcessKill
    | SetOption
    | ChangeUserRequest
    | StmtPrepare
    | StmtExecute
    | StmtSendLongData
    | StmtClose
    | StmtReset
    | StmtFetch
)

_BARE: Final = frozenset(
    {
        Code.QUIT,
        Code.STATISTICS,
        Code.PROCESS_INFO,
        Code.DEBUG,
        Code.PING,
        Code.RESET_CONNECTION,
    }
)


def parse_command(payload: bytes, capabilities: int) -> AnyCommand:
    """The command of a connection of these capabilities.

    Raises UNKNOWN_COMMAND for one that is not known or not supported here, MALFORMED_PACKET for
    a damaged one.
    """
    if not payload:
        raise errors.MALFORMED_PACKET(reason="an empty packet is no command")
    number = payload[0]
    if number == Code.QUERY:
        return parse_query(payload, capabilities)
    if number == Code.CHANGE_USER:
        return ChangeUserRequest.decode(payload, capabilities)
    if number in _BARE:
        return Bare(Code(number))
    parse = _PARSERS.get(number)
    if parse is None:
        raise errors.UNKNOWN_COMMAND(command=command_name(number))
    return parse(PayloadReader(payload, 1))


def command_name(number: int) -> str:
    """``COM_PING`` and the like, for a number without a name ``command 0x2a``."""
    try:
        return f"COM_{Code(number).name}"
    except ValueError:
        return f"command {number:#04x}"


def parse_query(payload: bytes, capabilities: int) -> Query:
    """The COM_QUERY in a payload whose first byte says so."""
    if not capabilities & CLIENT_QUERY_ATTRIBUTES:
        return Query(payload[1:])
    reader = PayloadReader(payload, 1)
    count = reader.lenenc_int()
    if reader.lenenc_int() != 1:
        raise errors.MALFORMED_PACKET(reason="COM_QUERY with other than one set of parameters")
    attributes = _read_attributes(reader, count) if count else ()
    return Query(reader.rest(), attributes)


def _read_attributes(reader: PayloadReader, count: int) -> tuple[QueryAttribute, ...]:
    nulls = int.from_bytes(reader.take((count + 7) // 8), "little")
    if reader.u8() != 1:
        raise errors.MALFORMED_PACKET(reason="query attributes without their types")
    columns = [_read_parameter_type(reader) for _ in range(count)]
    attributes: list[QueryAttribute] = []
    for column in columns:
        value: Value = None
        if not nulls & 1 and column.type is not ColumnType.NULL:
            value, end = binary_decoder(column)(reader.payload, reader.position)
            reader.take(end - reader.position)
        attributes.append(QueryAttribute(column.name, value))
        nulls >>= 1
    return tuple(attributes)


def _read_parameter_type(reader: PayloadReader) -> Column:
    number, sign = reader.u8(), reader.u8()
    try:
        kind = ColumnType(number)
    except ValueError:
        raise errors.MALFORMED_PACKET(reason=f"a parameter of unknown type {number}") from None
    name = reader.lenenc_bytes().decode("utf_8", "replace")
    return Column(name, kind, flags=UNSIGNED_FLAG if sign & UNSIGNED_PARAMETER else 0)


def _parse_field_list(reader: PayloadReader) -> FieldList:
    return FieldList(reader.null_terminated(), reader.rest())


def _parse_execute(reader: PayloadReader) -> StmtExecute:
    return StmtExecute(reader.u32(), reader.u8(), reader.u32(), reader.rest())


def _parse_long_data(reader: PayloadReader) -> StmtSendLongData:
    return StmtSendLongData(reader.u32(), reader.u16(), reader.rest())


_PARSERS: Final[dict[int, Callable[[PayloadReader], AnyCommand]]] = {
    Code.INIT_DB: lambda reader: InitDb(reader.rest()),
    Code.FIELD_LIST: _parse_field_list,
    Code.PROCESS_KILL: lambda reader: ProcessKill(reader.u32()),
    Code.SET_OPTION: lambda reader: SetOption(reader.u16()),
    Code.STMT_PREPARE: lambda reader: StmtPrepare(reader.rest()),
    Code.STMT_EXECUTE: _parse_execute,
    Code.STMT_SEND_LONG_DATA: _parse_long_data,
    Code.STMT_CLOSE: lambda reader: StmtClose(reader.u32()),
    Code.STMT_RESET: lambda reader: StmtReset(reader.u32()),
    Code.STMT_FETCH: lambda reader: StmtFetch(reader.u32(), reader.u32()),
}
