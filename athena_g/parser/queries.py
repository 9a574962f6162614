"""Queries: what their rows come from, what is asked of them, what is made of them.

A `Reader` goes through one statement's tree once. What it does not know raises
:class:`~athena_g.parser.lexer.NotUnderstood`: a part of a statement that was overlooked could send
it to the wrong place.

Source: MySQL Reference Manual, "SELECT Statement", "JOIN Clause", "WITH (Common Table
Expressions)".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp

from athena_g.parser.conditions import Conditions
from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import (
    ALWAYS,
    Change,
    Column,
    Derived,
    Elsewhere,
    Join,
    JoinKind,
    Kind,
    Limit,
    Nested,
    Opaque,
    Output,
    Query,
    Relation,
    Select,
    Span,
    Statement,
    Table,
    Union,
    Use,
)
from athena_g.parser.syntax import data_of
from athena_g.parser.text import Text
from athena_g.parser.tree_operands import operand

MAX_TABLES: Final = 500
"""Places at which a statement may name tables; a common table expression counts once per use."""

MAX_REPEATED: Final = 1 << 16
"""Nodes of trees that are gone through again for each use of a common table expression."""

_SELECT_PARTS = frozenset(
    (
        "with_", "expressions", "hint", "distinct", "into", "from_", "operation_modifiers", "joins",
        "where", "group", "having", "windows", "order", "limit", "offset", "locks",
    )
)  # fmt: skip
_UNION_PARTS = frozenset(("with_", "this", "expression", "distinct", "order", "limit", "offset"))
_SUBQUERY_PARTS = frozenset(("this", "alias", "with_", "order", "limit", "offset"))
_TABLE_PARTS = frozenset(("this", "alias", "db", "joins", "hints", "partition"))
_JOIN_PARTS = frozenset(("this", "on", "side", "kind", "using", "method"))
_GROUP_PARTS = frozenset(("expressions", "rollup"))
_JOIN_KINDS = {
    "": JoinKind.INNER,
    "LEFT": JoinKind.LEFT,
    "RIGHT": JoinKind.RIGHT,
}
_JOIN_WORDS = frozenset(("", "INNER", "CROSS", "OUTER", "STRAIGHT_JOIN", "STRAIGHT"))
_OPERATIONS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
_PLAIN_AGGREGATES: Final[dict[type[exp.Expr], str]] = {
    exp.Count: "COUNT",
    exp.Sum: "SUM",
    exp.Min: "MIN",
    exp.Max: "MAX",
}
_AGGREGATES = frozenset(
    [
        "json_arrayagg",
        "json_objectagg",
        "std",
        "bit_and",
        "bit_or",
        "bit_xor",
        "var_pop",
        "var_samp",
        "stddev_pop",
        "stddev_samp",
        "variance",
        "st_collect",
        "group_concat",
        "any_value",
        "json_array_agg",
        "grouping",
    ]
)
"""Functions that sqlglot may take for ordinary ones."""


@dataclass
class Block:
    """What is found on the way through the expressions of one query block."""

    nested: list[Nested] = field(default_factory=list)
    partitions: list[tuple[Column | None, ...]] = field(default_factory=list)
    aggregates: bool = False
    assigns: bool = False
    windows: dict[str, exp.Window] = field(default_factory=dict)
    called: frozenset[str] = frozenset()
    """The names in FROM, casefolded."""


@dataclass(frozen=True)
class Expression:
    """A common table expression: its query, what it is called, the names of its columns.

    ``size`` is how many nodes its query has.
    """

    query: exp.Expr
    called: str
    names: tuple[str, ...]
    scope: dict[str, Expression | None]
    size: int


Scope = dict[str, Expression | None]
"""The common table expressions that can be named; ``None`` for one within itself."""


class Reader:
    """Reads the queries of one statement, and collects what tables and columns they name."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.tables: list[Table] = []
        self.qualifiers: list[Column] = []
        self.names: list[str] = []
        self.columns: list[Span] = []
        self.uses: list[Use] = []
        self.conditions = Conditions(self)
        self._repeated = 0

    def statement(self, kind: Kind, body: Query | Change) -> Statement:
        """A statement of all that was read."""
        return Statement(
            kind,
            body,
            tuple(self.tables),
            tuple(self.qualifiers),
            tuple(self.names),
            tuple(self.columns),
            tuple(self.uses),
        )

    # -- queries -----------------------------------------------------------------------------------

    def query(self, node: exp.Expr, scope: Scope) -> Query:
        """The query that a SELECT, UNION, VALUES ... is."""
        with_ = node.args.get("with_")
        if with_ is not None and with_.args.get("recursive"):
            return self._recursive(node, with_, scope)
        if with_ is not None:
            scope = self.expressions(with_, scope)
        return self._body(node, scope)

    def _body(self, node: exp.Expr, scope: Scope) -> Query:
        """The same without its WITH."""
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.SetOperation):
            return self._union(node, scope)
        if isinstance(node, exp.Subquery):
            return self._parenthesised(node, scope)
        if isinstance(node, exp.Values):
            block = Block()
            self.scan(node.expressions, block, scope)
            return Select(nested=tuple(block.nested))
        raise NotUnderstood

    def _recursive(self, node: exp.Expr, with_: exp.Expr, scope: Scope) -> Opaque:
        before = len(self.tables)
        inner: Scope = dict(scope)
        for each in with_.expressions:
            inner[self.note_name(each.args["alias"].this).casefold()] = None
        for each in with_.expressions:
            self.query(each.this, inner)
        self._body(node, inner)
        odd = any(isinstance(each, exp.Lock | exp.Into | exp.PropertyEQ) for each in node.walk())
        return Opaque(tuple(self.tables[before:]), "WITH RECURSIVE", odd)

    def expressions(self, with_: exp.Expr, scope: Scope) -> Scope:
        """What can be named behind a WITH."""
        scope = dict(scope)
        for each in with_.expressions:
            alias = each.args["alias"]
            called = self.note_name(alias.this)
            size = sum(1 for _ in each.this.walk())
            known = Expression(each.this, called, self._names(alias), dict(scope), size)
            self.query(each.this, known.scope)  # also one that nobody uses names tables
            scope[known.called.casefold()] = known
        return scope

    def _names(self, alias: exp.Expr | None) -> tuple[str, ...]:
        columns = alias.args.get("columns") if alias is not None else None
        return tuple(self.name(each) for each in columns or ())

    def _union(self, node: exp.SetOperation, scope: Scope) -> Union:
        _only(node, _UNION_PARTS)
        left: exp.Expr = node
        kind, distinct = type(node), bool(node.args.get("distinct"))
        rights: list[exp.Expr] = []
        while (
            type(left) is kind
            and isinstance(left, exp.SetOperation)
            and (left is node or not _is_finished(left))
            and bool(left.args.get("distinct")) == distinct
        ):
            rights.append(left.expression)
            left = left.this
        arms = tuple(self.query(each, scope) for each in (left, *reversed(rights)))
        return Union(
            arms,
            _OPERATIONS[kind],
            all=kind is exp.Union and not distinct,
            ordered=node.args.get("order") is not None,
            limited=_is_limited(node),
        )

    def _parenthesised(self, node: exp.Subquery, scope: Scope) -> Query:
        _only(node, _SUBQUERY_PARTS)
        inner = self.query(node.this, scope)
        ordered, limited = node.args.get("order") is not None, _is_limited(node)
        if not (ordered or limited):
            return inner
        return Union((inner,), "parentheses", all=True, ordered=ordered, limited=limited)

    def _select(self, node: exp.Select, scope: Scope) -> Select:
        _only(node, _SELECT_PARTS)
        block = Block(windows={each.this.name: each for each in node.args.get("windows") or ()})
        source = self.source(node.args.get("from_"), node.args.get("joins"), block, scope)
        block.called = frozenset(_names_in(source))
        where = self.where(node, block, scope)
        outputs = tuple(self._output(each) for each in node.expressions)
        group = node.args.get("group")
        if group is not None:
            _only(group, _GROUP_PARTS)
        parts = ("expressions", "group", "having", "order", "windows")
        self.scan((node.args.get(part) for part in parts), block, scope)
        modifiers = " ".join(map(str, node.args.get("operation_modifiers") or ())).upper()
        return Select(
            source=source,
            where=where,
            outputs=outputs,
            group=tuple(self._column_of(each) for each in group.expressions) if group else (),
            partitions=tuple(block.partitions),
            nested=tuple(block.nested),
            aggregates=block.aggregates,
            having=node.args.get("having") is not None,
            rollup=group is not None and _makes_nulls(group),
            distinct=node.args.get("distinct") is not None,
            ordered=node.args.get("order") is not None,
            limited=_is_limited(node),
            limit=self._limit(node),
            locking=bool(node.args.get("locks")),
            into=node.args.get("into") is not None or block.assigns,
            calculates_found_rows="SQL_CALC_FOUND_ROWS" in modifiers,
        )

    def _limit(self, node: exp.Select) -> Limit | None:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if not isinstance(limit, exp.Limit):
            return None
        for each in (limit, offset):
            if each is not None and any(
                value for key, value in each.args.items() if key != "expression"
            ):
                return None
        count = operand(self.text, limit.expression)
        first = None if offset is None else operand(self.text, offset.expression)
        if count is None or count.slot is None:
            return None
        if offset is not None and (first is None or first.slot is None):
            return None
        return Limit(count, first)

    def where(self, node: exp.Expr, block: Block, scope: Scope) -> Any:
        """The condition of a statement's WHERE."""
        where = node.args.get("where")
        return ALWAYS if where is None else self.conditions.read(where.this, block, scope)

    def _output(self, node: exp.Expr) -> Output:
        if isinstance(node, exp.Star):
            return Output(star=True)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            return Output(star=True, table=self.name(node.args["table"]))
        alias = node.args.get("alias") if isinstance(node, exp.Alias) else None
        inner = node.this if isinstance(node, exp.Alias) else node
        column = self._column_of(inner)
        name = column.name if column is not None else None
        any_name = alias is not None and self._is_string(alias)
        if alias is not None:
            name = None if any_name else self.name(alias)
        # Of 5 'name' and '5' 'text', which have one shape, the latter is one text.
        value = None if any_name else operand(self.text, inner)
        aggregate = _aggregate(inner)
        return Output(
            column,
            name,
            operand=value,
            any_name=any_name,
            aggregate=aggregate,
            aliased=alias is not None,
        )

    def _is_string(self, alias: exp.Expr) -> bool:
        """Whether a name is written as a string, which may differ in texts of the same shape."""
        place = self.text.data[_start(alias) :][:1]
        return place == b"'" or (place == b'"' and not self.text.reading.ansi_quotes)

    # -- relations ---------------------------------------------------------------------------------

    def source(
        self, from_: exp.Expr | None, joins: Iterable[exp.Expr] | None, block: Block, scope: Scope
    ) -> Relation | None:
        """What FROM and its joins give; ``None`` without FROM."""
        if from_ is None:
            if joins:
                raise NotUnderstood
            return None
        return self._joined(self.relation(from_.this, block, scope), joins, block, scope)

    def relation(self, node: exp.Expr, block: Block, scope: Scope) -> Relation:
        """One table of a FROM, with the joins that belong to it."""
        if isinstance(node, exp.Table):
            _only(node, _TABLE_PARTS)
            found = self._table(node, block, scope)
            return self._joined(found, node.args.get("joins"), block, scope)
        if isinstance(node, exp.Lateral):
            derived = self.relation(node.this, block, scope)
            alias = node.args.get("alias")
            if not isinstance(derived, Derived) or alias is None:
                raise NotUnderstood
            names = self._names(alias)
            return Derived(derived.query, self.note_name(alias.this), names, lateral=True)
        if isinstance(node, exp.Subquery):
            return self._subquery(node, block, scope)
        if isinstance(node, exp.Values):
            self.scan(node.expressions, block, scope)
            return Elsewhere(node.alias)
        raise NotUnderstood

    def _subquery(self, node: exp.Subquery, block: Block, scope: Scope) -> Relation:
        alias = node.args.get("alias")
        if isinstance(node.this, exp.Table):
            if alias is not None or node.args.get("joins"):
                raise NotUnderstood
            return self.relation(node.this, block, scope)
        _only(node, _SUBQUERY_PARTS)
        called = self.note_name(alias.this) if alias is not None and alias.this is not None else ""
        return Derived(self.query(node, scope), called, self._names(alias))

    def _table(self, node: exp.Table, block: Block, scope: Scope) -> Relation:
        alias = node.args.get("alias")
        called = self.note_name(alias.this) if alias is not None else None
        if not isinstance(node.this, exp.Identifier):
            self.scan((node.this,), block, scope)
            return Elsewhere(called or "")
        name = self.name(node.this)
        database = node.args.get("db")
        if self._is_string(database or node.this) or self._is_string(node.this):
            raise NotUnderstood
        if database is None and name.casefold() == "dual" and not node.this.args.get("quoted"):
            return Elsewhere(called or "")
        if name.casefold() in scope:
            # A qualified name is a table's, but not if it loses the qualifier.
            if database is not None:
                raise NotUnderstood
            self.uses.append(Use(name, Span(_start(node.this), _end(node.this)), alias is not None))
            return self._expression(scope[name.casefold()], name, called or name)
        table = Table(
            name,
            None if database is None else self.name(database),
            Span(_start(database or node.this), _end(node.this)),
            called,
            None if called is not None else self._alias_at(node),
            node.args.get("partition") is not None,
        )
        self.tables.append(table)
        if len(self.tables) > MAX_TABLES:
            raise NotUnderstood
        return table

    def _expression(self, known: Expression | None, name: str, called: str) -> Relation:
        if known is None:  # itself, in WITH RECURSIVE
            return Elsewhere(called)
        if known.called != name:  # the same name or not, as the server has it
            raise NotUnderstood
        self._repeated += known.size
        if self._repeated > MAX_REPEATED:
            raise NotUnderstood
        return Derived(self.query(known.query, known.scope), called, known.names)

    def _alias_at(self, node: exp.Table) -> int | None:
        before = [token for token in self.text.tokens if token.end <= _start(node.this)]
        if before and before[-1].word == b"table":  # TABLE t
            return None
        partition = node.args.get("partition")
        if partition is None:
            return _end(node.this)
        last = max(_end(each) for each in partition.find_all(exp.Identifier))
        return next(each.end for each in self.text.tokens if each.start >= last and each.is_(b")"))

    def _joined(
        self, left: Relation, joins: Iterable[exp.Expr] | None, block: Block, scope: Scope
    ) -> Relation:
        crossed = False  # a comma binds less than a join, and is not told apart
        for node in joins or ():
            _only(node, _JOIN_PARTS)
            side, word = node.args.get("side") or "", node.args.get("kind") or ""
            method, on = node.args.get("method") or "", node.args.get("on")
            using = node.args.get("using") or ()
            if side not in _JOIN_KINDS or word not in _JOIN_WORDS or method not in ("", "NATURAL"):
                raise NotUnderstood
            if crossed and (side == "RIGHT" or using or method):
                raise NotUnderstood
            crossed = crossed or not (word or method or on is not None or using)
            right = self.relation(node.this, block, scope)
            condition = ALWAYS if on is None else self.conditions.read(on, block, scope)
            names = tuple(self.name(each) for each in using)
            left = Join(_JOIN_KINDS[side], left, right, condition, names, bool(method))
        return left

    # -- expressions -------------------------------------------------------------------------------

    def scan(
        self,
        nodes: Iterable[Any],
        block: Block,
        scope: Scope,
        *,
        decides: bool = False,
    ) -> None:
        """Take note of columns, aggregates, windows and queries within expressions."""
        waiting = [node for each in nodes for node in (each if isinstance(each, list) else [each])]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, exp.Expr):
                continue
            if isinstance(node, exp.Query):
                block.nested.append(Nested(self.query(node, scope), decides=decides))
            elif isinstance(node, exp.Exists):
                block.nested.append(Nested(self.query(node.this, scope), None, True, decides))
            elif isinstance(node, exp.Column):
                self._note(node)
            else:
                waiting.extend(self._within(node, block))

    def _within(self, node: exp.Expr, block: Block) -> Iterable[exp.Expr]:
        """Note what a node is; the nodes in it that are to be looked at."""
        if isinstance(node, exp.Window):
            partition = self._partition(node, block)
            if partition is not None:
                block.partitions.append(partition)
                function = node.this
                inner = list(function.iter_expressions()) if function is not None else []
                return [each for each in node.iter_expressions() if each is not function] + inner
        elif isinstance(node, exp.AggFunc) or (
            isinstance(node, exp.Anonymous) and str(node.this).lower() in _AGGREGATES
        ):
            if self._is_of_outer(node, block):
                raise NotUnderstood
            block.aggregates = True
        elif isinstance(node, exp.PropertyEQ):
            block.assigns = True
        return node.iter_expressions()

    def _is_of_outer(self, node: exp.Expr, block: Block) -> bool:
        """Whether an aggregate function makes one row of those of the query around this one.

        That is so where all its columns are from there.
        """
        columns = list(node.find_all(exp.Column))
        tables = [each.args.get("table") for each in columns]
        if not block.called:
            return bool(columns)
        return bool(columns) and all(
            table is not None and self.name(table).casefold() not in block.called
            for table in tables
        )

    def _partition(self, node: exp.Window, block: Block) -> tuple[Column | None, ...] | None:
        """By what a window is partitioned; ``None`` for the definition of one in WINDOW."""
        if isinstance(node.this, exp.Identifier):
            return None
        parts = node.args.get("partition_by")
        alias = node.args.get("alias")
        if not parts and alias is not None:
            named = block.windows.get(alias.name)
            parts = named.args.get("partition_by") if named is not None else None
        return tuple(self._column_of(each) for each in parts or ())

    def column(self, node: exp.Column) -> Column:
        """A column as it is named; raises NotUnderstood for one with more than three parts."""
        if node.args.get("catalog") is not None:
            raise NotUnderstood
        table, database = node.args.get("table"), node.args.get("db")
        if table is None:
            return Column(self.name(node.this))
        span = Span(_start(database or table), _end(table))
        named = None if database is None else self.name(database)
        return Column(self.name(node.this), self.name(table), named, span)

    def _column_of(self, node: exp.Expr) -> Column | None:
        """The column that an expression is, if it is one."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        return self.column(node)

    def note_table(self, node: exp.Table) -> None:
        """Take note of a place that names a table by its qualified name, as a column does."""
        database = node.args["db"]
        span = Span(_start(database), _end(node.this))
        self.qualifiers.append(Column("*", self.name(node.this), self.name(database), span))

    def _note(self, node: exp.Column) -> None:
        column = self.column(node)
        if column.table is not None:
            self.qualifiers.append(column)
        if isinstance(node.this, exp.Identifier):
            end = _end(node.this)
            start = _start(node.this) if column.qualifier is None else column.qualifier.start
            self.columns.append(Span(start, end))

    def note_name(self, node: exp.Expr) -> str:
        """A name that the text gives to what is in a FROM or a WITH."""
        self.names.append(self.name(node))
        return self.names[-1]

    def name(self, node: exp.Expr) -> str:
        """A name as the client means it."""
        if isinstance(node, exp.Star):
            return "*"
        name = node.name if isinstance(node, exp.Identifier) else str(node.this)
        return data_of(name).decode(self.text.reading.codec, "replace")


def _names_in(source: Relation | None) -> Iterator[str]:
    """What the tables of a FROM are called, casefolded."""
    if isinstance(source, Join):
        yield from _names_in(source.left)
        yield from _names_in(source.right)
    elif source is not None:
        yield source.called.casefold()


def _only(node: exp.Expr, parts: frozenset[str]) -> None:
    """Make sure that a node has no other parts than these."""
    for part, value in node.args.items():
        if value and part not in parts:
            raise NotUnderstood


def _makes_nulls(group: exp.Expr) -> bool:
    """Whether a GROUP BY gives rows with NULL in place of what it groups by."""
    kinds = (exp.Rollup, exp.Cube, exp.GroupingSets)
    return bool(group.args.get("rollup")) or any(isinstance(n, kinds) for n in group.expressions)


def _aggregate(node: exp.Expr) -> str:
    """The plain aggregate function that an expression is; empty for another one."""
    while isinstance(node, exp.Paren):
        node = node.this
    name = _PLAIN_AGGREGATES.get(type(node), "")
    if isinstance(node.this, exp.Distinct) or node.args.get("expressions"):
        return ""
    return name


def _is_limited(node: exp.Expr) -> bool:
    return node.args.get("limit") is not None or node.args.get("offset") is not None


def _is_finished(node: exp.Expr) -> bool:
    """Whether a query has parts that are about its result as a whole."""
    return bool(node.args.get("order") or _is_limited(node) or node.args.get("with_"))


def _start(node: exp.Expr) -> int:
    start = node.meta.get("start")
    if start is None:
        raise NotUnderstood
    return int(start)


def _end(node: exp.Expr) -> int:
    end = node.meta.get("end")
    if end is None:
        raise NotUnderstood
    return int(end) + 1
