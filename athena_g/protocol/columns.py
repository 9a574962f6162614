"""Column definitions: what a result set, a prepared statement or COM_FIELD_LIST says of a column.

Source: dev.mysql.com, MySQL Source Code Documentation, "Protocol::ColumnDefinition41".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from athena_g import errors
from athena_g.protocol.constants import ColumnType
from athena_g.protocol.wire import PayloadReader, lenenc_bytes, nullable_cell_at

_FIXED = struct.Struct("<HIBHB2x")
_CATALOG: Final = b"\x03def"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``name`` is its alias, ``org_name`` what the table calls it.

    ``length`` is the display width in bytes, ``default`` the default value as COM_FIELD_LIST
    tells it (None: NULL, or not told).
    """

    name: str
    type: ColumnType
    collation_id: int = field(default=45, kw_only=True)
    length: int = field(default=0, kw_only=True)
    flags: int = field(default=0, kw_only=True)
    decimals: int = field(default=0, kw_only=True)
    schema: str = field(default="", kw_only=True)
    table: str = field(default="", kw_only=True)
    org_table: str = field(default="", kw_only=True)
    org_name: str = field(default="", kw_only=True)
    default: str | None = field(default=None, kw_only=True)

    def encode(self, codec: str = "utf_8", *, field_list: bool = False) -> bytes:
        """The payload, names in ``codec``; ``field_list`` adds the default value."""
        names = (self.schema, self.table, self.org_table, self.name, self.org_name)
        fixed = _FIXED.pack(self.collation_id, self.length, self.type, self.flags, self.decimals)
        payload = b"%b%b\x0c%b" % (
            _CATALOG,
            b"".join(lenenc_bytes(_encode(name, codec)) for name in names),
            fixed,
        )
        if not field_list:
            return payload
        if self.default is None:
            return payload + b"\xfb"
        return payload + lenenc_bytes(_encode(self.default, codec))

    @classmethod
    def decode(cls, payload: bytes, codec: str = "utf_8") -> Column:
        """The column; MALFORMED_PACKET when the payload is damaged or its type unknown."""
        reader = PayloadReader(payload)
        reader.lenenc_bytes()  # the catalog, always "def"
        schema, table, org_table, name, org_name = (
            reader.lenenc_bytes().decode(codec, "surrogateescape") for _ in range(5)
        )
        fixed = reader.lenenc_bytes()
        if len(fixed) < _FIXED.size:
            raise errors.MALFORMED_PACKET(reason="a column definition ends early")
        collation_id, length, type_, flags, decimals = _FIXED.unpack_from(fixed)
        default = None if reader.at_end else nullable_cell_at(payload, reader.position)[0]
        return cls(
            name,
            _type(type_),
            collation_id=collation_id,
            length=length,
            flags=flags,
            decimals=decimals,
            schema=schema,
            table=table,
            org_table=org_table,
            org_name=org_name,
            default=None if default is None else default.decode(codec, "surrogateescape"),
        )


def _encode(name: str, codec: str) -> bytes:
    try:
        return name.encode(codec, "surrogateescape")
    except UnicodeEncodeError:
        return name.encode(codec, "replace")  # as a server does for character_set_results


def _type(number: int) -> ColumnType:
    try:
        return ColumnType(number)
    except ValueError:
        raise errors.MALFORMED_PACKET(reason=f"unknown column type {number}") from None
