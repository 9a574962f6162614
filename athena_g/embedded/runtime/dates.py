"""Dates and times."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from athena_g import errors
from athena_g.embedded.native import decimal_text, to_decimal
from athena_g.embedded.runtime.registry import scalar
from athena_g.embedded.temporal import (
    TIME_LIMIT,
    date_text,
    datetime_from_storage,
    datetime_text,
    parse_datetime,
    parse_time,
    round_to_fraction,
    time_text,
)

EPOCH = datetime(1970, 1, 1)
_DAY_MICROSECONDS = 86_400_000_000
_UNIT_MICROSECONDS = {
    "MICROSECOND": 1,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": _DAY_MICROSECONDS,
    "WEEK": 7 * _DAY_MICROSECONDS,
}
_PARTS = ("DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND")


def moment(value: str) -> datetime | None:
    """The datetime of a stored text; None for a zero date."""
    return None if value.startswith("0000") else datetime_from_storage(value)


@scalar("my_datetime", 1)
def to_datetime(text: str) -> str | None:
    found = parse_datetime(text)
    return None if found is None else datetime_text(found)


@scalar("my_number_datetime", 1)
def number_to_datetime(text: str) -> str:
    found = parse_datetime(text)
    if found is None:
        raise errors.NOT_SUPPORTED_YET(construct=f"the number {text} as a date")
    return datetime_text(found)


@scalar("my_time", 1)
def to_time(text: str) -> int | None:
    return parse_time(text)


@scalar("my_time_round", 2)
def time_round(value: int, fraction: int) -> int:
    unit = 10 ** (6 - fraction)
    magnitude = (abs(value) + unit // 2) // unit * unit
    return int(-magnitude if value < 0 else magnitude)


@scalar("my_datetime_round", 2)
def datetime_round(value: str, fraction: int) -> str | None:
    found = moment(value)
    return None if found is None else datetime_text(round_to_fraction(found, fraction))


@scalar("my_datetime_text", 2)
def datetime_shown(value: str, fraction: int) -> str:
    if not fraction:
        return value[:19]
    return f"{value[:19]}.{value[20:].ljust(6, '0')[:fraction]}"


@scalar("my_time_text", 2)
def time_shown(value: int, fraction: int) -> str:
    return time_text(value, fraction)


@scalar("my_date_number", 1)
def date_number(value: str) -> int:
    return int(value[:10].replace("-", ""))


@scalar("my_datetime_number", 1)
def datetime_number(value: str) -> str:
    return value.replace("-", "").replace(":", "").replace(" ", "")


@scalar("my_time_number", 1)
def time_number(value: int) -> str:
    return time_text(value).replace(":", "")


@scalar("my_unix_timestamp", 1)
def unix_timestamp(value: str) -> int:
    found = moment(value)
    return 0 if found is None or found < EPOCH else int((found - EPOCH).total_seconds())


@scalar("my_unix_timestamp_exact", 1)
def unix_timestamp_exact(value: str) -> str:
    found = moment(value)
    micro = 0 if found is None else (found - EPOCH) // timedelta(microseconds=1)
    return decimal_text(Decimal(max(micro, 0)).scaleb(-6))


@scalar("my_from_unixtime", 1)
def from_unixtime(value: Any) -> str | None:
    micro = int(to_decimal(value) * 1_000_000)
    if not 0 <= micro < 32536771200_000_000:
        return None
    return datetime_text(EPOCH + timedelta(microseconds=micro))


@scalar("my_time_datetime", 1)
def time_datetime(value: int) -> str:
    today = datetime.combine(datetime.now(UTC).date(), datetime.min.time())
    return datetime_text(today + timedelta(microseconds=value))


# --- INTERVAL ------------------------------------------------------------------------------------


def _interval(amount: str, unit: str) -> tuple[int, int]:
    """Months and microseconds of an interval."""
    if "_" in unit and unit != "YEAR_MONTH":
        return 0, _compound(amount, unit)
    if unit == "YEAR_MONTH":
        numbers = [int(part) for part in re.findall(r"\d+", amount)][-2:]
        months = numbers[0] * 12 + numbers[1] if len(numbers) == 2 else (numbers or [0])[0]
        return (-months if amount.strip().startswith("-") else months), 0
    found = re.match(r"\s*[+-]?\d+(\.\d+)?", amount)
    value = Decimal(found[0].strip()) if found else Decimal(0)
    if unit == "SECOND":
        return 0, int(value * 1_000_000)
    whole = int(value.quantize(Decimal(1), rounding="ROUND_HALF_UP"))
    size = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(unit)
    return (whole * size, 0) if size else (0, whole * _UNIT_MICROSECONDS[unit])


def _compound(amount: str, unit: str) -> int:
    first, last = unit.split("_")
    names = _PARTS[_PARTS.index(first) : _PARTS.index(last) + 1]
    digits = re.findall(r"\d+", amount)[-len(names) :]
    if last == "MICROSECOND" and digits:
        digits[-1] = digits[-1].ljust(6, "0")[:6]
    used = names[len(names) - len(digits) :]
    total = sum(
        int(number) * _UNIT_MICROSECONDS[name] for number, name in zip(digits, used, strict=True)
    )
    return -total if amount.strip().startswith("-") else total


def _add_months(start: datetime, months: int) -> datetime | None:
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if not 1 <= year <= 9999:
        return None
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


@scalar("my_shift", 4)
def shift(value: str, amount: str, unit: str, sign: str) -> str | None:
    """A date moved by an interval: a date stays one if the unit is of days or more."""
    start = parse_datetime(value)
    if start is None:
        return None
    months, micro = _interval(amount, unit)
    if sign == "-":
        months, micro = -months, -micro
    moved = _add_months(start, months)
    try:
        moved = None if moved is None else moved + timedelta(microseconds=micro)
    except OverflowError:
        return None
    if moved is None:
        return None
    by_days = months or unit in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH")
    return date_text(moved) if len(value.strip()) <= 10 and by_days else datetime_text(moved)


@scalar("my_time_shift", 4)
def time_shift(value: int, amount: str, unit: str, sign: str) -> int | None:
    months, micro = _interval(amount, unit)
    if months:
        return None
    moved = value - micro if sign == "-" else value + micro
    return moved if abs(moved) <= TIME_LIMIT else None


@scalar("my_timestampdiff", 3)
def timestampdiff(unit: str, first: str, second: str) -> int | None:
    one, other = moment(first), moment(second)
    if one is None or other is None:
        return None
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(unit)
    if months is None:
        micro = (other - one) // timedelta(microseconds=1)
        whole = abs(micro) // _UNIT_MICROSECONDS[unit]
        return whole if micro >= 0 else -whole
    sign = 1 if other >= one else -1
    early, late = (one, other) if sign > 0 else (other, one)
    count = (late.year - early.year) * 12 + late.month - early.month
    if (late.day, late.time()) < (early.day, early.time()):
        count -= 1
    return sign * (count // months)


@scalar("my_datediff", 2)
def datediff(first: str, second: str) -> int | None:
    one, other = moment(first), moment(second)
    return None if one is None or other is None else (one.date() - other.date()).days


@scalar("my_timediff", 2)
def timediff(first: str, second: str) -> int | None:
    one, other = moment(first), moment(second)
    if one is None or other is None:
        return None
    micro = (one - other) // timedelta(microseconds=1)
    return max(-TIME_LIMIT, min(micro, TIME_LIMIT))


@scalar("my_add_time", -1)
def add_time(value: str, micro: int, sign: int = 1) -> str | None:
    found = moment(value)
    if found is None:
        return None
    return datetime_text(found + timedelta(microseconds=micro * sign))


# --- parts ---------------------------------------------------------------------------------------


@scalar("my_date_part", 2)
def date_part(unit: str, value: str) -> int | None:
    found = moment(value)
    if found is None:
        return 0
    match unit:
        case "QUARTER":
            return (found.month + 2) // 3
        case "DAYOFWEEK":
            return found.isoweekday() % 7 + 1
        case "WEEKDAY":
            return found.weekday()
        case "DAYOFYEAR":
            return found.timetuple().tm_yday
        case "TO_DAYS":
            return found.toordinal() + 365
        case "WEEKOFYEAR":
            return found.isocalendar().week
    return int(getattr(found, unit.lower()))


@scalar("my_time_part", 2)
def time_part(unit: str, value: int) -> int:
    seconds, micro = divmod(abs(value), 1_000_000)
    match unit:
        case "HOUR":
            return seconds // 3600
        case "MINUTE":
            return seconds // 60 % 60
        case "SECOND":
            return seconds % 60
    return micro


@scalar("my_time_to_sec", 1)
def time_to_sec(value: int) -> int:
    seconds = abs(value) // 1_000_000
    return -seconds if value < 0 else seconds


@scalar("my_sec_to_time", 1)
def sec_to_time(value: float) -> int:
    return max(-TIME_LIMIT, min(round(value) * 1_000_000, TIME_LIMIT))


@scalar("my_maketime", 3)
def maketime(hours: int, minutes: int, seconds: float) -> int | None:
    if not (0 <= minutes < 60 and 0 <= seconds < 60):
        return None
    micro = (abs(hours) * 60 + minutes) * 60_000_000 + round(seconds * 1_000_000)
    return min(micro, TIME_LIMIT) * (-1 if hours < 0 else 1)


@scalar("my_makedate", 2)
def makedate(year: int, day: int) -> str | None:
    if day < 1 or not 0 <= year <= 9999:
        return None
    full = year + (2000 if year < 70 else 1900) if year < 100 else year
    return date_text(date(full, 1, 1) + timedelta(days=day - 1))


@scalar("my_from_days", 1)
def from_days(days: int) -> str:
    return date_text(date.fromordinal(days - 365)) if days > 365 else "0000-00-00"


@scalar("my_last_day", 1)
def last_day(value: str) -> str | None:
    found = moment(value)
    if found is None:
        return None
    return date_text(found.replace(day=monthrange(found.year, found.month)[1]))


def week_of(found: date, mode: int) -> tuple[int, int]:
    """Year and week by MySQL's mode (calc_week of the server)."""
    monday, first_with_day = bool(mode & 1), bool(mode & 4)
    week_year = bool(mode & 2)
    if monday:
        first_with_day = not first_with_day
    first_weekday = not first_with_day
    start = date(found.year, 1, 1)
    weekday = start.weekday() if monday else (start.weekday() + 1) % 7
    year = found.year
    day_number = found.timetuple().tm_yday - 1
    if day_number < 7 - weekday and found.month == 1:
        if not week_year and (
            (first_weekday and weekday != 0) or (not first_weekday and weekday >= 4)
        ):
            return year, 0
        if (first_weekday and weekday != 0) or (not first_weekday and weekday >= 4):
            year -= 1
            days = 366 if monthrange(year, 2)[1] == 29 else 365
            day_number += days
            weekday = (weekday + 53 * 7 - days) % 7
    if (first_weekday and weekday != 0) or (not first_weekday and weekday >= 4):
        passed = day_number - (7 - weekday)
    else:
        passed = day_number + weekday
    if week_year and passed >= 52 * 7:
        days = 366 if monthrange(year, 2)[1] == 29 else 365
        next_weekday = (weekday + days) % 7
        if (not first_weekday and next_weekday < 4) or (first_weekday and next_weekday == 0):
            return year + 1, 1
    return year, passed // 7 + 1


