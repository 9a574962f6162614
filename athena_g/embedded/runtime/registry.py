"""How the functions are handed to a connection of SQLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import apsw

F = TypeVar("F", bound=Callable[..., Any])
_SCALARS: dict[str, tuple[Callable[..., Any], int]] = {}
_AGGREGATES: dict[str, tuple[type, int, bool]] = {}


def scalar(name: str, arguments: int = -1, *, nulls: bool = False) -> Callable[[F], F]:
    """Registers a function; it gives NULL for a NULL argument unless it takes ``nulls``."""

    def register(function: F) -> F:
        called: Callable[..., Any] = function
        if not nulls:

            def called(*values: Any) -> Any:
                return None if None in values else function(*values)

        _SCALARS[name] = (called, arguments)
        return function

    return register


def aggregate(name: str, arguments: int = 1, *, window: bool = False) -> Callable[[type], type]:
    """Registers a class with ``step``, ``final`` and, for a window, ``inverse`` and ``value``."""

    def register(cls: type) -> type:
        _AGGREGATES[name] = (cls, arguments, window)
        return cls

    return register


def install(connection: apsw.Connection) -> None:
    """Gives the connection every function that needs no session."""
    for name, (function, arguments) in _SCALARS.items():
        connection.create_scalar_function(name, function, arguments, deterministic=True)
    for name, (cls, arguments, window) in _AGGREGATES.items():
        if window:
            connection.create_window_function(name, cls, arguments)
        else:
            connection.create_aggregate_function(name, cls, arguments)
