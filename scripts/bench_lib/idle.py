"""How much memory a proxy needs for clients that are logged in and do nothing."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench_lib.address import Address
from bench_lib.client import Connection, ServerError
from bench_lib.process import resident_kib
from bench_lib.proxies import HAPROXY, Contender, running
from bench_lib.server import max_connections

SETTLE = 1.0
"""Seconds for a proxy to come to rest before its memory is looked at."""
SPARE = 10
"""Connections of the server that are left to others."""


@dataclass(frozen=True)
class IdleSummary:
    """Resident memory of one proxy, in KiB; None for what could not be measured."""

    contender: str
    clients: int
    at_start: int | None = None
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
        if resident is None or self.at_start is None:
            return None
        return (resident - self.at_start) / self.clients

    def as_json(self) -> dict[str, Any]:
        derived = {"each_logged_in": self.each_logged_in, "each_after_query": self.each_after_query}
        return asdict(self) | derived


def measure_idle(name: str, server: Address, directory: Path, clients: int) -> IdleSummary:
    """Start a proxy of its own, let clients log in, and see how it grows."""
    room = max_connections(server)
    if name == HAPROXY and room < clients + SPARE:
        reason = f"each client would need one of the server's {room} connections"
        return IdleSummary(name, clients, errors=(reason,))
    with running(name, server, directory) as contender:
        return _measure(contender, clients)


def _measure(contender: Contender, clients: int) -> IdleSummary:
    assert contender.proxy is not None
    pid, summary = contender.proxy.pid, IdleSummary(contender.name, clients)
    try:
        with ExitStack() as stack:
            summary = replace(summary, at_start=_resident(pid))
            connections = [
                stack.enter_context(Connection(contender.address)) for _ in range(clients)
            ]
            summary = replace(summary, logged_in=_resident(pid))
            for connection in connections:
                connection.query("SELECT 1")
            summary = replace(summary, after_query=_resident(pid))
    except (OSError, ServerError) as error:
        return replace(summary, errors=(str(error), *contender.proxy.complaints()))
    return replace(summary, errors=tuple(contender.proxy.complaints()))


def _resident(pid: int) -> int:
    time.sleep(SETTLE)
    return resident_kib(pid)