@scalar("my_week")
def week(value: str, mode: int = 0) -> int | None:
    found = moment(value)
    return None if found is None else week_of(found.date(), mode)[1]


@scalar("my_yearweek")
def yearweek(value: str, mode: int = 0) -> int | None:
    found = moment(value)
    if found is None:
        return None
    year, number = week_of(found.date(), mode | 2)
    return year * 100 + number


@scalar("my_dayname", 1)
def dayname(value: str) -> str | None:
    found = moment(value)
    return None if found is None else _DAYS[found.weekday()]


@scalar("my_monthname", 1)
def monthname(value: str) -> str | None:
    found = moment(value)
    return None if found is None else _MONTHS[found.month - 1]


@scalar("my_convert_tz", 3)
def convert_tz(value: str, source: str, target: str) -> str | None:
    found = moment(value)
    offsets = [_offset(source), _offset(target)]
    if found is None or offsets[0] is None or offsets[1] is None:
        return None
    return datetime_text(found - offsets[0] + offsets[1])


def _offset(name: str) -> timedelta | None:
    if name.upper() in ("SYSTEM", "UTC"):
        return timedelta(0)
    found = re.fullmatch(r"([+-])(\d{1,2}):(\d{2})", name)
    if found is None:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -size if found[1] == "-" else size


