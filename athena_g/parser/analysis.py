"""A statement's text → what the proxy knows of it."""

from __future__ import annotations

from typing import Final

from athena_g.parser import changes, syntax
from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.queries import Block, Reader
from athena_g.parser.statement import Kind, Nested, Query, Statement
from athena_g.parser.text import Text

_QUERIES: Final = frozenset((b"select", b"with", b"table", b"values"))
_CHANGES: Final = frozenset((b"update", b"delete"))


def analyse(text: Text) -> Statement:
    """What a statement does, to which tables.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for what is not surely understood.
    """
    if not text.tokens:
        raise NotUnderstood
    start, end = text.tokens[0].start, text.tokens[-1].end
    first = next((token.word for token in text.tokens if not token.is_(b"(")), b"")
    if first in _CHANGES or first == b"with":
        node = syntax.tree(text, start, end)
        if isinstance(node, syntax.CHANGES):
            return changes.change(Reader(text), node)
    if first in _QUERIES:
        reader = Reader(text)
        query = reader.query(syntax.tree(text, start, end), {})
        return Statement(Kind.SELECT, query, tuple(reader.tables), tuple(reader.qualifiers))
    raise NotUnderstood


class Parts:
    """Queries and expressions that are parts of a statement which is read token by token."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._reader = Reader(text)

    @property
    def reader(self) -> Reader:
        """Has the tables and qualifiers of all parts."""
        return self._reader

    def query_in(self, start: int, end: int) -> Query:
        """The query at ``data[start:end]``."""
        return self._reader.query(syntax.tree(self._text, start, end), {})

    def nested_in(self, start: int, end: int) -> tuple[Nested, ...]:
        """The queries within an expression."""
        block = Block()
        self._reader.scan((syntax.expression(self._text, start, end),), block, {})
        return tuple(block.nested)
