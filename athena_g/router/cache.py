"""The plans of the statements that came last, by the shape of the statement."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Plan = TypeVar("Plan")

MAX_KEY_BYTES = 64 * 1024
"""A plan with a longer key is not kept: such texts are long lists, and seldom alike."""
MAX_BYTES = 16 * 1024 * 1024
"""Bytes that the keys of a cache may have together, if its maker says nothing else."""


class PlanCache(Generic[Plan]):
    """Plans by key; of more than ``limit`` the one goes that was used longest ago.

    A key is a text, or a tuple with texts in it, and counts with their lengths: a plan is about as
    large as the text that it is for. ``hits``, ``misses`` and ``evictions`` count from the
    beginning on, also over :meth:`clear`.
    """

    def __init__(self, limit: int, max_bytes: int = MAX_BYTES) -> None:
        self.limit = limit
        self.max_bytes = max_bytes
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self.bytes = 0
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()

    def __len__(self) -> int:
        return len(self._plans)

    def __repr__(self) -> str:
        return (
            f"<PlanCache {len(self)} of {self.limit} plans, {self.bytes} bytes of keys, "
            f"{self.hits} hits, {self.misses} misses, {self.evictions} evictions>"
        )

    def get(self, key: Hashable) -> Plan | None:
        """The plan of a key, ``None`` when there is none."""
        plan = self._plans.get(key)
        if plan is None:
            self.misses += 1
            return None
        self.hits += 1
        self._plans.move_to_end(key)
        return plan

    def put(self, key: Hashable, plan: Plan) -> None:
        """Keep the plan of a key, instead of one that it has, unless the key is too long."""
        size = _size(key)
        if size > min(MAX_KEY_BYTES, self.max_bytes) or not self.limit:
            return
        if key not in self._plans:
            self.bytes += size
        self._plans[key] = plan
        self._plans.move_to_end(key)
        while len(self._plans) > self.limit or self.bytes > self.max_bytes:
            oldest, _ = self._plans.popitem(last=False)
            self.bytes -= _size(oldest)
            self.evictions += 1

    def clear(self) -> None:
        """Forget all plans; none of them counts as evicted."""
        self._plans.clear()
        self.bytes = 0


def _size(key: Hashable) -> int:
    parts = key if isinstance(key, tuple) else (key,)
    return sum(len(part) for part in parts if isinstance(part, bytes | str))
