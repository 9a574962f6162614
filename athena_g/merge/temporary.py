"""A table like one of a shard, made for the time of one statement.

It has the same columns and indexes, so that what is made of its rows has the same types and flags;
it lacks what temporary tables cannot have and what does not matter for a query.

Source: MySQL Reference Manual, "SHOW CREATE TABLE Statement", "CREATE TEMPORARY TABLE Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = rb"`(?:[^`]|``)+`"
_COLUMN: Final = re.compile(rb"  (%b) (\w+)" % _NAME)
_LEFT_OUT: Final = re.compile(rb"  (?:CONSTRAINT |FULLTEXT |PERIOD |FOREIGN )")
_UNIQUE: Final = re.compile(rb"  UNIQUE KEY (%b) (.*)" % _NAME)
_PRIMARY: Final = re.compile(rb"  PRIMARY KEY (.*)")
_QUOTED: Final = re.compile(rb"'(?:[^'\\]|\\.|'')*'|" + _NAME)
_GENERATED: Final = re.compile(rb" (?:GENERATED ALWAYS )?AS \(.*(?: VIRTUAL| STORED| PERSISTENT)")
_CHARSET: Final = re.compile(rb" DEFAULT CHARSET=\w+(?: COLLATE=\w+)?")


@dataclass(frozen=True, slots=True)
class Likeness:
    """The statement that makes a table, and its columns that are to be filled, quoted.

    ``timestamps`` are those of them that are times in a time zone. ``relaxing`` is the statement by
    which it bears the same key twice, empty if it does anyway: rows of two shards may have one.
    """

    statement: bytes
    columns: tuple[bytes, ...]
    timestamps: tuple[bytes, ...]
    relaxing: bytes


def likeness(shown: bytes, name: bytes) -> Likeness:
    """What SHOW CREATE TABLE said, for a temporary table of another name, quoted.

    Raises ValueError for what is no table.
    """
    lines = shown.split(b"\n")
    if not lines[0].startswith(b"CREATE TABLE ") or not lines[0].endswith(b"("):
        raise ValueError("not a table")
    last = next((n for n, each in enumerate(lines) if each.startswith(b")")), len(lines) - 1)
    end = lines[last]
    body = [each.removesuffix(b",") for each in lines[1:last]]
    kept = [each for each in body if not _LEFT_OUT.match(each)]
    charset = _CHARSET.search(end)
    statement = b"CREATE TEMPORARY TABLE %b (\n%b\n)%b" % (
        name,
        b",\n".join(kept),
        b"" if charset is None else charset[0],
    )
    columns = [
        (found[1], found[2].lower())
        for line in kept
        if (found := _COLUMN.match(line)) and not _is_generated(line[found.end() :])
    ]
    changes = b", ".join(_relaxing(kept))
    return Likeness(
        statement,
        tuple(column for column, _ in columns),
        tuple(column for column, kind in columns if kind == b"timestamp"),
        b"ALTER TABLE %b %b" % (name, changes) if changes else b"",
    )


def _is_generated(definition: bytes) -> bool:
    """Whether a column's values are computed, by what stands behind its type."""
    return _GENERATED.search(_QUOTED.sub(b"''", definition)) is not None


def _relaxing(lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        primary, unique = _PRIMARY.match(line), _UNIQUE.match(line)
        if primary is not None:
            yield b"DROP PRIMARY KEY, ADD KEY %b" % primary[1]
        elif unique is not None:
            yield b"DROP KEY %b, ADD KEY %b %b" % (unique[1], unique[1], unique[2])
