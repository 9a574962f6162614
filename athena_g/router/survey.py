"""Goes through a statement once and finds what is known of the shard keys in it.

For each sharded table: what its rows' keys must be like (`Narrowing`), and whose keys are equal to
them, so that what is known of those is known of them, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from athena_g.parser.statement import (
    All,
    AnyOf,
    Change,
    Column,
    Comparison,
    Condition,
    Derived,
    Elsewhere,
    IsNull,
    Join,
    JoinKind,
    Nested,
    OneOf,
    Opaque,
    Operator,
    Query,
    Relation,
    SameColumns,
    Select,
    Table,
    Union,
)
from athena_g.router.narrowing import (
    ANYTHING,
    Among,
    Compared,
    Missing,
    Narrowing,
    both,
    either,
)
from athena_g.router.rules import Rule, Rules
from athena_g.router.scope import Key, Part, Scope, Source

OF_EVERY_SERVER = frozenset(("information_schema", "performance_schema", "mysql", "sys"))
"""Databases that are the server's own."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a query gives: name and key of each.

    ``numbered``: these are all, in order; else only those that are keys, in none.
    """

    named: tuple[tuple[str | None, Key], ...] = ()
    numbered: bool = False


class Survey:
    """What is known of the sharded tables in a statement.

    ``database`` is the name of the group, ``home_database`` what the home server calls it, as
    DATABASE() tells: a table of another database is nobody's part.
    """

    def __init__(self, rules: Rules, database: str, home_database: str = "") -> None:
        self._rules = rules
        self._database = database.casefold()
        self._databases = frozenset((self._database, home_database.casefold()))
        self._facts: dict[Part, list[Narrowing]] = {}
        self._ties: dict[Part, list[frozenset[Part]]] = {}
        self._tied_to: dict[Part, list[Part]] = {}
        self._groups: dict[Select, set[tuple[Key, ...]]] = {}
        self.part_of: dict[Table, Part] = {}
        self.scope_of: dict[Select | Change, Scope] = {}
        self.others: list[Table] = []
        """The tables without a rule, those that every server has left out."""
        self.catalogue: list[Table] = []
        """Those of information_schema."""

    @property
    def parts(self) -> list[Part]:
        """The sharded tables, in the order in which the statement names them."""
        return list(self.part_of.values())

    def rule_of(self, table: Table) -> Rule | None:
        """The rule of a table that the text names."""
        if not self.is_own(table):
            return None
        return self._rules.find(table.name)

    def is_own(self, table: Table) -> bool:
        """Whether a table is one of the group's database."""
        return table.database is None or table.database.casefold() in self._databases

    def narrowing(self, part: Part) -> Narrowing:
        """All that is known of a part's keys, also because others' are equal to them."""
        return both(fact for each in self._upstream(part) for fact in self._facts.get(each, ()))

    def are_tied(self, some: Iterable[frozenset[Part]], others: Iterable[Part]) -> bool:
        """Whether rows meet rows of ``others`` only where their keys are equal.

        Of each of the sets ``some`` one part has the row.
        """
        found = set(others)
        waiting = list(found)
        while waiting:
            for part in self._tied_to.get(waiting.pop(), ()):
                if part not in found and self._leads(part, found):
                    found.add(part)
                    waiting.append(part)
        return any(each <= found for each in some)

    def _leads(self, part: Part, into: set[Part]) -> bool:
        return any(key <= into for key in self._ties[part])

    def keeps(self, select: Select, key: Key) -> bool:
        """Whether a condition on this column of a query may as well be one on the rows it reads."""
        if not key or select.limited or select.rollup or select.into:
            return False
        tied = self.are_tied
        return all(
            any(tied((frozenset(key),), column) for column in group)
            for group in self._keys_of_groups(select)
        )

    def _keys_of_groups(self, select: Select) -> set[tuple[Key, ...]]:
        """The keys that the columns of GROUP BY are, and those of each PARTITION BY."""
        found = self._groups.get(select)
        if found is None:
            groups = set(select.partitions)
            if select.aggregates or select.group:
                groups.add(select.group)
            found = {tuple(self.grouped_key(select, each) for each in group) for group in groups}
            self._groups[select] = found
        return found

    def grouped_key(self, select: Select, column: Column | None) -> Key:
        """The key that a column of GROUP BY or PARTITION BY is.

        None if it is called as something else that the query gives: which of the two is meant
        depends on the server, and on where the column comes from.
        """
        if column is None:
            return ()
        scope = self.scope_of[select]
        key = scope.find(column)
        if column.table is not None:
            return key
        name = column.name.casefold()
        for output in select.outputs:
            if output.any_name:
                return ()
            if output.name is not None and output.name.casefold() == name:
                given = () if output.column is None else scope.find(output.column)
                key = key if given == key else ()
        return key

    # -- queries -----------------------------------------------------------------------------------

    def query(self, query: Query, outer: Scope | None = None, *, optional: bool = False) -> Columns:
        """Go through a query; what its columns are."""
        match query:
            case Select():
                return self._select(query, outer, optional)
            case Union():
                return self._union(query, outer, optional)
            case Opaque():
                for table in query.tables:
                    self.table(table, optional=True)
                return Columns()

    def _select(self, select: Select, outer: Scope | None, optional: bool) -> Columns:
        scope = Scope(outer=outer)
        self.scope_of[select] = scope
        if select.source is not None:
            self.relation(select.source, scope, optional=optional)
        self.condition(select.where, scope)
        self.nested(select.nested, scope)
        found = _columns(select, scope)
        named = ((name, key if self.keeps(select, key) else ()) for name, key in found.named)
        return Columns(tuple(named), found.numbered)

    def nested(self, nested: Iterable[Nested], scope: Scope) -> None:
        """Go through the queries within expressions of a block."""
        for each in nested:
            self.query(each.query, scope, optional=True)

    def _union(self, union: Union, outer: Scope | None, optional: bool) -> Columns:
        arms = [self.query(arm, outer, optional=optional) for arm in union.arms]
        if union.limited or union.operation == "EXCEPT" or not all(arm.numbered for arm in arms):
            return Columns()
        if len({len(arm.named) for arm in arms}) != 1:
            return Columns()
        found: list[tuple[str | None, Key]] = []
        for place, (name, _) in enumerate(arms[0].named):
            keys = [arm.named[place][1] for arm in arms]
            parts = tuple(part for key in keys for part in key)
            # Columns of two types give one of a third, which is compared in its own way.
            alike = all(keys) and all(part.rule.key == parts[0].rule.key for part in parts)
            found.append((name, parts if alike else ()))
        return Columns(tuple(found), numbered=True)

    # -- relations ---------------------------------------------------------------------------------

    def relation(self, relation: Relation, scope: Scope, *, optional: bool) -> list[Source]:
        """Go through what a FROM names; the sources in it."""
        match relation:
            case Table():
                source = self._source(relation, optional)
            case Derived():
                source = self._derived(relation, scope, optional)
            case Elsewhere():
                source = Source(relation.called)
            case Join():
                return self._join(relation, scope, optional)
        scope.sources.append(source)
        return [source]

    def table(self, table: Table, *, optional: bool = False) -> Part | None:
        """Take note of a table; its part, if it has a rule."""
        rule = self.rule_of(table)
        if rule is None:
            database = (table.database or "").casefold()
            if database not in OF_EVERY_SERVER:
                self.others.append(table)
            elif database == "information_schema":
                self.catalogue.append(table)
            return None
        part = Part(table, rule, optional)
        self.part_of[table] = part
        return part

    def _source(self, table: Table, optional: bool) -> Source:
        part = self.table(table, optional=optional)
        database = table.database or (None if table.alias else self._database)
        if part is None:
            return Source(table.called, database)
        return Source(table.called, database, {part.rule.column.casefold(): (part,)})

    def _derived(self, derived: Derived, scope: Scope, optional: bool) -> Source:
        outer = scope if derived.lateral else scope.outer
        before = len(self.part_of)
        columns = self.query(derived.query, outer, optional=optional)
        within = set(islice(self.part_of.values(), before, None))
        # What is known of an outer table's key, given on as a column, holds for some of its rows.
        named = tuple((name, key if within.issuperset(key) else ()) for name, key in columns.named)
        if derived.names:
            if not columns.numbered or len(derived.names) != len(named):
                return Source(derived.called)
            keys = (key for _, key in named)
            named = tuple(zip(derived.names, keys, strict=True))
        found = {name.casefold(): key for name, key in named if name is not None and key}
        return Source(derived.called, None, found)

    def _join(self, join: Join, scope: Scope, optional: bool) -> list[Source]:
        left_optional = optional or join.kind is JoinKind.RIGHT
        right_optional = optional or join.kind is JoinKind.LEFT
        left = self.relation(join.left, scope, optional=left_optional)
        right = self.relation(join.right, scope, optional=right_optional)
        self._merge(join, scope, left, right)
        inner_side = {JoinKind.LEFT: right, JoinKind.RIGHT: left, JoinKind.INNER: None}[join.kind]
        own = Scope([*left, *right], scope.outer)
        self.condition(join.on, own, None if inner_side is None else _parts(inner_side))
        return [*left, *right]

    def _merge(self, join: Join, scope: Scope, left: list[Source], right: list[Source]) -> None:
        """Take note of the columns that USING or NATURAL make equal."""
        names = [name.casefold() for name in join.using]
        if join.natural:
            names = [name for source in (*left, *right) for name in source.keys]
        for name in dict.fromkeys(names):
            one, other = _key(left, name, scope), _key(right, name, scope)
            if one and other:
                self._equal(one, other, join.kind)
            # A column of a table without a rule may be of another type, or another collation.
            scope.merged[name] = other if join.kind is JoinKind.RIGHT else one

    # -- conditions --------------------------------------------------------------------------------

    def condition(self, condition: Condition, scope: Scope, only: set[Part] | None = None) -> None:
        """Take note of a condition; that of an outer join counts for ``only`` one side's parts."""
        own = _parts(scope.sources)
        for each in _conjuncts(condition):
            if isinstance(each, SameColumns):
                self._same(each, scope, own, only)
                continue
            for part in {part for key in _keys(each, scope) for part in key}:
                if part in own and (only is None or part in only):
                    self._facts.setdefault(part, []).append(_projected(each, part, scope))

    def _same(
        self, same: SameColumns, scope: Scope, own: set[Part], only: set[Part] | None
    ) -> None:
        left, right = scope.find(same.left), scope.find(same.right)
        if not (left and right):
            return
        if same.null_safe and any(part.optional for part in (*left, *right)):
            return
        inside = own if only is None else only
        if left[0] not in inside:
            left, right = right, left
        if left[0] in inside:  # else it compares rows that are there anyway
            kind = JoinKind.INNER if right[0] in inside else JoinKind.LEFT
            self._equal(right, left, kind)

    def _equal(self, one: Key, other: Key, kind: JoinKind) -> None:
        """The keys of two columns are equal; of an outer join's they are where both are there."""
        if not all(are_alike(a.rule, b.rule) for a in one for b in other):
            return
        if kind is not JoinKind.RIGHT:
            self._tie(other, one)
        if kind is not JoinKind.LEFT:
            self._tie(one, other)

    def _tie(self, some: Key, to: Key) -> None:
        """Where a row of ``some`` is, there is one of ``to`` with an equal key."""
        for part in some:
            self._ties.setdefault(part, []).append(frozenset(to))
            for each in to:
                self._tied_to.setdefault(each, []).append(part)

    def _upstream(self, part: Part) -> Iterator[Part]:
        seen = {part}
        waiting = [part]
        while waiting:
            each = waiting.pop()
            yield each
            tied = [key for key in self._ties.get(each, ()) if len(key) == 1]
            fresh = frozenset[Part]().union(*tied) - seen
            seen |= fresh
            waiting += fresh


