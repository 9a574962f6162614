"""What the proxy knows of a statement: its tables, and what it asks of their columns.

Nothing here knows of sharding rules: a statement says which columns are compared with what, and how
its tables are joined; :mod:`athena_g.router` decides what follows from it. Nothing is guessed
either: what was not understood is there as such (`Unknown`, ``None``), so that whoever decides
takes it for "could be anything".

Names are texts as the client means them, compared without regard to case. A `Span` is where
something stands in the statement's text, in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

# -- names -----------------------------------------------------------------------------------------


class Span(NamedTuple):
    """``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A place of the text at which a table is named as a table.

    ``span`` is the name's, with its qualifier. ``alias_at`` is where ``AS name`` may be put for a
    table that has no alias; ``None`` where the grammar has no place for one. ``partitioned``: it is
    about some of its partitions.
    """

    name: str
    database: str | None
    span: Span
    alias: str | None = None
    alias_at: int | None = None
    partitioned: bool = False

    @property
    def called(self) -> str:
        """The name by which columns are qualified with it."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column as the text names it; ``qualifier`` is where the table's name stands, if it does."""

    name: str
    table: str | None = None
    database: str | None = None
    qualifier: Span | None = None


# -- values ----------------------------------------------------------------------------------------

Values = Sequence[Any]
"""What the literals of one execution are worth, and behind them its parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """A value that is known as soon as literals and parameters are.

    ``worth`` gives it; it raises ValueError for what only a server can compute. ``slot`` is its
    place among the values when it is just one of them.
    """

    worth: Callable[[Values], Any]
    span: Span
    slot: int | None = None


# -- conditions ------------------------------------------------------------------------------------


class Operator(Enum):
    """How a column is compared with a value."""

    EQUAL = "="
    SAME = "<=>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A column compared with a value."""

    column: Column
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """A column that is to be one of several values."""

    column: Column
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IsNull:
    """A column that is to be NULL."""

    column: Column


@dataclass(frozen=True, slots=True, eq=False)
class SameColumns:
    """Two columns that are to be equal; ``null_safe``: or both NULL."""

    left: Column
    right: Column
    null_safe: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A condition of which nothing is known: it may hold for any row."""


@dataclass(frozen=True, slots=True, eq=False)
class All:
    """Conditions that must all hold; with none, no condition."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]


Condition = Comparison | OneOf | IsNull | SameColumns | Unknown | All | AnyOf

ALWAYS = All()
UNKNOWN = Unknown()

# -- relations: what rows come from ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """A subquery in FROM, or a common table expression; ``names`` rename its columns."""

    query: Query
    called: str
    names: tuple[str, ...] = ()
    lateral: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Elsewhere:
    """Rows that come from no table of the group: a table function, another database's table."""

    called: str


class JoinKind(Enum):
    """Which side of a join keeps its rows without a partner."""

    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Two relations; ``using`` are USING's columns, ``natural`` says that nobody wrote them."""

    kind: JoinKind
    left: Relation
    right: Relation
    on: Condition = ALWAYS
    using: tuple[str, ...] = ()
    natural: bool = False


Relation = Table | Derived | Elsewhere | Join

# -- queries ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What a query gives: a column under a name, ``*`` (``star``, maybe of one table), or more.

    ``any_name``: it has a name that may be another in the next text of the same shape.
    ``aggregate`` is the function of all rows that it is: COUNT, SUM, MIN or MAX of all values.
    """

    column: Column | None = None
    name: str | None = None
    star: bool = False
    table: str | None = None
    operand: Operand | None = None
    any_name: bool = False
    aggregate: str = ""
    aliased: bool = False
    """Whether the text gives it its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """A query within an expression.

    ``matched`` is the column that is asked to be among the query's rows (``IN``, ``= ANY``), and
    only where the answers NO and NULL come to the same; ``exists`` that only its having rows
    counts; ``decides`` that it stands in WHERE or ON.
    """

    query: Query
    matched: Column | None = None
    exists: bool = False
    decides: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """How many rows a query gives, and how many it leaves out before: literals or parameters."""

    count: Operand
    offset: Operand | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Select:
    """One query block."""

    source: Relation | None = None
    where: Condition = ALWAYS
    outputs: tuple[Output, ...] = ()
    group: tuple[Column | None, ...] = ()
    partitions: tuple[tuple[Column | None, ...], ...] = ()
    """For each window what it is partitioned by."""
    nested: tuple[Nested, ...] = ()
    aggregates: bool = False
    having: bool = False
    rollup: bool = False
    distinct: bool = False
    ordered: bool = False
    limited: bool = False
    limit: Limit | None = None
    """If it is limited, and by values that are known."""
    locking: bool = False
    into: bool = False
    calculates_found_rows: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """Several queries of which one result is made; ``operation`` in words, ``all`` if UNION ALL."""

    arms: tuple[Query, ...]
    operation: str = "UNION"
    all: bool = False
    ordered: bool = False
    limited: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """A query whose parts depend on one another, as in WITH RECURSIVE: its tables are known.

    ``odd``: it locks rows, or assigns to variables.
    """

    tables: tuple[Table, ...]
    reason: str
    odd: bool = True


