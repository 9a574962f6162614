"""Trees are trusted only where both lexers cut a text alike."""

from __future__ import annotations

import pytest
from sqlglot import exp

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.syntax import characters, data_of, expression, tree
from tests.unit.parser.texts import text_of


def tree_of(sql: str | bytes, **reading: object) -> exp.Expr:
    text = text_of(sql, **reading)
    return tree(text, 0, len(text.data))


def place(node: exp.Expr) -> tuple[int, int]:
    return node.meta["start"], node.meta["end"] + 1


def test_offsets_in_the_tree_are_those_of_the_bytes() -> None:
    sql = "SELECT 'é', `ü`.a FROM `ü`"
    found = tree_of(sql).find(exp.Table)
    assert found is not None
    start, end = place(found.this)
    assert sql.encode()[start:end] == "`ü`".encode()


def test_a_part_of_a_text_is_read_with_the_offsets_of_the_whole() -> None:
    text = text_of("INSERT INTO t SELECT a FROM u")
    found = tree(text, 14, len(text.data)).find(exp.Table)
    assert found is not None
    assert place(found.this) == (28, 29)


def test_an_expression_is_read_as_what_a_query_gives() -> None:
    text = text_of("SET @a = (SELECT 1) + 2")
    assert isinstance(expression(text, 9, len(text.data)).expressions[0], exp.Add)


# 0xA0 is a space in Latin-1, and the lexer knows of none.
@pytest.mark.parametrize("byte", sorted({*range(0x80, 0x100)} - {0xA0}))
def test_any_byte_may_be_in_a_name(byte: int) -> None:
    sql = b"SELECT a FROM t" + bytes((byte,)) + b"u WHERE b = 1"
    found = tree_of(sql, codec="latin-1").find(exp.Table)
    assert found is not None
    assert data_of(found.name) == b"t" + bytes((byte,)) + b"u"


def test_characters_are_as_many_as_bytes() -> None:
    data = bytes(range(256))
    assert len(characters(data)) == 256
    assert data_of(characters(data)) == data


@pytest.mark.parametrize("sql", ["SELECT a FROM t /* c */ -- d\n# e", "SELECT a -- b\nFROM t"])
def test_comments_are_left_out(sql: str) -> None:
    assert isinstance(tree_of(sql), exp.Select)


def test_optimizer_hints_are_comments() -> None:
    found = tree_of("SELECT /*+ INDEX(t i) */ a\nFROM t")
    assert found.args.get("hint") is None
    assert found.expressions[0].name == "a"


@pytest.mark.parametrize("parameters", ["?", "?, ?", "(?)", "-?"])
def test_a_parameter_stands_as_a_number(parameters: str) -> None:
    assert tree_of(f"SELECT {parameters}").find(exp.Literal) is not None


@pytest.mark.parametrize("sql", ["SELECT a?", "SELECT ?a", "SELECT 1?", "SELECT ?1"])
def test_a_parameter_beside_a_name_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        tree_of(sql)


def test_distinctrow_is_distinct() -> None:
    assert tree_of("SELECT DISTINCTROW a FROM t").args["distinct"] is not None


@pytest.mark.parametrize(
    "modifiers",
    [
        "SQL_CALC_FOUND_ROWS DISTINCT",
        "DISTINCT SQL_CALC_FOUND_ROWS",
        "HIGH_PRIORITY SQL_CALC_FOUND_ROWS DISTINCTROW STRAIGHT_JOIN",
    ],
)
def test_modifiers_stand_in_any_order(modifiers: str) -> None:
    tree = tree_of(f"SELECT {modifiers} a, COUNT(DISTINCT b) FROM t")
    assert tree.args["distinct"] is not None
    assert "SQL_CALC_FOUND_ROWS" in map(str, tree.args["operation_modifiers"])
    assert len(tree.expressions) == 2
    assert tree.expressions[1].find(exp.Distinct) is not None


def test_all_is_no_distinct_wherever_it_stands() -> None:
    tree = tree_of("SELECT SQL_NO_CACHE ALL a FROM t WHERE b > ALL (SELECT SQL_NO_CACHE ALL 1)")
    assert tree.args.get("distinct") is None
    assert len(tree.expressions) == 1


@pytest.mark.parametrize(
    "sql", ["UPDATE LOW_PRIORITY IGNORE t SET a = 1", "DELETE QUICK FROM t", "DELETE t.* FROM t"]
)
def test_modifiers_of_changes_are_left_out(sql: str) -> None:
    assert isinstance(tree_of(sql), (exp.Update, exp.Delete))


def test_double_quotes_are_a_text_s_or_a_name_s_as_sql_mode_says() -> None:
    assert isinstance(tree_of('SELECT "a"').expressions[0], exp.Literal)
    assert isinstance(tree_of('SELECT "a"', ansi_quotes=True).expressions[0], exp.Column)


def test_a_backslash_escapes_or_not_as_sql_mode_says() -> None:
    assert len(tree_of(r"SELECT 'a\', b'").expressions) == 1
    assert len(tree_of(r"SELECT 'a\', b", no_backslash_escapes=True).expressions) == 2


def test_pipes_as_concat_are_not_understood() -> None:
    assert isinstance(tree_of("SELECT a || b").expressions[0], exp.Or)
    with pytest.raises(NotUnderstood):
        tree_of("SELECT a || b", pipes_as_concat=True)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t; SELECT 1",
        "SELECT FROM WHERE",
        "SELECT a FROM t WHERE " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT a FROM t PROCEDURE ANALYSE()",
    ],
)
def test_what_cannot_be_read_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        tree_of(sql)


def test_two_minus_signs_are_a_comment_only_with_a_space_behind_them() -> None:
    assert isinstance(tree_of("SELECT 1--2").expressions[0], exp.Sub)
    assert isinstance(tree_of("SELECT 1-- 2").expressions[0], exp.Literal)