def are_alike(one: Rule, other: Rule) -> bool:
    """Whether equal keys of two rules are on shards of the same number."""
    if one.key is None and (one.has_wildcards or one is not other):
        return False  # equal to a server, the columns' values may be different keys
    return are_bound(one, other) and one.key == other.key


def are_bound(one: Rule, other: Rule) -> bool:
    """Whether the configuration says that two rules spread their rows alike."""
    return one.name == other.name or (one.binding is not None and one.binding == other.binding)


def _columns(select: Select, scope: Scope) -> Columns:
    found: list[tuple[str | None, Key]] = []
    for output in select.outputs:
        if output.star:
            found += _star(scope, output.table)
        else:
            key = scope.find(output.column) if output.column is not None else ()
            found.append((output.name, key))
    return Columns(tuple(found), numbered=not any(output.star for output in select.outputs))


def _star(scope: Scope, table: str | None) -> Iterator[tuple[str, Key]]:
    wanted = None if table is None else table.casefold()
    for source in scope.sources:
        if wanted is None or source.called.casefold() == wanted:
            for name, key in source.keys.items():
                yield name, scope.merged.get(name, key) if wanted is None else key


def _parts(sources: Iterable[Source]) -> set[Part]:
    return {part for source in sources for key in source.keys.values() for part in key}


