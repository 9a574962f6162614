"""Dates and times: MySQL's texts for them read and written."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

_DATETIME = re.compile(
    r"\s*(\d{2,4})[^\d\s](\d{1,2})[^\d\s](\d{1,2})"
    r"(?:(?:[T ]\s*)(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?)?"
    r"(?:([+-])(\d{2}):(\d{2}))?\s*$"
)
_COMPACT = re.compile(r"(\d{8}|\d{6})(?:(\d{6})(?:\.(\d+))?)?$")
_TIME = re.compile(r"\s*(-)?(?:(\d+) +)?(\d{1,3}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?\s*$")
_COMPACT_TIME = re.compile(r"(-)?(\d{1,7})(?:\.(\d*))?$")
TIME_LIMIT = ((838 * 60 + 59) * 60 + 59) * 1_000_000
"""Most microseconds a TIME holds: 838:59:59."""


def _microseconds(fraction: str | None) -> int:
    """Microseconds of the digits after the point, rounded half up at the seventh."""
    if not fraction:
        return 0
    digits = (fraction + "000000")[:7] if len(fraction) > 6 else fraction.ljust(6, "0")
    return (int(digits) + 5) // 10 if len(digits) == 7 else int(digits)


def _year(digits: str) -> int:
    if len(digits) > 2:
        return int(digits)
    return int(digits) + (2000 if int(digits) < 70 else 1900)


def parse_datetime(text: str) -> datetime | None:
    """The date and time a text means by MySQL's rules; None where it means none.

    An offset (``+02:00``) is applied: the result is UTC.
    """
    match = _DATETIME.match(text)
    if match is None:
        return _parse_compact(text.strip())
    year, month, day, hour, minute, second, fraction = match.groups()[:7]
    try:
        value = datetime(
            _year(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
        value += timedelta(microseconds=_microseconds(fraction))
    except (ValueError, OverflowError):
        return None
    if match[8]:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
        value = value - offset if match[8] == "+" else value + offset
    return value


def _parse_compact(text: str) -> datetime | None:
    if len(text) == 14 or len(text) == 12:
        text = text[:-6] + text[-6:]
    match = _COMPACT.match(text)
    if match is None:
        return None
    day_part, time_part, fraction = match.groups()
    time_part = time_part or "000000"
    try:
        value = datetime(
            _year(day_part[:-4]),
            int(day_part[-4:-2]),
            int(day_part[-2:]),
            int(time_part[:2]),
            int(time_part[2:4]),
            int(time_part[4:]),
        )
    except ValueError:
        return None
    return value + timedelta(microseconds=_microseconds(fraction))


def parse_time(text: str) -> int | None:
    """Microseconds of the time of day or duration a text means; None where it means none."""
    match = _TIME.match(text)
    if match:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        if int(minutes) > 59 or int(seconds or 0) > 59:
            return None
        total = (int(days or 0) * 24 + int(hours)) * 3600 + int(minutes) * 60 + int(seconds or 0)
    elif compact := _COMPACT_TIME.match(text.strip()):
        sign, digits, fraction = compact.groups()
        padded = digits.zfill(7)
        if int(padded[3:5]) > 59 or int(padded[5:]) > 59:
            return None
        total = int(padded[:3]) * 3600 + int(padded[3:5]) * 60 + int(padded[5:])
    else:
        moment = parse_datetime(text)
        return None if moment is None else microseconds_of_day(moment)
    value = total * 1_000_000 + _microseconds(fraction)
    return -value if sign else value


def microseconds_of_day(moment: datetime) -> int:
    """Microseconds since midnight."""
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return seconds * 1_000_000 + moment.microsecond


def datetime_text(moment: datetime) -> str:
    """The text SQLite holds: without trailing zeros of the fraction."""
    base = f"{moment.year:04}-{moment.month:02}-{moment.day:02} {moment:%H:%M:%S}"
    return f"{base}.{moment.microsecond:06}".rstrip("0") if moment.microsecond else base


def date_text(day: date) -> str:
    """``YYYY-MM-DD``."""
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def time_text(microseconds: int, fraction: int | None = None) -> str:
    """``[-]HHH:MM:SS[.ffffff]``; ``fraction`` digits, or as many as are needed (none or six)."""
    sign, rest = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    seconds, micro = divmod(rest, 1_000_000)
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = (6 if micro else 0) if fraction is None else fraction
    return f"{text}.{micro:06}"[: len(text) + 1 + digits] if digits else text


def round_to_fraction(moment: datetime, digits: int) -> datetime:
    """The moment rounded half up to so many digits of the second."""
    unit = 10 ** (6 - digits)
    rest = moment.microsecond % unit
    if not rest:
        return moment
    return moment + timedelta(microseconds=unit - rest if rest * 2 >= unit else -rest)


def datetime_from_storage(value: str) -> datetime:
    """The datetime of a text as SQLite holds it (date alone: midnight)."""
    return datetime.fromisoformat(value if len(value) <= 19 else value.ljust(26, "0"))
