"""Works in a process of their own: what a driver breaks in its process is not that of the tests."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.drivers.notes import Notes

ROOT = Path(__file__).parents[2]
SECONDS = 120
_CHILD = """
import pickle, sys
work, arguments, notes = pickle.load(sys.stdin.buffer)
work(*arguments, notes)
pickle.dump(notes, sys.stdout.buffer)
"""


def in_process_of_its_own(work: Callable[..., None], *arguments: Any) -> Notes:
    """What a work noted that ran in another process; what went wrong there is an AssertionError."""
    job = pickle.dumps((work, arguments, Notes()))
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=job, cwd=ROOT, capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, f"{work.__name__} ended with status {done.returncode}:\n{said}"
    notes: Notes = pickle.loads(done.stdout)
    return notes