def _key(sources: list[Source], name: str, scope: Scope) -> Key:
    found = [source.keys[name] for source in sources if name in source.keys]
    if len(found) == 1:
        return found[0]
    merged = scope.merged.get(name, ())
    return merged if _parts(sources).issuperset(merged) else ()


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions that must all hold."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    else:
        yield condition


def _keys(condition: Condition, scope: Scope) -> Iterator[Key]:
    """The keys that a condition is about."""
    match condition:
        case All() | AnyOf():
            for part in condition.parts:
                yield from _keys(part, scope)
        case Comparison() | OneOf() | IsNull():
            yield scope.find(condition.column)


def _projected(condition: Condition, part: Part, scope: Scope) -> Narrowing:
    """What a condition says of one part's keys."""
    match condition:
        case All():
            return both(_projected(each, part, scope) for each in condition.parts)
        case AnyOf():
            return either(_projected(each, part, scope) for each in condition.parts)
        case Comparison() | OneOf() | IsNull() if part not in scope.find(condition.column):
            return ANYTHING
        case Comparison():
            # An outer join's NULL is the same as NULL, and is nowhere.
            if part.optional and condition.operator is Operator.SAME:
                return ANYTHING
            return Compared(condition.operator, condition.operand)
        case OneOf():
            return Among(condition.operands)
        case IsNull():
            return ANYTHING if part.optional else Missing()
        case _:
            return ANYTHING
