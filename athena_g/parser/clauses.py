"""Where the clauses of a query stand in its text: what another text can be made of.

Only for a query of one block whose text begins with SELECT, or has a WITH in front of it; of other
ones, and where a word might begin a clause or not, nothing is said.

Source: MySQL Reference Manual, "SELECT Statement".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from athena_g.parser.lexer import Kind, Token
from athena_g.parser.statement import Select, Span

_MODIFIERS: Final = frozenset(
    b"all distinct distinctrow high_priority straight_join sql_small_result sql_big_result "
    b"sql_buffer_result sql_no_cache sql_cache sql_calc_found_rows".split()
)
_ORDER: Final = {b"from": 1, b"where": 2, b"group": 3, b"having": 4, b"window": 5, b"order": 6,
                 b"limit": 7, b"for": 8, b"lock": 8}  # fmt: skip
"""The words that begin clauses, and which of them comes first."""
_JOINTS: Final = frozenset(b"union except intersect minus".split())
_FOREIGN: Final = _JOINTS | frozenset(b"into procedure offset fetch".split())


def name_of(token: Token) -> bytes:
    """The name that a token is, in lower case; empty for one that only a server can compare."""
    name = token.identifier or b""
    return name.lower() if name.isascii() else b""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """An expression of a list: its place, its tokens; ``alias`` is the name that it is given.

    ``descending``: it is one of ORDER BY, and says DESC.
    """

    span: Span
    tokens: Sequence[Token]
    alias: Token | None = None
    descending: bool = False

    @property
    def called(self) -> bytes:
        """What an output is called, in lower case: its alias, or the column that it is.

        Empty for other expressions, and for a name that only a server can compare with others.
        """
        if self.alias is not None:
            if self.alias.kind is Kind.STRING:
                return self.alias.text[1:-1].lower()
            return name_of(self.alias)
        names, dots = self.tokens[::2], self.tokens[1::2]
        is_column = len(names) == len(dots) + 1 and all(token.is_(b".") for token in dots)
        return name_of(names[-1]) if is_column else b""


@dataclass(frozen=True, slots=True, eq=False)
class Clauses:
    """The parts of a query.

    ``start`` is where its SELECT is, ``modifiers`` what stands between that and its outputs.
    ``source`` is all of FROM with that word, ``where`` and ``having`` are conditions, ``rollup`` is
    WITH ROLLUP, ``window`` all of WINDOW, ``limit`` all of LIMIT with that word. ``ordered`` is all
    of ORDER BY, ``behind`` where the outputs end.
    """

    start: int
    modifiers: Sequence[Token]
    outputs: tuple[Term, ...]
    source: Span | None
    where: Span | None
    group: tuple[Term, ...]
    rollup: Span | None
    having: Span | None
    window: Span | None
    order: tuple[Term, ...]
    ordered: Span | None
    limit: Span | None
    behind: int
    tokens: Sequence[Token]

    @property
    def has_odd_names(self) -> bool:
        """Whether an output has a name that only a server can compare with others."""
        return any(each.alias is not None and not each.called for each in self.outputs)

    def within(self, span: Span) -> Sequence[Token]:
        """The tokens at a place."""
        return [token for token in self.tokens if span.start <= token.start < span.end]


def clauses(tokens: Sequence[Token], select: Select) -> Clauses | None:
    """The clauses of a query that was read; ``None`` where they are not surely known."""
    tokens = _of_main_query(_whole_query(tokens))
    if not tokens or tokens[0].word != b"select":
        return None
    found = _beginnings(tokens)
    if found is None:
        return None
    ends = [*(at for at, _ in found[1:]), len(tokens)]
    parts = {word: tokens[at:end] for (at, word), end in zip(found, ends, strict=True)}
    listed = parts.pop(b"select")[1:]
    count = 0
    while count < len(listed) and listed[count].word in _MODIFIERS:
        count += 1
    outputs = list(_terms(listed[count:]))
    if len(outputs) != len(select.outputs):
        return None
    group, rollup = _group(parts.get(b"group"))
    if rollup is None and select.rollup:
        return None
    order = parts.get(b"order")
    return Clauses(
        start=tokens[0].start,
        modifiers=listed[:count],
        outputs=tuple(
            _aliased(term, aliased=output.aliased)
            for term, output in zip(outputs, select.outputs, strict=True)
        ),
        source=_whole(parts.get(b"from")),
        where=_behind(parts.get(b"where")),
        group=group,
        rollup=rollup,
        having=_behind(parts.get(b"having")),
        window=_whole(parts.get(b"window")),
        order=tuple(map(_directed, _terms(order[2:]))) if order else (),
        ordered=_whole(order),
        limit=_whole(parts.get(b"limit")),
        behind=listed[-1].end,
        tokens=tokens,
    )


def first_select(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens of the SELECT that gives a query's outputs their names: the first one.

    It may stand in parentheses, and be one of several that UNION and the like put together.
    """
    tokens = _of_main_query(_whole_query(tokens))
    while tokens and tokens[0].is_(b"("):
        end = _closing(tokens)
        if end < 0:
            break
        tokens = tokens[1:end]
    depth = 0
    for place, token in enumerate(tokens):
        depth += token.is_(b"(") - token.is_(b")")
        if not depth and token.word in _JOINTS:
            return tokens[:place]
    return tokens


