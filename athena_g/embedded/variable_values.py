"""What values the system variables take: each check gives the value that is kept, or raises."""

from __future__ import annotations

import re
from collections.abc import Callable

from athena_g import errors
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS
from athena_g.embedded.native import Value

_OFFSET = re.compile(r"([+-])(\d{1,2}):([0-5]\d)")
Check = Callable[[str, Value], Value]
SQL_MODES = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "NOT_USED",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
]
_MEANING_CHANGED = frozenset(
    [
        "PIPES_AS_CONCAT",
        "ANSI_QUOTES",
        "NO_UNSIGNED_SUBTRACTION",
        "ANSI",
        "NO_BACKSLASH_ESCAPES",
        "HIGH_NOT_PRECEDENCE",
        "PAD_CHAR_TO_FULL_LENGTH",
        "TIME_TRUNCATE_FRACTIONAL",
        "REAL_AS_FLOAT",
        "ALLOW_INVALID_DATES",
    ]
)
DEFAULT_SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)


def _wrong(name: str, value: Value) -> Exception:
    return errors.WRONG_VALUE_FOR_VARIABLE(variable=name, value="NULL" if value is None else value)


def boolean(name: str, value: Value) -> Value:
    """ON, OFF, 1 or 0 as 1 or 0."""
    text = str(value).upper()
    if text in ("1", "ON", "TRUE"):
        return 1
    if text in ("0", "OFF", "FALSE"):
        return 0
    raise _wrong(name, value)


def between(low: int, high: int) -> Check:
    """A check that cuts a number to what is allowed, as MySQL does."""

    def check(name: str, value: Value) -> Value:
        if not isinstance(value, int):
            raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
        return max(low, min(value, high))

    return check


def only(kept: Value) -> Check:
    """A check for the one value that can be honoured; any other is 1235."""
    spelled = {str(kept).upper(), *({0: ("OFF", "FALSE"), 1: ("ON", "TRUE")}.get(kept, ()))}

    def check(name: str, value: Value) -> Value:
        if str(value).upper() not in spelled:
            raise errors.NOT_SUPPORTED_YET(construct=f"{name} = {value}")
        return kept

    return check


def number(low: float, high: float) -> Check:
    """A check that cuts a number, with decimals or without, to what is allowed."""

    def check(name: str, value: Value) -> Value:
        if isinstance(value, str | bytes | None):
            raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
        return max(low, min(value, high))

    return check


def no_default(name: str, value: Value) -> Value:
    """An integer; ``DEFAULT`` is none of its values."""
    if not isinstance(value, int):
        raise errors.WRONG_TYPE_FOR_VARIABLE(variable=name)
    return max(0, value)


def one_of(*choices: str) -> Check:
    """A check for one of several words; a number counts them from 0."""

    def check(name: str, value: Value) -> Value:
        if isinstance(value, int) and 0 <= value < len(choices):
            return choices[value]
        text = str(value).upper()
        if text not in choices:
            raise _wrong(name, value)
        return text

    return check


def sql_mode(name: str, value: Value) -> Value:
    """A list of modes; those that would change the meaning of statements are refused."""
    if value is None:
        raise _wrong(name, value)
    if isinstance(value, int):
        chosen = [mode for bit, mode in enumerate(SQL_MODES) if value >> bit & 1]
        value = ",".join(chosen)
    modes = [mode.strip().upper() for mode in str(value).split(",") if mode.strip()]
    for mode in modes:
        if mode not in SQL_MODES:
            raise _wrong(name, mode)
        if mode in _MEANING_CHANGED:
            raise errors.NOT_SUPPORTED_YET(construct=f"sql_mode {mode}")
    if "TRADITIONAL" in modes:
        modes += [*DEFAULT_SQL_MODE.split(",")[1:], "STRICT_ALL_TABLES"]
    return ",".join(sorted(set(modes), key=SQL_MODES.index))


def time_zone(name: str, value: Value) -> Value:
    """SYSTEM, which is UTC here, or an offset from it; no names of zones are known."""
    text = str(value)
    if text.upper() == "SYSTEM":
        return "SYSTEM"
    match = _OFFSET.fullmatch(text)
    if match is None or not -839 <= minutes_ahead(text) <= 840:
        raise errors.UNKNOWN_TIME_ZONE(zone="NULL" if value is None else text)
    return f"{match[1]}{int(match[2]):02d}:{match[3]}"


def minutes_ahead(zone: str) -> int:
    """How far a time zone is ahead of UTC."""
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return 0
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def charset(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in CHARSET_DEFAULTS:
        raise errors.UNKNOWN_CHARACTER_SET(charset="NULL" if value is None else value)
    return "utf8mb3" if text == "utf8" else text


def results_charset(name: str, value: Value) -> Value:
    """A character set, or NULL for none: texts are sent as they are."""
    return None if value is None else charset(name, value)


def collation(name: str, value: Value) -> Value:
    text = str(value).lower()
    if text not in COLLATIONS and text != "binary":
        raise errors.UNKNOWN_COLLATION(collation=value)
    return text


def anything(name: str, value: Value) -> Value:
    return value
