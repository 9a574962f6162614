"""Work on long texts in a thread, so that other sessions do not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gevent import get_hub

LONG = 64 * 1024
"""Bytes of a text that is worth a thread."""

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What ``function`` gives; it must not wait for anything, and touch what only it has."""
    found, error = get_hub().threadpool.apply(_outcome, (function, arguments, options))
    if error is not None:
        raise error
    return found


def _outcome(
    function: Callable[..., T], arguments: tuple[object, ...], options: dict[str, object]
) -> tuple[T, None] | tuple[None, Exception]:
    """What the function gives, or what it raises: gevent would print a traceback of that."""
    try:
        return function(*arguments, **options), None
    except Exception as error:  # noqa: BLE001 it is raised where it is waited for
        return None, error
