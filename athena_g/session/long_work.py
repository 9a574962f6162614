"""Work on long texts in a thread, so that other sessions do not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from gevent import get_hub

LONG = 64 * 1024
"""Bytes of a text that is worth a thread."""

P = ParamSpec("P")
T = TypeVar("T")


def at_once(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What ``function`` gives, here and now: for work that is not long."""
    return function(*arguments, **options)


def in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What ``function`` gives; it must not wait for anything, and touch what only it has."""

    def tried() -> tuple[T | None, Exception | None]:
        try:
            return function(*arguments, **options), None
        except Exception as error:  # in a thread gevent would write it to the log
            return None, error

    found, error = get_hub().threadpool.apply(tried)
    if error is not None:
        raise error
    return cast(T, found)
