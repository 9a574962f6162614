"""Statements as the analysis gives them, and texts of them for tests."""

from __future__ import annotations

from typing import Any

from athena_g.parser.analysis import analyse
from athena_g.parser.lexer import first_word
from athena_g.parser.statement import (
    All,
    AnyOf,
    Change,
    Comparison,
    Condition,
    Derived,
    Elsewhere,
    IsNull,
    Join,
    OneOf,
    Relation,
    SameColumns,
    Select,
    Statement,
    Table,
)
from athena_g.parser.text import Text
from tests.unit.parser.texts import named, text_of, worth


def statement_of(sql: str | Text, **reading: Any) -> Statement:
    """What a statement does; raises NotUnderstood."""
    text = text_of(sql, **reading) if isinstance(sql, str) else sql
    return analyse(text, first_word(text.data, 0))


def select_of(sql: str, **reading: Any) -> Select:
    """A query of one block."""
    found = statement_of(sql, **reading).body
    assert isinstance(found, Select)
    return found


def change_of(sql: str) -> Change:
    """An UPDATE or a DELETE."""
    found = statement_of(sql).body
    assert isinstance(found, Change)
    return found


def condition_of(where: str) -> str:
    """What is understood of a condition: ``(a = 1 and ?)``, with ``?`` for what is not."""
    text = text_of(f"SELECT 1 FROM t WHERE {where}")
    found = statement_of(text).body
    assert isinstance(found, Select)
    return told(found.where, text)


def told(condition: Condition, text: Text) -> str:
    """A condition as a text."""
    match condition:
        case Comparison():
            value = worth(text, condition.operand)
            return f"{named(condition.column)} {condition.operator.value} {value}"
        case OneOf():
            values = [worth(text, each) for each in condition.operands]
            return f"{named(condition.column)} in {values}"
        case IsNull():
            return f"{named(condition.column)} is null"
        case SameColumns():
            sign = "<=>" if condition.null_safe else "="
            return f"{named(condition.left)} {sign} {named(condition.right)}"
        case All() | AnyOf():
            word = " and " if isinstance(condition, All) else " or "
            return f"({word.join(told(each, text) for each in condition.parts)})"
        case _:
            return "?"


def shown(relation: Relation | None) -> str:
    """A FROM as a text: ``(a left b)``."""
    match relation:
        case Table():
            return relation.called
        case Derived():
            return f"[{relation.called}]"
        case Elsewhere():
            return f"<{relation.called}>"
        case Join():
            return f"({shown(relation.left)} {relation.kind.value} {shown(relation.right)})"
        case None:
            return ""
