"""A table that a text names is never missed, wherever and however it is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.names import mentions

NAMES = {"orders", "order items", "my-table", "grösse", "a`b", "odd.one", "表"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders",
        "SELECT*FROM`orders`",
        "select * from ORDERS",
        "SELECT * FROM db.orders",
        "SELECT * FROM `db`.`orders`",
        "SELECT orders.id FROM t",
        "SELECT 1 /*! FROM orders */",
        "SELECT 1 FROM /*!50000orders*/",
        "SELECT 1 FROM /*!080400orders*/",
        "SELECT 1 FROM /*M!100500orders*/",
        "PREPARE s FROM 'SELECT * FROM orders'",
        "PREPARE s FROM 'SELECT * FROM\\norders'",
        "PREPARE s FROM 'SELECT * FROM ord\\ers'",
        "PREPARE s FROM 'SELECT * FROM `my\\-table`'",
        'PREPARE s FROM "SELECT * FROM \\"order items\\""',
        "SELECT * FROM `order items`",
        'SELECT * FROM "my-table"',
        "SELECT * FROM `a``b`",
        "SELECT * FROM Größe",
        "SELECT * FROM GRÖSSE",
        "DROP TABLE t,orders",
        "SELECT * FROM `odd.one`",
        "SELECT '`', * FROM `my-table`",
    ],
)
def test_a_named_table_is_found(sql: str) -> None:
    assert mentions(sql.encode(), NAMES, "utf-8")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "SELECT * FROM orders2",
        "SELECT * FROM my_orders",
        "SELECT * FROM `order` JOIN items",
        "SELECT * FROM t -- no\\thing",
        "SELECT * FROM `my_table`",
    ],
)
def test_a_text_without_one_is_told_apart(sql: str) -> None:
    assert not mentions(sql.encode(), NAMES, "utf-8")


@pytest.mark.parametrize("codec", ["gbk", "shift_jis", "big5", "utf-8"])
def test_names_are_read_in_the_character_set_of_the_client(codec: str) -> None:
    assert mentions("SELECT * FROM 表 WHERE a = 1".encode(codec), NAMES, codec)


def test_bytes_that_are_no_characters_hide_nothing() -> None:
    assert mentions(b"SELECT '\xff\xfe' FROM orders WHERE a = '\xc3'", NAMES, "utf-8")


@pytest.mark.parametrize("place", range((1 << 15) - 9, (1 << 15) + 2))
def test_a_name_is_found_anywhere_in_a_long_text(place: int) -> None:
    assert mentions(b"," * place + b"orders" + b"," * 10, NAMES, "utf-8")
    assert mentions(b"," * (place << 1) + b" orders", NAMES, "utf-8")
    assert not mentions(b"," * place + b"myorders2", NAMES, "utf-8")


@given(
    before=st.text(alphabet=" ,.;()'\"`\\/*-#\n=@", max_size=12),
    behind=st.text(alphabet=" ,.;()'\"`\\/*-#\n=@", max_size=12),
)
def test_no_punctuation_hides_a_name(before: str, behind: str) -> None:
    assert mentions(f"SELECT {before} orders{behind}".encode(), NAMES, "utf-8")
