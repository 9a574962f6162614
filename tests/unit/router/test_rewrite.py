"""The text of a statement for one shard."""

from __future__ import annotations

import pytest

from athena_g.parser.statement import Span
from athena_g.router.rewrite import MAX_RENDERED, Edit, Template, edits, quoted
from athena_g.router.survey import Survey
from tests.unit.parser.texts import text_of
from tests.unit.parser.trees import statement_of
from tests.unit.router import house


def rendered(sql: str, *bare: str) -> str:
    """A statement for shard 1; the tables called ``bare`` cannot have an alias."""
    statement = statement_of(text_of(sql))
    survey = Survey(house.rules(), "shop")
    tables = frozenset(table for table in statement.tables if table.name in bare)
    found = edits(statement, survey.rule_of, survey.is_own, "utf-8", tables)
    return Template(sql.encode(), (), found).render(1, ()).decode()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM orders", "SELECT 1 FROM `orders_1` AS `orders`"),
        ("SELECT 1 FROM `Orders`", "SELECT 1 FROM `Orders_1` AS `Orders`"),
        ("SELECT 1 FROM shop.orders", "SELECT 1 FROM `orders_1` AS `orders`"),
        ("SELECT 1 FROM orders o", "SELECT 1 FROM `orders_1` o"),
        (
            "SELECT 1 FROM orders PARTITION (p) USE INDEX (i)",
            "SELECT 1 FROM `orders_1` PARTITION (p) AS `orders` USE INDEX (i)",
        ),
        ("TABLE orders", "TABLE `orders_1`"),
        ("SELECT orders.x FROM orders", "SELECT orders.x FROM `orders_1` AS `orders`"),
        ("SELECT shop.orders.x FROM orders", "SELECT `orders`.x FROM `orders_1` AS `orders`"),
        ("SELECT shop.o.* FROM orders o", "SELECT `o`.* FROM `orders_1` o"),
        ("SELECT shop.c.x FROM shop.c", "SELECT `c`.x FROM `c`"),
        ("SELECT c.x FROM c", "SELECT c.x FROM c"),
        ("SELECT other.orders.x FROM other.orders", "SELECT other.orders.x FROM other.orders"),
        ("SELECT 'orders', orders FROM c", "SELECT 'orders', orders FROM c"),
    ],
)
def test_tables_have_the_names_of_their_parts_and_are_called_as_before(
    sql: str, expected: str
) -> None:
    assert rendered(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM orders WHERE orders.x = 1", "DELETE FROM `orders_1` WHERE `orders_1`.x = 1"),
        (
            "DELETE FROM shop.orders WHERE shop.orders.x = 1",
            "DELETE FROM `orders_1` WHERE `orders_1`.x = 1",
        ),
        (
            "INSERT INTO orders (x) SELECT orders.x FROM orders",
            "INSERT INTO `orders_1` (x) SELECT `orders_1`.x FROM `orders_1`",
        ),
        (
            "DELETE FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE items.x = orders.x)",
            "DELETE FROM `orders_1` WHERE EXISTS "
            "(SELECT 1 FROM `items_1` AS `items` WHERE items.x = `orders_1`.x)",
        ),
    ],
)
def test_columns_follow_a_table_that_cannot_have_an_alias(sql: str, expected: str) -> None:
    assert rendered(sql, "orders") == expected


def test_literals_come_into_their_places() -> None:
    template = Template(b"a 1 t 'x' b", [(2, 3), (6, 9)], [Edit(Span(4, 5), lambda n: b"t%d" % n)])
    assert template.render(3, [b"22", b"'y'"]) == b"a 22 t3 'y' b"
    assert not template.is_plain


def test_a_text_without_edits_is_plain() -> None:
    assert Template(b"SELECT 1", [(7, 8)], ()).is_plain


def test_edits_that_overlap_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="overlap"):
        Template(b"abcdef", [(1, 4)], [Edit(Span(3, 5), lambda _: b"")])


def test_a_template_gives_the_text_of_any_number_of_shards() -> None:
    template = Template(b"t", (), [Edit(Span(0, 1), lambda shard: b"t_%d" % shard)])
    for shard in range(MAX_RENDERED + 2):
        assert template.render(shard, ()) == b"t_%d" % shard


def test_names_are_quoted_in_the_client_s_character_set() -> None:
    assert quoted("a`é", "latin-1") == b"`a``\xe9`"
