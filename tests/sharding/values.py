"""Literals of the kinds that columns have, near to what tables begin with, in many spellings."""

from __future__ import annotations

from random import Random
from typing import Final

from tests.sharding.tables import BIN, CI, DATE, DECIMAL, INTEGER, TEXT

_VALUES: Final = {
    INTEGER: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-1", "-5"],
    DECIMAL: ["0", "1.00", "5.00", "10", "7.25", "-3.5"],
    TEXT: ["'pen'", "'ink'", "'cup'", "'orders'", "'minus'", "'one'", "''", "'new; one'"],
    CI: ["'ann'", "'ANN'", "'bob'", "'Zoë'", "'ZOE'", "'zoe '", "'MÄRZ'", "'marz'", "''", "'5'"],
    BIN: ["'a'", "'A'", "'ä'", "'a '", "'b'", "'b c'", "'Ä'", "''"],
    DATE: [
        "'2019-12-31'", "'2020-01-01'", "'2020-06-15'", "'2021-01-01'", "'2022-02-02'",
        "'2021-07-01'", "'2020-02-02'",
    ],
}  # fmt: skip
_WORDS: Final = {
    "1": ["TRUE"],
    "0": ["FALSE"],
    "5": ["2+3", "10/2", "5.0", "0x05", "5e0", "b'101'"],
}


def value(chance: Random, kind: str) -> str:
    """A literal, as people write it."""
    return chance.choice(_VALUES[kind])


def odd(chance: Random, kind: str) -> str:
    """A literal or what is as good as one, often written in an odd way."""
    plain = value(chance, kind)
    if chance.random() < 0.6:
        return plain
    return chance.choice(list(_spellings(kind, plain)))


def _spellings(kind: str, plain: str) -> list[str]:
    """Ways to write what equals a literal in a column of the kind."""
    match kind:
        case "integer":
            return _of_integer(plain)
        case "date":
            day = plain.strip("'")
            return [
                f"DATE{plain}", f"DATE {plain}", day.replace("-", ""), f"'{day} 00:00:00'",
                f"'{day.replace('-', '/')}'", f"CAST({plain} AS DATE)", f"({plain})",
            ]  # fmt: skip
        case "ci" | "bin" | "text":
            text = plain.strip("'")
            return [
                f'"{text}"', f"({plain})", f"_utf8mb4{plain}", f"x'{text.encode().hex()}'",
                f"N{plain}", plain.replace("'", "'", 1), f"'{text[:1]}' '{text[1:]}'",
            ]  # fmt: skip
        case _:
            return [plain, f"({plain})", f"{plain} + 0", f"'{plain}'"]


def _of_integer(plain: str) -> list[str]:
    number = int(plain)
    ways = [
        f"'{plain}'", f"({plain})", f"{plain}.0", f"'{plain}.0'", f"{number - 1} + 1",
        f"CAST('{plain}' AS SIGNED)", f"CAST({plain} AS SIGNED)", f"- -{plain}", f"+{plain}",
        f"' {plain}'", f"'{plain}e0'", f"{number + 2}-2", f"{plain}e0", *_WORDS.get(plain, []),
    ]  # fmt: skip
    return [way.replace("- --", "- - -") for way in ways]
