"""Statements that are made of parts of a client's text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.lexer import Kind
from athena_g.parser.statement import Span
from athena_g.router.compose import Composed, Original, Piece
from athena_g.router.rewrite import Edit
from tests.unit.parser.texts import LITERALS, text_of

SQL = "SELECT a + 1, ? FROM t WHERE b = 'x' AND c = ? ORDER BY ? LIMIT 20"


def original(sql: str = SQL, *edits: tuple[str, str]) -> Original:
    """A text in which something else is written in place of some words, with the shard's number."""
    text = text_of(sql)
    literals = [(each.start, each.end) for each in text.tokens if each.kind in LITERALS]
    made = [Edit(at(sql, old), _numbered(new)) for old, new in edits]
    return Original(text.data, literals, made, text.marks(len(literals)))


def _numbered(new: str) -> Callable[[int], bytes]:
    return lambda shard: new.encode() + b"%d" % shard


def at(sql: str, part: str) -> Span:
    start = sql.encode().index(part.encode())
    return Span(start, start + len(part.encode()))


def literals_of(sql: str) -> list[bytes]:
    return [each.text for each in text_of(sql).tokens if each.kind in LITERALS]


def rendered(composed: Composed, *literals: bytes, shard: int = 3) -> str:
    return composed.render(shard, literals or literals_of(SQL)).decode()


def test_pieces_stand_in_the_order_they_are_given() -> None:
    pieces: list[Piece] = [at(SQL, "LIMIT 20"), b" and ", at(SQL, "a + 1")]
    assert rendered(Composed(original(), pieces)) == "LIMIT 20 and a + 1"


def test_literals_are_those_of_the_text_that_is_rendered() -> None:
    made = Composed(original(), [at(SQL, "b = 'x'"), b", ", at(SQL, "a + 1"), b"; 'x'"])
    assert rendered(made, b"11", b"'yy'", b"30") == "b = 'yy', a + 11; 'x'"
    assert rendered(made, b"2", b"'z'", b"30") == "b = 'z', a + 2; 'x'"


def test_a_piece_may_be_there_twice() -> None:
    made = Composed(original(), [at(SQL, "a + 1"), b", ", at(SQL, "a + 1")])
    assert rendered(made, b"7", b"'x'", b"20") == "a + 7, a + 7"


@pytest.mark.parametrize(
    ("parts", "parameters"),
    [
        ([SQL], [0, 1, 2]),
        (["a + 1"], []),
        (["?"], [0]),
        (["ORDER BY ?", "c = ?"], [2, 1]),
        (["c = ?", "c = ?"], [1, 1]),
        (["b = 'x' AND c = ? ORDER BY ?", "a + 1, ?"], [1, 2, 0]),
        (["a + 1, "], []),
        ([" FROM t"], []),
    ],
)
def test_parameters_are_those_of_its_pieces_in_their_order(
    parts: list[str], parameters: list[int]
) -> None:
    assert Composed(original(), [at(SQL, each) for each in parts]).parameters == parameters


def test_what_is_written_differently_depends_on_the_shard() -> None:
    made = Composed(original(SQL, ("t", "orders_")), [at(SQL, "FROM t WHERE b")])
    assert rendered(made, shard=1) == "FROM orders_1 WHERE b"
    assert rendered(made, shard=2) == "FROM orders_2 WHERE b"


def test_what_is_put_in_between_is_there_also_at_the_end_of_a_piece() -> None:
    """The alias of a table may stand behind all of FROM."""
    whole = original()
    end = at(SQL, "FROM t").end
    whole = whole.with_edits([Edit(Span(end, end), lambda _: b" AS u")])
    assert rendered(Composed(whole, [at(SQL, "FROM t")])) == "FROM t AS u"


def test_what_is_put_in_between_two_pieces_belongs_to_the_first() -> None:
    end = at(SQL, "a + 1").end
    whole = original().with_edits([Edit(Span(end, end), lambda _: b" AS b")])
    pieces: list[Piece] = [Span(0, end), b", x", Span(end, at(SQL, "FROM t").end)]
    assert rendered(Composed(whole, pieces)) == "SELECT a + 1 AS b, x, ? FROM t"


def test_what_is_replaced_takes_its_literals_and_parameters_along() -> None:
    made = Composed(original(SQL, ("a + 1, ?", "x")), [at(SQL, "SELECT a + 1, ? FROM t")])
    assert rendered(made) == "SELECT x3 FROM t"
    assert made.parameters == []


def test_the_literals_behind_what_is_replaced_are_the_right_ones() -> None:
    whole = original(SQL, ("a + 1", "x"), ("c = ?", "y"))
    made = Composed(whole, [Span(0, len(SQL))])
    assert rendered(made, b"7", b"'q'", b"8") == (
        "SELECT x3, ? FROM t WHERE b = 'q' AND y3 ORDER BY ? LIMIT 8"
    )
    assert made.parameters == [0, 2]


def test_other_edits_leave_the_original_as_it_is() -> None:
    whole = original(SQL, ("t", "u"))
    other = whole.with_edits([])
    piece = [at(SQL, "FROM t")]
    assert rendered(Composed(other, piece)) == "FROM t"
    assert rendered(Composed(whole, piece)) == "FROM u3"


def test_places_are_counted_in_bytes() -> None:
    sql = "SELECT 'ä', größe FROM t WHERE größe = ? AND ü = 'ö'"
    made = Composed(original(sql), [at(sql, "größe = ?"), b" / ", at(sql, "ü = 'ö'")])
    assert made.render(0, ["'é'".encode(), "'ñ'".encode()]).decode() == "größe = ? / ü = 'ñ'"
    assert made.parameters == [0]


def test_a_question_mark_in_a_text_is_no_parameter() -> None:
    sql = "SELECT '?', `?`, ? /* ? */ FROM t"
    assert Composed(original(sql), [Span(0, len(sql))]).parameters == [0]


TOKENS = text_of(SQL).tokens
PLACES = st.integers(0, len(TOKENS) - 1)


@given(st.lists(st.tuples(PLACES, PLACES), max_size=5))
def test_pieces_at_the_borders_of_tokens_are_the_text_itself(places: list[tuple[int, int]]) -> None:
    spans = [Span(TOKENS[min(each)].start, TOKENS[max(each)].end) for each in places]
    marks = [each.start for each in TOKENS if each.kind is Kind.PUNCTUATION and each.is_(b"?")]
    made = Composed(original(), spans)
    assert rendered(made) == "".join(SQL[slice(*each)] for each in spans)
    assert [marks[each] for each in made.parameters] == [
        mark for span in spans for mark in marks if span.start <= mark < span.end
    ]