# --- formats -------------------------------------------------------------------------------------

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _ordinal(day: int) -> str:
    suffix = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _letter(found: datetime, letter: str) -> str:
    twelve = (found.hour + 11) % 12 + 1
    plain = {
        "a": _DAYS[found.weekday()][:3],
        "b": _MONTHS[found.month - 1][:3],
        "c": str(found.month),
        "D": _ordinal(found.day),
        "d": f"{found.day:02}",
        "e": str(found.day),
        "f": f"{found.microsecond:06}",
        "H": f"{found.hour:02}",
        "h": f"{twelve:02}",
        "I": f"{twelve:02}",
        "i": f"{found.minute:02}",
        "j": f"{found.timetuple().tm_yday:03}",
        "k": str(found.hour),
        "l": str(twelve),
        "M": _MONTHS[found.month - 1],
        "m": f"{found.month:02}",
        "p": "AM" if found.hour < 12 else "PM",
        "r": f"{twelve:02}:{found.minute:02}:{found.second:02} {'AM' if found.hour < 12 else 'PM'}",
        "S": f"{found.second:02}",
        "s": f"{found.second:02}",
        "T": f"{found:%H:%M:%S}",
        "W": _DAYS[found.weekday()],
        "w": str(found.isoweekday() % 7),
        "Y": f"{found.year:04}",
        "y": f"{found.year % 100:02}",
    }
    if letter in plain:
        return plain[letter]
    weeks = {"U": 0, "u": 1, "V": 2, "v": 3}
    if letter in weeks:
        return f"{week_of(found.date(), weeks[letter])[1]:02}"
    if letter in "Xx":
        return f"{week_of(found.date(), 2 if letter == 'X' else 3)[0]:04}"
    return letter


