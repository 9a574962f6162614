"""Names of tables in replies."""

from __future__ import annotations

import pytest

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ColumnType
from athena_g.protocol.renaming import TableNames

NAMES = TableNames({b"orders_1": b"orders"}, {b"shop_b": b"shop"}, 1)


def column(**names: str) -> Column:
    return Column("id", ColumnType.LONG, org_name="id", **names)


def test_a_definition_has_the_names_of_table_and_database() -> None:
    theirs = column(schema="shop_b", table="orders_1", org_table="orders_1")
    ours = column(schema="shop", table="orders", org_table="orders")
    assert NAMES.definition(theirs.encode()) == ours.encode()


def test_a_definition_of_another_table_has_the_name_of_the_database() -> None:
    theirs = column(schema="shop_b", table="c", org_table="countries")
    ours = column(schema="shop", table="c", org_table="countries")
    assert NAMES.definition(theirs.encode()) == ours.encode()


@pytest.mark.parametrize(
    "theirs, ours",
    [
        (b"Table 'shop_b.orders_1' doesn't exist", b"Table 'shop.orders' doesn't exist"),
        (b"Duplicate entry '1' for key 'orders_1.by_user'",
         b"Duplicate entry '1' for key 'orders.by_user'"),
        (b"fails (`shop_b`.`orders_1`, CONSTRAINT `fk_1` FOREIGN KEY",
         b"fails (`shop`.`orders`, CONSTRAINT `fk` FOREIGN KEY"),
        (b"Check constraint 'plus_1' is violated.", b"Check constraint 'plus' is violated."),
        (b"Check constraint 'plus_2' is violated.", b"Check constraint 'plus_2' is violated."),
        (b"Unknown database 'shop_b'", b"Unknown database 'shop_b'"),
        (b"my_orders_1 and orders_11", b"my_orders_1 and orders_11"),
    ],
)  # fmt: skip
def test_a_text_has_the_names_of_clients(theirs: bytes, ours: bytes) -> None:
    assert NAMES.text(theirs) == ours
