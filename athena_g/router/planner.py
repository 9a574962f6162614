"""Statements of one shape → their plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial as partially

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.parser.analysis import analyse
from athena_g.parser.clauses import clauses, first_select
from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import (
    Assignment,
    Change,
    Insertion,
    Kind,
    OnTables,
    Opaque,
    Operand,
    Query,
    Row,
    Select,
    Span,
    Statement,
    Table,
    Union,
)
from athena_g.parser.text import Text
from athena_g.router import tables
from athena_g.router.compose import Original
from athena_g.router.merging import Merged, with_merging
from athena_g.router.plan import NAMES_OF_COLUMNS, Inserted, KeyedRow, Narrowed, Plan, TableNotKnown
from athena_g.router.rewrite import (
    DatabaseAt,
    Divisible,
    Edit,
    IdSlots,
    ShardNames,
    Template,
    edits,
    names_of_outputs,
    quoted,
    without_alias,
)
from athena_g.router.rules import Rule, Rules
from athena_g.router.scope import Key, Scope
from athena_g.router.spread import (
    AGGREGATE,
    LIMIT,
    Mixed,
    Scattered,
    scattered,
    tables_in,
)
from athena_g.router.survey import Columns, Survey, are_alike

Made = Callable[[Template, ShardNames], Plan]
"""Makes a plan of a text's template and the names of its tables."""


