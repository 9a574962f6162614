"""Running sysbench, and reading what it says."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from bench_lib.address import Address

PERCENTILE = 95
GRACE = 30
"""Seconds that a run may take beyond what it was given, before it counts as hung."""


class SysbenchError(Exception):
    """sysbench ended with an error or hung; the text has its own words."""


@dataclass(frozen=True)
class Report:
    """What one run of sysbench says of itself."""

    events: int
    queries: int
    seconds: float
    p95_ms: float
    ignored_errors: int
    reconnects: int


def run(address: Address, script: str, clients: int, seconds: int, *options: str) -> Report:
    """Run ``script`` for some seconds; raises SysbenchError."""
    limits = [f"--threads={clients}", f"--time={seconds}", f"--percentile={PERCENTILE}"]
    output = call(address, [script, "run"], [*limits, *options], seconds + GRACE)
    try:
        return parse(output)
    except ValueError as error:
        raise SysbenchError(f"{error} in its output:\n{output}") from error


def call(address: Address, what: list[str], options: list[str], timeout: float) -> str:
    """The output of sysbench; raises SysbenchError when it fails or says anything is fatal."""
    mode = [] if any("--db-ps-mode" in each for each in options) else ["--db-ps-mode=disable"]
    command = ["sysbench", *_connection_options(address), *mode, *options, *what]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise SysbenchError(f"sysbench did not end within {timeout:g} s") from None
    complaints = [line for line in done.stdout.splitlines() if "FATAL" in line or "ALERT" in line]
    complaints += done.stderr.splitlines()
    if done.returncode != 0 or complaints:
        said = "; ".join(dict.fromkeys(complaints)) or done.stdout.strip()[-300:]
        raise SysbenchError(f"sysbench ended with {done.returncode}: {said}")
    return done.stdout


def _connection_options(address: Address) -> list[str]:
    return [
        "--db-driver=mysql",
        f"--mysql-host={address.host}",
        f"--mysql-port={address.port}",
        f"--mysql-user={address.user}",
        f"--mysql-password={address.password}",
        f"--mysql-db={address.database}",
    ]


def parse(output: str) -> Report:
    """The figures in the output of ``sysbench … run``; raises ValueError when one is missing."""
    return Report(
        events=int(_find(r"total number of events:\s+(\d+)", output)),
        queries=int(_find(r"queries:\s+(\d+)\s", output)),
        seconds=float(_find(r"total time:\s+([\d.]+)s", output)),
        p95_ms=float(_find(rf"{PERCENTILE}th percentile:\s+([\d.]+)", output)),
        ignored_errors=int(_find(r"ignored errors:\s+(\d+)", output)),
        reconnects=int(_find(r"reconnects:\s+(\d+)", output)),
    )


def _find(pattern: str, output: str) -> str:
    match = re.search(pattern, output)
    if match is None:
        raise ValueError(f"no {pattern!r}")
    return match[1]
