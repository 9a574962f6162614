"""The text of a statement for one shard.

The client's text stays as it is, but for the names of tables: hints, comments and all else survive.
A table's name becomes that of its part on the shard, with the old name as its alias where the
grammar has a place for one, so that columns, hints, errors and the answer go on calling it as the
client does. Where it has none, columns that are qualified with the table follow its name, and so
does that table wherever else the statement names it. A name qualified with the group's database
loses the qualifier: on the server it may have another name.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from athena_g.parser.clauses import Clauses
from athena_g.parser.statement import Column, Span, Statement, Table
from athena_g.protocol.renaming import TableNames
from athena_g.router.rules import Rule, Rules

MAX_ALIAS: Final = 256
"""Characters that an alias of a column may have."""
MAX_RENDERED: Final = 256
"""Shards for which a template keeps its text."""

Written = Callable[[int], bytes]
"""What stands at a place, by the shard's number."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Something else in place of ``span``."""

    span: Span
    written: Written


class Template:
    """A statement's text with places for its literals and for what differs between shards."""

    def __init__(
        self, text: bytes, literals: Iterable[tuple[int, int]], edits: Iterable[Edit]
    ) -> None:
        self._pieces: list[list[bytes | Written]] = [[]]
        self._segments: dict[int, Sequence[bytes]] = {}
        self.is_plain = True
        position = 0
        marks: list[tuple[Span, Edit | None]] = [(Span(*span), None) for span in literals]
        marks += [(edit.span, edit) for edit in edits]
        for span, edit in sorted(marks, key=lambda mark: mark[0]):
            if span.start < position:
                raise ValueError("edits overlap")
            self._pieces[-1].append(text[position : span.start])
            if edit is None:
                self._pieces.append([])
            else:
                self._pieces[-1].append(edit.written)
                self.is_plain = False
            position = span.end
        self._pieces[-1].append(text[position:])

    def render(self, shard: int, literals: Sequence[bytes]) -> bytes:
        """The text for a shard, with these literals in their places."""
        segments = self._segments.get(shard)
        if segments is None:
            segments = [_joined(each, shard) for each in self._pieces]
            if len(self._segments) < MAX_RENDERED:
                self._segments[shard] = segments
        if len(literals) < 2:
            return segments[0] + literals[0] + segments[1] if literals else segments[0]
        parts: list[bytes] = [b""] * (2 * len(literals) + 1)
        parts[::2] = segments
        parts[1::2] = literals
        return b"".join(parts)


class IdSlots:
    """An INSERT whose rows lack an id: its text with a place for one in each row.

    ``marks`` are the places of its parameters; with the ids for parameters as well, ``parameters``
    says which of them all are the ids.
    """

    def __init__(
        self,
        text: bytes,
        literals: Sequence[tuple[int, int]],
        columns: Sequence[Edit],
        rows: Sequence[int],
        in_front: bytes,
        marks: Sequence[int],
    ) -> None:
        self.parameters = [bisect(marks, place) + number for number, place in enumerate(rows)]
        self._in_front = in_front
        places = [Span(place, place) for place in rows]
        self._template = Template(text, [*literals, *places], columns)
        order = [(Span(*span), index) for index, span in enumerate(literals)]
        order += [(span, -1) for span in places]
        self._order = [index for _, index in sorted(order, key=lambda each: each[0])]
        self.count = len(rows)

    def render(self, literals: Sequence[bytes], ids: Iterable[bytes]) -> bytes:
        """The text with these literals and ids."""
        given = (self._in_front + id_ for id_ in ids)
        filled = [next(given) if index < 0 else literals[index] for index in self._order]
        return self._template.render(0, filled)


class Divisible:
    """A statement of several rows, of which each shard gets some; not for another text.

    ``marks`` are the places of its parameters.
    """

    def __init__(
        self, text: bytes, rows: Sequence[Span], edits: Sequence[Edit], marks: Sequence[int]
    ) -> None:
        self._marks = marks
        begin, end = rows[0].start, rows[-1].end
        self.text = text
        self.rows = rows
        self.is_possible = not any(begin <= edit.span.start < end for edit in edits)
        before = [edit for edit in edits if edit.span.end <= begin]
        self._before = Template(text[:begin], (), before)
        self._behind = Template(text[end:], (), _moved(edits, end))

    def render(self, shard: int, places: Iterable[int]) -> bytes:
        """The text for a shard that gets the rows at these places."""
        rows = b", ".join(self.text[slice(*self.rows[place])] for place in places)
        return self._before.render(shard, ()) + rows + self._behind.render(shard, ())

    def parameters(self, places: Iterable[int]) -> list[int]:
        """Which parameters are in the text for a shard that gets the rows at these places."""
        marks, rows = self._marks, self.rows
        found = list(range(bisect(marks, rows[0].start)))
        for place in places:
            found += range(bisect(marks, rows[place].start), bisect(marks, rows[place].end))
        return [*found, *range(bisect(marks, rows[-1].end), len(marks))]


def _moved(edits: Iterable[Edit], end: int) -> list[Edit]:
    """The edits behind a place, for a text that begins there."""
    return [
        Edit(Span(edit.span.start - end, edit.span.end - end), edit.written)
        for edit in edits
        if edit.span.start >= end
    ]


DatabaseAt = Callable[[int], str]
"""What the server of a shard calls the database that has it; empty when that is not known."""


