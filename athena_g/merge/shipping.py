"""Rows of one server as the parameters of an INSERT on another: their cells stay as they are.

Rows of the binary protocol and parameters of prepared statements are written in the same way, so
that no value is read and written again. Texts have to come in the character set of their columns
(``character_set_results = NULL``): as bytes they go back into columns of the same one.

Source: MySQL Source Code Documentation, "Binary Protocol Resultset Row", "COM_STMT_EXECUTE".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import Final

from athena_g.protocol.binary_values import binary_decoder
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import UNSIGNED_PARAMETER
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.text_values import Value, duration_text
from athena_g.protocol.wire import lenenc_bytes

MAX_PARAMETERS: Final = 0xFFFF
"""Parameters that a statement can have."""
MAX_BYTES: Final = 1 << 20
"""Bytes of rows that go together, unless one row has more."""

_BITMAP_OFFSET: Final = 2
_AS: Final[dict[ColumnType, ColumnType]] = {
    ColumnType.INT24: ColumnType.LONG,
    ColumnType.YEAR: ColumnType.SHORT,
    ColumnType.JSON: ColumnType.VAR_STRING,
    ColumnType.TIME: ColumnType.VAR_STRING,
    ColumnType.NEWDATE: ColumnType.DATE,
}
"""Types of columns that parameters do not have."""
_SAME: Final = frozenset(
    {
        ColumnType.TINY,
        ColumnType.SHORT,
        ColumnType.LONG,
        ColumnType.LONGLONG,
        ColumnType.FLOAT,
        ColumnType.DOUBLE,
        ColumnType.NEWDECIMAL,
        ColumnType.DATE,
        ColumnType.DATETIME,
        ColumnType.TIMESTAMP,
        ColumnType.NULL,
    }
)


Decoder = Callable[[bytes, int], tuple[Value, int]]


class Shipment:
    """Rows of given columns, gathered until they are to go.

    Times of a day go as texts: MySQL takes none with fractions beyond 838 hours as it gave them.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._types = b"".join(map(_type, columns))
        self._decoders: list[Decoder | None] = []
        if any(column.type is ColumnType.TIME for column in columns):
            self._decoders = [_decoder(column) for column in columns]
        self._times = [column.type is ColumnType.TIME for column in columns]
        self._bitmap_end = 1 + (len(columns) + 7 + _BITMAP_OFFSET) // 8
        self._width = len(columns)
        self._most = max(1, MAX_PARAMETERS // max(1, len(columns)))
        self._clear()

    def _clear(self) -> None:
        self._cells: list[bytes] = []
        self._nulls: list[int] = []
        self._size = 0

    @property
    def count(self) -> int:
        """How many rows are waiting."""
        return len(self._cells)

    @property
    def is_full(self) -> bool:
        """Whether they should go now."""
        return self._size >= MAX_BYTES or self.count >= self._most

    def add(self, row: bytes) -> None:
        """Take the payload of a binary row."""
        end = self._bitmap_end
        nulls = int.from_bytes(row[1:end], "little") >> _BITMAP_OFFSET
        self._nulls.append(nulls)
        self._cells.append(self._with_times(row, end, nulls) if self._decoders else row[end:])
        self._size += len(row)

    def _with_times(self, row: bytes, place: int, nulls: int) -> bytes:
        """The cells with times as texts."""
        parts = []
        for decode, is_time in zip(self._decoders, self._times, strict=True):
            if decode is not None and not nulls & 1:
                value, end = decode(row, place)
                if is_time and isinstance(value, timedelta):
                    parts.append(lenenc_bytes(duration_text(value, 6).encode()))
                else:
                    parts.append(row[place:end])
                place = end
            nulls >>= 1
        return b"".join(parts)

    def take(self) -> bytes:
        """The waiting rows as the parameters of an execution; none waits any more."""
        nulls, shift = 0, 0
        for each in self._nulls:
            nulls |= each << shift
            shift += self._width
        parts = [nulls.to_bytes((shift + 7) // 8, "little"), b"\1", self._types * self.count]
        parts += self._cells
        self._clear()
        return b"".join(parts)


def insertion(
    table: bytes, columns: Iterable[bytes], count: int, seconds: Collection[bytes] = ()
) -> bytes:
    """The INSERT of so many rows; names are quoted already.

    The values of the columns in ``seconds`` are seconds since 1970, to be written as times.
    """
    names = list(columns)
    marks = [b"FROM_UNIXTIME(?)" if name in seconds else b"?" for name in names]
    row = b"(" + b",".join(marks) + b")"
    values = b",".join([row] * count)
    return b"INSERT INTO %b (%b) VALUES %b" % (table, b", ".join(names), values)


def _decoder(column: Column) -> Decoder | None:
    return None if column.type is ColumnType.NULL else binary_decoder(column)


def _type(column: Column) -> bytes:
    kind = _AS.get(column.type) or (column.type if column.type in _SAME else ColumnType.BLOB)
    unsigned = column.flags & UNSIGNED_FLAG or column.type is ColumnType.YEAR
    return bytes((kind, UNSIGNED_PARAMETER if unsigned else 0))
