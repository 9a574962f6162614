"""Which sharded table a column belongs to."""

from __future__ import annotations

import pytest

from athena_g.parser.statement import Column, Span, Table
from athena_g.router.scope import Part, Scope, Source
from tests.unit.router import house

RULE = house.rules().exact["orders"]


def part(name: str) -> Part:
    return Part(Table(name, None, Span(0, 0)), RULE)


ORDERS, ITEMS = part("o"), part("i")
O = Source("o", "shop", {"user_id": (ORDERS,)})  # noqa: E741
I = Source("i", "shop", {"user_id": (ITEMS,)})  # noqa: E741
OTHER = Source("c", "shop")


@pytest.mark.parametrize(
    ("column", "key"),
    [
        (Column("user_id"), (ORDERS,)),
        (Column("USER_ID"), (ORDERS,)),
        (Column("user_id", "o"), (ORDERS,)),
        (Column("user_id", "o", "shop"), (ORDERS,)),
        (Column("x"), ()),
        (Column("x", "o"), ()),
        (Column("user_id", "c"), ()),
        (Column("user_id", "z"), ()),
        (Column("user_id", "O"), ()),  # another name, or the same one, as the server has it
    ],
)
def test_a_column_is_found_by_its_name(column: Column, key: tuple[Part, ...]) -> None:
    assert Scope([O, OTHER]).find(column) == key


def test_a_column_that_two_tables_have_is_nobody_s() -> None:
    scope = Scope([O, I])
    assert scope.find(Column("user_id")) == ()
    assert scope.find(Column("user_id", "i")) == (ITEMS,)


def test_a_column_of_two_tables_of_one_name_is_nobody_s() -> None:
    assert Scope([O, Source("o", "other", {})]).find(Column("user_id", "o")) == ()


def test_a_merged_column_is_the_one_that_using_left() -> None:
    assert Scope([O, I], merged={"user_id": (ITEMS,)}).find(Column("user_id")) == (ITEMS,)


def test_a_qualified_column_may_be_of_the_query_around() -> None:
    assert Scope([I], Scope([O])).find(Column("user_id", "o")) == (ORDERS,)


def test_an_unqualified_column_is_of_the_query_around_only_without_tables_here() -> None:
    assert Scope([OTHER], Scope([O])).find(Column("user_id")) == ()
    assert Scope([], Scope([O])).find(Column("user_id")) == (ORDERS,)


def test_a_derived_table_is_in_no_database() -> None:
    derived = Source("d", None, {"user_id": (ORDERS,)})
    assert Scope([derived]).find(Column("user_id", "d", "shop")) == ()
