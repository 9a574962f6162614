"""Where a statement names tables, read token by token.

Source: MySQL Reference Manual, "Identifier Qualifiers" and "Function Name Parsing and Resolution".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Final, Protocol

from athena_g.parser.lexer import (
    MAX_TOKENS,
    Cursor,
    Kind,
    NotUnderstood,
    Token,
    patterns,
    tokens,
)
from athena_g.parser.statement import (
    Column,
    Derived,
    Join,
    Nested,
    Opaque,
    Query,
    Relation,
    Select,
    Span,
    Table,
    Union,
)
from athena_g.parser.text import Text

QUERY_WORDS: Final = frozenset((b"select", b"with", b"table", b"values"))
"""The words that a query begins with, if not with a parenthesis."""
_BATCH = 64


class Queries(Protocol):
    """Who understands the queries that stand within a statement."""

    def query_in(self, text: Text, start: int, end: int) -> Query:
        """The query that is all of ``text.data[start:end]``."""

    def nested_in(self, text: Text, start: int, end: int) -> tuple[Nested, ...]:
        """The queries within the expression that is all of ``text.data[start:end]``."""


class Stream(Cursor):
    """Reads the tokens of a text from some place on, cut only as they are asked for."""

    def __init__(self, text: Text, place: int = 0) -> None:
        super().__init__([])
        self.text = text
        self.end = len(text.data.rstrip(b"; \t\n\v\f\r"))
        self._modes = (text.reading.no_backslash_escapes, text.reading.ansi_quotes)
        self.jump(place)

    def jump(self, place: int) -> None:
        """Go on with the token that begins at ``place`` or behind it."""
        self.tokens = []
        self.position = 0
        self._place = place

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, or one further on, ``None`` behind the last."""
        while self.position + ahead >= len(self.tokens):
            if not self._cut():
                return None
        return super().peek(ahead)

    def offset(self) -> int:
        """Where the next token begins, or the text ends."""
        token = self.peek()
        return self.end if token is None else token.start

    def _cut(self) -> bool:
        """Whether there were further tokens to cut."""
        data = self.text.data
        pieces = patterns(*self._modes).token.finditer(data, self._place, self.end)
        stop = max((piece.end() for piece in islice(pieces, _BATCH)), default=self._place)
        found = part(self.text, self._place, stop)
        if len(self.tokens) + len(found) > MAX_TOKENS:
            raise NotUnderstood
        self._place = stop
        self.tokens += found
        return bool(found)


def part(text: Text, start: int, end: int) -> list[Token]:
    """The tokens of ``text.data[start:end]``."""
    reading = text.reading
    return tokens(
        text.data,
        start,
        end,
        no_backslash_escapes=reading.no_backslash_escapes,
        ansi_quotes=reading.ansi_quotes,
    )


def name(text: Text, cursor: Cursor) -> tuple[str, Span]:
    """The name that comes next, and where it stands."""
    token = cursor.next()
    found = text.name(token)
    if not found:
        raise NotUnderstood
    return found, Span(token.start, token.end)


def table(text: Text, cursor: Cursor) -> Table:
    """The table that is named next, ``t`` or ``db.t``."""
    first, span = name(text, cursor)
    if not cursor.take(b"."):
        return Table(first, None, span)
    second, rest = name(text, cursor)
    return Table(second, first, Span(span.start, rest.end))


def column(text: Text, cursor: Cursor) -> Column:
    """The column that is named next, ``k``, ``t.k`` or ``db.t.k``."""
    parts = [name(text, cursor)]
    while len(parts) < 3 and cursor.take(b"."):
        parts.append(name(text, cursor))
    return _column(parts)


def only_column(text: Text, read: Sequence[Token]) -> Column | None:
    """The column that is all of an expression, ``None`` if it is anything else."""
    cursor = Cursor(list(read))
    try:
        found = column(text, cursor)
        cursor.expect_end()
    except NotUnderstood:
        return None
    return found


def _column(parts: Sequence[tuple[str, Span]]) -> Column:
    *around, (own, _) = parts
    if not around:
        return Column(own)
    names = [each for each, _ in around]
    span = Span(around[0][1].start, around[-1][1].end)
    return Column(own, names[-1], names[0] if len(names) > 1 else None, span)


