"""A session's way out of the hub: its functions run in a thread of the pool, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")


class Worker:
    """Runs one session's functions; their exceptions come back as they are."""

    def __init__(self, pool: ThreadPool) -> None:
        self._pool = pool
        self._last: Any = None

    def run(self, function: Callable[[], T]) -> T:
        """What ``function`` returns, or raises, in a thread."""
        self._last = self._pool.spawn(_caught, function)
        value, error = self._last.get()
        if error is not None:
            raise error
        result: T = value
        return result

    @property
    def is_idle(self) -> bool:
        """Whether no function runs: one runs on in its thread when who waited for it has ended."""
        return self._last is None or self._last.ready()

    def wait(self, seconds: float) -> None:
        """Returns when the function that runs has ended, or after so many seconds."""
        if self._last is not None:
            self._last.wait(seconds)


def _caught(function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error
