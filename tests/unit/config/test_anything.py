"""Whatever stands wherever, loading gives settings or a ConfigError and nothing else."""

from __future__ import annotations

import copy
import json
import math
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from athena_g.config import ConfigError
from athena_g.config.problems import Location
from athena_g.config.reference import render_reference

from .samples import Bench

ODD: tuple[object, ...] = (
    5,
    -1,
    1.5,
    math.nan,
    True,
    date(1979, 5, 27),
    "",
    "${",
    "${X}",
    "\0",
    [],
    [[]],
    [{}],
    {},
)


def full() -> dict[str, Any]:
    """The document that the examples of the reference make."""
    text = "\n".join(line.removeprefix("#") for line in render_reference().splitlines())
    return tomllib.loads("\n".join(line for line in text.splitlines() if line[:1] != " "))


def places(value: Any, location: Location = ()) -> Iterator[Location]:
    """The location of everything below ``value``."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in entries:
        yield (*location, key)
        if isinstance(child, (dict, list)):
            yield from places(child, (*location, key))


def toml(value: Any) -> str:
    """``value`` as TOML, inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, (date, float)) else json.dumps(value)


def replaced(document: dict[str, Any], location: Location, value: Any) -> str:
    """``document`` as TOML with ``value`` at ``location``."""
    changed = copy.deepcopy(document)
    table: Any = changed
    for part in location[:-1]:
        table = table[part]
    table[location[-1]] = value
    return "\n".join(f"{key} = {toml(child)}" for key, child in changed.items())


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_value_anywhere_is_taken_or_reported(bench: Bench, odd: object) -> None:
    for name in ("server.pem", "server-key.pem", "ca.pem"):
        bench.write(name)
    document = full()
    for location in places(document):
        try:
            bench.load(replaced(document, location, odd))
        except ConfigError as error:
            assert all(problem.message for problem in error.problems), location


def test_the_full_document_is_itself_valid(bench: Bench) -> None:
    for name in ("server.pem", "server-key.pem", "ca.pem"):
        bench.write(name)
    bench.load(replaced(full(), ("log", "level"), "INFO"))
