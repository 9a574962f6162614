"""What a translation may ask of the session it is made for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from athena_g.embedded.catalogue import Table
from athena_g.embedded.native import Value
from athena_g.embedded.translate.relations import Relation
from athena_g.embedded.translate.values import Sql
from athena_g.embedded.types import DEFAULT_COLLATION


class ParameterMarks(Protocol):
    """The parameters of the statement, by where their marks stand in it."""

    def number(self, position: int) -> int:
        """Which parameter it is, counted from 0."""

    def translated(self, position: int, collation: str) -> Sql:
        """The parameter in SQLite's text."""


class Surroundings(Protocol):
    """The session's side: its tables and variables."""

    database: str | None

    def find_table(self, database: str, name: str) -> tuple[str, Table]:
        """SQLite's schema of the table and its definition; raises 1049, 1146."""

    def find_virtual(self, database: str, name: str, alias: str) -> tuple[Relation, str] | None:
        """A table that is computed, with its text for FROM (information_schema)."""

    def system_variable(self, name: str, scope: str) -> Value:
        """The value of ``@@scope.name``; raises 1193."""

    def user_variable(self, name: str) -> Value:
        """The value of ``@name``; None if never set."""

    @property
    def parameters(self) -> ParameterMarks:
        """The statement's parameters."""


@dataclass(slots=True)
class Context:
    """One translation: where it happens, and what it found out about itself."""

    surroundings: Surroundings
    sql: str = ""
    collation: str = DEFAULT_COLLATION
    full_group_by: bool = True
    cacheable: bool = True
    locks: bool = False
    no_wait: bool = False
    tables: list[tuple[str, str]] = field(default_factory=list)
    """Every stored table read: (database, name)."""
    forbidden_table: tuple[str, str] | None = None
    """The target of an UPDATE or DELETE, which its subqueries may not read."""
    calc_found_rows: bool = False
