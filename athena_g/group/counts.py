"""How queries on several shards were answered, and what they were stopped by: for metrics."""

from __future__ import annotations

from typing import Final

from athena_g.errors import SqlError

WAYS: Final = ("scattered", "one row", "ordered", "grouped", "gathered")
"""Rows passed on one shard after the other; made one; in order; groups put together; all rows
brought to one server."""
_REASONS: Final = {
    "SCATTER_TIMEOUT": "scatter_timeout_ms",
    "TOO_MANY_SHARDS": "max_scatter_shards",
    "TOO_MANY_ROWS_MEET": "max_join_rows",
    "MERGE_MEMORY": "max_memory_mb",
}
"""The settings that stop queries, by the names of their errors."""


class ScatterCounts:
    """The counts of one group: ``answered`` by way, ``stopped`` by the setting that did it."""

    __slots__ = ("answered", "stopped")

    def __init__(self) -> None:
        self.answered = dict.fromkeys(WAYS, 0)
        self.stopped = dict.fromkeys(_REASONS.values(), 0)

    def note_error(self, error: SqlError) -> None:
        """Count an error if it is a limit's."""
        reason = _REASONS.get(error.name)
        if reason is not None:
            self.stopped[reason] += 1
