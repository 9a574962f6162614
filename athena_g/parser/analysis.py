"""A statement's text → what the proxy knows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from athena_g.parser import changes, syntax
from athena_g.parser.definitions import on_tables
from athena_g.parser.insertion import insertion
from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.queries import Block, Reader
from athena_g.parser.statement import Column, Kind, Nested, Query, Statement
from athena_g.parser.text import Text

MAX_LOOKED_AT: Final = 1 << 27
"""Bytes looked at for the queries within an INSERT, each from the beginning of the text."""

_QUERIES: Final = frozenset((b"select", b"with", b"table", b"values"))
_CHANGES: Final = frozenset((b"update", b"delete"))
_EXPLAINS: Final = frozenset((b"explain", b"describe", b"desc"))
_INSERTIONS: Final = frozenset((b"insert", b"replace"))
_EXPLAINED: Final = _QUERIES | _CHANGES | _INSERTIONS


def analyse(text: Text, first: bytes) -> Statement:
    """What a statement does, to which tables; ``first`` is its first word, in lower case.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for what is not surely understood.
    """
    if first in _INSERTIONS:
        return _insertion(text, 0)
    if not text.tokens:
        raise NotUnderstood
    about_tables = _on_tables(text)
    if about_tables is not None:
        return about_tables
    if first in _EXPLAINS:
        return _explained(text)
    start, end = text.tokens[0].start, text.tokens[-1].end
    if first in _CHANGES or first == b"with":
        node = syntax.tree(text, start, end)
        if isinstance(node, syntax.CHANGES):
            return changes.change(Reader(text), node)
    if first in _QUERIES or text.tokens[0].is_(b"("):
        reader = Reader(text)
        query = reader.query(syntax.tree(text, start, end), {})
        return reader.statement(Kind.SELECT, query)
    raise NotUnderstood


def _on_tables(text: Text) -> Statement | None:
    parts = _Parts()
    found = on_tables(text, parts)
    if found is None:
        return None
    return replace(found, qualifiers=(*found.qualifiers, *parts.qualifiers))


def _explained(text: Text) -> Statement:
    """What EXPLAIN explains: the same as the statement, of the kind EXPLAIN."""
    place = next(
        (n for n, token in enumerate(text.tokens) if token.word in _EXPLAINED or token.is_(b"(")),
        0,
    )
    if not place or any(token.word == b"for" for token in text.tokens[1:place]):
        raise NotUnderstood
    first = text.tokens[place]
    if first.word in _INSERTIONS:
        inner = _insertion(text, first.start)
    else:
        inner = analyse(replace(text, tokens=text.tokens[place:]), first.word or b"select")
    return replace(inner, kind=Kind.EXPLAIN)


def _insertion(text: Text, start: int) -> Statement:
    parts = _Parts()
    found = insertion(text, parts, start)
    qualifiers = (*found.qualifiers, *parts.qualifiers)
    return replace(found, qualifiers=qualifiers, names=(*found.names, *parts.names))


class _Parts:
    """Queries and expressions that are parts of a statement which is read token by token."""

    def __init__(self) -> None:
        self.qualifiers: list[Column] = []
        self.names: list[str] = []
        self._looked_at = 0

    def _note(self, end: int) -> None:
        """Note that a tree is made, for which all in front of its end is looked at."""
        self._looked_at += end
        if self._looked_at > MAX_LOOKED_AT:
            raise NotUnderstood

    def query_in(self, text: Text, start: int, end: int) -> Query:
        self._note(end)
        reader = Reader(text)
        query = reader.query(syntax.tree(text, start, end), {})
        self.qualifiers += reader.qualifiers
        self.names += reader.names
        return query

    def nested_in(self, text: Text, start: int, end: int) -> tuple[Nested, ...]:
        self._note(end)
        reader, block = Reader(text), Block()
        reader.scan(syntax.expression(text, start, end).expressions, block, {})
        self.names += reader.names
        return tuple(block.nested)
