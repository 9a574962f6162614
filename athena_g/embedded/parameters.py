"""The parameters of the statement that runs: where their marks stand, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from athena_g.embedded.native import Value
from athena_g.embedded.translate.expressions import constant
from athena_g.embedded.translate.parameters import UNKNOWN, parameter, parameter_type
from athena_g.embedded.translate.values import Sql
from athena_g.embedded.types import SqlType


class Parameters:
    """As many values as the statement has marks."""

    def __init__(self) -> None:
        self._marks: Mapping[int, int] = {}
        self.values: Sequence[Value] = ()
        self.as_constants = False
        """Whether values are translated as constants, where nothing else is understood."""

    def bind(self, marks: Mapping[int, int], values: Sequence[Value]) -> None:
        """The parameters of another statement; ``marks`` has their numbers by position."""
        self._marks, self.values, self.as_constants = marks, values, False

    def bind_unknown(self, marks: Mapping[int, int]) -> None:
        """Those of a statement that is prepared and not run."""
        self.bind(marks, (UNKNOWN,) * len(marks))

    def __len__(self) -> int:
        return len(self.values)

    def types(self) -> tuple[SqlType | None, ...]:
        """The type of each; None while the statement is being prepared."""
        return tuple(None if value is UNKNOWN else parameter_type(value) for value in self.values)

    def number(self, position: int) -> int:
        """Which parameter's mark stands at the position of the text, counted from 0."""
        return self._marks[position]

    def at(self, position: int) -> Value:
        """The value of the parameter."""
        return self.values[self._marks[position]]

    def translated(self, position: int, collation: str) -> Sql:
        """The parameter in SQLite's text."""
        value = self.at(position)
        if self.as_constants:
            return constant(value, collation)
        return parameter(self._marks[position], value, collation)