@dataclass(frozen=True)
class Planner:
    """Makes the plans of one group.

    ``database`` is the group's name, by which clients may qualify tables, or by ``home_database``,
    which is what the home server calls it; ``columns_of`` knows the
    order of the columns of tables; with ``learns`` TableNotKnown is raised for what it does not.
    ``database_at`` says what the server of a shard calls the database. ``gathers``: rows of shards
    may be brought to one server.
    """

    rules: Rules
    database: str
    columns_of: NAMES_OF_COLUMNS = lambda _: None
    learns: bool = False
    database_at: DatabaseAt = lambda _: ""
    home_database: str = ""
    gathers: bool = True

    def plan(
        self, text: Text, said: bytes, literals: Sequence[tuple[int, int]], first: bytes
    ) -> Plan:
        """The plan for a statement whose literals are at ``literals``.

        ``said`` is what the client said where ``text`` has spaces instead of comments' marks,
        ``first`` its first word. What is refused whatever the literals are is in the plan.
        Raises NotUnderstood.
        """
        statement = analyse(text, first)
        survey = Survey(self.rules, self.database, self.home_database)
        bare: frozenset[Table] = frozenset()
        match statement.body:
            case Change():
                found = self._change(statement, statement.body, survey)
                if statement.body.single and not statement.body.assignments:  # also explained
                    bare = frozenset(statement.body.targets)
            case Insertion():
                found = self._insertion(statement, statement.body, survey)
                bare = frozenset((statement.body.target,))
            case Select() | Union() | Opaque():
                found = self._query(statement, statement.body, survey)
            case OnTables():
                found = self._on_tables(statement, statement.body, survey)
                bare = frozenset(statement.tables)
            case None:
                raise NotUnderstood
        if self._is_ambiguous(statement, survey, bare):
            raise NotUnderstood
        codec = text.reading.codec
        changes = edits(statement, survey.rule_of, survey.is_own, codec, bare)
        query = statement.body
        parts = clauses(text.tokens, query) if isinstance(query, Select) else None
        named: list[tuple[Span, Edit]] = []
        block = query.arms[0] if isinstance(query, Union) else query
        if isinstance(block, Select):
            shown = parts or clauses(first_select(text.tokens), block)
            named = names_of_outputs(shown, statement, said, codec)
            changes += [edit for _, edit in named]
        if isinstance(statement.body, OnTables) and tables.shards_of(
            statement.body, survey.rule_of
        ):
            changes += tables.symbol_edits(statement.body, survey.rule_of, said, codec)
        sharded = [(t.name, rule) for t in statement.tables if (rule := survey.rule_of(t))]
        plan = found(Template(said, literals, changes), self._names(sharded, codec))
        if survey.catalogue:
            plan = _with_catalogue(plan, statement, survey)
        if plan.kind is Kind.SELECT and plan.tables:
            original = Original(said, literals, changes, text.marks(len(literals)))
            names = partially(self._names_in, survey=survey)
            merged = Merged(statement, survey, original, parts, named, text, self.gathers, names)
            plan = with_merging(plan, merged)
        if isinstance(statement.body, Insertion):
            marks = text.marks(len(literals))
            slots = _id_slots(statement.body, survey, said, literals, codec, marks)
            plan = replace(plan, id_slots=slots)
        if plan.inserted is not None and len(plan.inserted.rows) > 1:
            spans = [row.span for row in plan.inserted.rows]
            divisible = Divisible(said, spans, changes, text.marks(len(literals)))
            return replace(plan, divisible=divisible, lasts=False)
        return plan

    def _names_in(self, table: Table, *, survey: Survey) -> Sequence[str] | None:
        """The columns of a table, as far as they can be known."""
        if survey.rule_of(table) is None:
            return None
        found = self.columns_of(table.name)
        if found is None and self.learns:
            raise TableNotKnown(table.name)
        return found

    def _is_ambiguous(self, statement: Statement, survey: Survey, bare: frozenset[Table]) -> bool:
        """Whether names that are written for a shard would be taken for others."""
        sharded = {t.name.casefold() for t in statement.tables if survey.rule_of(t) is not None}
        physical = (self.rules.logical_name(name) for name in statement.names)
        if any(name is not None and name.casefold() in sharded for name in physical):
            return True
        renamed = sharded.intersection(t.name.casefold() for t in without_alias(statement, bare))
        renamed.intersection_update((c.table or "").casefold() for c in statement.qualifiers)
        foreign = [table.name for table in statement.tables if not survey.is_own(table)]
        return any(name.casefold() in renamed for name in (*statement.names, *foreign))

    def _names(self, sharded: Sequence[tuple[str, Rule]], codec: str) -> ShardNames:
        return ShardNames(sharded, codec, self.database, self.database_at, self.rules)

    # -- queries -----------------------------------------------------------------------------------

    def _query(self, statement: Statement, query: Query, survey: Survey) -> Made:
        survey.query(query)
        how, mixed = _scattered(survey, query)
        locking = _is_locking(query)
        limit = None
        if isinstance(query, Select) and not locking and how is not None and how.needs == (LIMIT,):
            limit = query.limit
        aggregates = () if locking else _aggregates(query, how)
        return lambda template, names: Plan(
            kind=statement.kind,
            read_only=not locking,
            template=template,
            names=names,
            tables=_narrowed(survey),
            others=_names(survey.others, survey),
            scattered=how,
            mixed=mixed,
            at_home=bool(survey.catalogue),
            limit=limit,
            aggregates=aggregates,
        )

    # -- whole tables ------------------------------------------------------------------------------

    def _on_tables(self, statement: Statement, body: OnTables, survey: Survey) -> Made:
        if body.query is not None:
            survey.query(body.query)
        own = [table for table in body.targets if survey.is_own(table)]
        broadcast = [table for table in own if self.rules.is_broadcast(table.name)]
        shards = tables.shards_of(body, survey.rule_of)
        refusal: SqlError | None = None
        try:
            if survey.parts:
                construct = f"{body.action} of a query that reads it"
                raise errors.NOT_ON_SHARDED(construct=construct, table=survey.parts[0].table.name)
            tables.check(body, survey.rule_of, self.rules)
            tables.check_broadcast(body, survey.others, survey.is_own, self.rules)
        except SqlError as error:
            refusal = error
        shown = body.action in tables.SHOWN
        return lambda template, names: Plan(
            kind=statement.kind,
            read_only=shown or statement.kind is Kind.MAINTAIN,
            template=template,
            names=names,
            at_home=True,
            shards=shards,
            changes_broadcast=broadcast[0].name if broadcast and not shown else "",
            everywhere=not shown,
            action=body.action,
            changed=tuple(table.name for table in (*body.targets, *body.new)),
            refusal=refusal,
        )

    # -- UPDATE, DELETE ----------------------------------------------------------------------------

    def _change(self, statement: Statement, change: Change, survey: Survey) -> Made:
        scope = Scope()
        survey.scope_of[change] = scope
        survey.relation(change.source, scope, optional=False)
        survey.condition(change.where, scope)
        survey.nested(change.nested, scope)
        how, mixed = _scattered(survey, change)
        moved = tuple(
            (key[0].rule, each)
            for each in change.assignments
            if not each.column_itself and (key := scope.find(each.column) or _may_be(each, scope))
        )
        written = self._written(change, survey)
        others = [table for table in written if table not in survey.part_of]
        broadcast = next((t.name for t in others if self._is_broadcast(t, survey)), "")
        return lambda template, names: Plan(
            kind=statement.kind,
            read_only=False,
            template=template,
            names=names,
            tables=_narrowed(survey),
            others=_names(survey.others, survey),
            scattered=how if not (others and how) else None,
            mixed=mixed or (f"{others[0].name} has no shards" if others else ""),
            moved=moved,
            changes_broadcast=broadcast,
        )

    def _is_broadcast(self, table: Table, survey: Survey) -> bool:
        return survey.is_own(table) and self.rules.is_broadcast(table.name)

    @staticmethod
    def _written(change: Change, survey: Survey) -> list[Table]:
        """The tables that change, or may."""
        if change.targets:
            return list(change.targets)
        tables = [*(part.table for part in survey.parts), *survey.others]
        if any(each.column.table is None for each in change.assignments):
            return tables
        named = {(each.column.table or "").casefold() for each in change.assignments}
        return [table for table in tables if table.called.casefold() in named]

    # -- INSERT, REPLACE ---------------------------------------------------------------------------

    def _insertion(self, statement: Statement, insertion: Insertion, survey: Survey) -> Made:
        rule = survey.rule_of(insertion.target)
        scope = Scope()
        columns = Columns()
        if insertion.query is not None:
            columns = survey.query(insertion.query)
        survey.nested(insertion.nested, scope)
        how: Scattered | None = None
        mixed = ""
        refusal: SqlError | None = None
        inserted: Inserted | None = None
        if insertion.query is not None:
            how, mixed = _scattered(survey, insertion.query)
        if any(
            table in survey.part_of for each in insertion.nested for table in tables_in(each.query)
        ):
            how, mixed = None, "a subquery would need all rows of a table"
        try:
            inserted = None if rule is None else self._inserted(insertion, rule, columns)
        except SqlError as error:
            refusal = error
        is_broadcast = rule is None and self._is_broadcast(insertion.target, survey)
        others = survey.others if rule is not None else [*survey.others, insertion.target]
        return lambda template, names: Plan(
            kind=statement.kind,
            read_only=False,
            template=template,
            names=names,
            tables=_narrowed(survey),
            others=_names(others, survey),
            scattered=how if rule is not None else None,
            mixed=mixed or ("" if rule is not None else f"{insertion.target.name} has no shards"),
            inserted=inserted,
            changes_broadcast=insertion.target.name if is_broadcast else "",
            returning=insertion.returning,
            refusal=refusal,
        )

    def _inserted(self, insertion: Insertion, rule: Rule, columns: Columns) -> Inserted:
        table = insertion.target.name
        place = self._place(insertion, rule)
        for each in insertion.updates:
            if each.column.name.casefold() == rule.column.casefold() and not each.column_itself:
                raise errors.KEY_CHANGES(
                    column=rule.column, table=table, reason="ON DUPLICATE KEY UPDATE sets it"
                )
        if insertion.query is not None:
            return _from_query(insertion.query, rule, columns, place, table)
        rows = tuple(KeyedRow(row.span, _value(row, place)) for row in insertion.rows)
        sure = not (insertion.ignores or insertion.updates)
        return Inserted(table, rule, rows, ignores=insertion.ignores, sure=sure)

    def _place(self, insertion: Insertion, rule: Rule) -> int:
        """Which of the columns is the shard column."""
        table = insertion.target.name
        if insertion.columns is not None:
            names: Sequence[str] | None = [column.name for column in insertion.columns]
        else:
            names = self.columns_of(table)
            if names is None and self.learns:
                raise TableNotKnown(table)
        if not names:
            reason = "the statement names no columns, and their order is not known here"
            raise errors.KEY_MISSING(table=table, column=rule.column, reason=reason)
        for place, name in enumerate(names):
            if name.casefold() == rule.column.casefold():
                return place
        reason = "the column is not among those that the statement names"
        raise errors.KEY_MISSING(table=table, column=rule.column, reason=reason)


