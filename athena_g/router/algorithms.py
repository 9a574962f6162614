"""From the canonical value of a key to the index of its shard, and from a range to indices.

NULL is at shard 0. A hash is that of the value as MySQL writes it: an integer in decimal digits, a
text in the character set of its column, folded as its collation has it, and without spaces at its
end. So for an integer ``CRC32(key) % shard_count`` is the shard in SQL, too, and so it is for
texts of which the collation leaves upper case and no accents, ``CRC32(UPPER(key)) % shard_count``.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from athena_g import errors
from athena_g.config.user_functions import imported
from athena_g.router.hashes import HASHES
from athena_g.router.key_types import Canonical

NULL_SHARD = 0


class Algorithm(Protocol):
    """How the values of a column are spread over ``count`` shards."""

    @property
    def count(self) -> int: ...

    def shard_of(self, value: Canonical, /) -> int:
        """The index of the shard that has the rows with a canonical value."""
        ...

    def shards_between(
        self,
        low: Canonical,
        high: Canonical,
        low_included: bool = True,
        high_included: bool = True,
        /,
    ) -> frozenset[int]:
        """The indices of all shards that may have values of a range; None is an open end."""
        ...


def integers_between(
    low: Canonical, high: Canonical, low_included: bool, high_included: bool
) -> range | None:
    """The integers of a range; None if it is open or not one of integers."""
    if not isinstance(low, (int, Decimal)) or not isinstance(high, (int, Decimal)):
        return None
    first, last = math.ceil(low), math.floor(high)
    if not low_included and first == low:
        first += 1
    if not high_included and last == high:
        last -= 1
    return range(first, last + 1)


@dataclass(frozen=True, slots=True)
class Mod:
    """The remainder of an integer, which is never negative: -1 is at shard 3 of 4."""

    count: int

    def shard_of(self, value: Canonical) -> int:
        if value is None:
            return NULL_SHARD
        if not isinstance(value, int):
            raise TypeError(f"a {type(value).__name__} has no remainder")
        return value % self.count

    def shards_between(
        self,
        low: Canonical,
        high: Canonical,
        low_included: bool = True,
        high_included: bool = True,
    ) -> frozenset[int]:
        integers = integers_between(low, high, low_included, high_included)
        if integers is None or integers.stop - integers.start >= self.count:
            return frozenset(range(self.count))
        return frozenset(each % self.count for each in integers)


@dataclass(frozen=True, slots=True)
class Hash:
    """The remainder of a hash; texts are hashed in ``codec``."""

    count: int
    function: str = "crc32"
    codec: str = "utf-8"

    def shard_of(self, value: Canonical) -> int:
        if value is None:
            return NULL_SHARD
        return HASHES[self.function](value, self.codec) % self.count

    def shards_between(
        self,
        low: Canonical,
        high: Canonical,
        low_included: bool = True,
        high_included: bool = True,
    ) -> frozenset[int]:
        if isinstance(low, int) and isinstance(high, int):  # ends of a decimal key are Decimals
            integers = range(low + (not low_included), high + high_included)
            if integers.stop - integers.start < self.count:
                return frozenset(map(self.shard_of, integers))
        return frozenset(range(self.count))


@dataclass(frozen=True, slots=True)
class Range:
    """How many boundaries are not above a value; they are canonical values in ascending order."""

    boundaries: tuple[Any, ...]

    @property
    def count(self) -> int:
        return len(self.boundaries) + 1

    def shard_of(self, value: Canonical) -> int:
        return NULL_SHARD if value is None else bisect_right(self.boundaries, value)

    def shards_between(
        self,
        low: Canonical,
        high: Canonical,
        low_included: bool = True,
        high_included: bool = True,
    ) -> frozenset[int]:
        first = 0 if low is None else self.shard_of(low)
        last = self.count - 1 if high is None else self._last(high, high_included)
        if _is_empty(low, high, low_included and high_included):
            return frozenset()
        return frozenset(range(first, last + 1))

    def _last(self, high: Canonical, included: bool) -> int:
        # Of texts different ones may be one canonical value, and so be below their own end.
        if included or isinstance(high, (str, bytes)):
            return self.shard_of(high)
        return bisect_left(self.boundaries, high)


def _is_empty(low: Any, high: Any, included: bool) -> bool:
    # Of texts neither: some characters are below the space that servers compare an end with.
    if low is None or high is None or isinstance(low, (str, bytes)):
        return False
    return bool(low > high or (low == high and not included))


@dataclass(frozen=True, slots=True)
class Custom:
    """A function of the user's: ``function(value, count)`` gives the index.

    ``function.shards_between(low, high, count)``, if it has that, gives the indices of a range,
    whose ends are included; without it a range is everywhere.
    """

    name: str
    count: int
    function: Callable[..., Any]

    @classmethod
    def named(cls, name: str, count: int) -> Custom:
        """The algorithm whose function ``name`` ("python:...") says; raises NotImported."""
        return cls(name, count, imported(name))

    def shard_of(self, value: Canonical) -> int:
        return NULL_SHARD if value is None else self._index(self._called(self.function, value))

    def shards_between(
        self,
        low: Canonical,
        high: Canonical,
        low_included: bool = True,
        high_included: bool = True,
    ) -> frozenset[int]:
        function = getattr(self.function, "shards_between", None)
        if function is None:
            return frozenset(range(self.count))
        answer = self._called(function, low, high)
        try:
            indices = list(answer)
        except TypeError:
            raise self._wrong(answer) from None
        return frozenset(map(self._index, indices))

    def _called(self, function: Callable[..., Any], *arguments: Canonical) -> Any:
        try:
            return function(*arguments, self.count)
        except Exception as error:  # whatever the user's function does
            reason = f"{type(error).__name__}: {error}"
            raise errors.SHARDING_FUNCTION_FAILED(function=self.name, reason=reason) from error

    def _index(self, answer: object) -> int:
        if isinstance(answer, int) and 0 <= answer < self.count and not isinstance(answer, bool):
            return answer
        raise self._wrong(answer)

    def _wrong(self, answer: object) -> errors.SqlError:
        reason = f"it gave {answer!r:.60}, which is no index from 0 to {self.count - 1}"
        return errors.SHARDING_FUNCTION_FAILED(function=self.name, reason=reason)
