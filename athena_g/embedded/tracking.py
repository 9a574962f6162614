"""What a session tells clients that asked for it (CLIENT_SESSION_TRACK) with each OK packet.

As MySQL 9.7 tells it: the variables named in session_track_system_variables in the order of their
names, the schema, the state change, and the beginning and end of a transaction that was begun by
a statement. Source: MySQL Reference Manual, "Server Tracking of Client Session State".
"""

from __future__ import annotations

from athena_g.embedded.native import Value
from athena_g.embedded.variable_list import shown_value
from athena_g.embedded.variables import SystemVariables
from athena_g.protocol.constants import (
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
    SESSION_TRACK_TRANSACTION_STATE,
)
from athena_g.protocol.wire import lenenc_bytes

NO_TRANSACTION = "________"


class SessionTracker:
    """Collects what one statement changed."""

    def __init__(self, variables: SystemVariables) -> None:
        self._variables = variables
        self.changed_variables: list[tuple[str, str]] = []
        self.state_changed = False
        self.schema: str | None = None
        """The new default database, empty for none; None: not changed."""
        self.transaction = NO_TRANSACTION
        self._told_transaction = NO_TRANSACTION

    def start(self) -> None:
        """A new statement: nothing is changed yet."""
        self.changed_variables = []
        self.state_changed = False
        self.schema = None

    def forget(self) -> None:
        """The session was reset: clients know that, and are not told."""
        self.start()
        self.transaction = self._told_transaction = NO_TRANSACTION

    def state(self) -> None:
        """Something of the session changed that is more than a schema or a transaction."""
        self.state_changed = True

    def variable(self, name: str, value: Value) -> None:
        """A system variable of the session was set."""
        self.state_changed = True
        if name == "session_track_system_variables":
            # The list is made anew, and with it what is known to have changed.
            self.changed_variables = []
        self.changed_variables.append((name, shown_value(name, value)))

    def database(self, name: str | None) -> None:
        """There is another default database, or the same one was chosen again."""
        self.schema = name or ""

    def encode(self) -> bytes:
        """The changes as an OK packet carries them; empty when there is nothing to tell."""
        entries = [*self._variable_entries()]
        if self.schema is not None and self._variables.get("session_track_schema"):
            entries.append(_entry(SESSION_TRACK_SCHEMA, lenenc_bytes(self.schema.encode())))
        if self.state_changed and self._variables.get("session_track_state_change"):
            entries.append(_entry(SESSION_TRACK_STATE_CHANGE, b"1"))
        if self.transaction != self._told_transaction:
            self._told_transaction = self.transaction
            state = lenenc_bytes(self.transaction.encode())
            entries.append(_entry(SESSION_TRACK_TRANSACTION_STATE, state))
        return b"".join(entries)

    def _variable_entries(self) -> list[bytes]:
        changed = dict(self.changed_variables)
        if not changed:
            return []
        listed = str(self._variables.get("session_track_system_variables") or "")
        wanted = {name.strip().lower() for name in listed.split(",")}
        return [
            _entry(
                SESSION_TRACK_SYSTEM_VARIABLES,
                lenenc_bytes(name.encode()) + lenenc_bytes(changed[name].encode()),
            )
            for name in sorted(changed)
            if "*" in wanted or name in wanted
        ]


def _entry(kind: int, data: bytes) -> bytes:
    return bytes((kind,)) + lenenc_bytes(data)