@scalar("my_date_format", 2)
def date_format(value: str, pattern: str) -> str | None:
    found = moment(value)
    if found is None:
        return None
    return re.sub(r"%(.)", lambda match: _letter(found, match[1]), pattern, flags=re.DOTALL)


@scalar("my_time_format", 2)
def time_format(value: int, pattern: str) -> str:
    seconds, micro = divmod(abs(value), 1_000_000)
    found = datetime(2000, 1, 1) + timedelta(seconds=seconds % 86400, microseconds=micro)
    hours = f"{seconds // 3600:02}"

    def letter(match: re.Match[str]) -> str:
        if match[1] in "Hk":
            return hours if match[1] == "H" else str(seconds // 3600)
        return _letter(found, match[1])

    return re.sub(r"%(.)", letter, pattern, flags=re.DOTALL)


_READ = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "c": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})", "e": r"(?P<d>\d{1,2})", "H": r"(?P<H>\d{1,2})", "k": r"(?P<H>\d{1,2})",
    "h": r"(?P<h>\d{1,2})", "I": r"(?P<h>\d{1,2})", "l": r"(?P<h>\d{1,2})", "i": r"(?P<i>\d{1,2})",
    "s": r"(?P<s>\d{1,2})", "S": r"(?P<s>\d{1,2})", "f": r"(?P<f>\d{1,6})",
    "p": r"(?P<p>[AaPp][Mm])",
    "b": r"(?P<b>[A-Za-z]{3})", "M": r"(?P<M>[A-Za-z]+)", "W": r"[A-Za-z]+", "a": r"[A-Za-z]{3}",
    "T": r"(?P<H>\d{1,2}):(?P<i>\d{1,2}):(?P<s>\d{1,2})", "%": "%",
}  # fmt: skip


@scalar("my_str_to_date", 2)
def str_to_date(text: str, pattern: str) -> str | None:
    parts = []
    for piece in re.findall(r"%.|\s+|[^%\s]+", pattern, flags=re.DOTALL):
        if piece[0] == "%" and piece[1:] in _READ:
            parts.append(_READ[piece[1:]])
        else:
            parts.append(r"\s*" if piece.isspace() else re.escape(piece))
    try:
        found = re.match("".join(parts), text.strip())
    except re.error:
        return None
    return None if found is None else _built({k: v for k, v in found.groupdict().items() if v})


def _built(parts: dict[str, str]) -> str | None:
    year = int(parts.get("Y", 0))
    if "y" in parts:
        year = int(parts["y"]) + (2000 if int(parts["y"]) < 70 else 1900)
    month = int(parts.get("m", 0))
    for key, size in (("b", 3), ("M", 9)):
        if key in parts:
            names = [name[:size].lower() for name in _MONTHS]
            month = names.index(parts[key].lower()) + 1 if parts[key].lower() in names else 0
    hour = int(parts.get("H", 0))
    if "h" in parts:
        hour = int(parts["h"]) % 12 + (12 if parts.get("p", "").upper() == "PM" else 0)
    try:
        found = datetime(
            year,
            month,
            int(parts.get("d", 0)),
            hour,
            int(parts.get("i", 0)),
            int(parts.get("s", 0)),
            int(parts.get("f", "0").ljust(6, "0")),
        )
    except ValueError:
        return None
    return datetime_text(found)
