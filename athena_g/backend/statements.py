"""The statements that are prepared on one connection: as many as a limit allows, the rest closed.

Source: MySQL Source Code Documentation, "COM_STMT_PREPARE", "COM_STMT_CLOSE", "COM_STMT_EXECUTE".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame

MAX_PREPARED = 100
"""Statements that stay prepared on one connection; a server bears 16,382 by default in all."""


class Prepared:
    """One statement on one connection: its id there (four bytes), and the types last sent.

    ``types`` is what the server takes for the types of the parameters when an execution does not
    say, behind the flag that announces them: ``None`` before the first execution.
    """

    __slots__ = ("id", "types")

    def __init__(self, id_: bytes) -> None:
        self.id = id_
        self.types: bytes | None = None


class StatementCache:
    """Statements by what they were prepared from; the one unused for longest goes first.

    Those that are *private* have what only this connection has, a cursor or long data, and stay
    until their session closes them. ``closing`` are the commands that close what was evicted, to
    be sent before the next command; they have no answer.
    """

    __slots__ = ("_prepared", "_private", "closing")

    def __init__(self) -> None:
        self._prepared: OrderedDict[Hashable, Prepared] = OrderedDict()
        self._private: dict[Hashable, Prepared] = {}
        self.closing = b""

    def __len__(self) -> int:
        return len(self._prepared)

    def get(self, key: Hashable) -> Prepared | None:
        """The statement of ``key``, now the one used last."""
        prepared = self._prepared.get(key)
        if prepared is not None:
            self._prepared.move_to_end(key)
        return prepared

    def get_private(self, key: Hashable) -> Prepared | None:
        """The private statement of ``key``."""
        return self._private.get(key)

    def add(self, key: Hashable, prepared: Prepared) -> None:
        """Take in a statement, in place of one of the same key."""
        self.remove(key)
        self._prepared[key] = prepared
        if len(self._prepared) > MAX_PREPARED:
            self.remove(next(iter(self._prepared)))

    def add_private(self, key: Hashable, prepared: Prepared) -> None:
        """Take in a private statement."""
        self._private[key] = prepared

    def rename(self, key: Hashable, new: Hashable) -> None:
        """Know a statement by another key from now on."""
        prepared = self._prepared.pop(key, None)
        if prepared is not None:
            self.add(new, prepared)

    def remove(self, key: Hashable) -> None:
        """Close the statement of ``key``, if there is one."""
        self._close(self._prepared.pop(key, None))

    def remove_private(self, key: Hashable) -> bool:
        """Close the private statement of ``key``; false when there is none."""
        prepared = self._private.pop(key, None)
        self._close(prepared)
        return prepared is not None

    def close_after_use(self, prepared: Prepared) -> None:
        """Close a statement that was not taken in, when the command that comes next is done."""
        self._close(prepared)

    def _close(self, prepared: Prepared | None) -> None:
        if prepared is not None:
            self.closing += frame(bytes([Command.STMT_CLOSE]) + prepared.id, 0)

    def close_all(self) -> None:
        """Close every statement that is not private."""
        for key in list(self._prepared):
            self.remove(key)

    def forget(self) -> None:
        """The connection was reset: the server has closed them all."""
        self._prepared.clear()
        self._private.clear()
        self.closing = b""