def within_parentheses(cursor: Cursor) -> list[Token]:
    """The tokens from the opening parenthesis that comes next to the one that closes it."""
    if not cursor.take(b"("):
        cursor.refuse()
    cursor.position -= 1
    found, depth = list[Token](), 0
    while not found or depth:
        token = cursor.next()
        depth += token.is_(b"(") - token.is_(b")")
        found.append(token)
    return found


def query_follows(cursor: Cursor) -> bool:
    """Whether a query comes next, perhaps in parentheses."""
    ahead = 0
    while (token := cursor.peek(ahead)) is not None and token.is_(b"("):
        ahead += 1
    return token is not None and token.word in QUERY_WORDS


def is_query(read: Sequence[Token], place: int = 0) -> bool:
    """Whether a query begins at a place of these tokens, perhaps in parentheses."""
    while place < len(read) and read[place].is_(b"("):
        place += 1
    return place < len(read) and read[place].word in QUERY_WORDS


def qualified(text: Text, read: Sequence[Token], known: Container[int] = ()) -> Iterator[Column]:
    """The columns in these tokens that name their table, ``t.k``, ``db.t.k`` and ``t.*``.

    ``known`` are the places at which a table is named as such: no column begins there.
    """
    place = 0
    while place < len(read):
        behind = _chain(read, place)
        if behind > place + 1 and read[place].start not in known:
            called = behind < len(read) and read[behind].is_(b"(")
            if behind > place + 5:
                raise NotUnderstood
            if not called and read[place].kind is not Kind.SYSTEM_VARIABLE:
                yield _column([_named(text, read[each]) for each in range(place, behind, 2)])
        place = behind


def _chain(read: Sequence[Token], place: int) -> int:
    """The place behind the names with dots between them that begin at a place."""
    place += 1
    while place + 1 < len(read) and read[place].is_(b".") and _may_qualify(read[place - 1]):
        place += 2
    if place < len(read) and _is_stuck(read[place - 1], read[place]):
        raise NotUnderstood
    return place


def _may_qualify(token: Token) -> bool:
    return token.kind in (Kind.WORD, Kind.NAME, Kind.SYSTEM_VARIABLE)


def _is_stuck(token: Token, behind: Token) -> bool:
    """Whether a dot and a name like ``1a`` behind another name were cut as a number."""
    is_fraction = behind.kind is Kind.NUMBER and behind.text[:1] == b"."
    return is_fraction and behind.start == token.end and _may_qualify(token)


def _named(text: Text, token: Token) -> tuple[str, Span]:
    found = "*" if token.is_(b"*") else text.name(token)
    if not found:
        raise NotUnderstood
    return found, Span(token.start, token.end)


def within(
    text: Text, read: Sequence[Token], queries: Queries
) -> tuple[tuple[Nested, ...], tuple[Column, ...]]:
    """The queries in an expression of these tokens, and all its columns that name their table."""
    nested: tuple[Nested, ...] = ()
    if has_query(read):
        nested = queries.nested_in(text, read[0].start, read[-1].end)
    known = {each.span.start for each in tables_of(each.query for each in nested)}
    return nested, tuple(qualified(text, read, known))


def has_query(read: Sequence[Token]) -> bool:
    """Whether one of the tables that a query names may be there; VALUES alone names none."""
    return any(
        before.is_(b"(") and token.word in QUERY_WORDS and token.word != b"values"
        for before, token in pairwise(read)
    )


def tables_of(queries: Iterable[Query]) -> Iterator[Table]:
    """All places at which these queries name a table."""
    for query in queries:
        if isinstance(query, Opaque):
            yield from query.tables
        elif isinstance(query, Union):
            yield from tables_of(query.arms)
        else:
            yield from _tables_of_select(query)


def _tables_of_select(query: Select) -> Iterator[Table]:
    if query.source is not None:
        yield from _tables_of_relation(query.source)
    yield from tables_of(nested.query for nested in query.nested)


def _tables_of_relation(relation: Relation) -> Iterator[Table]:
    if isinstance(relation, Table):
        yield relation
    elif isinstance(relation, Derived):
        yield from tables_of((relation.query,))
    elif isinstance(relation, Join):
        yield from _tables_of_relation(relation.left)
        yield from _tables_of_relation(relation.right)
