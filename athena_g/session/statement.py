"""One statement that a client prepared: what it is known by, and the types of its parameters."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import sha256
from typing import TYPE_CHECKING

from athena_g.backend.profile import Profile
from athena_g.errors import SqlError
from athena_g.session.binding import Effect

if TYPE_CHECKING:
    from athena_g.session.sharded_prepared import PreparedText

PARAMETERS = 14
"""Where the parameters are in a framed execution."""
MAX_TYPES = 8
"""Different types of its parameters that are told apart of a statement."""


class Statement:
    """One statement that a client prepared.

    ``packet`` is the framed COM_STMT_PREPARE, ``profile`` the settings it was prepared under,
    ``key`` what the statement is known by on server connections, ``types`` the types of the
    parameters of the last execution, behind the flag that announces them (in a framed execution
    from ``types_at`` to ``types_end``), ``error`` what became of long data, to be told at the next:
    sending it has no answer.
    """

    __slots__ = (
        "_history",
        "_meaning",
        "earlier_key",
        "effect",
        "error",
        "id",
        "key",
        "long_data",
        "packet",
        "parameters",
        "profile",
        "questions",
        "reads_variables",
        "sharded",
        "types",
        "types_at",
        "types_end",
        "untyped_key",
    )

    def __init__(self, id_: bytes, packet: bytes, parameters: int, profile: Profile) -> None:
        self.id = id_
        self.packet = packet
        self.profile = profile
        self.parameters = parameters
        self.types_at = PARAMETERS + (parameters + 7) // 8
        self.types_end = self.types_at + 1 + 2 * parameters
        self.error: SqlError | None = None
        self.long_data: dict[int, bytearray] = {}
        self.effect: Effect | None = None
        self.questions: frozenset[bytes] = frozenset()
        # The types of user variables, too, are those of the time of the preparation.
        variables = profile.user_variables if packet.find(b"@") >= 0 else ()
        self._meaning = (sha256(packet).digest(), profile.parsing_key, variables)
        self.types: bytes | None = None
        self._history: tuple[bytes, ...] = ()
        self.untyped_key: Hashable = (self._meaning, None)
        self.earlier_key: Hashable = self.untyped_key
        self.key: Hashable = self.untyped_key
        self.reads_variables = packet.find(b"@") >= 0
        self.sharded: PreparedText | None = None

    def learn_types(self, types: bytes) -> None:
        """The parameters have these types from now on.

        All that they have had belong to the key: what a statement gives depends on the types of
        its first execution, and servers make them wider and do not go back.
        """
        self.types = types
        if types not in self._history and len(self._history) < MAX_TYPES:
            self._history = (*self._history, types)
            self.earlier_key = self.key
            self.key = (self._meaning, self._history)

    @property
    def current(self) -> Statement:
        """The one that was executed last: of a sharded table's that of a shard."""
        on_shard = None if self.sharded is None else self.sharded.current
        return on_shard or self

    @property
    def name(self) -> str:
        """The id, as a pin has it."""
        return self.id.hex()
