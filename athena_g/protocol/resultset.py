"""The payloads around the rows of a result set, chosen by the client's capabilities.

Source: dev.mysql.com, MySQL Source Code Documentation, "Text Resultset", "Binary Protocol
Resultset", "COM_FIELD_LIST" and "COM_STMT_PREPARE Response".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from athena_g import errors
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_DEPRECATE_EOF,
    CLIENT_OPTIONAL_RESULTSET_METADATA,
    SERVER_STATUS_AUTOCOMMIT,
)
from athena_g.protocol.replies import EOF_HEADER, EofPacket, OkPacket
from athena_g.protocol.rows import BinaryRows, TextRows
from athena_g.protocol.text_values import Value
from athena_g.protocol.wire import lenenc_int

_METADATA_FULL = b"\x01"
_PREPARE_OK = struct.Struct("<BIHHxH")


def encode_column_count(count: int, capabilities: int) -> bytes:
    """The first payload of a result set of ``count`` columns, all of them to be defined."""
    if capabilities & CLIENT_OPTIONAL_RESULTSET_METADATA:
        return _METADATA_FULL + lenenc_int(count)
    return lenenc_int(count)


def encode_result_set_header(
    columns: Sequence[Column],
    capabilities: int,
    *,
    status: int = SERVER_STATUS_AUTOCOMMIT,
    warnings: int = 0,
) -> Iterator[bytes]:
    """The payloads before the rows: column count, definitions, EOF unless it is deprecated."""
    yield encode_column_count(len(columns), capabilities)
    for column in columns:
        yield column.encode()
    if not capabilities & CLIENT_DEPRECATE_EOF:
        yield EofPacket(warnings, status).encode()


def encode_result_set_end(
    capabilities: int, *, status: int = SERVER_STATUS_AUTOCOMMIT, warnings: int = 0
) -> bytes:
    """The payload after the rows: EOF, or an OK that starts like one."""
    if capabilities & CLIENT_DEPRECATE_EOF:
        return OkPacket(status=status, warnings=warnings).encode(capabilities, EOF_HEADER)
    return EofPacket(warnings, status).encode()


def encode_result_set(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Value]],
    capabilities: int,
    *,
    status: int = SERVER_STATUS_AUTOCOMMIT,
    warnings: int = 0,
    binary: bool = False,
) -> Iterator[bytes]:
    """All payloads of a result set, each made when it is asked for."""
    yield from encode_result_set_header(columns, capabilities, status=status, warnings=warnings)
    codec = BinaryRows(columns) if binary else TextRows(columns)
    for row in rows:
        yield codec.encode(row)
    yield encode_result_set_end(capabilities, status=status, warnings=warnings)


def encode_field_list(
    columns: Iterable[Column], capabilities: int, *, status: int = SERVER_STATUS_AUTOCOMMIT
) -> Iterator[bytes]:
    """The payloads that answer COM_FIELD_LIST: definitions with default values, then the end."""
    for column in columns:
        yield column.encode(field_list=True)
    yield encode_result_set_end(capabilities, status=status)


@dataclass(frozen=True, slots=True)
class PrepareOk:
    """The first payload that answers COM_STMT_PREPARE; parameter and column definitions follow."""

    statement_id: int
    columns: int
    parameters: int
    warnings: int = 0

    def encode(self) -> bytes:
        """The payload."""
        return _PREPARE_OK.pack(0, self.statement_id, self.columns, self.parameters, self.warnings)

    @classmethod
    def decode(cls, payload: bytes) -> PrepareOk:
        """The packet; MALFORMED_PACKET when it is none."""
        if len(payload) < _PREPARE_OK.size or payload[0]:
            raise errors.MALFORMED_PACKET(reason="not a COM_STMT_PREPARE_OK packet")
        return cls(*_PREPARE_OK.unpack_from(payload)[1:])
