"""Which sharded table a column belongs to, by the names in the text.

Nothing is known of the columns of tables but the shard key of those with a rule. That is enough: a
name that is a sharded table's key and some other table's column, too, servers refuse as ambiguous.

Source: MySQL Reference Manual, "Identifier Qualifiers", "JOIN Clause" (which columns USING has).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from athena_g.parser.statement import Column, Table
from athena_g.router.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A sharded table where a statement names it.

    ``optional``: an outer join may have NULL in place of its rows.
    """

    table: Table
    rule: Rule
    optional: bool = False


Key = tuple[Part, ...]
"""The parts whose keys a column has: several when it is a UNION's."""


@dataclass(slots=True, eq=False)
class Source:
    """What a FROM names: its name, and of which parts its columns are the keys."""

    called: str
    database: str | None = None
    keys: dict[str, Key] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Scope:
    """The sources of one query block; ``outer`` is the block around it.

    ``merged`` are columns that USING or NATURAL made one of two, and whose key that one is.
    """

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None
    merged: dict[str, Key] = field(default_factory=dict)

    def find(self, column: Column) -> Key:
        """The parts whose key a column is; empty when it is none, or that is not known."""
        name = column.name.casefold()
        if column.table is not None:
            return self._qualified(column.table, column.database, name)
        if name in self.merged:
            return self.merged[name]
        found = [source.keys[name] for source in self.sources if name in source.keys]
        if found:
            return found[0] if len(found) == 1 else ()
        if self.sources or self.outer is None:  # another table's, for all that is known
            return ()
        return self.outer.find(column)

    def _qualified(self, table: str, database: str | None, name: str) -> Key:
        called = [s for s in self.sources if s.called.casefold() == table.casefold()]
        if not called:
            return () if self.outer is None else self.outer._qualified(table, database, name)
        # Whether another case of letters is another name depends on the server.
        if len(called) > 1 or called[0].called != table:
            return ()
        if database is not None and called[0].database is None:
            return ()
        return called[0].keys.get(name, ())