def _aggregates(query: Query, how: Scattered | None) -> tuple[str, ...]:
    """The functions of a query that gives one row of them; none for another query."""
    if how is None or how.needs != (AGGREGATE,) or not isinstance(query, Select) or query.having:
        return ()
    functions = tuple(output.aggregate for output in query.outputs)
    return functions if all(functions) else ()


def _with_catalogue(plan: Plan, statement: Statement, survey: Survey) -> Plan:
    """The plan of a statement that reads information_schema, which is shown as it is at home."""
    body = statement.body
    if isinstance(body, OnTables) and body.action != "CREATE TABLE":  # a view reads it later
        return plan
    views = [table for table in survey.catalogue if table.name.casefold() in tables.CATALOGUE]
    beside = _first_beside(plan, survey)
    if views and beside and plan.refusal is None:
        construct = f"information_schema.{views[0].name} in a statement about it"
        refusal = errors.NOT_ON_SHARDED(construct=construct, table=beside)
        return replace(plan, refusal=refusal)
    return replace(plan, catalogue=tuple(views), qualifiers=statement.qualifiers)


def _first_beside(plan: Plan, survey: Survey) -> str:
    """A table of the statement that is not, or not only, at home."""
    if plan.inserted is not None:
        return plan.inserted.table
    return survey.parts[0].table.name if survey.parts else plan.changes_broadcast


