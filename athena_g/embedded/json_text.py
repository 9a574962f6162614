"""JSON documents as MySQL keeps and prints them, and the paths into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from athena_g import errors

_LEG = re.compile(r"\s*(?:\.\s*(\*|[A-Za-z_$][\w$]*|\"(?:[^\"\\]|\\.)*\")|\[\s*(\*|\d+)\s*\])")


def load(text: str) -> Any:
    """The document of a JSON text; raises ``json.JSONDecodeError``."""
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError("Invalid value.", name, 0)


def reason(error: json.JSONDecodeError) -> str:
    """MySQL's words for the commonest of Python's reasons."""
    if error.pos >= len(error.doc):
        return "The document is empty." if not error.doc.strip() else "Invalid value."
    return (
        "The document root must not be followed by other values."
        if (error.msg == "Extra data")
        else "Invalid value."
    )


def _ordered(document: Any) -> Any:
    if isinstance(document, dict):
        keys = sorted(document, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _ordered(document[key]) for key in keys}
    return [_ordered(item) for item in document] if isinstance(document, list) else document


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def dump(document: Any) -> str:
    """The text MySQL prints: keys by length and then bytes, ``, `` and ``: `` between."""
    return json.dumps(_ordered(document), ensure_ascii=False, default=_default)


def normalise(text: str) -> str:
    """The text MySQL keeps of a JSON text."""
    return dump(load(text))


def path_legs(path: str) -> list[str | int | None]:
    """The legs of a path: a key, an index, or None for ``*``; ``**`` is refused with 1235."""
    if "**" in path:
        raise errors.NOT_SUPPORTED_YET(construct="** in a JSON path")
    stripped = path.strip()
    if not stripped.startswith("$"):
        raise errors.INVALID_JSON_PATH(position=1)
    legs: list[str | int | None] = []
    position = 1
    while position < len(stripped):
        match = _LEG.match(stripped, position)
        if match is None:
            raise errors.INVALID_JSON_PATH(position=position + 1)
        key, index = match.groups()
        if "*" in (key, index):
            legs.append(None)
        elif index is not None:
            legs.append(int(index))
        else:
            legs.append(json.loads(key) if key.startswith('"') else key)
        position = match.end()
    return legs


def find(document: Any, legs: list[str | int | None]) -> Iterator[Any]:
    """Every value the path leads to."""
    if not legs:
        yield document
        return
    leg, rest = legs[0], legs[1:]
    if leg is None:
        children = (
            list(document.values())
            if isinstance(document, dict)
            else document
            if isinstance(document, list)
            else []
        )
        for child in children:
            yield from find(child, rest)
    elif isinstance(leg, str):
        if isinstance(document, dict) and leg in document:
            yield from find(document[leg], rest)
    elif isinstance(document, list):
        if leg < len(document):
            yield from find(document[leg], rest)
    elif leg == 0:
        yield from find(document, rest)


def put(document: Any, legs: list[str | int | None], value: Any, *, when: str) -> Any:
    """The document with the value at the path; ``when``: ``set``, ``insert`` or ``replace``."""
    if not legs:
        return document if when == "insert" else value
    leg, rest = legs[0], legs[1:]
    if isinstance(leg, str) and isinstance(document, dict):
        if leg in document:
            document[leg] = put(document[leg], rest, value, when=when)
        elif not rest and when != "replace":
            document[leg] = value
    elif isinstance(leg, int):
        if not isinstance(document, list):
            if leg == 0:
                return put(document, rest, value, when=when)
            if rest or when == "replace":
                return document
            return [document, value]
        if leg < len(document):
            document[leg] = put(document[leg], rest, value, when=when)
        elif not rest and when != "replace":
            document.append(value)
    return document


def remove(document: Any, legs: list[str | int | None]) -> Any:
    """The document without what the path leads to."""
    for parent in find(document, legs[:-1]):
        leg = legs[-1]
        if isinstance(parent, dict):
            parent.pop(leg, None)
        elif isinstance(parent, list) and isinstance(leg, int) and leg < len(parent):
            parent.pop(leg)
    return document


_TYPES = {dict: "OBJECT", list: "ARRAY", str: "STRING", float: "DOUBLE", int: "INTEGER"}


def type_name(document: Any) -> str:
    """What JSON_TYPE calls the value."""
    if document is None:
        return "NULL"
    if isinstance(document, bool):
        return "BOOLEAN"
    return _TYPES[type(document)]


_RANK = {"NULL": 0, "INTEGER": 1, "DOUBLE": 1, "STRING": 2, "OBJECT": 3, "ARRAY": 4, "BOOLEAN": 5}


def compare(left: Any, right: Any) -> int:
    """How two documents compare by MySQL's precedence of JSON types."""
    left_rank, right_rank = _RANK[type_name(left)], _RANK[type_name(right)]
    if left_rank != right_rank:
        return (left_rank > right_rank) - (left_rank < right_rank)
    if left_rank in (0, 3):
        return 0 if left == right else (dump(left) > dump(right)) * 2 - 1
    if left_rank == 4:
        for one, other in zip(left, right, strict=False):
            if order := compare(one, other):
                return order
        return (len(left) > len(right)) - (len(left) < len(right))
    return int(left > right) - int(left < right)
