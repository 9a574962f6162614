"""Which errors are refusals that the documentation knows."""

from __future__ import annotations

import re
from typing import Final

from athena_g import errors

_FIELD = re.compile(r"\\\{\w+\\\}")
_DOCUMENTED: Final = [
    (entry.name, re.compile(_FIELD.sub("(.*)", re.escape(entry.text)), re.DOTALL))
    for entry in (
        errors.EMPTY_SHARD_INTERSECTION,
        errors.SHARDS_WOULD_MIX,
        errors.NEEDS_MERGE,
        errors.MERGE_NOT_EXACT,
        errors.SCATTER_WRITE,
        errors.SCATTER_WRITE_LIMIT,
        errors.CROSS_SHARD_TRANSACTION,
        errors.SCATTER_IN_TRANSACTION,
        errors.SESSION_BOUND,
        errors.NOT_UNDERSTOOD,
        errors.NOT_ON_SHARDED,
        errors.TABLE_NOT_THERE,
        errors.KEY_MISSING,
        errors.KEY_CHANGES,
        errors.BROADCAST_MIXED,
        errors.PARTLY_DONE,
        errors.MEETS_IN_TRANSACTION,
        errors.CANNOT_MEET,
        errors.TOO_MANY_ROWS_MEET,
        errors.MERGE_MEMORY,
        errors.SCATTER_TIMEOUT,
        errors.TOO_MANY_SHARDS,
    )
]
DEPENDING: Final = (
    "CROSS_SHARD_TRANSACTION",
    "SCATTER_IN_TRANSACTION",
    "SESSION_BOUND",
    "PARTLY_DONE",
    "MEETS_IN_TRANSACTION",
)
"""Refusals that depend on what came before."""


def reason(line: str) -> str:
    """The registry's name for a refusal, and what of it was refused; empty if it is none."""
    found = re.match(r"ERR (?:1105|1114|1235|3024) \((?:HY000|42000)\) (.*)", line, re.DOTALL)
    if found is None:
        return ""
    for name, text in _DOCUMENTED:
        fields = text.fullmatch(found[1])
        if fields is not None:
            return f"{name}: {fields[1]}" if name == "NEEDS_MERGE" else name
    return ""