class ShardNames:
    """What replies call the tables of a statement, by shard: its names instead of the shard's.

    ``database`` is what clients call the one that has the tables; ``rules`` know what tables that a
    foreign key refers to are called.
    """

    def __init__(
        self,
        tables: Iterable[tuple[str, Rule]],
        codec: str,
        database: str = "",
        database_at: DatabaseAt = lambda _: "",
        rules: Rules | None = None,
    ) -> None:
        self._rules = rules
        self._tables = list(dict.fromkeys(tables))
        self._codec = codec
        self._database = database
        self._database_at = database_at
        self._by_shard: dict[int, TableNames | None] = {}

    def of(self, shard: int) -> TableNames | None:
        """The names for the replies of a shard; ``None`` when there is nothing to change."""
        if shard in self._by_shard:
            return self._by_shard[shard]
        names = {
            self._encoded(rule.physical_name(table, shard)): self._encoded(table)
            for table, rule in self._tables
        }
        there = self._database_at(shard)
        databases = {self._encoded(there): self._encoded(self._database)} if there else {}
        referred = self._referred if self._rules is not None else None
        found = TableNames(names, databases, shard, referred) if names else None
        if len(self._by_shard) < MAX_RENDERED:
            self._by_shard[shard] = found
        return found

    def _referred(self, name: bytes) -> bytes:
        """What a table is called that a foreign key of one of these refers to."""
        assert self._rules is not None
        physical = name.decode(self._codec, "replace").replace("``", "`")
        table = self._rules.logical_name(physical)
        return name if table is None else self._encoded(table.replace("`", "``"))

    def _encoded(self, name: str) -> bytes:
        return name.encode(self._codec, "replace")


def _joined(pieces: list[bytes | Written], shard: int) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else piece(shard) for piece in pieces)


def edits(
    statement: Statement,
    rule_of: Callable[[Table], Rule | None],
    is_own: Callable[[Table], bool],
    codec: str,
    bare: frozenset[Table] = frozenset(),
    written: Callable[[Table, Rule], Written] | None = None,
) -> list[Edit]:
    """What is to be written differently for a shard.

    ``rule_of`` gives a table's rule, ``is_own`` whether it is the group's. ``bare`` are tables that
    cannot have an alias. ``written`` gives a table's name, if it is not that of its part.
    """
    found: dict[Span, Edit] = {}
    names: dict[str, Written] = {}
    unaliased = {table.name.casefold() for table in without_alias(statement, bare)}
    for table in statement.tables:
        rule = rule_of(table)
        if rule is None:
            if table.database is not None and is_own(table):
                found[table.span] = Edit(table.span, _constant(quoted(table.name, codec)))
            continue
        name = _physical(table.name, rule, codec) if written is None else written(table, rule)
        aliased = table.alias is None and table.name.casefold() not in unaliased
        if aliased and table.alias_at == table.span.end:
            name = _with_alias(name, quoted(table.name, codec))
        elif aliased and table.alias_at is not None:
            place = Span(table.alias_at, table.alias_at)
            found[place] = Edit(place, _constant(b" AS " + quoted(table.name, codec)))
        elif table.alias is None:
            names[table.name.casefold()] = name
        found[table.span] = Edit(table.span, name)
    for column in statement.qualifiers:
        edit = _qualifier(column, names, codec, is_own)
        if edit is not None:
            found[edit.span] = edit
    return list(found.values())


def names_of_outputs(
    parts: Clauses | None, statement: Statement, said: bytes, codec: str
) -> list[tuple[Span, Edit]]:
    """The names of outputs that have none but their text, with a table in it; where it is."""
    found = []
    places = [table.span for table in statement.tables] + [use.span for use in statement.uses]
    for output in () if parts is None else parts.outputs:
        start, end = output.span
        if output.alias is not None or not any(start <= place.start < end for place in places):
            continue
        name = said[start:end].decode(codec, "replace")
        if len(name) <= MAX_ALIAS:
            written = _constant(b" AS " + quoted(name, codec))
            found.append((output.span, Edit(Span(end, end), written)))
    return found


def without_alias(statement: Statement, bare: frozenset[Table]) -> Iterator[Table]:
    """The tables that have no alias and cannot be given one."""
    for table in statement.tables:
        if table.alias is None and (table in bare or table.alias_at is None):
            yield table


def _qualifier(
    column: Column, names: dict[str, Written], codec: str, is_own: Callable[[Table], bool]
) -> Edit | None:
    if column.qualifier is None or column.table is None:
        return None
    named = Table(column.table, column.database, column.qualifier)
    if not is_own(named):
        return None
    written = names.get(column.table.casefold())
    if written is not None:
        return Edit(column.qualifier, written)
    if column.database is not None:
        return Edit(column.qualifier, _constant(quoted(column.table, codec)))
    return None


def quoted(name: str, codec: str) -> bytes:
    """A name in backquotes, as the client would write it."""
    return b"`" + name.replace("`", "``").encode(codec, "replace") + b"`"


def _physical(name: str, rule: Rule, codec: str) -> Written:
    return lambda shard: quoted(rule.physical_name(name, shard), codec)


def _with_alias(written: Written, alias: bytes) -> Written:
    return lambda shard: written(shard) + b" AS " + alias


def _constant(text: bytes) -> Written:
    return lambda _: text
