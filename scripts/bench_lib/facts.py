"""What the figures were measured on, and with which versions."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from bench_lib import server
from bench_lib.address import Address
from bench_lib.proxies import REPOSITORY, athena_program, haproxy_program

Facts = dict[str, str | int | None]


def collect(address: Address) -> Facts:
    """The facts about this machine and what runs on it; None for what is not there."""
    program = athena_program()
    haproxy = haproxy_program()
    haproxy_says = _first_line([haproxy, "-v"]) if haproxy else None
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release(),
        "load_before": f"{os.getloadavg()[0]:.2f}",
        "server": server.version(address),
        "haproxy": haproxy_says.partition(" - ")[0] if haproxy_says else None,
        "sysbench": _first_line(["sysbench", "--version"]),
        "athena_g": _first_line([program, "--version"]),
        "python": _python_of(program),
        "revision": _revision(),
    }


def _first_line(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def _python_of(program: str) -> str | None:
    """The version of the interpreter that the program's first line names."""
    with open(program, "rb") as file:
        first = file.readline().decode(errors="replace").strip()
    return _first_line([first.removeprefix("#!"), "--version"]) if first[:2] == "#!" else None


def _revision() -> str | None:
    """The revision of the repository; ``-dirty`` says that files differ from it."""
    git = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--exclude=*"]
    return _first_line(git)


def _processor() -> str | None:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return None
