"""The tables that an UPDATE or DELETE changes, and which of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import Table, quote
from athena_g.embedded.parse import parse_expression
from athena_g.embedded.translate.expressions import Expressions
from athena_g.embedded.translate.joins import From
from athena_g.embedded.translate.relations import Scope
from athena_g.embedded.translate.select import Select
from athena_g.embedded.types import SqlType

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

Row = tuple[tuple[Any, ...], tuple[Any, ...]]
"""A row's key, and the values read for it."""


@dataclass(slots=True)
class Target:
    """One table of the statement."""

    table: Table
    database: str
    alias: str
    updatable: bool = True

    def by_key(self) -> str:
        """The condition that finds one row, with a parameter for each part of its key."""
        return " AND ".join(
            f"{quote(self.alias)}.{quote(name)} = ?" for name in self.table.row_identity
        )

    def _key(self) -> list[str]:
        return [f"{quote(self.alias)}.{quote(name)}" for name in self.table.row_identity]

    def check_qualifier(self, name: str) -> None:
        """Raises 1054 if a column is qualified by another table's name."""
        parts = name.split(".")
        if len(parts) > 1 and parts[-2].lower() != self.alias.lower():
            raise errors.UNKNOWN_COLUMN(column=name, clause="field list")

    def owns(self, name: str, targets: Sequence[Target]) -> bool:
        """Whether an assigned column is this table's; raises 1052 if several have it."""
        parts = name.split(".")
        if len(parts) > 1:
            return parts[-2].lower() == self.alias.lower() and self._has(parts[-1])
        owners = [target for target in targets if target._has(name)]
        if len(owners) > 1:
            raise errors.AMBIGUOUS_COLUMN(column=name, clause="field list")
        return owners == [self]

    def _has(self, column: str) -> bool:
        return self.table.column(column) is not None

    def condition(self, expressions: Expressions, tree: exp.Select) -> str:
        """`` WHERE …`` of the statement, or nothing."""
        where = tree.args.get("where")
        if where is None:
            return ""
        expressions.scope.clause = "where clause"
        kept, expressions.scope.replaced = expressions.scope.replaced, {}
        text = expressions.truth(where.this)
        expressions.scope.replaced = kept
        return f" WHERE {text}"

    def checked_condition(self, expressions: Expressions, tree: exp.Select) -> str:
        """The same for a statement that changes rows, which then notices that it is to end."""
        condition = self.condition(expressions, tree).removeprefix(" WHERE ")
        return f" WHERE my_goes_on() AND ({condition})" if condition else ""

    def keys(self, session: EngineSession, tree: exp.Select) -> list[tuple[Any, ...]]:
        """The keys of the rows in the order of ORDER BY, as far as LIMIT goes."""
        return [key for key, _ in self.rows(session, tree, [])[1]]

    def rows(
        self, session: EngineSession, tree: exp.Select, pairs: Sequence[tuple[str, str, int]]
    ) -> tuple[list[SqlType], list[Row]]:
        """Each row once: its key and the values it is to be given, with their types."""
        context = session.context()
        if len(pairs) == 0 and tree.args.get("joins") is None:
            context.forbidden_table = None
        select = Select(context)
        scope = Scope()
        translator = Expressions(context, scope, select.query)
        text = From(select, scope, translator).translate(tree)
        values = [
            translator.translate(parse_expression(text, offset=offset, whole=session.statement))
            for _, text, offset in pairs
        ]
        width = len(self._key())
        listed = ", ".join([*self._key(), *(value.text for value in values)])
        query = f"SELECT {listed} FROM {text}{self.condition(translator, tree)}"
        query += select._order(tree, [], translator) + select._limit(tree)
        found: dict[tuple[Any, ...], Row] = {}
        for row in session.storage.connection.execute(query):
            key = tuple(row[:width])
            if None not in key:
                found.setdefault(key, (key, tuple(row[width:])))
        return [value.type for value in values], list(found.values())


def read_targets(session: EngineSession, tree: exp.Select) -> list[Target]:
    """Every table of the statement's references."""
    return list(_targets(session, tree))


def _targets(session: EngineSession, tree: exp.Select) -> Iterator[Target]:
    select = Select(session.context())
    scope = Scope()
    From(select, scope, Expressions(select.context, scope, select.query)).translate(tree)
    for relation in scope.relations:
        if relation.table is not None and relation.database is not None:
            yield Target(relation.table, relation.database, relation.alias)
        else:
            columns = Table(relation.alias, ())
            yield Target(columns, "", relation.alias, updatable=False)
