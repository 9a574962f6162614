"""The isolation level and access mode of transactions: the session's, and the next one's alone."""

from __future__ import annotations

from athena_g.embedded.variables import SystemVariables


class Characteristics:
    """What SET TRANSACTION and START TRANSACTION said."""

    def __init__(self, variables: SystemVariables) -> None:
        self._variables = variables
        self.next_isolation: str | None = None
        self.next_read_only: bool | None = None
        """What SET TRANSACTION said of the next transaction."""
        self.read_only = False
        """Whether the transaction that is open may not write."""

    def start(self) -> str:
        """A transaction begins; its isolation level."""
        self.read_only = self.next_is_read_only
        return self.next_isolation or str(self._variables.get("transaction_isolation"))

    def end(self) -> None:
        """The transaction is over; what was said of it is not said of another."""
        self.read_only = False
        self.forget_next()

    def forget_next(self) -> None:
        """Nothing is said of the next transaction alone."""
        self.next_isolation = self.next_read_only = None

    @property
    def next_is_read_only(self) -> bool:
        """Whether a transaction that begins now may not write."""
        if self.next_read_only is not None:
            return self.next_read_only
        return bool(self._variables.get("transaction_read_only"))