def _from_query(query: Query, rule: Rule, columns: Columns, place: int, table: str) -> Inserted:
    """Where the rows that a query gives are to be."""
    if columns.numbered and place < len(columns.named):
        key = columns.named[place][1]
        if key and all(are_alike(part.rule, rule) and not part.optional for part in key):
            return Inserted(table, rule, follows_query=True)
    operand = None
    if (  # of a constant, WITH ROLLUP makes NULL as well
        isinstance(query, Select)
        and not query.rollup
        and not any(output.star for output in query.outputs)
    ):
        operand = query.outputs[place].operand if place < len(query.outputs) else None
    if operand is None:
        reason = "the query gives neither a value that is known nor the key of a table bound to it"
        raise errors.KEY_MISSING(table=table, column=rule.column, reason=reason)
    return Inserted(table, rule, key=operand)


def _id_slots(
    insertion: Insertion,
    survey: Survey,
    said: bytes,
    literals: Sequence[tuple[int, int]],
    codec: str,
    marks: Sequence[int],
) -> IdSlots | None:
    """Where ids are to be put that an INSERT lacks and its table's rule has made."""
    rule = survey.rule_of(insertion.target)
    columns, at = insertion.columns, insertion.columns_at
    if rule is None or rule.id_column is None or columns is None or not insertion.rows:
        return None
    if any(column.name.casefold() == rule.id_column.casefold() for column in columns):
        return None
    name = quoted(rule.id_column, codec)
    if at is None:  # SET column = value ...
        end = insertion.rows[-1].span.end
        return IdSlots(said, literals, (), [end], b", " + name + b" = ", marks)
    comma = b", " if columns else b""
    named = [Edit(Span(at, at), _constant(comma + name))]
    if insertion.renamed_at is not None:
        place = Span(insertion.renamed_at, insertion.renamed_at)
        named.append(Edit(place, _constant(b", `made id`")))  # a name that none of the client's is
    ends = [row.span.end - 1 for row in insertion.rows]
    return IdSlots(said, literals, named, ends, comma, marks)


def _constant(text: bytes) -> Callable[[int], bytes]:
    return lambda _: text


def _value(row: Row, place: int) -> Operand | None:
    return row.values[place] if place < len(row.values) else None


def _narrowed(survey: Survey) -> tuple[Narrowed, ...]:
    return tuple(Narrowed(part, survey.narrowing(part)) for part in survey.parts)


def _may_be(assignment: Assignment, scope: Scope) -> Key:
    """The key that may be set where it is not sure of which table the column is."""
    name, table = assignment.column.name.casefold(), assignment.column.table
    for source in scope.sources:
        called = table is None or source.called.casefold() == table.casefold()
        if called and name in source.keys:
            return source.keys[name]
    return ()


def _names(tables: Sequence[Table], survey: Survey) -> tuple[str, ...]:
    """What the tables are called, those of other databases with these."""
    names = (t.name if survey.is_own(t) else f"{t.database}.{t.name}" for t in tables)
    return tuple(dict.fromkeys(names))


def _scattered(survey: Survey, body: Query | Change) -> tuple[Scattered | None, str]:
    if not survey.part_of:
        return None, ""
    try:
        return scattered(survey, body), ""
    except Mixed as mixed:
        return None, str(mixed)


def _is_locking(query: Query) -> bool:
    match query:
        case Select():
            return query.locking or query.into
        case Union():
            return any(_is_locking(arm) for arm in query.arms)
        case Opaque():
            return True
