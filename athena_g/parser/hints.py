"""What a client says in a comment about where its statement is to go.

A hint is a comment ``/*athena: ... */`` anywhere in a statement: in front of it, behind its first
word, at its end. Some clients take comments out before they send a statement: MySQL's and MariaDB's
own do, unless they are started with ``--comments``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.parser.digest import comments


class Role(Enum):
    """Which server of a DB group is to answer."""

    MASTER = "master"
    SLAVE = "slave"


@dataclass(frozen=True, slots=True)
class Hint:
    """What the hints of a statement say; ``None`` and False for what they do not speak of."""

    shard: int | None = None
    role: Role | None = None
    scatter: bool = False


_MARK = b"athena:"
_COMMENT = re.compile(rb"/\*\s*+athena:(.*)\*/", re.DOTALL)
_EQUALS = re.compile(r"\s*+=\s*+")
_SCATTER = "scatter"
_SHARD = re.compile(r"shard=([0-9]{1,9})", re.ASCII)
_ROLES = {
    "master": Role.MASTER,
    "primary": Role.MASTER,
    "slave": Role.SLAVE,
    "replica": Role.SLAVE,
}
_MAX_SHOWN = 100


def athena_hint(
    text: bytes, *, ansi_quotes: bool = False, no_backslash_escapes: bool = False
) -> Hint | None:
    """What the hints of a statement say together, ``None`` when it has none, as nearly always.

    Raises :data:`athena_g.errors.INVALID_HINT` for a hint that is not one, and for those that
    contradict one another.
    """
    if text.find(_MARK) < 0:
        return None
    words: list[str] = []
    for comment in comments(
        text, ansi_quotes=ansi_quotes, no_backslash_escapes=no_backslash_escapes
    ):
        found = _COMMENT.fullmatch(comment)
        if found is not None:
            words += _words(found[1].decode("ascii", "replace"))
    return _hint(words) if words else None


def _words(content: str) -> list[str]:
    """What one comment says, in lower case, ``shard = 3`` as one word."""
    words = _EQUALS.sub("=", content.lower()).replace(",", " ").split()
    if not words:
        raise _invalid("", "it says nothing")
    return words


def _hint(words: list[str]) -> Hint:
    shards, roles = set[int](), set[Role]()
    for word in words:
        shard = _SHARD.fullmatch(word)
        if shard is not None:
            shards.add(int(shard[1]))
        elif word in _ROLES:
            roles.add(_ROLES[word])
        elif word != _SCATTER:
            raise _invalid(word, "it is not known")
    scatter = _SCATTER in words
    if len(shards) + scatter > 1:
        raise _invalid(" ".join(words), "a statement goes to one shard or is a scatter")
    if len(roles) > 1:
        raise _invalid(" ".join(words), "a statement goes to a master or to a slave")
    return Hint(next(iter(shards), None), next(iter(roles), None), scatter)


def _invalid(hint: str, reason: str) -> SqlError:
    return errors.INVALID_HINT(hint=hint[:_MAX_SHOWN], reason=reason)
