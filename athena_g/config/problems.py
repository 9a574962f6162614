"""What is wrong with a configuration: where, what, and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Location = tuple[str | int, ...]
"""Where a value stands: keys and, in lists, indices, from the outermost table inwards."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def key_path(location: Location) -> str:
    """``location`` as people write it: ``groups[0].db_groups[1].name``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _key(part)
    return text


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. ``key_path`` is empty where the file as a whole is meant.

    ``source`` says where to look when that is not the file (``environment``).
    """

    key_path: str
    message: str
    source: str = ""


class ConfigError(Exception):
    """The configuration at ``path`` cannot be used; ``problems`` holds everything to mend.

    Its text has one line for each problem. It holds no password, nor does a traceback of it.
    """

    def __init__(self, path: str | Path, problems: Iterable[Problem]) -> None:
        super().__init__(path, tuple(problems))
        self.path = path

    @property
    def problems(self) -> list[Problem]:
        """Every problem found, in the order in which the text names them."""
        return list(self.args[1])

    def __str__(self) -> str:
        return "\n".join(self._line(problem) for problem in self.problems)

    def _line(self, problem: Problem) -> str:
        parts = (problem.source or str(self.path), problem.key_path, problem.message)
        return ": ".join(part for part in parts if part)
