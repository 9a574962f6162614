"""FROM: tables, derived tables and the joins between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import quote
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate.relations import Field, Relation, Scope, table_relation
from athena_g.embedded.translate.values import compare

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions
    from athena_g.embedded.translate.select import Select

VIRTUAL_DATABASES = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
_TABLE_PARTS = frozenset({"this", "db", "alias", "hints", "joins"})


class From:
    """Translates one FROM clause into a scope's relations and SQLite's text."""

    def __init__(self, select: Select, scope: Scope, expressions: Expressions) -> None:
        self.select = select
        self.scope = scope
        self.expressions = expressions

    def translate(self, tree: exp.Select) -> str:
        """The text after FROM; empty without tables."""
        clause = tree.args.get("from_")
        if clause is None:
            return ""
        joins = tree.args.get("joins") or []
        first = clause.this
        if isinstance(first, exp.Table) and first.name.lower() == "dual" and not joins:
            return ""
        return self._joined(first, joins)

    def _joined(self, first: exp.Expression, joins: list[exp.Join]) -> str:
        text = self._relation(first)
        after_comma = False
        for join in joins:
            is_comma = not any(
                join.args.get(part) for part in ("kind", "side", "method", "on", "using")
            )
            if after_comma and join.side.upper() == "RIGHT":
                raise errors.NOT_SUPPORTED_YET(construct="RIGHT JOIN after a comma in FROM")
            after_comma = after_comma or is_comma
            text += self._join(join)
        return text

    def _join(self, join: exp.Join) -> str:
        if unknown := {name for name, part in join.args.items() if part} - {
            "this", "kind", "side", "method", "on", "using",
        }:  # fmt: skip
            raise errors.NOT_SUPPORTED_YET(construct=f"{unknown.pop()} of a join")
        side, kind = join.side.upper(), join.kind.upper()
        natural = join.method.upper() == "NATURAL"
        if side not in ("", "LEFT", "RIGHT") or kind not in (
            "", "INNER", "CROSS", "OUTER", "STRAIGHT_JOIN",
        ):  # fmt: skip
            raise unsupported(join)
        before, first = list(self.scope.relations), len(self.scope.listed)
        right = self._relation(join.this)
        added = [known for known in self.scope.relations if known not in before]
        word = f"{side} JOIN" if side else "CROSS JOIN" if kind == "STRAIGHT_JOIN" else "JOIN"
        text = f" {word} {right}"
        using = [identifier.name for identifier in join.args.get("using") or []]
        if natural:
            names = {found.name.lower() for known in added for found in known.fields}
            using = [f.name for f in self._visible(before) if f.name.lower() in names]
        if using:
            text += f" ON {self._using(using, before, added, side)}"
            self._reorder({name.lower() for name in using}, first, side)
        elif join.args.get("on") is not None:
            self.scope.clause = "on clause"
            text += f" ON {self.expressions.truth(join.args['on'])}"
            self.scope.clause = "field list"
        elif side:
            raise errors.PARSE_ERROR(near="", line=1)
        return text

    def _reorder(self, common: set[str], first: int, side: str) -> None:
        """What was joined by comes first in ``*``; a right join is a left one turned round."""
        listed = self.scope.listed
        left, right = listed[:first], listed[first:]
        if side == "RIGHT":
            left, right = right, left
        leading = [found for found in left if found.name.lower() in common]
        others = [found for found in left if found.name.lower() not in common]
        self.scope.listed = [*leading, *others, *right]

    def _visible(self, relations: list[Relation]) -> list[Field]:
        return [
            found
            for relation in relations
            for found in relation.fields
            if (relation.alias, found.name.lower()) not in self.scope.hidden
        ]

    def _using(
        self, names: list[str], before: list[Relation], added: list[Relation], side: str
    ) -> str:
        tests = []
        for name in names:
            pair = []
            for relations in (before, added):
                found = [
                    (relation, column)
                    for relation in relations
                    if (column := relation.find(name))
                    and (relation.alias, name.lower()) not in self.scope.hidden
                ]
                if not found:
                    raise errors.UNKNOWN_COLUMN(column=name, clause="from clause")
                pair.append(found[0])
            (left_relation, left), (right_relation, right) = pair
            tests.append(compare(left.value(), "=", right.value()).text)
            hidden = left_relation if side == "RIGHT" else right_relation
            self.scope.hidden.add((hidden.alias, name.lower()))
        return " AND ".join(tests)

    # --- one table ------------------------------------------------------------------------------

    def _relation(self, tree: exp.Expression) -> str:
        if isinstance(tree, exp.Subquery):
            return self._derived(tree)
        if isinstance(tree, exp.Paren):
            return f"({self._joined(tree.this, tree.this.args.get('joins') or [])})"
        if isinstance(tree, exp.Table):
            text = self._table(tree)
            joins = tree.args.get("joins")
            return text + "".join(self._join(join) for join in joins) if joins else text
        raise unsupported(tree)

    def _derived(self, tree: exp.Subquery) -> str:
        inner = tree.this
        if isinstance(inner, exp.Table):
            joins = [*(inner.args.get("joins") or []), *(tree.args.get("joins") or [])]
            inner.set("joins", None)
            return f"({self._joined(inner, joins)})"
        alias = tree.args.get("alias")
        if alias is None or alias.this is None:
            raise errors.DERIVED_WITHOUT_ALIAS()
        columns = [identifier.name for identifier in alias.args.get("columns") or []]
        relation, text = self.select.derived(inner, tree.alias, columns)
        self.scope.add(relation)
        return text

    def _table(self, tree: exp.Table) -> str:
        for name, part in tree.args.items():
            if part and name not in _TABLE_PARTS:
                raise unsupported(part if isinstance(part, exp.Expression) else tree)
        if not isinstance(tree.this, exp.Identifier):
            raise unsupported(tree)
        alias_tree = tree.args.get("alias")
        if alias_tree is not None and alias_tree.args.get("columns"):
            raise unsupported(alias_tree)
        name, alias = tree.name, tree.alias or tree.name
        database = tree.db or None
        fields = self.select.find_cte(name) if database is None else None
        if fields is not None:
            return self._cte(name, alias)
        context = self.select.context
        database = database or context.surroundings.database
        if database is None:
            raise errors.NO_DATABASE()
        if database.lower() in VIRTUAL_DATABASES:
            return self._virtual(database, name, alias)
        schema, table = context.surroundings.find_table(database, name)
        if context.forbidden_table == (database, table.name):
            raise errors.UPDATE_TABLE_USED(table=name)
        if not table.temporary:
            context.tables.append((database, table.name))
        self.scope.add(table_relation(table, database, alias))
        stored = f"{database}.{table.name}" if table.temporary else table.name
        return f"{quote(schema)}.{quote(stored)} AS {quote(alias)}"

    def _cte(self, name: str, alias: str) -> str:
        fields = self.select.find_cte(name) or []
        moved = [
            type(found)(
                found.name,
                f'{quote(alias)}."${index}"',
                found.type,
                found.nullable,
                alias,
                replace(found.origin, table=alias) if found.origin else None,
            )
            for index, found in enumerate(fields, 1)
        ]
        self.scope.add(Relation(alias, moved))
        return f"{quote(name)} AS {quote(alias)}"

    def _virtual(self, database: str, name: str, alias: str) -> str:
        context = self.select.context
        found = context.surroundings.find_virtual(database.lower(), name, alias)
        if found is None:
            raise errors.NO_SUCH_TABLE(table=f"{database}.{name}")
        context.cacheable = False
        relation, text = found
        self.scope.add(relation)
        return text
