"""Values as DATE and DATETIME columns see them."""

from __future__ import annotations

import datetime
import re
from typing import Final

from athena_g.router.key_types import NEVER, Key, Never, Undecidable

_TEXT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?))?"
)
_MICROSECOND_DIGITS: Final = 6


def date_comparand(key: Key, value: object) -> datetime.date | Never:
    """The date that equals ``value``; there is none for a time that is not midnight."""
    moment = _moment(value)
    if moment.microsecond:
        raise Undecidable("servers may leave out a fraction of a second")
    return moment.date() if moment.time() == datetime.time.min else NEVER


def date_stored(key: Key, value: object) -> datetime.date:
    """The date that is in the column when ``value`` is stored there."""
    found = date_comparand(key, value)
    if isinstance(found, Never):
        raise Undecidable("servers may round a time that is stored as a date")
    return found


def datetime_comparand(key: Key, value: object) -> datetime.datetime:
    """The time that equals ``value``, or is in the column when ``value`` is stored there."""
    moment = _moment(value)
    step = 10 ** (_MICROSECOND_DIGITS - (key.scale or 0))
    if moment.microsecond % step:
        raise Undecidable("servers may round a fraction of a second")
    return moment


def _moment(value: object) -> datetime.datetime:
    if isinstance(value, bytes) and type(value) is bytes:
        value = value.decode("latin-1")
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return value
        raise Undecidable("a time has a time zone")
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time.min)
    raise Undecidable(f"a {type(value).__name__} is compared with a date")


def _parsed(text: str) -> datetime.datetime:
    found = _TEXT.fullmatch(text)
    if found:
        day, time = found.groups()
        whole, _, fraction = (time or "00:00:00").partition(".")
        try:
            moment = datetime.datetime.fromisoformat(f"{day} {whole}")
        except ValueError:
            pass
        else:
            return moment.replace(microsecond=int(fraction.ljust(_MICROSECOND_DIGITS, "0")))
    raise Undecidable("a text that is not plainly a date is compared with one")
