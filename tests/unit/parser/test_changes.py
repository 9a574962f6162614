"""UPDATE and DELETE: which rows of which tables change, and how."""

from __future__ import annotations

import pytest

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import Kind
from tests.unit.parser.texts import named, text_of, worth, written
from tests.unit.parser.trees import change_of, shown, statement_of, told


def targets(sql: str) -> list[str]:
    return [table.called for table in change_of(sql).targets]


def test_an_update_of_one_table_changes_that() -> None:
    text = text_of("UPDATE t SET a = 1, t.b = a + 1 WHERE c = 2 ORDER BY d LIMIT 3")
    found = statement_of(text)
    change = change_of(text.data.decode())
    assert found.kind is Kind.UPDATE
    assert told(change.where, text) == "c = 2"
    assert [named(each.column) for each in change.assignments] == ["a", "t.b"]
    assert [worth(text, each.operand) for each in change.assignments] == [1, ...]
    assert (change.ordered, change.limited, change.single) == (True, True, True)


def test_of_an_update_of_several_tables_any_may_change() -> None:
    found = change_of("UPDATE t JOIN u ON t.a = u.a SET t.b = u.b")
    assert (shown(found.source), found.targets, found.single) == ("(t inner u)", (), False)


@pytest.mark.parametrize(
    ("assignment", "is_itself"),
    [("a = a", True), ("t.a = t.a", True), ("A = a", True), ("a = b", False), ("a = t.a", False)],
)
def test_a_column_may_be_set_to_itself(assignment: str, is_itself: bool) -> None:
    (found,) = change_of(f"UPDATE t SET {assignment}").assignments
    assert found.column_itself == is_itself


def test_a_delete_of_one_table_changes_that() -> None:
    found = change_of("DELETE FROM t WHERE a = 1 LIMIT 1")
    assert (targets("DELETE FROM t WHERE a = 1"), found.single, found.limited) == (
        ["t"],
        True,
        True,
    )


@pytest.mark.parametrize("named_as", ["a", "A", "a.*", "a, b"])
def test_a_delete_changes_the_tables_in_front_of_from(named_as: str) -> None:
    sql = f"DELETE {named_as} FROM t a JOIN u b ON a.x = b.x"
    assert targets(sql)[0] == "a"
    assert not change_of(sql).single


@pytest.mark.parametrize(("listed", "expected"), [("a", ["a"]), ("b", ["b"]), ("a, b", ["a", "b"])])
def test_a_delete_with_using_changes_the_tables_in_front_of_it(
    listed: str, expected: list[str]
) -> None:
    sql = f"DELETE FROM {listed} USING t a JOIN u b ON a.x = b.x WHERE a.y = 1"
    assert targets(sql) == expected
    assert shown(change_of(sql).source) == "(a inner b)"
    assert not change_of(sql).single


def test_a_qualified_table_in_front_of_from_is_noted() -> None:
    text = text_of("DELETE db.t FROM db.t WHERE a = 1")
    (noted,) = statement_of(text).qualifiers
    assert written(text, noted.qualifier) == "db.t"


def test_subqueries_of_a_change_are_found() -> None:
    found = change_of("UPDATE t SET a = (SELECT 1 FROM u) WHERE b IN (SELECT 2 FROM v)")
    assert [each.matched is not None for each in found.nested] == [True, False]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t a USING t a JOIN u ON a.a = u.a",
        "DELETE FROM t JOIN u USING (a) USING t JOIN u ON t.a = u.a",
        "DELETE z FROM t JOIN u ON t.a = u.a",
        "WITH RECURSIVE c AS (SELECT 1) DELETE FROM t",
        "UPDATE t SET a = 1 RETURNING a",
        "DELETE FROM t RETURNING a",
        "UPDATE t SET a",
    ],
)
def test_other_forms_are_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        statement_of(sql)
