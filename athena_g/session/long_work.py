"""Work on long texts in a thread, so that other sessions do not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gevent import get_hub

LONG = 64 * 1024
"""Bytes of a text that is worth a thread."""

P = ParamSpec("P")
T = TypeVar("T")


class _Raised:
    """What a function raised in a thread."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What ``function`` gives; it must not wait for anything, and touch what only it has."""

    def outcome() -> T | _Raised:
        try:
            return function(*arguments, **options)
        except Exception as error:  # gevent would print a traceback of it
            return _Raised(error)

    found: T | _Raised = get_hub().threadpool.apply(outcome)
    if isinstance(found, _Raised):
        raise found.error
    return found