def _closing(tokens: Sequence[Token]) -> int:
    """Where the parenthesis is closed that the tokens begin with."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += token.is_(b"(") - token.is_(b")")
        if not depth:
            return place
    return -1


def _whole_query(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens without what ends a statement."""
    while tokens and tokens[-1].is_(b";"):
        tokens = tokens[:-1]
    return tokens


@dataclass(frozen=True, slots=True)
class Definition:
    """A common table expression: its name, the names of its columns in parentheses, its query.

    ``words`` are those of its query, in lower case.
    """

    name: Token
    columns: Span | None
    query: Span
    end: int
    words: frozenset[bytes]


def definitions(tokens: Sequence[Token]) -> list[Definition]:
    """The common table expressions that a text begins with; none where that is not sure."""
    if len(tokens) < 2 or tokens[0].word != b"with" or tokens[1].word == b"recursive":
        return []
    found = []
    place = 1
    while True:
        name, columns = tokens[place], None
        place += 1
        if place < len(tokens) and tokens[place].is_(b"("):
            end = place + _closing(tokens[place:])
            columns = Span(tokens[place].start, tokens[end].end)
            place = end + 1
        if place + 1 >= len(tokens) or tokens[place].word != b"as":
            return []
        if not tokens[place + 1].is_(b"("):
            return []
        end = place + 1 + _closing(tokens[place + 1 :])
        query = Span(tokens[place + 1].end, tokens[end].start)
        words = frozenset(token.word for token in tokens[place + 2 : end])
        found.append(Definition(name, columns, query, tokens[end].end, words))
        if end + 2 >= len(tokens) or not tokens[end + 1].is_(b","):
            return found
        place = end + 2


def _of_main_query(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens behind the common table expressions, which are in parentheses."""
    if not tokens or tokens[0].word != b"with":
        return tokens
    depth = 0
    for place, token in enumerate(tokens):
        depth += token.is_(b"(") - token.is_(b")")
        if not depth and token.word == b"select":
            return tokens[place:]
    return ()


def _beginnings(tokens: Sequence[Token]) -> list[tuple[int, bytes]] | None:
    """Where the clauses begin, by the words that do; ``None`` for what is not known."""
    found = [(0, b"select")]
    depth = last = 0
    for place, token in enumerate(tokens):
        if token.is_(b"("):
            depth += 1
        elif token.is_(b")"):
            depth -= 1
        if depth or token.kind is not Kind.WORD or (place and tokens[place - 1].is_(b".")):
            continue
        word = token.word
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if word in _FOREIGN and not (word == b"offset" and last == _ORDER[b"limit"]):
            return None
        if word in (b"for", b"lock") and last == 0:
            return None
        if word == b"for" and following is not None and following.word in (
            b"join", b"order", b"group",
        ):  # fmt: skip
            return None  # an index hint
        if word == b"window" and not _names_window(tokens[place + 1 : place + 3]):
            continue
        rank = _ORDER.get(word)
        if rank is None:
            continue
        if rank < last or (rank == last and rank < 8):
            return None
        if word in (b"group", b"order") and (following is None or following.word != b"by"):
            return None
        last = rank
        found.append((place, word))
    return found if depth == 0 and len(tokens) > 1 else None


def _names_window(following: Sequence[Token]) -> bool:
    return len(following) == 2 and following[1].word == b"as"


def _terms(tokens: Sequence[Token]) -> Iterator[Term]:
    """What stands between commas."""
    depth = start = 0
    for place, token in enumerate(tokens):
        if token.is_(b"("):
            depth += 1
        elif token.is_(b")"):
            depth -= 1
        elif token.is_(b",") and not depth:
            yield _term(tokens[start:place])
            start = place + 1
    yield _term(tokens[start:])


def _term(tokens: Sequence[Token]) -> Term:
    return Term(Span(tokens[0].start, tokens[-1].end) if tokens else Span(0, 0), tokens)


def _aliased(term: Term, *, aliased: bool) -> Term:
    if not aliased:
        return term
    tokens = term.tokens[:-1]
    if tokens and tokens[-1].word == b"as":
        tokens = tokens[:-1]
    inner = _term(tokens)
    return Term(inner.span, inner.tokens, alias=term.tokens[-1])


def _directed(term: Term) -> Term:
    word = term.tokens[-1].word if len(term.tokens) > 1 else b""
    if word not in (b"asc", b"desc"):
        return term
    inner = _term(term.tokens[:-1])
    return Term(inner.span, inner.tokens, descending=word == b"desc")


def _group(tokens: Sequence[Token] | None) -> tuple[tuple[Term, ...], Span | None]:
    if not tokens:
        return (), None
    if [each.word for each in tokens[-2:]] == [b"with", b"rollup"]:
        return tuple(_terms(tokens[2:-2])), Span(tokens[-2].start, tokens[-1].end)
    return tuple(_terms(tokens[2:])), None


def _whole(tokens: Sequence[Token] | None) -> Span | None:
    return Span(tokens[0].start, tokens[-1].end) if tokens else None


def _behind(tokens: Sequence[Token] | None) -> Span | None:
    """The same without the word in front."""
    return Span(tokens[1].start, tokens[-1].end) if tokens and len(tokens) > 1 else None
