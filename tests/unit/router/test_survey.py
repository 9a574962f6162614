"""What is known of the keys of a statement's tables, and of which of them are equal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from athena_g.parser.statement import Change
from athena_g.router.explain import described
from athena_g.router.survey import Survey, are_alike
from tests.unit.parser.texts import text_of, values_of
from tests.unit.parser.trees import statement_of
from tests.unit.router import house


def survey_of(sql: str) -> Survey:
    survey = Survey(house.rules(), "shop")
    body = statement_of(sql).body
    assert body is not None
    assert not isinstance(body, Change)
    survey.query(body)  # type: ignore[arg-type]
    return survey


def known(sql: str) -> dict[str, str]:
    """What is known of the key of each table."""
    survey, values = survey_of(sql), values_of(text_of(sql))
    return {
        part.table.called: described(survey.narrowing(part), "k", values) for part in survey.parts
    }


def tied(sql: str, one: str, other: str) -> bool:
    survey = survey_of(sql)
    parts = {part.table.called: part for part in survey.parts}
    return survey.are_tied([frozenset((parts[one],))], [parts[other]])


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("SELECT 1 FROM orders o WHERE o.user_id = 5", {"o": "k = 5"}),
        ("SELECT 1 FROM orders o WHERE o.user_id = 5 OR o.x = 1", {"o": "any"}),
        (
            "SELECT 1 FROM orders o WHERE (user_id = 5 AND x = 1) OR user_id = 6",
            {"o": "k = 5 OR k = 6"},
        ),
        (
            "SELECT 1 FROM orders o, items i WHERE o.user_id = i.user_id AND o.user_id = 5",
            {"o": "k = 5", "i": "k = 5"},
        ),
        (
            "SELECT 1 FROM orders o LEFT JOIN items i ON o.user_id = i.user_id WHERE o.user_id = 5",
            {"o": "k = 5", "i": "k = 5"},
        ),
        (
            "SELECT 1 FROM orders o LEFT JOIN items i ON o.user_id = i.user_id AND o.user_id = 5",
            {"o": "any", "i": "any"},
        ),
        (
            "SELECT 1 FROM orders o LEFT JOIN items i ON o.user_id = i.user_id WHERE i.user_id = 5",
            {"o": "any", "i": "k = 5"},
        ),
        (
            "SELECT 1 FROM orders o LEFT JOIN items i ON o.user_id = i.user_id "
            "WHERE i.user_id IS NULL",
            {"o": "any", "i": "any"},
        ),
        (
            "SELECT 1 FROM orders o WHERE o.user_id = 5 "
            "AND EXISTS (SELECT 1 FROM items i WHERE i.user_id = o.user_id)",
            {"o": "k = 5", "i": "k = 5"},
        ),
        (
            "SELECT 1 FROM orders o WHERE EXISTS "
            "(SELECT 1 FROM items i WHERE i.user_id = o.user_id AND i.user_id = 5)",
            {"o": "any", "i": "k = 5"},
        ),
        ("SELECT 1 FROM (SELECT user_id FROM orders o) d WHERE user_id = 5", {"o": "k = 5"}),
        ("SELECT 1 FROM (SELECT user_id FROM orders o LIMIT 1) d WHERE user_id = 5", {"o": "any"}),
        (
            "SELECT 1 FROM (SELECT user_id FROM orders o UNION SELECT user_id FROM items i) d "
            "WHERE user_id = 5",
            {"o": "k = 5", "i": "k = 5"},
        ),
        ("SELECT 1 FROM otherdb.orders o WHERE o.user_id = 5", {}),
    ],
)
def test_a_condition_is_known_of_the_tables_that_it_holds_for(
    sql: str, keys: dict[str, str]
) -> None:
    assert known(sql) == keys


@pytest.mark.parametrize(
    ("grouping", "key"),
    [
        ("GROUP BY o.user_id", "k = 5"),
        ("GROUP BY x, o.user_id", "k = 5"),
        ("GROUP BY i.user_id", "k = 5"),
        ("GROUP BY x", "any"),
        ("GROUP BY o.user_id WITH ROLLUP", "any"),
    ],
)
def test_a_group_has_one_key_if_it_is_a_group_by_the_key(grouping: str, key: str) -> None:
    inner = f"SELECT o.user_id FROM orders o JOIN items i ON o.user_id = i.user_id {grouping}"
    assert known(f"SELECT 1 FROM ({inner}) d WHERE user_id = 5")["o"] == key


def test_a_key_is_no_key_of_groups_by_another_table_s() -> None:
    inner = "SELECT i.user_id FROM orders o JOIN items i ON o.x = i.x GROUP BY o.user_id"
    assert known(f"SELECT 1 FROM ({inner}) d WHERE user_id = 5") == {"o": "any", "i": "any"}


LEFT = "SELECT 1 FROM orders o LEFT JOIN items i ON i.user_id = o.user_id"


def test_an_inner_join_ties_both_sides() -> None:
    sql = "SELECT 1 FROM orders o JOIN items i USING (user_id)"
    assert tied(sql, "o", "i")
    assert tied(sql, "i", "o")


def test_an_outer_join_ties_the_one_side_to_the_other() -> None:
    assert tied(LEFT, "i", "o")
    assert not tied(LEFT, "o", "i")


def test_ties_lead_on() -> None:
    sql = f"{LEFT} LEFT JOIN orders p ON p.user_id = i.user_id"
    assert tied(sql, "p", "o")
    assert not tied(sql, "o", "p")


def test_two_tables_to_which_a_third_is_tied_are_not_tied_to_one_another() -> None:
    sql = (
        "SELECT 1 FROM orders a JOIN orders b ON a.x = b.x "
        "LEFT JOIN items i ON i.user_id = a.user_id AND i.user_id = b.user_id"
    )
    assert tied(sql, "i", "a")
    assert not tied(sql, "a", "b")


def test_what_is_tied_to_a_union_is_tied_to_what_all_of_it_is_tied_to() -> None:
    sql = (
        "SELECT 1 FROM orders o WHERE EXISTS (SELECT 1 FROM items t JOIN "
        "(SELECT user_id FROM items i WHERE i.user_id = o.user_id UNION ALL {}) d "
        "ON t.user_id = d.user_id)"
    )
    assert tied(sql.format("SELECT user_id FROM items j WHERE j.user_id = o.user_id"), "t", "o")
    assert not tied(sql.format("SELECT user_id FROM items j"), "t", "o")


def test_tables_without_a_rule_are_noted_but_for_the_server_s_own() -> None:
    found = survey_of("SELECT 1 FROM customers, otherdb.t, mysql.user, orders")
    assert [table.name for table in found.others] == ["customers", "t"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("orders", "items", True), ("logs_a", "logs_b", True), ("orders", "logs_a", False)],
)
def test_rules_are_alike_by_their_binding(one: str, other: str, alike: bool) -> None:
    rules = house.rules()
    found = rules.find(one), rules.find(other)
    assert found[0] is not None
    assert found[1] is not None
    assert are_alike(found[0], found[1]) == alike


def test_of_unknown_types_only_a_table_and_itself_are_alike() -> None:
    rules = house.rules()
    account = rules.exact["accounts"]
    assert are_alike(account, account)
    assert not are_alike(account, replace(account, name="other", binding=account.binding))
    unknown = [replace(rules.exact[name], key=None) for name in ("orders", "items")]
    assert not are_alike(*unknown)


def test_a_part_on_the_optional_side_is_optional() -> None:
    optional = {part.table.called: part.optional for part in survey_of(LEFT).parts}
    assert optional == {"o": False, "i": True}
