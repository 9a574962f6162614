"""Environment variables laid over the tables of the file.

``ATHENA_SERVER__LISTEN_PORT`` is ``server.listen_port``, and
``ATHENA_GROUPS__0__PASSWORD`` is ``groups[0].password``: an index names an entry of the file's
list, or the one after its last, which is then added.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from athena_g.config.problems import Location, Problem, key_path
from athena_g.config.schema import Key, Model, keys

PREFIX = "ATHENA_"
DELIMITER = "__"
RESERVED_PREFIXES = ("ATHENA_TEST_", "ATHENA_EMBEDDED_")
"""Variables that mean something else. A table of the same name is still reached, by ``__``."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
_INDEX_PART = re.compile(r"(?<=__)[0-9]+(?=__|$)")


@dataclass(frozen=True, slots=True)
class Override:
    """One environment variable, the place that it sets, and its text."""

    variable: str
    location: Location
    text: str


def read(environ: Mapping[str, str], model: Model) -> tuple[list[Override], list[Problem]]:
    """What ``environ`` overrides, by location, and a problem for each variable without a key."""
    overrides: list[Override] = []
    problems: list[Problem] = []
    for variable in sorted(filter(_is_ours, environ)):
        found = _locate(variable, model)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            overrides.append(Override(variable, found, environ[variable]))
    return sorted(overrides, key=lambda override: override.location), problems


def _is_ours(variable: str) -> bool:
    if not variable.startswith(PREFIX):
        return False
    return not any(
        variable.startswith(reserved) and not variable.startswith(reserved + "_")
        for reserved in RESERVED_PREFIXES
    )


def _locate(variable: str, model: Model) -> Location | Problem:
    """The place that ``variable`` names, or what is wrong with its name."""
    location: list[str | int] = []
    table: Model | None = model
    listed: Key | None = None
    for part in variable.removeprefix(PREFIX).split(DELIMITER):
        if listed and _INDEX.fullmatch(part):
            location.append(int(part))
            table, listed = listed.table, None
            continue
        key = keys(table).get(part.lower()) if table and part.isupper() else None
        if key is None:
            return _unknown(variable, model)
        location.append(key.name)
        table, listed = (None, key) if key.many else (key.table, None)
    if listed and listed.table:
        return _is_table(variable, f"{variable}{DELIMITER}0", listed.table)
    return _is_table(variable, variable, table) if table else tuple(location)


def _unknown(variable: str, model: Model) -> Problem:
    near = difflib.get_close_matches(_INDEX_PART.sub("0", variable), _variables(model, PREFIX), 1)
    indices = iter(_INDEX_PART.findall(variable))
    advice = "unset it"
    if near:
        advice = f"did you mean {_INDEX_PART.sub(lambda _: next(indices, '0'), near[0])}?"
    return Problem(variable, f"names no key of the configuration; {advice}", "environment")


def _is_table(variable: str, name: str, table: Model) -> Problem:
    example = next(_variables(table, name + DELIMITER))
    message = f"names a table, not a key; write the key too, such as {example}"
    return Problem(variable, message, "environment")


def _variables(model: Model, prefix: str) -> Iterator[str]:
    """The variable of every key of ``model``, with 0 for every index."""
    for key in keys(model).values():
        name = prefix + key.name.upper()
        if key.table is None:
            yield name
        else:
            index = f"{DELIMITER}0" if key.many else ""
            yield from _variables(key.table, f"{name}{index}{DELIMITER}")


def lay_over(tables: dict[str, Any], override: Override) -> Problem | None:
    """Set what ``override`` names in ``tables``; a problem if its index leaves a gap in a list.

    Where the file has something else than a table or a list on the way, nothing is done: that is
    reported as such.
    """
    container: Any = tables
    for depth, (part, following) in enumerate(pairwise(override.location), start=1):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(part, int) and isinstance(container, list) and part > len(container):
            return _gap(override, depth, len(container))
        container = _enter(container, part, empty)
    last = override.location[-1]
    if isinstance(last, int) and isinstance(container, list) and last > len(container):
        return _gap(override, len(override.location), len(container))
    _put(container, last, override.text)
    return None


def _enter(container: Any, part: str | int, empty: Any) -> Any:
    if isinstance(container, dict):
        return container.setdefault(part, empty)
    if isinstance(container, list) and isinstance(part, int):
        if part == len(container):
            container.append(empty)
        return container[part]
    return None


def _put(container: Any, part: str | int, text: str) -> None:
    if isinstance(container, dict):
        container[part] = text
    elif isinstance(container, list) and isinstance(part, int):
        container[part : part + 1] = [text]


def _gap(override: Override, depth: int, length: int) -> Problem:
    path = key_path(override.location[: depth - 1])
    entries = "1 entry" if length == 1 else f"{length} entries"
    message = (
        f"has the index {override.location[depth - 1]}, but {path} has {entries}; "
        f"write an index from 0 to {length}"
    )
    return Problem(override.variable, message, "environment")
