"""SHOW TABLES and SHOW TABLE STATUS: what the servers have, under the names clients know.

The parts of a sharded table are shown once, by the table's name, with what the server of shard 0
says of its part; tables at home as the home server shows them.

Source: MySQL Reference Manual, "SHOW TABLES Statement", "SHOW TABLE STATUS Statement".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from athena_g import errors
from athena_g.backend.look_back import Answer
from athena_g.group.sharding import Sharding
from athena_g.parser.literals import value_of
from athena_g.parser.text import Reading
from athena_g.protocol.columns import Column
from athena_g.session.information_schema import literal_of

Row = list[bytes | None]

# All of it is possessive or atomic: nothing to go back to, however long a text is.
_GAP = r"(?:\s|/\*(?!M?!)(?>.*?\*/)|(?:#|--\s)[^\n]*+(?:\n|\Z))"
_ASKED = re.compile(
    rf"{_GAP}*+(?P<question>show{_GAP}++(?:extended{_GAP}++)?+(?:full{_GAP}++)?+"
    rf"(?:tables|table{_GAP}++status)\b)"
    rf"(?:{_GAP}*+\b(?:from|in)\b{_GAP}*+(?P<database>`(?:[^`]++|``)*+`|\"[^\"]++\"|[\w$]++))?+"
    rf"(?:{_GAP}*+\blike\b{_GAP}*+(?P<like>'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\")"
    rf"|{_GAP}*+\bwhere\b(?P<where>.++)|){_GAP}*+;?+{_GAP}*+",
    re.I | re.S,
)
_QUERY = re.compile(r"\(\s*(?:select|table|values|with)\b", re.I)
_TITLE: Final = "Tables_in_"
_PATTERN = re.compile(r"\\(.)|(%)|(_)|(.)", re.S)
_UNESCAPED = re.compile(r"(?!)()|(%)|(_)|(.)", re.S)
_TEXT: Final = "utf-8"
_COLUMNS: Final = {
    "Name": "TABLE_NAME",
    "Rows": "TABLE_ROWS",
    "Collation": "TABLE_COLLATION",
    "Comment": "TABLE_COMMENT",
}
"""What information_schema.TABLES calls the columns of SHOW TABLE STATUS, where it is another name.
"""


class _Asked(NamedTuple):
    """A statement in its parts: ``like`` is a literal, ``where`` a condition."""

    question: str
    database: str
    like: str | None
    where: str | None


def tables(sharding: Sharding, text: bytes, reading: Reading) -> Answer | None:
    """What SHOW TABLES or SHOW TABLE STATUS answers; raises `SqlError`.

    ``None``: it has a condition, or is about another database, of which the home server says all,
    or it is a form of it that the server does not know.
    """
    asked = _asked(sharding, text, reading)
    if asked is None or asked.where is not None:
        return None
    found = _listed(sharding, asked.question)
    if found is None or asked.like is None:
        return found
    wanted = _matcher(asked.like, sharding.names_ignore_case, not reading.no_backslash_escapes)
    rows = [row for row in found.rows if wanted((row[0] or b"").decode(_TEXT))]
    return Answer(_titled(found.columns, f"{found.columns[0].name} ({asked.like})"), rows)


def query_of_tables(sharding: Sharding, text: bytes, reading: Reading) -> str | None:
    """A query that the home server answers as SHOW ... WHERE is to be answered.

    ``None`` for a statement without a condition, and for one about another database.
    """
    asked = _asked(sharding, text, reading)
    if asked is None or asked.where is None:
        return None
    if _QUERY.search(asked.where) is not None:
        raise errors.NOT_SUPPORTED_YET(construct="a query in SHOW ... WHERE in a group with shards")
    found = _listed(sharding, asked.question)
    if found is None:
        return None
    columns, escapes = found.columns, not reading.no_backslash_escapes
    rows = [
        ", ".join(
            literal_of(cell, column, escapes=escapes)
            for cell, column in zip(row, columns, strict=True)
        )
        for row in found.rows
    ]
    # The columns of the view give the names the collation that they have there.
    view = ", ".join(f"{_in_view(column.name)} AS `{column.name}`" for column in columns)
    first = f"SELECT {view} FROM information_schema.TABLES WHERE FALSE"
    derived = " UNION ALL ".join([first, *(f"SELECT {row}" for row in rows)])
    return f"SELECT * FROM ({derived}) AS `TABLES` WHERE {asked.where}\nORDER BY 1"


def _asked(sharding: Sharding, text: bytes, reading: Reading) -> _Asked | None:
    """The statement in its parts, if it is about the group's database."""
    found = _ASKED.fullmatch(text.decode(reading.codec, "replace").rstrip("; \t\r\n"))
    if found is None:
        raise errors.NOT_SUPPORTED_YET(construct="this form of SHOW in a group with shards")
    database = (found["database"] or "").strip('`"').replace("``", "`")
    if database and not sharding.is_database(database):
        return None
    like = None if found["like"] is None else _pattern(found["like"], reading)
    return _Asked(found["question"], database, like, found["where"])


def _pattern(literal: str, reading: Reading) -> str:
    if literal.startswith('"') and reading.ansi_quotes:
        raise errors.NOT_SUPPORTED_YET(construct="SHOW ... LIKE with other than a string")
    encoded = literal.encode(reading.codec, "replace")
    value = value_of(encoded, reading.codec, no_backslash_escapes=reading.no_backslash_escapes)
    return str(value)


def _listed(sharding: Sharding, question: str) -> Answer | None:
    """All tables, each once, sorted by their names; ``None`` where the server refuses."""
    first = sharding.pool_of(0) if sharding.has_shards else sharding.home_pool
    home = sharding.ask_if_allowed(sharding.home_pool, question)
    if home is None:
        return None
    there = home if first is sharding.home_pool else sharding.ask(first, question)
    rows = dict(_named(home, _at_home(sharding)))
    places = {column.name: place for place, column in enumerate(there.columns)}
    order = [0, *(places.get(column.name, -1) for column in home.columns[1:])]
    for name, row in _named(there, _of_shard(sharding)):
        rows[name] = [row[place] if place >= 0 else None for place in order]
    columns = home.columns
    if columns[0].name.startswith(_TITLE):
        columns = _titled(columns, f"{_TITLE}{sharding.group}")
    return Answer(columns, [rows[name] for name in sorted(rows)])


def _in_view(name: str) -> str:
    if name.startswith(_TITLE):
        return "TABLE_NAME"
    return _COLUMNS.get(name, name.upper())


def _titled(columns: list[Column], name: str) -> list[Column]:
    """The columns of SHOW TABLES, of which the first one tells the database and the pattern."""
    first, *others = columns
    if not first.name.startswith(_TITLE):
        return columns
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


def _matcher(pattern: str, ignore_case: bool, escapes: bool) -> Callable[[str], bool]:
    """Whether a name is LIKE a pattern; in a time that grows with their lengths only."""
    pieces = [""]
    for escaped, any_text, any_one, other in (_PATTERN if escapes else _UNESCAPED).findall(pattern):
        if any_text:
            pieces.append("")
        else:
            pieces[-1] += "." if any_one else re.escape(escaped or other)
    first, *others = pieces
    # The first place where a piece fits is as good as any, but for the last, which is at the end.
    between = [f"(?>.*?{piece})" for piece in others[:-1]]
    last = [f".*{piece}" for piece in others[-1:]]
    flags = re.S | (re.I if ignore_case else re.NOFLAG)
    compiled = re.compile("".join([first, *between, *last]), flags)
    return lambda name: compiled.fullmatch(name) is not None
