"""What the command line asks for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench_lib.proxies import REPOSITORY

KINDS = ("point", "prepared", "bulk", "scatter", "ordered", "connect", "idle")


@dataclass(frozen=True)
class Options:
    """One run of the benchmark."""

    server: str | None
    only: tuple[str, ...]
    seconds: int
    rounds: int
    clients: tuple[int, ...]
    connect_clients: tuple[int, ...]
    idle_clients: int
    json: Path


@dataclass(frozen=True)
class Size:
    """What holds where the command line says nothing."""

    seconds: int
    rounds: int
    clients: tuple[int, ...]
    idle_clients: int


ORDINARY = Size(seconds=5, rounds=3, clients=(1, 8, 64), idle_clients=1000)
QUICK = Size(seconds=1, rounds=1, clients=(1, 8), idle_clients=100)


def read(arguments: Sequence[str] | None) -> Options:
    """The options of this command line; ends the program when it makes no sense."""
    given = _parser().parse_args(arguments)
    defaults = QUICK if given.quick else ORDINARY
    return Options(
        server=given.server,
        only=given.only,
        seconds=given.seconds or defaults.seconds,
        rounds=given.rounds or defaults.rounds,
        clients=given.clients or defaults.clients,
        connect_clients=given.connect_clients,
        idle_clients=given.idle_clients or defaults.idle_clients,
        json=given.json or default_json(),
    )


def default_json() -> Path:
    """A new file in the directory of results, named by the time (UTC)."""
    return REPOSITORY / "bench-results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure athena-g beside HAProxy and no proxy at all, on one MySQL server. "
        "docs/performance.md says how to read what it prints.",
    )
    add = parser.add_argument
    add("--server", metavar="URL", help="mysql://user:password@host:port/database; a table "
        "sbtest1 is made there if there is none. Without it a container is started")  # fmt: skip
    add("--only", metavar="KINDS", type=_kinds, default=KINDS, help=f"some of {','.join(KINDS)}")
    add("--seconds", metavar="N", type=_positive, help="of one turn (default: 5)")
    add("--rounds", metavar="N", type=_positive, help="turns of each path (default: 3)")
    add("--clients", metavar="N,N", type=_numbers, help="of point and prepared (default: 1,8,64)")
    add("--connect-clients", metavar="N,N", type=_numbers, default=(1, 8),
        help="of connect (default: 1,8)")  # fmt: skip
    add("--idle-clients", metavar="N", type=_positive, help="of idle (default: 1000)")
    add("--json", metavar="FILE", type=Path, help="default: bench-results/<time>.json")
    add("--quick", action="store_true", help="see that it works: one round of 1 s, few clients")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(part.strip() for part in text.split(","))
    if unknown := set(kinds) - set(KINDS):
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(unknown))} is none of {', '.join(KINDS)}"
        )
    return kinds
