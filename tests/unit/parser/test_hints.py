"""Hints in comments say where a statement is to go."""

from __future__ import annotations

import pytest

from athena_g.errors import SqlError
from athena_g.parser.hints import Hint, Role, athena_hint


@pytest.mark.parametrize(
    "text",
    [
        "/*athena: master */ SELECT 1",
        "SELECT /*athena: master */ 1",
        "SELECT 1 /*athena: master */",
        "SELECT 1 /*athena: master */ ; -- it's",
        "/* other */ /*athena:master*/ SELECT 1",
        "-- it's\nSELECT /* athena:\nMASTER\n*/ 1",
        "(SELECT `it's` /*athena: primary */)",
        "SELECT 2*/*athena: master */3",
        "/*! SELECT /*athena: master */ 1 */",
    ],
)
def test_a_hint_may_stand_in_any_comment(text: str) -> None:
    assert athena_hint(text.encode()) == Hint(role=Role.MASTER)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("shard=3", Hint(shard=3)),
        ("shard = 03", Hint(shard=3)),
        ("slave", Hint(role=Role.SLAVE)),
        ("replica", Hint(role=Role.SLAVE)),
        ("scatter", Hint(scatter=True)),
        ("shard=3, slave", Hint(shard=3, role=Role.SLAVE)),
        ("slave scatter", Hint(role=Role.SLAVE, scatter=True)),
        ("master,primary,shard=1 shard=1", Hint(shard=1, role=Role.MASTER)),
    ],
)
def test_a_comment_may_have_several_hints(content: str, hint: Hint) -> None:
    assert athena_hint(f"SELECT 1 /*athena: {content} */".encode()) == hint


def test_hints_of_several_comments_are_taken_together() -> None:
    text = b"/*athena: shard=2 */ SELECT 1 /*athena: slave */"
    assert athena_hint(text) == Hint(shard=2, role=Role.SLAVE)


@pytest.mark.parametrize(
    "text",
    [
        b"SELECT 1",
        b"SELECT 'athena:'",
        b"SELECT '/*athena: shard=3 */'",
        b"SELECT `/*athena: shard=3 */`",
        b"SELECT 1 -- /*athena: shard=3 */",
        b"SELECT 1 # /*athena: shard=3 */\n",
        b"SELECT 1 /* see /*athena: shard=3 */",
        b"SELECT 1 /* athena */",
        b"SELECT 1 /*athena: shard=3",
        b"SELECT 'it /*athena: shard=3 */",
    ],
)
def test_other_texts_have_none(text: bytes) -> None:
    assert athena_hint(text) is None


def test_strings_are_those_of_the_sql_mode() -> None:
    text = b"SELECT 'a\\' /*athena: master */ '"
    assert athena_hint(text) is None
    assert athena_hint(text, no_backslash_escapes=True) == Hint(role=Role.MASTER)
    text = b'SELECT "a\\" /*athena: master */ "'
    assert athena_hint(text) is None
    assert athena_hint(text, ansi_quotes=True) == Hint(role=Role.MASTER)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it says nothing"),
        (" , ", "it says nothing"),
        ("shard", "'shard': it is not known"),
        ("shard=x", "'shard=x': it is not known"),
        ("shard=-1", "'shard=-1': it is not known"),
        ("shard=1234567890", "it is not known"),
        ("shards=1", "it is not known"),
        ("master é", "it is not known"),
        ("{slave}", "'{slave}': it is not known"),
        ("master slave", "'master slave': a statement goes to a master or to a slave"),
        ("shard=1 shard=2", "a statement goes to one shard or is a scatter"),
        ("shard=1 scatter", "a statement goes to one shard or is a scatter"),
    ],
)
def test_what_is_no_hint_is_refused_with_what_would_be_one(content: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        athena_hint(f"/*athena: {content} */ SELECT 1".encode())
    assert (caught.value.errno, caught.value.sqlstate) == (1105, "HY000")
    assert message in caught.value.message
    assert "shard=<index>, master, slave or scatter" in caught.value.message


def test_hints_of_several_comments_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(SqlError, match="master or to a slave"):
        athena_hint(b"/*athena: master */ SELECT 1 /*athena: slave */")


def test_a_long_hint_is_not_shown_whole() -> None:
    with pytest.raises(SqlError) as caught:
        athena_hint(b"/*athena: " + b"x" * 100_000 + b" */")
    assert len(caught.value.message) < 300
