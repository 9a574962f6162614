"""The functions whose answer depends on the session: NOW(), LAST_INSERT_ID(), GET_LOCK() …"""

from __future__ import annotations

import random
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from athena_g import errors
from athena_g.embedded.runtime import dates, numbers
from athena_g.embedded.store import value_text
from athena_g.embedded.temporal import (
    date_text,
    datetime_text,
    microseconds_of_day,
    parse_datetime,
)
from athena_g.embedded.translate.parameters import held, limit, number
from athena_g.embedded.variable_list import SERVER_VERSION

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")


def _is_number(value: Any) -> bool:
    text = value_text(value).strip()
    return not text or _NUMBER.fullmatch(text) is not None


def _is_integer(value: Any) -> bool:
    return _INTEGER.fullmatch(value_text(value).strip()) is not None


def _cut(moment: datetime, fraction: int) -> datetime:
    unit = 10 ** (6 - fraction)
    return moment.replace(microsecond=moment.microsecond // unit * unit)


def _lock_name(name: str | None) -> str:
    """The name of a lock; raises 3057 and 4163."""
    if not name:
        raise errors.WRONG_LOCK_NAME(name="NULL" if name is None else name)
    if len(name) > 64:
        raise errors.LOCK_NAME_TOO_LONG(name=name)
    return name.lower()


class SessionFunctions:
    """Registers the functions with the session's connection and answers them."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._interrupted = threading.Event()
        self._locks: list[str] = []
        self._strict = self._no_zero_division = self._writes = False
        self.waiting = False
        """Whether a function waits, and notices by itself that it is interrupted."""
        self.named_insert_id: int | None = None
        """What the statement gave LAST_INSERT_ID(…): the client is told it."""
        self.converted: Callable[[int, Any], Any] | None = None
        """What ``my_stored`` does: a value as the assigned column will hold it."""
        self.assign: Callable[[int, Any, Any], Any] | None = None
        """What ``my_set`` does: set by the UPDATE that runs."""
        self._register()

    def _register(self) -> None:
        session, connection = self._session, self._session.storage.connection
        fixed: dict[str, tuple[Callable[..., Any], int]] = {
            "my_now": (lambda n: datetime_text(_cut(session.now, n)), 1),
            "my_curdate": (lambda: date_text(session.now.date()), 0),
            "my_curtime": (lambda n: microseconds_of_day(_cut(session.now, n)), 1),
            "my_utc_now": (lambda n: datetime_text(_cut(self._utc_now(), n)), 1),
            "my_utc_date": (lambda: date_text(self._utc_now().date()), 0),
            "my_utc_time": (lambda n: microseconds_of_day(_cut(self._utc_now(), n)), 1),
            "my_utc": (lambda text: self._shifted(text, -1), 1),
            "my_local": (lambda text: self._shifted(text, 1), 1),
            "my_version": (lambda: SERVER_VERSION, 0),
            "my_database": (lambda: session.database, 0),
            "my_user": (lambda: f"{session.user}@{session.host}", 0),
            "my_connection_id": (lambda: session.connection_id, 0),
            "my_parameter": (lambda n: held(session.parameters.values[n]), 1),
            "my_parameter_number": (lambda n: number(session.parameters.values[n]), 1),
            "my_limit": (lambda n: limit(session.parameters.values[n]), 1),
            "my_found_rows": (lambda: session.found_rows, 0),
            "my_row_count": (lambda: session.row_count, 0),
            "my_number": (self._strictly(numbers.number, _is_number, "DOUBLE"), 1),
            "my_integer_prefix": (
                self._strictly(numbers.integer_prefix, _is_integer, "INTEGER"),
                1,
            ),
            "my_datetime": (self._strictly(dates.to_datetime, None, "datetime"), 1),
            "my_divide": (self._divisor_checked(numbers.divide), 3),
            "my_divide_reals": (self._divisor_checked(numbers.divide_reals), 2),
            "my_div": (self._divisor_checked(numbers.div), 2),
            "my_mod": (self._divisor_checked(numbers.mod), 2),
        }
        volatile: dict[str, tuple[Callable[..., Any], int]] = {
            "my_sysdate": (lambda n: datetime_text(_cut(session.clock.time(), n)), 1),
            "my_rand": (random.random, 0),
            "my_uuid": (lambda: str(uuid.uuid1()), 0),
            "my_last_insert_id": (self._last_insert_id, -1),
            "my_goes_on": (self._goes_on, 0),
            "my_sleep": (self._sleep, 1),
            "my_get_lock": (self._get_lock, 2),
            "my_release_lock": (self._release_lock, 1),
            "my_is_free_lock": (self._is_free_lock, 1),
            "my_is_used_lock": (self._is_used_lock, 1),
            "my_release_all_locks": (self.release_all, 0),
            "my_set": (self._assign, 3),
            "my_stored": (self._converted, 2),
        }
        for group, deterministic in ((fixed, True), (volatile, False)):
            for name, (function, arguments) in group.items():
                connection.create_scalar_function(
                    name, function, arguments, deterministic=deterministic
                )

    def _strictly(
        self, function: Callable[[Any], Any], fits: Callable[[Any], bool] | None, kind: str
    ) -> Callable[[Any], Any]:
        """The function; a statement that writes gets 1292 where it only guesses a value."""

        def checked(value: Any) -> Any:
            if value is None:
                return None
            found = function(value)
            if found is None if fits is None else not fits(value):
                self._faulty(errors.TRUNCATED_VALUE(type=kind, value=value_text(value)))
            return found

        return checked

    def _divisor_checked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The division; a statement that writes gets 1365 where the divisor is 0."""

        def checked(*values: Any) -> Any:
            if None in values:
                return None
            found = function(*values)
            if found is None and self._no_zero_division:
                self._faulty(errors.DIVISION_BY_ZERO())
            return found

        return checked

    def _faulty(self, error: errors.SqlError) -> None:
        """An error where the statement writes in strict mode; a warning of any other."""
        if self._strict:
            raise error
        self._session.note(error)

    def _utc_now(self) -> datetime:
        return self._session.now - self._session.variables.utc_offset

    def _shifted(self, text: str | None, sign: int) -> str | None:
        """A time of the session's zone in UTC (-1), or the other way (1)."""
        offset = self._session.variables.utc_offset
        moment = parse_datetime(text) if text is not None and offset else None
        return text if moment is None else datetime_text(moment + sign * offset)

    def start(self) -> None:
        """A new statement: an interruption of the last one is over."""
        self._interrupted.clear()
        self.named_insert_id = None

    def prepare_for(self, *, writes: bool, strict: bool, no_zero_division: bool) -> None:
        """What the statement is: with ``strict`` what is a warning to a SELECT is an error."""
        self._writes, self._strict, self._no_zero_division = writes, strict, no_zero_division

    def interrupt(self) -> bool:
        """Ends a SLEEP() or GET_LOCK() of the statement; whether one was waiting."""
        self._interrupted.set()
        return self.waiting

    def check_interrupted(self) -> None:
        """Raises 1317 if the statement was interrupted."""
        if self._interrupted.is_set():
            raise errors.QUERY_INTERRUPTED()

    def _goes_on(self) -> int:
        """True, for the condition of a statement; raises 1317 if it was interrupted."""
        self.check_interrupted()
        return 1

    def _assign(self, place: int, old: Any, new: Any) -> Any:
        assert self.assign is not None
        return self.assign(place, old, new)

    def _converted(self, place: int, value: Any) -> Any:
        assert self.converted is not None
        return self.converted(place, value)

    def _last_insert_id(self, *values: int | None) -> int | None:
        if not values:
            return self._session.last_insert_id
        self._session.last_insert_id = self.named_insert_id = int(values[0] or 0)
        return values[0]

    def _sleep(self, seconds: float | None) -> int:
        if seconds is None or seconds < 0:
            raise errors.NOT_SUPPORTED_YET(construct="SLEEP() of NULL or less than 0")
        self.check_interrupted()
        with self._a_wait():
            interrupted = self._interrupted.wait(min(seconds, threading.TIMEOUT_MAX))
        if interrupted and self._writes:
            raise errors.QUERY_INTERRUPTED()
        return int(interrupted)

    @contextmanager
    def _a_wait(self) -> Iterator[None]:
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False

    # --- named locks ----------------------------------------------------------------------------

    def _get_lock(self, name: str | None, timeout: float | None) -> int | None:
        name = _lock_name(name)
        lock = self._session.engine.named_lock(name)
        owner = self._session.serial
        if lock.try_acquire(owner):
            self._locks.append(name)
            return 1
        waiter = lock.line_up(owner)
        remaining = 0.0 if timeout is None else timeout if timeout >= 0 else 1e9
        with self._a_wait():
            while not waiter.granted and remaining > 0 and not self._interrupted.is_set():
                waiter.event.wait(min(0.05, remaining))
                remaining -= 0.05
        if not lock.wait(waiter, 0):
            self.check_interrupted()
            return 0
        self._locks.append(name)
        return 1

    def _release_lock(self, name: str | None) -> int | None:
        name = _lock_name(name)
        lock = self._session.engine.named_lock(name)
        if lock.release(self._session.serial):
            self._locks.remove(name)
            return 1
        return 0 if lock.owner is not None else None

    def _is_free_lock(self, name: str | None) -> int | None:
        return int(self._session.engine.named_lock(_lock_name(name)).owner is None)

    def _is_used_lock(self, name: str | None) -> Any:
        engine = self._session.engine
        owner = engine.named_lock(_lock_name(name)).owner
        return None if owner is None else engine.connection_of(owner)

    def release_all(self) -> int:
        """Gives up every named lock of the session; how many there were."""
        count = len(self._locks)
        for name in self._locks:
            self._session.engine.named_lock(name).release(self._session.serial)
        self._locks.clear()
        return count
