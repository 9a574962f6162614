"""Aggregates that SQLite does not have."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from athena_g.embedded import json_text
from athena_g.embedded.native import EXACT, decimal_text, to_decimal
from athena_g.embedded.runtime.registry import aggregate


@aggregate("my_sum", window=True)
class ExactSum:
    """SUM of decimals."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0

    def step(self, value: Any) -> None:
        if value is not None:
            self.total = EXACT.add(self.total, to_decimal(value))
            self.count += 1

    def inverse(self, value: Any) -> None:
        if value is not None:
            self.total = EXACT.subtract(self.total, to_decimal(value))
            self.count -= 1

    def value(self) -> str | None:
        return decimal_text(self.total) if self.count else None

    final = value


@aggregate("my_texts")
class Texts:
    """The texts of a group as a JSON list."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, value: str | None) -> None:
        if value is not None:
            self.parts.append(value)

    def final(self) -> str | None:
        return json.dumps(self.parts) if self.parts else None


class _Moments:
    """Count, mean and sum of squared deviations (Welford)."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def step(self, value: float | None) -> None:
        if value is not None:
            self.count += 1
            delta = value - self.mean
            self.mean += delta / self.count
            self.squares += delta * (value - self.mean)


@aggregate("my_var_pop")
class PopulationVariance(_Moments):
    def final(self) -> float | None:
        return self.squares / self.count if self.count else None


@aggregate("my_var_samp")
class SampleVariance(_Moments):
    def final(self) -> float | None:
        return self.squares / (self.count - 1) if self.count > 1 else None


@aggregate("my_stddev_pop")
class PopulationDeviation(_Moments):
    def final(self) -> float | None:
        return math.sqrt(self.squares / self.count) if self.count else None


@aggregate("my_stddev_samp")
class SampleDeviation(_Moments):
    def final(self) -> float | None:
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else None


class _Bits:
    start = 0

    def __init__(self) -> None:
        self.bits = self.start

    def step(self, value: int | None) -> None:
        if value is not None:
            self.combine(value % 2**64)

    def combine(self, value: int) -> None:
        raise NotImplementedError

    def final(self) -> str:
        return str(self.bits)


@aggregate("my_bit_and")
class BitAnd(_Bits):
    start = 2**64 - 1

    def combine(self, value: int) -> None:
        self.bits &= value


@aggregate("my_bit_or")
class BitOr(_Bits):
    def combine(self, value: int) -> None:
        self.bits |= value


@aggregate("my_bit_xor")
class BitXor(_Bits):
    def combine(self, value: int) -> None:
        self.bits ^= value


@aggregate("my_json_arrayagg")
class JsonArray:
    """JSON_ARRAYAGG."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def step(self, value: str | None) -> None:
        self.items.append(None if value is None else json_text.load(value))

    def final(self) -> str | None:
        return json_text.dump(self.items) if self.items else None


@aggregate("my_json_objectagg", 2)
class JsonObject:
    """JSON_OBJECTAGG."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def step(self, key: str, value: str | None) -> None:
        self.items[key] = None if value is None else json_text.load(value)

    def final(self) -> str | None:
        return json_text.dump(self.items) if self.items else None
