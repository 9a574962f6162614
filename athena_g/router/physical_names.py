"""What the part of a table at a shard is called, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from string import Formatter


@dataclass(frozen=True)
class PhysicalName:
    """The names that a template (``{table}_{index:04d}``) makes."""

    template: str

    def of(self, table: str, index: int) -> str:
        """The name of the part of ``table`` at shard ``index``."""
        return self.template.format(table=table, index=index)

    def parts(self, name: str) -> tuple[str, int] | None:
        """The table and the index of which ``name`` is made; None if it is not made so."""
        found = self._pattern.fullmatch(name)
        if found is None:
            return None
        table, index = found["table"], int(found["index"])
        return (table, index) if self.of(table, index).casefold() == name.casefold() else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern = ""
        for text, name, *_ in Formatter().parse(self.template):
            pattern += re.escape(text)
            if name is not None:
                pattern += "(?P<table>.+)" if name == "table" else " *(?P<index>[0-9]{1,9})"
        return re.compile(pattern, re.IGNORECASE | re.DOTALL)
