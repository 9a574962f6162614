"""Rows of the proxy's own, as a client gets them: in its character set, text or binary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from athena_g.backend.look_back import Answer
from athena_g.protocol.binary_values import binary_encoder
from athena_g.protocol.columns import Column
from athena_g.protocol.replies import EofPacket
from athena_g.protocol.resultset import PrepareOk
from athena_g.protocol.rows import binary_row
from athena_g.protocol.text_values import STRING_TYPES
from athena_g.protocol.wire import NULL_CELL, lenenc_bytes, lenenc_int

_TEXT = "utf-8"


def result_set(answer: Answer, codec: str, status: int, *, binary: bool) -> Iterator[bytes]:
    """The payloads of a result set; the cells of ``answer`` are in UTF-8, in the text protocol."""
    yield lenenc_int(len(answer.columns))
    yield from definitions(answer.columns, codec, status)
    for row in answer.rows:
        yield _binary(row, answer.columns, codec) if binary else _text(row, codec)
    yield EofPacket(status=status).encode()


def prepared(id_: int, columns: Sequence[Column], codec: str, status: int) -> Iterator[bytes]:
    """The payloads that answer the preparation of a statement without parameters."""
    yield PrepareOk(id_, len(columns), 0).encode()
    yield from definitions(columns, codec, status)


def definitions(columns: Sequence[Column], codec: str, status: int) -> Iterator[bytes]:
    """The definitions of columns, and what ends them."""
    for column in columns:
        yield column.encode(codec)
    yield EofPacket(status=status).encode()


def _text(row: Sequence[bytes | None], codec: str) -> bytes:
    return b"".join(
        NULL_CELL if cell is None else lenenc_bytes(_recoded(cell, codec)) for cell in row
    )


def _binary(row: Sequence[bytes | None], columns: Sequence[Column], codec: str) -> bytes:
    return binary_row(
        None if cell is None else _value(cell, column, codec)
        for cell, column in zip(row, columns, strict=True)
    )


def _value(cell: bytes, column: Column, codec: str) -> bytes:
    if column.type in STRING_TYPES:
        return lenenc_bytes(_recoded(cell, codec))
    return binary_encoder(column)(cell)


def _recoded(cell: bytes, codec: str) -> bytes:
    return cell.decode(_TEXT, "replace").encode(codec, "replace")
