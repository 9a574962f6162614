"""Names of tables in replies: what a server calls a part of a table, its client calls by one name.

The definitions of columns have the table's name as the statement calls it and as the server does,
and that of its database; errors have them in their text.

Source: MySQL Source Code Documentation, "Column Definition"
(page_protocol_com_query_response_text_resultset_column_definition), "ERR_Packet".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from athena_g.protocol.binary_values import binary_decoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import MAX_PAYLOAD, ColumnType
from athena_g.protocol.text_values import STRING_TYPES
from athena_g.protocol.wire import lenenc_bytes, lenenc_bytes_at, lenenc_int_at, nullable_cell_at

MAX_HEADS: Final = 64
"""Heads of result sets that are remembered with what they become."""
MAX_REMEMBERED: Final = 4096
"""Bytes of a head that is."""

_NAME: Final = rb"(?:[^`']|``)+"
_CONSTRAINT: Final = re.compile(rb"(\bconstraint (?:name )?[`'])(%b)(?=[`'])" % _NAME, re.I)
_REFERENCES: Final = re.compile(
    rb"(\breferences (?:[`']%b[`']\.)?[`'])(%b)(?=[`'])" % (_NAME, _NAME), re.IGNORECASE
)
_MADE: Final = re.compile(rb"(.+)(_(?:chk|ibfk)_[0-9]+)", re.DOTALL)
_MADE_BY_MARIADB: Final = re.compile(rb"constraint_[0-9]+", re.IGNORECASE)
_STRING: Final = re.compile(rb"`(?:[^`]|``)*+`|('(?:[^'\\]++|\\.|'')*+')", re.DOTALL)

_OK, _LOCAL_INFILE, _ERR = 0x00, 0xFB, 0xFF
_ERR_TEXT_AT = 9


class TableNames:
    """Puts other names in place of those that a server has for tables.

    ``names`` has for each table of the server what it is called instead, ``databases`` the same for
    the database that they are in; all in the character set of the session's results. With ``shard``
    the names of constraints lose the shard's number at their end, and so do the indexes that are
    called like them; ``referred`` tells what a table is called that a foreign key refers to.
    """

    def __init__(
        self,
        names: Mapping[bytes, bytes],
        databases: dict[bytes, bytes] | None = None,
        shard: int | None = None,
        referred: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._referred = referred
        self._shard = shard
        quoted = {_doubled(one): _doubled(other) for one, other in names.items()}
        self._names = names = quoted | dict(names)
        self._databases = databases or {}
        self._heads: dict[bytes, bytes] = {}
        self._last = b"\xff" * 5
        self._last_renamed = b""
        self._instead = self._databases | names
        # The name of a database is one in front of a table's; alone it may be any word.
        databases_ = [re.escape(name) + rb"(?=`?\.)" for name in self._databases]
        longest_first = sorted(names, key=len, reverse=True)
        alternatives = b"|".join([*databases_, *map(re.escape, longest_first)])
        self._in_text = re.compile(rb"(?<![\w$])(?:%b)(?![\w$])" % alternatives)

    def head(self, chunk: bytes, more: Callable[[], bytes]) -> bytes:
        """The beginning of a reply with the right names; ``more`` gives what comes next of it.

        Gives at least all definitions of columns; as much as came if the reply ends before.
        """
        if chunk.startswith(self._last):
            return self._last_renamed + chunk[len(self._last) :]
        while len(chunk) < 5:
            chunk, size = _longer(chunk, more), len(chunk)
            if len(chunk) == size:
                return chunk
        first = chunk[4]
        if first in (_OK, _LOCAL_INFILE):
            return chunk
        end, chunk = self._end_of_head(chunk, more)
        if end > len(chunk):
            return chunk
        head = chunk[:end]
        known = self._heads.get(head)
        if known is None:
            known = self.error(head) if first == _ERR else self._renamed(head)
            if len(head) <= MAX_REMEMBERED and len(self._heads) < MAX_HEADS and first != _ERR:
                self._heads[head] = known
        if first != _ERR:
            self._last, self._last_renamed = head, known
        return known + chunk[end:]

    @staticmethod
    def _end_of_head(chunk: bytes, more: Callable[[], bytes]) -> tuple[int, bytes]:
        """Where the definitions end, and the chunk that has them all."""
        packets = 1
        if chunk[4] != _ERR:
            packets += lenenc_int_at(chunk.ljust(13, b"\0"), 4)[0]
        end = 0
        while packets:
            while len(chunk) < end + 4 or len(chunk) < end + 4 + _length(chunk, end):
                chunk, size = _longer(chunk, more), len(chunk)
                if len(chunk) == size:
                    return size + 1, chunk
            end += 4 + _length(chunk, end)
            packets -= 1
        return end, chunk

    def _renamed(self, head: bytes) -> bytes:
        """Packets of a head with other names in the definitions."""
        parts = []
        position = 4 + _length(head, 0)
        parts.append(head[:position])
        while position < len(head):
            end = position + 4 + _length(head, position)
            payload = self.definition(head[position + 4 : end])
            parts += (
                len(payload).to_bytes(3, "little"),
                head[position + 3 : position + 4],
                payload,
            )
            position = end
        return b"".join(parts)

    def definition(self, payload: bytes) -> bytes:
        """The definition of a column with the right names."""
        position = 0
        fields: list[bytes] = []
        for _ in range(4):  # catalog, schema, table, org_table
            size, start = lenenc_int_at(payload, position)
            position = start + size
            fields.append(payload[start:position])
        fields[1] = self._databases.get(fields[1], fields[1])
        fields[2:] = [self._names.get(name, name) for name in fields[2:]]
        return b"".join(map(lenenc_bytes, fields)) + payload[position:]

    def row(self, payload: bytes, count: int) -> bytes:
        """A row of the text protocol with the right names in the text of its first cells."""
        cells: list[bytes] = []
        position = 0
        while position < len(payload) and len(cells) < count:
            cell, position = nullable_cell_at(payload, position)
            cells.append(b"\xfb" if cell is None else lenenc_bytes(self._cell(cell)))
        return b"".join(cells) + payload[position:]

    def binary_row(self, payload: bytes, columns: Sequence[Column], count: int) -> bytes:
        """The same for a row of a prepared statement with these columns."""
        bitmap = 1 + (len(columns) + 7 + 2) // 8
        nulls = int.from_bytes(payload[1:bitmap], "little") >> 2
        parts = [payload[:bitmap]]
        position = bitmap
        for number, column in enumerate(columns[:count]):
            if nulls >> number & 1 or column.type is ColumnType.NULL:
                continue
            if column.type in STRING_TYPES:
                cell, end = lenenc_bytes_at(payload, position)
                parts.append(lenenc_bytes(self._cell(cell)))
            else:
                _, end = binary_decoder(column)(payload, position)
                parts.append(payload[position:end])
            position = end
        return b"".join(parts) + payload[position:]

    def _cell(self, text: bytes) -> bytes:
        """The text of a cell; in the definition of a table strings stay as they are."""
        if not text.startswith(b"CREATE TABLE"):
            return self.text(text)
        strings: list[bytes] = []

        def kept(found: re.Match[bytes]) -> bytes:
            if found[1] is None:
                return found[0]
            strings.append(found[1])
            return b"\0"

        pieces = self.text(_STRING.sub(kept, text)).split(b"\0")
        parts = [b""] * (len(pieces) + len(strings))
        parts[::2], parts[1::2] = pieces, strings
        return b"".join(parts)

    def text(self, text: bytes) -> bytes:
        """A text with the right names."""
        text = self._in_text.sub(lambda found: self._instead[found[0]], text)
        shard = self._shard
        if shard is None:
            return text
        own = {
            found[2]: own_constraint_name(found[2], self._names, shard)
            for found in _CONSTRAINT.finditer(text)
        }
        if own:
            text = _CONSTRAINT.sub(lambda found: found[1] + own[found[2]], text)
        for name, logical in own.items():
            if name != logical:
                text = text.replace(b"KEY `%b`" % name, b"KEY `%b`" % logical)
        referred = self._referred
        if referred is not None:
            text = _REFERENCES.sub(lambda found: found[1] + referred(found[2]), text)
        return text

    def error(self, packet: bytes) -> bytes:
        """A framed ERR with the right names in its text."""
        start = 4 + _ERR_TEXT_AT
        payload = packet[4:start] + self.text(packet[start:])
        return len(payload).to_bytes(3, "little") + packet[3:4] + payload


def own_constraint_name(name: bytes, tables: Mapping[bytes, bytes], shard: int) -> bytes:
    """What clients call a constraint of a table's part.

    ``tables`` are the names of tables by those of their parts. One that the server named itself is
    called after the part (``orders_1_ibfk_1``), or by a number alone (``CONSTRAINT_1``), all others
    have the shard's number at their end.
    """
    made = _MADE.fullmatch(name)
    if made is not None and made[1] in tables:
        return tables[made[1]] + made[2]
    if _MADE_BY_MARIADB.fullmatch(name) is not None:
        return name
    return name.removesuffix(b"_%d" % shard)


def _doubled(name: bytes) -> bytes:
    return name.replace(b"`", b"``")


class ColumnNames(TableNames):
    """Calls columns as the table has them that a query reads, whatever case the query has.

    MySQL does so with information_schema, and not with a query in its place.
    """

    def __init__(self) -> None:
        super().__init__({b"": b""})

    def definition(self, payload: bytes) -> bytes:
        """The definition of a column under its own name, unless it is called otherwise."""
        position = 0
        fields: list[bytes] = []
        for _ in range(6):  # catalog, schema, table, org_table, name, org_name
            field, position = lenenc_bytes_at(payload, position)
            fields.append(field)
        if fields[4].lower() == fields[5].lower():
            fields[4] = fields[5]
        return b"".join(map(lenenc_bytes, fields)) + payload[position:]

    def text(self, text: bytes) -> bytes:
        """The text as it is."""
        return text


def _length(chunk: bytes, at: int) -> int:
    return int.from_bytes(chunk[at : at + 3], "little") & MAX_PAYLOAD


def _longer(chunk: bytes, more: Callable[[], bytes]) -> bytes:
    return chunk + more()
