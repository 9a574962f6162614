"""SELECT, UNION and WITH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import quote
from athena_g.embedded.lexer import syntax_error
from athena_g.embedded.parse import parameter_position, unsupported
from athena_g.embedded.translate.aggregates import window_text
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.expressions import Expressions
from athena_g.embedded.translate.grouping import check_grouping, check_order
from athena_g.embedded.translate.joins import From
from athena_g.embedded.translate.names import output_name
from athena_g.embedded.translate.relations import Field, Relation, Scope
from athena_g.embedded.translate.values import (
    NOT_CONSTANT,
    Sql,
    coerce,
    common_type,
    ordering,
)
from athena_g.embedded.types import Kind, SqlType

_SELECT_PARTS = frozenset(
    [
        "expressions",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "distinct",
        "with_",
        "locks",
        "windows",
        "operation_modifiers",
        "hint",
        "laterals",
        "kind",
    ]
)
_UNION_PARTS = frozenset(
    ["this", "expression", "distinct", "order", "limit", "offset", "with_", "by_name"]
)
_HARMLESS_MODIFIERS = frozenset(
    [
        "HIGH_PRIORITY",
        "STRAIGHT_JOIN",
        "SQL_SMALL_RESULT",
        "SQL_BIG_RESULT",
        "SQL_BUFFER_RESULT",
        "SQL_NO_CACHE",
        "SQL_CALC_FOUND_ROWS",
    ]
)


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a query's result."""

    name: str
    value: Sql


@dataclass(slots=True)
class Query:
    """A query for SQLite; its columns are called ``$1``, ``$2`` …"""

    text: str
    outputs: list[Output]
    limited: bool = False
    single_row: bool = False
    unlimited_text: str = ""
    offset: str = ""
    """The number of rows that are skipped, as SQLite's text; empty if none are."""


@dataclass(slots=True)
class _Parts:
    """A SELECT before its text is put together."""

    outputs: list[Output]
    distinct: bool = False
    tail: str = ""
    limit: str = ""
    single_row: bool = False
    aliases: list[str] = field(default_factory=list)

    def render(self, outputs: Sequence[Output] | None = None) -> str:
        items = []
        for index, output in enumerate(outputs or self.outputs, 1):
            value = output.value
            grouped = self.distinct and value.kind in (Kind.STRING, Kind.DECIMAL)
            items.append(f'{ordering(value) if grouped else value.text} AS "${index}"')
        return f"SELECT {'DISTINCT ' if self.distinct else ''}{', '.join(items)}{self.tail}"


def refuse_others(tree: exp.Expression, known: frozenset[str]) -> None:
    """Raises 1235 if the node has a part that is not known."""
    for name, part in tree.args.items():
        if name not in known and part not in (None, False, [], ""):
            shown = part[0] if isinstance(part, list) else part
            if isinstance(shown, exp.Expression):
                raise unsupported(shown)
            raise errors.NOT_SUPPORTED_YET(construct=f"{name} of {type(tree).__name__}")


