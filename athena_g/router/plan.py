"""What is decided once for all statements of one shape.

A `Plan` knows which sharded tables a statement names, what narrows their shards, whether the
statement may run on several, and how its text is written for one. It holds no literal:
:mod:`.route` does, for each execution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from athena_g.errors import SqlError
from athena_g.parser.hints import Hint
from athena_g.parser.statement import (
    Assignment,
    Column,
    Kind,
    Limit,
    Operand,
    Span,
    Table,
)
from athena_g.router import tables
from athena_g.router.gather import Gather
from athena_g.router.narrowing import Narrowing
from athena_g.router.ordering import Ordering
from athena_g.router.partial import Partial
from athena_g.router.point import Point
from athena_g.router.rewrite import (
    Divisible,
    IdSlots,
    ShardNames,
    Template,
)
from athena_g.router.rules import Rule
from athena_g.router.scope import Part
from athena_g.router.spread import (
    Scattered,
)


class TableNotKnown(Exception):
    """Of a sharded table something is not known that a server could tell."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


NAMES_OF_COLUMNS = Callable[[str], Sequence[str] | None]
"""The columns of a table in their order, if they are known."""


@dataclass(frozen=True, slots=True, eq=False)
class Narrowed:
    """A sharded table of a statement, and what is known of its rows' keys."""

    part: Part
    narrowing: Narrowing


@dataclass(frozen=True, slots=True, eq=False)
class KeyedRow:
    """A row to insert; ``key`` is ``None`` where only a server knows it."""

    span: Span
    key: Operand | None


@dataclass(frozen=True, slots=True, eq=False)
class Inserted:
    """What an INSERT puts into a sharded table.

    ``rows`` are those of VALUES. Those of a query lie where the query finds them
    (``follows_query``), or all where ``key`` says. ``ignores``: rows may be left out; ``sure``: nor
    may they change others instead.
    """

    table: str
    rule: Rule
    rows: tuple[KeyedRow, ...] = ()
    follows_query: bool = False
    key: Operand | None = None
    ignores: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How statements of one shape are routed.

    ``tables`` are the sharded ones with what narrows them, ``others`` the names of those without a
    rule. ``scattered`` says how the statement may run on several shards; where it may not,
    ``mixed`` says why. ``moved`` are the values that the shard column is set to. ``refusal`` is the
    error that each execution gets. ``at_home``: it is not understood and names no table with a
    rule. ``everywhere``: it is about whole tables, on all ``shards``; ``changed`` names those.
    ``divisible`` is an INSERT of several rows, ``returning`` one that gives rows. ``hint`` is what
    a comment says of where it goes. With ``id_slots`` the rows lack an id that is to be made here:
    the text with ids has another plan. ``point`` is the short way to its shard. ``catalogue`` are
    the tables of information_schema that it reads and that name tables, ``qualifiers`` its
    qualified columns. ``limit`` is how many rows of several shards are wanted, which each gives at
    most; ``aggregates`` are the functions of its columns, if it gives one row of all rows.
    ``gather`` says how one server answers it that gets the rows of all shards, ``ordering`` how
    rows come into the order that it says, ``partial`` how its groups are made of those of each
    shard, and ``whole`` how one server would make them that has all rows. ``lasts``: it holds for
    other texts of the same shape, too, if they have the literals ``fixed``: their numbers, and how
    they are written. ``reads_clock`` and ``reads_insert_id``: functions tell what time it is, or
    the last id, which is to be the same on all servers.
    """

    kind: Kind
    read_only: bool
    template: Template
    names: ShardNames
    tables: tuple[Narrowed, ...] = ()
    others: tuple[str, ...] = ()
    scattered: Scattered | None = None
    mixed: str = ""
    inserted: Inserted | None = None
    moved: tuple[tuple[Rule, Assignment], ...] = ()
    changes_broadcast: str = ""
    refusal: SqlError | None = None
    at_home: bool = False
    everywhere: bool = False
    action: str = ""
    shards: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()
    divisible: Divisible | None = None
    returning: bool = False
    hint: Hint | None = None
    id_slots: IdSlots | None = None
    point: Point | None = None
    catalogue: tuple[Table, ...] = ()
    limit: Limit | None = None
    aggregates: tuple[str, ...] = ()
    gather: Gather | None = None
    ordering: Ordering | None = None
    partial: Partial | None = None
    whole: Gather | None = None
    fixed: tuple[tuple[int, bytes], ...] = ()
    reads_clock: bool = False
    reads_insert_id: bool = False
    qualifiers: tuple[Column, ...] = ()
    lasts: bool = True

    @property
    def is_sharded(self) -> bool:
        """Whether it concerns a sharded table at all."""
        return bool(self.tables or self.inserted)

    @property
    def is_listing(self) -> bool:
        """Whether it asks what tables there are, and not just on one shard."""
        return self.action in tables.LISTS and (self.hint is None or self.hint.shard is None)


def unsharded(template: Template, kind: Kind, *, home: bool = False) -> Plan:
    """The plan of a statement that concerns no table, or one that is only known to be at home."""
    return Plan(kind, False, template, _NO_NAMES, at_home=home)


def refused(error: SqlError, template: Template, kind: Kind = Kind.OTHER) -> Plan:
    """The plan of a statement that is refused whatever its literals are."""
    return Plan(kind, False, template, _NO_NAMES, refusal=error)


_NO_NAMES: Final = ShardNames((), "ascii")
