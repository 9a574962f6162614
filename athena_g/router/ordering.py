"""ORDER BY over several shards: what each is asked besides, so that its rows can be merged.

Behind the columns that the client wants come the keys of its order. Which expression a word of
ORDER BY means is decided here as servers do; where that is not sure nothing is said.

Source: MySQL Reference Manual, "SELECT Statement" (on names in ORDER BY).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from athena_g.parser.clauses import Clauses, Term
from athena_g.parser.lexer import Kind
from athena_g.parser.statement import Select, Span
from athena_g.router.compose import Composed, Original, Piece

MAX_KEYS: Final = 64
MAX_SPELLED: Final = 16
"""Ways to ask for the keys that are kept."""

Spelled = Sequence[tuple[bytes, bytes]]
"""For each key what stands in front of it, and behind."""

CHANGING: Final = frozenset(
    b"rand uuid uuid_short random_bytes nextval lastval setval sys_guid".split()
)
"""Functions whose values are others each time."""
_LITERALS: Final = frozenset((Kind.NUMBER, Kind.STRING, Kind.HEX))


@dataclass(slots=True, eq=False)
class Ordering:
    """How rows of several shards come into the order that a query says.

    ``keys`` are the expressions, ``descending`` says of each whether it is the greatest that comes
    first. ``as_it_is``: they were numbers when they were asked for last. Whether a key still is one
    the columns that come tell; of others they do not tell what they were made of.
    """

    original: Original
    keys: tuple[Span, ...]
    descending: tuple[bool, ...]
    behind: int
    as_it_is: bool = False
    _spelled: dict[tuple[tuple[bytes, bytes], ...], Composed] = field(default_factory=dict)

    def composed(self, spelled: Spelled) -> Composed:
        """The text that asks for the keys, each with something around it."""
        key = tuple(spelled)
        found = self._spelled.get(key)
        if found is None:
            pieces: list[Piece] = [Span(0, self.behind)]
            for number, (span, (before, behind)) in enumerate(zip(self.keys, key, strict=True)):
                pieces += (b", " + before, span, behind + b" AS `athena key %d`" % (number + 1))
            pieces.append(Span(self.behind, len(self.original.text)))
            found = Composed(self.original, pieces)
            if len(self._spelled) < MAX_SPELLED:
                self._spelled[key] = found
        return found


def ordering(
    select: Select, parts: Clauses, columns: Sequence[Span], original: Original
) -> Ordering | None:
    """How the rows of a query are ordered; ``None`` where that cannot be said for sure.

    ``columns`` are the places that name columns.
    """
    if not 0 < len(parts.order) <= MAX_KEYS or any(output.any_name for output in select.outputs):
        return None
    keys = []
    for term in parts.order:
        expression = _meant(term, select, parts)
        if expression is None or _changes(expression):
            return None
        if any(token.is_(b"?") for token in expression.tokens):  # of which type it is not known
            return None
        # Of (1), +1 and TRUE it depends on the server whether they are positions.
        if expression is term and not _depends(term, columns):
            return None
        if select.distinct and expression is term and not _is_output(term, parts):
            return None
        keys.append(expression.span)
    return Ordering(original, tuple(keys), tuple(t.descending for t in parts.order), parts.behind)


def _meant(term: Term, select: Select, parts: Clauses) -> Term | None:
    """The expression that a term of ORDER BY is."""
    tokens = term.tokens
    if not tokens:
        return None
    only = tokens[0] if len(tokens) == 1 else None
    if only is not None and only.kind is Kind.NUMBER:
        return _at(only.text, select, parts)
    if any(not (token.identifier or b"").isascii() for token in tokens):
        return None  # whether two names are the same only a server knows
    if only is not None and only.identifier is not None:
        if parts.has_odd_names:
            return None
        given = _called(only.identifier, parts)
        if len(given) > 1 or (given and any(output.star for output in select.outputs)):
            return None
        return given[0] if given else term
    if only is not None:  # a parameter, or a text: one value for all rows
        return None
    aliases = {output.called for output in parts.outputs if output.called}
    for place, token in enumerate(tokens):
        name = token.identifier or b""
        qualified = place > 0 and tokens[place - 1].is_(b".")
        if not qualified and name.lower() in aliases:
            return None
    return term


def _depends(term: Term, columns: Sequence[Span]) -> bool:
    """Whether an expression is another one for other rows: it has a column, or is COUNT(*)."""
    start, end = term.span
    named = any(start <= each.start and each.end <= end for each in columns)
    return named or any(token.is_(b"*") for token in term.tokens)


def _at(number: bytes, select: Select, parts: Clauses) -> Term | None:
    """The output at a position."""
    if not number.isdigit() or any(output.star for output in select.outputs):
        return None
    place = int(number)
    return parts.outputs[place - 1] if 0 < place <= len(parts.outputs) else None


def _called(name: bytes, parts: Clauses) -> list[Term]:
    """The outputs that are called so by the text."""
    return [output for output in parts.outputs if output.called == name.lower()]


def _is_output(term: Term, parts: Clauses) -> bool:
    """Whether a term is written as one of the outputs is, in all texts of the same shape."""
    if any(token.kind in _LITERALS or token.is_(b"?") for token in term.tokens):
        return False
    said = [token.text.lower() for token in term.tokens]
    return any([token.text.lower() for token in each.tokens] == said for each in parts.outputs)


def positions(parts: Clauses) -> list[Term]:
    """The terms that are numbers, which say which of the outputs is meant."""
    terms = (*parts.order, *parts.group)
    return [t for t in terms if len(t.tokens) == 1 and t.tokens[0].kind is Kind.NUMBER]


def _changes(term: Term) -> bool:
    return any(token.word in CHANGING for token in term.tokens)
