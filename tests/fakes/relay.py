"""A TCP relay that breaks a MySQL conversation where a test says: between any two that speak it.

It stands between the proxy and its server, or between a client and the proxy, in a thread of its
own, and passes everything on until a packet comes that a fault was planned for::

    with Relay(server.host, server.port) as relay:
        fault = relay.plan(Role.ROW, end, command="SELECT", skip=2)
        ...
        fault.wait()

Whatever waits here waits for an event, with a time after which the test is failed.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from .dialogue import LABEL_SIZE, Packet, Role
from .faults import PATIENCE, Act, Fault
from .link import Link

_T = TypeVar("_T")


class Relay:
    """Listens on loopback from ``with`` on, and relays to ``host`` and ``port``."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.accepted = 0
        self._links: set[Link] = set()
        self._faults: list[Fault] = []
        self._seen: list[Packet] = []
        self._changed = threading.Condition()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse_connections()
        self.reset_all()
        self.wait_until(lambda: not self._links, "connections of the relay are left")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def name(self) -> str:
        """The relay's address, as the proxy calls an instance there."""
        return f"127.0.0.1:{self.port}"

    # -- what a test says --------------------------------------------------------------------------

    def plan(self, role: Role, act: Act, command: str = "", skip: int = 0) -> Fault:
        """Do ``act`` to a packet of ``role``, once, letting ``skip`` of them pass.

        ``command`` is a regular expression to be found in the command's label, such as
        ``QUERY SELECT 1``, ``STMT_EXECUTE`` or ``LOGIN``; the case of letters does not count.
        """
        fault = Fault(role, act, command, skip)
        self.run(lambda: self._faults.append(fault))
        return fault

    def forget_plans(self) -> None:
        """Let everything pass from now on, also what is held or swallowed at present."""
        self.run(self._faults.clear)
        self.run(lambda: self._all(Link.recover))

    def refuse_connections(self) -> None:
        """Listen no more; connections that are there stay."""
        self.run(self._stop_listening)

    def listen(self) -> None:
        """Listen, on the same port as before."""
        self._listener = self._await(self._start_listening())
        self.port = self._listener.sockets[0].getsockname()[1]

    def listen_again(self) -> None:
        """Listen if it does not."""
        if self._listener is None:
            self.listen()

    def end_all(self) -> None:
        """Close every connection there is."""
        self.run(lambda: self._all(Link.end))

    def reset_all(self) -> None:
        """Reset every connection there is."""
        self.run(lambda: self._all(Link.reset))

    # -- what a test waits for ---------------------------------------------------------------------

    @property
    def open_connections(self) -> int:
        return len(self._links)

    @property
    def live_connections(self) -> int:
        """Those of which neither side has ended."""
        return sum(not link.ended for link in list(self._links))

    def wait_until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Return when ``condition`` holds; it is looked at with every packet and every end."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"{otherwise}; {self.labels()}"

    def wait_for(self, role: Role, command: str = "", times: int = 1) -> None:
        """Return when such packets were seen, since the last :meth:`forget`."""
        pattern = re.compile(command, re.DOTALL | re.IGNORECASE)

        def seen() -> bool:
            fitting = [p for p in self._seen if p.role is role and pattern.search(p.command)]
            return len(fitting) >= times

        self.wait_until(seen, f"no {role.name} of {command!r} came {times} times")

    def labels(self) -> list[str]:
        """The commands that were sent, in order, since the last :meth:`forget`."""
        return [packet.command for packet in self._seen if packet.role is Role.COMMAND]

    def forget(self) -> None:
        """Begin the record of packets anew."""
        with self._changed:
            self._seen.clear()

    # -- in the relay's own thread -----------------------------------------------------------------

    def run(self, action: Callable[[], _T]) -> _T:
        """What ``action`` gives, run where the links live."""

        async def call() -> _T:
            return action()

        return self._await(call())

    def _await(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    async def _start_listening(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Link(self).accept(), "127.0.0.1", self.port)

    def _all(self, action: Callable[[Link], None]) -> None:
        for link in list(self._links):
            action(link)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def strike(self, link: Link, packet: Packet) -> bool:
        return any(fault.strikes(link, packet) for fault in self._faults)

    def note(self, packet: Packet) -> None:
        with self._changed:
            if packet.role is not Role.ROW:
                self._seen.append(replace(packet, raw=packet.raw[:LABEL_SIZE]))
            self._changed.notify_all()

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def opened(self, link: Link) -> None:
        with self._changed:
            self.accepted += 1
            self._links.add(link)
            self._changed.notify_all()

    def closed(self, link: Link) -> None:
        with self._changed:
            self._links.discard(link)
            self._changed.notify_all()
