"""From samples of several rounds to the figures that are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench_lib.process import CpuTime

Pairs = Sequence[tuple[float | None, float | None]]


@dataclass(frozen=True)
class Outcome:
    """What the client saw of one timed piece of work."""

    count: int
    """Queries, connections or results."""
    seconds: float
    p95_ms: float
    amount: float
    """What the rate counts, queries or megabytes: the rate is amount per second."""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One turn of one contender: what the client saw, and what the proxy's process spent."""

    outcome: Outcome | None
    """None when the work failed; then there are errors."""
    cpu: CpuTime | None
    """None where there is no proxy."""
    errors: tuple[str, ...] = ()

    @property
    def rate(self) -> float | None:
        if self.outcome is None:
            return None
        return self.outcome.amount / self.outcome.seconds

    @property
    def p95_ms(self) -> float | None:
        return None if self.outcome is None else self.outcome.p95_ms

    @property
    def user(self) -> float | None:
        """Seconds of CPU in user space for one query, connection or result."""
        return self._each(self.cpu.user) if self.cpu else None

    @property
    def kernel(self) -> float | None:
        """Seconds of CPU in the kernel for one query, connection or result."""
        return self._each(self.cpu.kernel) if self.cpu else None

    @property
    def total(self) -> float | None:
        """Both together."""
        return self._each(self.cpu.user + self.cpu.kernel) if self.cpu else None

    def _each(self, seconds: float) -> float | None:
        if self.outcome is None or self.outcome.count == 0:
            return None
        return seconds / self.outcome.count


@dataclass(frozen=True)
class Summary:
    """One line of a table: medians over the rounds; None where there is nothing to say.

    CPU is in seconds for one query, connection or result.
    """

    contender: str
    rate: float | None
    p95_ms: float | None
    cpu: float | None
    user: float | None
    kernel: float | None
    cpu_ratio: float | None
    rate_ratio: float | None
    errors: tuple[str, ...]
    samples: tuple[Sample, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summarise(contender: str, samples: Sequence[Sample], reference: Sequence[Sample]) -> Summary:
    """The medians of ``samples``, and how they compare with the same rounds of ``reference``."""
    pairs = list(zip(samples, reference, strict=False))
    return Summary(
        contender=contender,
        rate=middle([each.rate for each in samples]),
        p95_ms=middle([each.p95_ms for each in samples]),
        cpu=middle([each.total for each in samples]),
        user=middle([each.user for each in samples]),
        kernel=middle([each.kernel for each in samples]),
        cpu_ratio=middle_ratio([(ours.total, theirs.total) for ours, theirs in pairs]),
        rate_ratio=middle_ratio([(ours.rate, theirs.rate) for ours, theirs in pairs]),
        errors=tuple(dict.fromkeys(error for each in samples for error in each.errors)),
        samples=tuple(samples),
    )


def middle(values: Sequence[float | None]) -> float | None:
    """The median of those that are there."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def middle_ratio(pairs: Pairs) -> float | None:
    """The median of the quotients, each taken within one round: noise then hits both sides."""
    return middle([ours / theirs for ours, theirs in pairs if ours is not None and theirs])


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that ``percent`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
