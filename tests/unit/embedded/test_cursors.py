"""Rows that wait to be fetched."""

from __future__ import annotations

from athena_g.embedded.cursors import RowCursor


def test_rows_come_in_the_order_they_were_kept_in() -> None:
    cursor = RowCursor()
    cursor.keep([b"a", b"bb"])
    cursor.keep([b"ccc"])
    assert [list(cursor.fetch(2)), list(cursor.fetch(2)), list(cursor.fetch(2))] == [
        [b"a", b"bb"], [b"ccc"], []
    ]  # fmt: skip
    cursor.close()


def test_more_rows_than_memory_is_given_come_back_whole() -> None:
    cursor = RowCursor()
    cursor.keep(bytes((number,)) * 300_000 for number in range(8))
    assert [row[:1] for row in cursor.fetch(9)] == [bytes((number,)) for number in range(8)]
    cursor.close()
