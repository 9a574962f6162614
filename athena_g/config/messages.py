"""Pydantic's errors, translated: what is wrong with which key, and what to write instead.

Of a value only what was written in the file is shown, and never that of a secret, of an unknown
key, or of anything that should have been a table.
"""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from athena_g.config import removed
from athena_g.config.document import Document
from athena_g.config.problems import Location, Problem, key_path
from athena_g.config.schema import Key, Model, find, heading, keys, tables

_REASONS = {
    "int_type": "is not a whole number",
    "float_type": "is not a number",
    "finite_number": "is not a number",
    "bool_type": "is not a truth value",
    "string_type": "is not text",
    "path_type": "is not a path",
    "tuple_type": "is not a list",
    "literal_error": "is not known here",
    "greater_than_equal": "is out of range",
    "less_than_equal": "is out of range",
}
_FOLLOWING = frozenset({"default_factory_not_called"})
"""Errors that only come after another one."""

_LONGEST_SHOWN = 80


def translate(error: ValidationError, document: Document, model: Model) -> Iterator[Problem]:
    """The problems that ``error`` stands for, without those that ``document`` reported."""
    for details in error.errors(include_url=False, include_input=False):
        if details["type"] not in _FOLLOWING and details["loc"] not in document.reported:
            message = _message(details, document, model)
            yield Problem(key_path(details["loc"]), message)


def _message(details: ErrorDetails, document: Document, model: Model) -> str:
    location, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        return removed.advice(location) or _unknown_key(location, model)
    key = find(model, location)
    if key is None:
        return details["msg"]
    if kind == "missing":
        return f"is missing; {_write(key, location, model)}"
    if kind == "too_short":
        return f"is empty; write at least one {heading(model, location)}"
    if key.table is not None:
        return _no_table(document.at(location), key, location, model)
    if kind == "refused":
        return details["msg"]
    reason = details["msg"] if kind == "wrong" else _REASONS.get(kind, "is wrong")
    return f"{shown(document, key, location)} {reason}; {_write(key, location, model)}"


def _write(key: Key, location: Location, model: Model) -> str:
    if key.table is None:
        return f"write {key.wanted}"
    return f"write {'at least one ' if key.many else ''}{heading(model, location)}"


def _no_table(value: Any, key: Key, location: Location, model: Model) -> str:
    line = heading(model, location)
    if key.many and isinstance(value, dict):
        return f"is a list of tables; write {line} with double brackets"
    if not key.many and isinstance(value, list):
        return f"is one table, not a list; write {line} with single brackets"
    return f"is not a table; write {line} and its keys below"


def shown(document: Document, key: Key, location: Location) -> str:
    """The value at ``location`` as a message may show it, and where it came from."""
    variable = document.variables.get(location)
    origin = f" (from {variable})" if variable else ""
    if key.is_secret or variable:  # what an environment holds may be meant for another key
        return f"the value{origin}"
    value = document.written.get(location, document.at(location))
    return f"{_literal(value)}{origin}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, (str, Path)):
        text = json.dumps(str(value), ensure_ascii=False)
    elif isinstance(value, (int, float, datetime.date, datetime.time)):
        text = str(value)
    else:
        return "the value"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _unknown_key(location: Location, model: Model) -> str:
    *above, name = location
    parent = find(model, tuple(above))
    table = parent.table if parent else model
    if table is None or not isinstance(name, str):
        return "is not a key"
    elsewhere = [heading(model, at) for at, other in tables(model) if name in keys(other)]
    if elsewhere:
        return f"is not a key here; it is one of {' and '.join(elsewhere)}"
    near = difflib.get_close_matches(name.lower(), keys(table), 1)
    if near:
        return f"is not a key; did you mean {near[0]}?"
    return f"is not a key; the keys here are {', '.join(keys(table))}"
