"""Names of tables in replies, however the replies come in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ColumnType
from athena_g.protocol.framing import frame
from athena_g.protocol.renaming import MAX_HEADS, MAX_REMEMBERED, TableNames
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket
from athena_g.protocol.rows import BinaryRows
from athena_g.protocol.wire import lenenc_bytes, lenenc_int

ROWS = frame(b"\x01a", 9) + frame(EofPacket().encode(), 10)


def names(shard: int | None = None) -> TableNames:
    return TableNames({b"orders_1": b"orders", b"items_1": b"items"}, {b"shop_b": b"shop"}, shard)


def column(table: str, org_table: str | None = None, name: str = "id", schema: str = "") -> Column:
    org_table = table if org_table is None else org_table
    return Column(name, ColumnType.LONG, table=table, org_table=org_table, schema=schema)


def head(*columns: Column) -> bytes:
    """The number of columns and their definitions, framed."""
    payloads = [lenenc_int(len(columns)), *(each.encode() for each in columns)]
    return b"".join(frame(payload, number + 1) for number, payload in enumerate(payloads))


def nothing() -> bytes:
    return b""


def pieces(data: bytes, *sizes: int) -> tuple[bytes, Callable[[], bytes]]:
    """The first piece of some data, and what gives the others."""
    cut = []
    for size in sizes:
        cut.append(data[:size])
        data = data[size:]
    rest = iter([*cut[1:], data])
    return cut[0], lambda: next(rest, b"")


PART = head(column("orders_1", schema="shop_b"))
WHOLE = head(column("orders", schema="shop"))


def test_a_definition_has_the_clients_names_of_table_and_database() -> None:
    assert names().head(PART, nothing) == WHOLE


def test_what_follows_the_definitions_stays_as_it_is() -> None:
    rows = frame(b"\x08orders_1", 3)
    assert names().head(PART + rows, nothing) == WHOLE + rows


def test_an_alias_is_kept_and_the_table_behind_it_renamed() -> None:
    assert names().head(head(column("o", "orders_1")), nothing) == head(column("o", "orders"))


def test_names_of_columns_are_never_changed() -> None:
    found = names().head(head(column("orders_1", name="orders_1")), nothing)
    assert found == head(column("orders", name="orders_1"))


def test_each_of_several_columns_has_the_name_of_its_own_table() -> None:
    many = head(column("orders_1"), column("items_1"), column("countries"), column("", ""))
    expected = head(column("orders"), column("items"), column("countries"), column("", ""))
    assert names().head(many, nothing) == expected


def test_more_columns_than_a_byte_counts_are_all_renamed() -> None:
    many, expected = ([column(name)] * 300 for name in ("orders_1", "orders"))
    assert names().head(head(*many), nothing) == head(*expected)


@pytest.mark.parametrize("behind", [b"", ROWS])
def test_definitions_may_come_byte_by_byte(behind: bytes) -> None:
    data = PART + behind
    renamed = names()
    for _ in range(2):  # the second time they are known
        chunk, more = pieces(data, *[1] * len(PART))
        assert renamed.head(chunk, more) == WHOLE


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.booleans())
def test_definitions_may_be_cut_anywhere(sizes: list[int], known: bool) -> None:
    renamed = names()
    if known:
        renamed.head(PART, nothing)
    chunk, more = pieces(PART + ROWS, *sizes)
    found = renamed.head(chunk, more)
    while piece := more():
        found += piece
    assert found == WHOLE + ROWS


@pytest.mark.parametrize("size", range(len(PART)))
def test_a_reply_that_ends_within_its_definitions_gives_what_came(size: int) -> None:
    assert names().head(PART[:size], nothing) == PART[:size]


def test_an_ok_is_passed_on() -> None:
    packet = frame(OkPacket(1, 2, info=b"orders_1").encode(0), 1)
    assert names().head(packet, nothing) == packet


def test_a_request_for_a_local_file_is_passed_on() -> None:
    packet = frame(b"\xfborders_1", 1)
    assert names().head(packet, nothing) == packet


@pytest.mark.parametrize("size", [1, 4, 5, 12, 40])
def test_an_error_names_the_clients_table(size: int) -> None:
    text = "Duplicate entry 'orders_11' for key 'orders_1.PRIMARY' in shop_b.items_1"
    packet = frame(ErrPacket(1062, "23000", text).encode(), 1)
    chunk, more = pieces(packet, size)
    found = names().head(chunk, more)
    expected = "Duplicate entry 'orders_11' for key 'orders.PRIMARY' in shop.items"
    assert found == frame(ErrPacket(1062, "23000", expected).encode(), 1)


def test_the_error_after_an_error_has_its_own_text() -> None:
    renamed = names()
    for text in ("no orders_1", "no items_1"):
        packet = frame(ErrPacket(1146, "42S02", text).encode(), 1)
        assert renamed.head(packet, nothing)[13:] == text.removesuffix("_1").encode()


def test_a_database_is_one_only_in_front_of_a_table() -> None:
    assert names().text(b"`shop_b`.`orders_1` shop_b") == b"`shop`.`orders` shop_b"


@pytest.mark.parametrize("text", [b"my_orders_1", b"orders_10", b"orders_1$", b"$orders_1"])
def test_a_part_of_a_word_is_no_name(text: bytes) -> None:
    assert names().text(text) == text


def test_of_two_names_the_longer_one_is_meant() -> None:
    both = TableNames({b"a": b"x", b"a-1": b"y"})
    assert both.text(b"a-1 a") == b"y x"


def test_names_of_constraints_lose_the_shards_number() -> None:
    text = b"CONSTRAINT `fk_1` FOREIGN KEY, constraint 'c_2', `fk_1`"
    assert names(shard=1).text(text) == b"CONSTRAINT `fk` FOREIGN KEY, constraint 'c_2', `fk_1`"
    assert names().text(text) == text


def test_cells_of_a_row_are_renamed_and_null_stays() -> None:
    row = lenenc_bytes(b"shop_b.orders_1") + b"\xfb" + lenenc_bytes(b"") + lenenc_bytes(b"9")
    expected = lenenc_bytes(b"shop.orders") + b"\xfb" + lenenc_bytes(b"") + lenenc_bytes(b"9")
    assert names().row(row, 99) == expected


def test_a_long_cell_has_its_new_length_in_front() -> None:
    text = b"x" * 244 + b" orders_1"
    assert names().row(lenenc_bytes(text), 1) == lenenc_bytes(b"x" * 244 + b" orders")


def test_heads_that_take_turns_are_each_renamed_each_time() -> None:
    renamed = names()
    parts = [head(column("orders_1", name=f"c{number}")) for number in range(MAX_HEADS + 2)]
    wholes = [head(column("orders", name=f"c{number}")) for number in range(MAX_HEADS + 2)]
    for _ in range(2):
        assert [renamed.head(part + ROWS, nothing) for part in parts] == [
            whole + ROWS for whole in wholes
        ]


def test_a_head_that_is_too_long_to_be_remembered_is_renamed() -> None:
    columns = [column("orders_1", name="n" * 60)] * (MAX_REMEMBERED // 60)
    renamed = names()
    for _ in range(2):
        found = renamed.head(head(*columns) + ROWS, nothing)
        assert found == head(*[column("orders", name="n" * 60)] * len(columns)) + ROWS


def test_a_head_that_begins_like_the_last_one_is_not_taken_for_it() -> None:
    renamed = names()
    one, two = column("orders_1"), column("orders_1", name="ix")
    assert renamed.head(head(one), nothing) == head(column("orders"))
    assert renamed.head(head(two), nothing) == head(column("orders", name="ix"))


def test_a_binary_row_gets_the_right_names_in_its_texts_alone() -> None:
    columns = [
        Column("table", ColumnType.VAR_STRING),
        Column("n", ColumnType.LONGLONG),
        Column("nothing", ColumnType.VAR_STRING),
        Column("at", ColumnType.DATETIME),
        Column("text", ColumnType.BLOB),
        *(Column(f"more {number}", ColumnType.SHORT) for number in range(5)),
    ]
    values = ["orders_1", 7, None, datetime(2020, 5, 6, 7), b"in shop_b.items_1", *[None] * 4, 5]
    payload = BinaryRows(columns).encode(values)
    expected = ["orders", *values[1:4], "in shop.items", *values[5:]]
    assert BinaryRows(columns).decode(names().binary_row(payload, columns, 99)) == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"fk_1", b"fk"),
        (b"my_chk_1", b"my_chk"),
        (b"orders_1_chk_1", b"orders_chk_1"),
        (b"orders_1_ibfk_12", b"orders_ibfk_12"),
        (b"orders_2_chk_3", b"orders_2_chk_3"),
        (b"CONSTRAINT_1", b"CONSTRAINT_1"),
        (b"fk_2", b"fk_2"),
        (b"c``k_1", b"c``k"),
    ],
)
def test_constraints_are_called_as_clients_call_them(name: bytes, shown: bytes) -> None:
    text = b"KEY `%b` (x), CONSTRAINT `%b` FOREIGN KEY (x) REFERENCES `items_1` (y)"
    assert names(1).text(text % (name, name)) == (text % (shown, shown)).replace(b"ms_1", b"ms")
    assert names(1).text(b"Check constraint '%b' is violated." % name).count(b"'%b'" % shown) == 1


def test_in_a_definition_strings_stay_as_they_are() -> None:
    text = (
        b"CREATE TABLE `orders_1` (`a` int DEFAULT 'orders_1' COMMENT 'it''s orders_1', "
        b"`it's` int, CHECK (`b` <> 'items_1\\' orders_1')) COMMENT='see orders_1'"
    )
    row = lenenc_bytes(b"orders_1") + lenenc_bytes(text) + lenenc_bytes(b"orders_1")
    shown = text.replace(b"TABLE `orders_1`", b"TABLE `orders`")
    expected = lenenc_bytes(b"orders") + lenenc_bytes(shown) + lenenc_bytes(b"orders_1")
    assert names().row(row, 2) == expected


def test_a_name_with_a_backquote_is_known_in_quotes_too() -> None:
    odd = TableNames({b"we`1_0": b"we`1"}, shard=0)
    assert odd.text(b"CREATE TABLE `we``1_0` of we`1_0") == b"CREATE TABLE `we``1` of we`1"