Query = Select | Union | Opaque

# -- statements ------------------------------------------------------------------------------------


class Kind(Enum):
    """What a statement is, in SQL's words."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    REPLACE = "REPLACE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    DEFINE = "data definition"
    SHOW = "SHOW"
    EXPLAIN = "EXPLAIN"
    MAINTAIN = "table maintenance"
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """``column = operand``; the operand is ``None`` where only a server can compute it."""

    column: Column
    operand: Operand | None
    column_itself: bool = False
    """Whether the column is set to itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of VALUES with its parentheses; a value is ``None`` where only a server knows it."""

    span: Span
    values: Sequence[Operand | None]


@dataclass(frozen=True, slots=True, eq=False)
class Insertion:
    """INSERT and REPLACE: into ``target``, either ``rows`` or what ``query`` gives.

    ``columns`` is ``None`` when the text names none. ``updates`` are those of ON DUPLICATE KEY.
    """

    target: Table
    columns: tuple[Column, ...] | None
    rows: tuple[Row, ...] = ()
    query: Query | None = None
    updates: tuple[Assignment, ...] = ()
    nested: tuple[Nested, ...] = ()
    columns_at: int | None = None
    """Where a further column's name may be put, in front of the closing parenthesis."""
    renamed_at: int | None = None
    """The same for the names that ``AS new(a, b)`` gives the columns."""
    returning: bool = False
    """Whether it gives rows: RETURNING of MariaDB."""
    ignores: bool = False
    """Whether rows that do not fit are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """UPDATE and DELETE: which rows of which relation; ``targets`` are the tables that change."""

    source: Relation
    where: Condition
    targets: tuple[Table, ...]
    assignments: tuple[Assignment, ...] = ()
    nested: tuple[Nested, ...] = ()
    ordered: bool = False
    limited: bool = False
    assigns: bool = False
    single: bool = True
    """Whether it is the form for one table."""


@dataclass(frozen=True, slots=True, eq=False)
class OnTables:
    """A statement about whole tables: data definition, SHOW, maintenance.

    ``action`` is what it does, in SQL's words (``CREATE TABLE``, ``SHOW INDEX`` ...). ``targets``
    are the tables it is about, ``others`` those it only refers to (``LIKE``, ``REFERENCES``),
    ``new`` the names that tables are given. ``symbols`` are names that must be unique within a
    database: constraints. ``conditional``: it says IF [NOT] EXISTS. ``query`` is that of
    CREATE ... SELECT.
    """

    action: str
    targets: tuple[Table, ...]
    others: tuple[Table, ...] = ()
    new: tuple[Table, ...] = ()
    symbols: tuple[Span, ...] = ()
    conditional: bool = False
    temporary: bool = False
    query: Query | None = None


class Use(NamedTuple):
    """A place at which a common table expression is named; ``aliased``: under another name."""

    name: str
    span: Span
    aliased: bool


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement.

    ``tables`` are all places at which a table is named, ``qualifiers`` the columns that name one,
    ``names`` what the text itself calls tables, derived ones and common table expressions.
    ``columns`` are the places at which outputs, HAVING, GROUP BY and ORDER BY name columns,
    ``uses`` those at which common table expressions are named. ``body`` is what it does; ``None``
    for what concerns no table.
    """

    kind: Kind
    body: Select | Union | Opaque | Insertion | Change | OnTables | None
    tables: tuple[Table, ...] = ()
    qualifiers: tuple[Column, ...] = field(default=())
    names: tuple[str, ...] = ()
    columns: tuple[Span, ...] = ()
    uses: tuple[Use, ...] = ()
