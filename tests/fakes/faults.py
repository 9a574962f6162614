"""What can go wrong with one packet of a relayed conversation, and the plan that it shall."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket

from .dialogue import Packet, Role
from .link import Link

PATIENCE = 30
"""Seconds after which something that does not happen is a failure."""

Act = Callable[[Link, Packet], None]
"""What is done in place of passing a packet on."""


def end(link: Link, packet: Packet) -> None:
    """Close both connections; the packet is lost."""
    link.end()


def reset(link: Link, packet: Packet) -> None:
    """Reset both connections, as a machine that crashed and came back does."""
    link.reset()


def stall(link: Link, packet: Packet) -> None:
    """Swallow the packet and all that follows, in both directions; the connections stay."""
    link.silent = True


def hold(link: Link, packet: Packet) -> None:
    """Keep the packet and what comes behind it until :meth:`Fault.release`."""
    link.hold(packet)


def cut(at: int, then: Act = end) -> Act:
    """Pass on the first ``at`` bytes of the packet, header included, and do ``then``."""

    def act(link: Link, packet: Packet) -> None:
        link.write(packet.from_server, packet.raw[:at])
        then(link, packet)

    return act


def half(link: Link, packet: Packet) -> None:
    """Pass on half of the packet and close."""
    cut(len(packet.raw) // 2)(link, packet)


def pass_then(then: Act) -> Act:
    """Pass the packet on and do ``then``."""
    return lambda link, packet: cut(len(packet.raw), then)(link, packet)


def refuse(errno: int, message: str, *, closing: bool = True) -> Act:
    """An ERR packet in place of one of the server's; then the end, or the next command."""

    def act(link: Link, packet: Packet) -> None:
        error = ErrPacket(errno, "HY000", message).encode()
        if packet.role is Role.GREETING:
            error = error[:3] + error[9:]  # no SQLSTATE before the capabilities are known
        link.write(True, frame(error, packet.sequence_id))
        if closing:
            link.end()
        else:
            link.skipping = not packet.last

    return act


class Fault:
    """One thing planned to go wrong, once; ``packet`` is the one it happened to."""

    def __init__(self, role: Role, act: Act, command: str, skip: int) -> None:
        self.packet: Packet | None = None
        self.happened = threading.Event()
        self._role = role
        self._act = act
        self._command = re.compile(command, re.DOTALL | re.IGNORECASE)
        self._left = skip
        self._link: Link | None = None

    def __repr__(self) -> str:
        return f"<fault at {self._role.name} of {self._command.pattern!r}>"

    def strikes(self, link: Link, packet: Packet) -> bool:
        """Whether it is this packet's turn, which was then dealt with."""
        if self.happened.is_set() or packet.role is not self._role:
            return False
        if not self._command.search(packet.command):
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self.packet, self._link = packet, link
        self._act(link, packet)
        self.happened.set()
        return True

    def wait(self) -> None:
        """Return when it has happened."""
        assert self.happened.wait(PATIENCE), f"{self} did not happen"

    def release(self) -> None:
        """Let what is held go on, if its connections are still there."""
        assert self._link is not None
        self._link.relay.run(self._link.go_on)
