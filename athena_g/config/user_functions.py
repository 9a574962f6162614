"""Functions that users wrote and a configuration names: ``python:package.module.function``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

PREFIX = "python:"


class NotImported(Exception):
    """A function cannot be had; the text says why."""


def imported(name: str) -> Callable[..., Any]:
    """The function that ``name``, with its prefix, stands for. Raises :class:`NotImported`."""
    module, _, attribute = name.removeprefix(PREFIX).rpartition(".")
    try:
        function = getattr(importlib.import_module(module), attribute, None)
    except Exception as error:  # whatever the user's module does when it is imported
        raise NotImported(f"{module} cannot be imported: {type(error).__name__}: {error}") from None
    if function is None:
        raise NotImported(f"{module} has no {attribute}")
    if not callable(function):
        raise NotImported(f"{attribute} of {module} is no function")
    result: Callable[..., Any] = function
    return result
