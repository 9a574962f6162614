"""SHOW TABLES and SHOW TABLE STATUS: what the servers have, under the names clients know.

The parts of a sharded table are shown once, by the table's name, with what the server of shard 0
says of its part; tables at home as the home server shows them.

Source: MySQL Reference Manual, "SHOW TABLES Statement", "SHOW TABLE STATUS Statement".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from athena_g import errors
from athena_g.backend.look_back import Answer
from athena_g.group.sharding import Sharding
from athena_g.protocol.columns import Column

Row = list[bytes | None]

_LIKE = re.compile(
    r"\blike\s*('(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")\s*;?\s*\Z", re.I | re.S
)
_DATABASE = re.compile(r"\s(?:from|in)\s*(?:`((?:[^`]|``)+)`|\b([\w$]+))", re.I)
_TITLE: Final = "Tables_in_"
_WHERE = re.compile(r"\bwhere\b", re.I)
_PATTERN = re.compile(r"\\(.)|(%)|(_)|''|(.)", re.S)
_TEXT: Final = "utf-8"


def tables(sharding: Sharding, text: str) -> Answer | None:
    """What SHOW TABLES or SHOW TABLE STATUS answers; raises `SqlError` for a form with WHERE.

    ``None``: it is about another database, of which the home server says all.
    """
    like = _LIKE.search(text)
    if like is None and _WHERE.search(text) is not None:
        raise errors.NOT_SUPPORTED_YET(construct="SHOW ... WHERE in a group with shards")
    question = text if like is None else text[: like.start()]
    database = _DATABASE.search(question)
    if database is not None:
        if (database[1] or database[2]).casefold() != sharding.group.casefold():
            return None
        question = question[: database.start()] + question[database.end() :]
    home = sharding.ask(sharding.home_pool, question)
    rows = dict(_named(home, _at_home(sharding)))
    first = sharding.pool_of(0) if sharding.has_shards else sharding.home_pool
    there = home if first is sharding.home_pool else sharding.ask(first, question)
    rows.update(_named(there, _of_shard(sharding)))
    pattern = like[1][1:-1] if like is not None else None
    wanted = _matcher(pattern) if pattern is not None else lambda _: True
    found = [row for name, row in sorted(rows.items()) if wanted(name)]
    return Answer(_columns(home.columns, sharding.group, pattern), found)


def _columns(columns: list[Column], group: str, pattern: str | None) -> list[Column]:
    """The columns, of which the first one names the database and the pattern."""
    first, *others = columns
    if not first.name.startswith(_TITLE):
        return columns
    name = f"{_TITLE}{group}" + (f" ({pattern})" if pattern is not None else "")
    org_name = name if first.org_name.startswith(_TITLE) else first.org_name
    return [replace(first, name=name, org_name=org_name), *others]


def _named(answer: Answer, called: Callable[[str], str | None]) -> Iterable[tuple[str, Row]]:
    for row in answer.rows:
        name = called((row[0] or b"").decode(_TEXT, "replace"))
        if name is not None:
            yield name, [name.encode(_TEXT), *row[1:]]


def _at_home(sharding: Sharding) -> Callable[[str], str | None]:
    rules = sharding.router.rules
    return lambda name: name if rules.logical_name(name) is None else None


def _of_shard(sharding: Sharding) -> Callable[[str], str | None]:
    return sharding.router.rules.logical_name


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name is LIKE a pattern, in any case of letters as servers compare names."""
    parts = []
    for escaped, any_text, any_one, other in _PATTERN.findall(pattern):
        parts.append(".*" if any_text else "." if any_one else re.escape(escaped or other or "'"))
    compiled = re.compile("".join(parts), re.I | re.S)
    return lambda name: compiled.fullmatch(name) is not None
