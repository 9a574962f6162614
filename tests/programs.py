"""Programs that some tests need and that a newcomer's machine may not have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def program(name: str) -> str:
    """The path of a program; without it the test is skipped, or fails where all is required."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("ATHENA_TEST_REQUIRE"):
            pytest.fail(f"{name} is not installed (scripts/install-test-servers installs it)")
        pytest.skip(f"{name} is not installed")
    return path
