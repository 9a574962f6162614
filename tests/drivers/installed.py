"""Drivers that a newcomer's machine may not have."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def driver_module(name: str) -> Any:
    """The module of a driver; without it the test is skipped, or fails where all is required."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing(f"{name} cannot be imported ({error})")


def missing(why: str) -> Any:
    """Ends the test: skipped on a developer's machine, failed where ATHENA_TEST_REQUIRE is set."""
    if os.environ.get("ATHENA_TEST_REQUIRE"):
        pytest.fail(f"{why}; scripts/install-test-servers and scripts/test install what is needed")
    pytest.skip(why)