class Select:
    """Translates queries within one statement."""

    def __init__(self, context: Context, names: dict[int, list[str]] | None = None) -> None:
        self.context = context
        self.names = names or {}
        self._ctes: list[dict[str, list[Field]]] = []

    def query(self, tree: exp.Expression, parent: Scope | None = None) -> Query:
        """The query for SQLite."""
        pushed = len(self._ctes)
        prefix = self._with(tree, parent)
        try:
            if isinstance(tree, exp.Subquery):
                found = self._parenthesised(tree, parent)
            elif isinstance(tree, exp.Select):
                found = self._select(tree, parent)
            elif isinstance(tree, exp.SetOperation):
                found = self._union(tree, parent)
            else:
                raise unsupported(tree)
        finally:
            del self._ctes[pushed:]
        if prefix:
            found.text = prefix + found.text
            found.unlimited_text = prefix + (found.unlimited_text or found.text)
        return found

    # --- WITH -----------------------------------------------------------------------------------

    def find_cte(self, name: str) -> list[Field] | None:
        """The columns of a common table expression in sight."""
        for known in reversed(self._ctes):
            if name.lower() in known:
                return known[name.lower()]
        return None

    def _with(self, tree: exp.Expression, parent: Scope | None) -> str:
        clause = tree.args.get("with_")
        if clause is None:
            return ""
        recursive = bool(clause.args.get("recursive"))
        parts = []
        for cte in clause.expressions:
            name = cte.alias
            columns = [
                identifier.name for identifier in cte.args["alias"].args.get("columns") or []
            ]
            query = self._cte_query(cte.this, name, columns, parent, recursive)
            fields = self._fields(query.outputs, name, columns)
            self._ctes.append({name.lower(): fields})
            listed = ", ".join(f'"${index + 1}"' for index in range(len(fields)))
            parts.append(f"{quote(name)}({listed}) AS ({query.text})")
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "

    def _cte_query(
        self,
        tree: exp.Expression,
        name: str,
        columns: list[str],
        parent: Scope | None,
        recursive: bool,
    ) -> Query:
        reads_itself = recursive and any(
            table.name.lower() == name.lower() for table in tree.find_all(exp.Table)
        )
        if not reads_itself:
            return self.query(tree, parent)
        if not isinstance(tree, exp.Union) or tree.args.get("order") or tree.args.get("limit"):
            raise unsupported(tree)
        first = self.query(tree.this, parent)
        self._ctes.append({name.lower(): self._fields(first.outputs, name, columns)})
        second = self.query(tree.expression, parent)
        if len(first.outputs) != len(second.outputs):
            raise errors.WRONG_NUMBER_OF_COLUMNS_IN_SELECT()
        word = "UNION" if tree.args.get("distinct") else "UNION ALL"
        return Query(f"{first.text} {word} {second.text}", first.outputs)

    @staticmethod
    def _fields(outputs: Sequence[Output], alias: str, columns: Sequence[str]) -> list[Field]:
        if columns and len(columns) != len(outputs):
            raise errors.BAD_FIELD_VALUE_COUNT(row=1)
        fields = []
        for index, output in enumerate(outputs):
            name = columns[index] if columns else output.name
            origin = output.value.origin
            if origin is not None:
                origin = replace(origin, table=alias)
            text = f'{quote(alias)}."${index + 1}"'
            value = output.value
            fields.append(Field(name, text, value.type, value.nullable, alias, origin))
        return fields

    def derived(self, tree: exp.Expression, alias: str, columns: list[str]) -> tuple[Relation, str]:
        """A derived table as a relation, with its text for FROM; it sees no outer names."""
        # A derived table is read before anything is changed, so it may read the target (1093).
        forbidden, self.context.forbidden_table = self.context.forbidden_table, None
        query = self.query(tree)
        self.context.forbidden_table = forbidden
        seen: set[str] = set()
        fields = self._fields(query.outputs, alias, columns)
        for found in fields:
            if found.name.lower() in seen:
                raise errors.DUPLICATE_COLUMN(column=found.name)
            seen.add(found.name.lower())
        return Relation(alias, fields), f"({query.text}) AS {quote(alias)}"

    # --- SELECT ---------------------------------------------------------------------------------

    def _parenthesised(self, tree: exp.Subquery, parent: Scope | None) -> Query:
        refuse_others(tree, frozenset({"this", "with_", "order", "limit", "offset", "alias"}))
        inner = self.query(tree.this, parent)
        if not any(tree.args.get(part) for part in ("order", "limit", "offset")):
            return inner
        return self._ordered_wrapper(tree, inner, parent)

    def _ordered_wrapper(self, tree: exp.Expression, inner: Query, parent: Scope | None) -> Query:
        """``(query) ORDER BY … LIMIT …``: the order sees the columns of the result alone."""
        fields = self._fields(inner.outputs, "$q", ())
        scope = Scope(parent, [Relation("$q", fields)], clause="order clause")
        expressions = Expressions(self.context, scope, self.query)
        outputs = [
            Output(output.name, replace(output.value, text=found.text))
            for output, found in zip(inner.outputs, fields, strict=True)
        ]
        parts = _Parts(outputs, tail=f' FROM ({inner.text}) AS "$q"')
        parts.tail += self._order(tree, outputs, expressions)
        return self._finished(parts, tree)

    def _select(self, tree: exp.Select, parent: Scope | None) -> Query:
        parts = self._parts(tree, parent)
        return self._finished(parts, tree)

    def _finished(self, parts: _Parts, tree: exp.Expression) -> Query:
        text = parts.render()
        limit = self._limit(tree)
        one = parts.single_row or limit.strip() in ("LIMIT 1", "LIMIT 0")
        offset = tree.args.get("offset")
        skipped = self._count(offset.expression) if limit and offset is not None else ""
        return Query(text + limit, parts.outputs, bool(limit), one, text, skipped)

    def _parts(self, tree: exp.Select, parent: Scope | None) -> _Parts:
        refuse_others(tree, _SELECT_PARTS)
        if not tree.expressions:
            raise syntax_error(self.context.sql, len(self.context.sql))
        self._locks(tree)
        self._modifiers(tree)
        scope = Scope(parent)
        expressions = Expressions(self.context, scope, self.query)
        source = From(self, scope, expressions)
        from_text = source.translate(tree)
        outputs, items_bare = self._outputs(tree, scope, expressions)
        aggregated = scope.aggregates > 0
        tail = f" FROM {from_text}" if from_text else ""
        conditions = self._where(tree, scope, expressions)
        groups = self._group(tree, scope, expressions, outputs)
        having = self._having(tree, scope, expressions, outputs, groups)
        if having and not groups and not aggregated and not scope.aggregates:
            conditions.append(having)
            having = ""
        if having and not groups and not aggregated:
            # SQLite knows an aggregate query by its list alone.
            first = outputs[0].value
            counted = replace(first, text=f"IIF(COUNT(*) IS NULL, NULL, {first.text})")
            outputs[0] = replace(outputs[0], value=counted)
        if conditions:
            tail += f" WHERE {' AND '.join(conditions)}"
        if groups:
            tail += f" GROUP BY {', '.join(groups)}"
        if having:
            tail += f" HAVING {having}"
        tail += self._windows(tree, expressions)
        if self.context.full_group_by and (groups or scope.aggregates):
            check_grouping(scope, outputs, items_bare, groups)
        scope.bare = []
        tail += self._order(tree, outputs, expressions)
        if self.context.full_group_by and (groups or tree.args.get("distinct")):
            check_order(scope, outputs, expressions.order_bare, groups)
        distinct = tree.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise unsupported(distinct)
        single = not from_text or (scope.aggregates > 0 and not groups)
        return _Parts(outputs, distinct is not None, tail, single_row=single)

    def _locks(self, tree: exp.Select) -> None:
        for lock in tree.args.get("locks") or []:
            wait = lock.args.get("wait")
            if wait is False:
                raise errors.NOT_SUPPORTED_YET(construct="SKIP LOCKED")
            self.context.no_wait = wait is True
            self.context.locks = True

    def _modifiers(self, tree: exp.Select) -> None:
        for modifier in tree.args.get("operation_modifiers") or []:
            if modifier.name.upper() not in _HARMLESS_MODIFIERS:
                raise unsupported(modifier)
            if modifier.name.upper() == "SQL_CALC_FOUND_ROWS":
                self.context.calc_found_rows = True

    def _outputs(
        self, tree: exp.Select, scope: Scope, expressions: Expressions
    ) -> tuple[list[Output], list[list[Field]]]:
        texts = self.names.get(id(tree))
        outputs: list[Output] = []
        bare: list[list[Field]] = []
        for index, item in enumerate(tree.expressions):
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                for found in self._star(item, scope):
                    outputs.append(Output(found.name, found.value()))
                    bare.append([found])
                continue
            scope.bare = []
            value = expressions.translate(item.this if isinstance(item, exp.Alias) else item)
            name = output_name(item, texts[index] if texts else None)
            outputs.append(Output(name, value))
            bare.append(scope.bare)
            if isinstance(item, exp.Alias):
                scope.aliases[name.lower()] = value
        scope.bare = []
        return outputs, bare

    def _star(self, item: exp.Expression, scope: Scope) -> list[Field]:
        refuse_others(item, frozenset({"this", "table", "db"}))
        table = item.args.get("table")
        if table is None:
            if not scope.relations:
                raise errors.NO_TABLES_USED()
            return list(scope.visible_fields())
        database = item.args.get("db")
        relation = scope.named(table.name, database.name if database else None)
        if relation is None:
            raise errors.BAD_TABLE(table=table.name)
        return relation.fields

    def _where(self, tree: exp.Select, scope: Scope, expressions: Expressions) -> list[str]:
        where = tree.args.get("where")
        if where is None:
            return []
        scope.clause = "where clause"
        return [expressions.truth(where.this)]

    def _group(
        self, tree: exp.Select, scope: Scope, expressions: Expressions, outputs: list[Output]
    ) -> list[str]:
        group = tree.args.get("group")
        if group is None:
            return []
        refuse_others(group, frozenset({"expressions"}))
        scope.clause, scope.aliases_visible = "group statement", True
        before = scope.aggregates
        terms = []
        for term in group.expressions:
            value = self._ordinal(term, outputs, "group statement") or expressions.translate(term)
            terms.append(ordering(value))
        if scope.aggregates > before:
            raise errors.INVALID_GROUP_FUNCTION()
        return terms

    @staticmethod
    def _ordinal(term: exp.Expression, outputs: list[Output], clause: str) -> Sql | None:
        """The output that an integer in GROUP BY or ORDER BY means."""
        if not isinstance(term, exp.Literal) or term.is_string or not str(term.this).isdigit():
            return None
        place = int(str(term.this))
        if not 1 <= place <= len(outputs):
            raise errors.UNKNOWN_COLUMN(column=place, clause=clause)
        return outputs[place - 1].value

    def _having(
        self,
        tree: exp.Select,
        scope: Scope,
        expressions: Expressions,
        outputs: list[Output],
        groups: list[str],
    ) -> str:
        having = tree.args.get("having")
        if having is None:
            return ""
        scope.clause, scope.aliases_visible, scope.aliases_first = "having clause", True, True
        for output in outputs:
            scope.aliases.setdefault(output.name.lower(), output.value)
        scope.bare = []
        text = expressions.truth(having.this)
        scope.aliases_first = False
        known = {output.value.text for output in outputs}
        for found in scope.bare:
            if found.text not in known and ordering(found.value()) not in groups:
                raise errors.UNKNOWN_COLUMN(column=found.name, clause="having clause")
        return text

    def _windows(self, tree: exp.Select, expressions: Expressions) -> str:
        windows = tree.args.get("windows") or []
        if not windows:
            return ""
        defined = [f"{quote(w.this.name)} AS ({window_text(expressions, w)})" for w in windows]
        return f" WINDOW {', '.join(defined)}"

    def _order(self, tree: exp.Expression, outputs: list[Output], expressions: Expressions) -> str:
        order = tree.args.get("order")
        if order is None:
            return ""
        scope = expressions.scope
        scope.clause, scope.aliases_visible, scope.aliases_first = "order clause", True, True
        terms = []
        expressions.order_bare = []
        for ordered in order.expressions:
            scope.bare = []
            term = self._order_term(ordered.this, outputs, expressions)
            expressions.order_bare.append((term, scope.bare))
            terms.append(term + (" DESC" if ordered.args.get("desc") else ""))
        return f" ORDER BY {', '.join(terms)}"

    def _order_term(
        self, term: exp.Expression, outputs: list[Output], expressions: Expressions
    ) -> str:
        place = None
        if (found := self._ordinal(term, outputs, "order clause")) is not None:
            place = int(str(term.this)) - 1
        elif isinstance(term, exp.Column) and not term.table:
            named = [i for i, o in enumerate(outputs) if o.name.lower() == term.name.lower()]
            place = named[0] if named else None
        if place is not None:
            found = outputs[place].value
            if found.is_constant:
                return "NULL"
            return ordering(replace(found, text=f'"${place + 1}"'))
        value = expressions.translate(term)
        return "NULL" if value.is_constant else ordering(value)

    def _limit(self, tree: exp.Expression) -> str:
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        if limit is None:
            return ""
        if not isinstance(limit, exp.Limit):
            raise unsupported(limit)
        text = f" LIMIT {self._count(limit.expression)}"
        return text + (f" OFFSET {self._count(offset.expression)}" if offset is not None else "")

    def _count(self, tree: exp.Expression) -> str:
        if (position := parameter_position(tree)) is not None:
            return f"my_limit({self.context.surroundings.parameters.number(position)})"
        if not isinstance(tree, exp.Literal) or tree.is_string or not str(tree.this).isdigit():
            raise unsupported(tree)
        return str(min(int(str(tree.this)), 2**63 - 1))

    # --- UNION ----------------------------------------------------------------------------------

    def _union(self, tree: exp.SetOperation, parent: Scope | None) -> Query:
        refuse_others(tree, _UNION_PARTS)
        branches: list[Query] = []
        words: list[str] = []
        self._flatten(tree, parent, branches, words)
        widths = {len(branch.outputs) for branch in branches}
        if len(widths) > 1:
            raise errors.WRONG_NUMBER_OF_COLUMNS_IN_SELECT()
        columns = [
            self._merged([branch.outputs[index] for branch in branches])
            for index in range(widths.pop())
        ]
        text = self._compound(branches, words, [output.value.type for output in columns])
        inner = Query(text, columns)
        if any(tree.args.get(part) for part in ("order", "limit", "offset")):
            return self._ordered_wrapper(tree, inner, parent)
        return inner

    def _flatten(
        self,
        tree: exp.SetOperation,
        parent: Scope | None,
        branches: list[Query],
        words: list[str],
    ) -> None:
        left = tree.this
        if isinstance(left, exp.SetOperation) and not left.args.get("with_"):
            self._flatten(left, parent, branches, words)
        else:
            branches.append(self.query(left, parent))
        name = type(tree).__name__.upper()
        if name not in ("UNION", "EXCEPT", "INTERSECT"):
            raise unsupported(tree)
        if not tree.args.get("distinct", True):
            if name != "UNION":
                raise errors.NOT_SUPPORTED_YET(construct=f"{name} ALL")
            name = "UNION ALL"
        words.append(name)
        branches.append(self.query(tree.expression, parent))

    @staticmethod
    def _merged(outputs: list[Output]) -> Output:
        values = [output.value for output in outputs]
        merged = common_type(values)
        origin = values[0].origin if all(v.type == merged for v in values) else None
        if origin is not None:
            origin = replace(origin, org_table="", table="", org_name="", schema="")
        nullable = any(value.nullable for value in values)
        return Output(outputs[0].name, Sql("", merged, nullable, origin=None))

    @staticmethod
    def _compound(branches: list[Query], words: list[str], merged: list[SqlType]) -> str:
        parts = []
        for branch in branches:
            items = []
            for index, (output, target) in enumerate(zip(branch.outputs, merged, strict=True), 1):
                column = replace(
                    output.value, text=f'"${index}"', origin=None, constant=NOT_CONSTANT
                )
                held = coerce(column, target)
                typed = (
                    ordering(replace(held, type=target))
                    if held.kind is not Kind.NULL
                    else (held.text)
                )
                items.append(f'{typed} AS "${index}"')
            parts.append(f"SELECT {', '.join(items)} FROM ({branch.text})")
        # SQLite keeps the last of several equal rows, MySQL the first; so does DISTINCT.
        names = ", ".join(f'"${index}"' for index in range(1, len(merged) + 1))
        text = parts[0]
        for word, part in zip(words, parts[1:], strict=True):
            if word == "UNION ALL":
                text += f" UNION ALL {part}"
            elif word == "UNION":
                text = f"SELECT DISTINCT {names} FROM ({text} UNION ALL {part})"
            else:
                text = f"SELECT DISTINCT {names} FROM ({text}) {word} {part}"
        return text
