"""How much memory a proxy needs for clients that are logged in and do nothing."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench_lib.address import Address
from bench_lib.client import Connection, ServerError
from bench_lib.process import resident_kib
from bench_lib.proxies import Contender, running

SETTLE = 1.0
"""Seconds for a proxy to come to rest before its memory is looked at."""


@dataclass(frozen=True)
class IdleSummary:
    """Resident memory of one proxy, in KiB; None for what could not be measured."""

    contender: str
    clients: int
    at_start: int
    logged_in: int | None = None
    after_query: int | None = None
    """When every client has had one ``SELECT 1`` answered."""
    errors: tuple[str, ...] = ()

    @property
    def each_logged_in(self) -> float | None:
        """KiB that one logged-in client adds."""
        return self._each(self.logged_in)

    @property
    def each_after_query(self) -> float | None:
        """KiB that one client adds once it has asked something."""
        return self._each(self.after_query)

    def _each(self, resident: int | None) -> float | None:
        return None if resident is None else (resident - self.at_start) / self.clients

    def as_json(self) -> dict[str, Any]:
        derived = {"each_logged_in": self.each_logged_in, "each_after_query": self.each_after_query}
        return asdict(self) | derived


def measure_idle(name: str, server: Address, directory: Path, clients: int) -> IdleSummary:
    """Start a proxy of its own, let clients log in, and see how it grows."""
    with running(name, server, directory) as contender:
        return _measure(contender, clients)


def _measure(contender: Contender, clients: int) -> IdleSummary:
    assert contender.proxy is not None
    seen = [_resident(contender.proxy.pid)]
    try:
        with ExitStack() as stack:
            connections = [
                stack.enter_context(Connection(contender.address)) for _ in range(clients)
            ]
            seen.append(_resident(contender.proxy.pid))
            for connection in connections:
                connection.query("SELECT 1")
            seen.append(_resident(contender.proxy.pid))
    except (OSError, ServerError) as error:
        return IdleSummary(contender.name, clients, *seen, errors=(str(error),))
    complaints = tuple(contender.proxy.complaints()[:3])
    return IdleSummary(contender.name, clients, *seen, errors=complaints)


def _resident(pid: int) -> int:
    time.sleep(SETTLE)
    return resident_kib(pid)
