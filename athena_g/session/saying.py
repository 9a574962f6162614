"""How statements that are made of a client's are said to servers: with its parameters, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from athena_g.backend.connection import BackendConnection, Prepare
from athena_g.backend.profile import Profile
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.parameters import Parameter, join_parameters
from athena_g.protocol.renaming import TableNames
from athena_g.router.compose import Composed
from athena_g.session.leases import Asked, Refused, query, refusal

AS_KEPT: Final = {"character_set_results": "NULL"}
"""Settings under which texts are told as they are kept."""
ALL_ROWS: Final = {"sql_select_limit": str((1 << 64) - 1)}
"""Settings under which a query without LIMIT gives all its rows."""
_HEAD = b"\0" + (1).to_bytes(4, "little")
"""Of an execution behind the statement's id: no cursor, one iteration."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a client said: the literals of a text, the parameters of an execution.

    ``parameters`` is ``None`` for a text; ``profile`` are the settings it was prepared under.
    ``of_client`` is what the client said if this is what each shard is told of LIMIT.
    """

    literals: Sequence[bytes]
    parameters: Sequence[Parameter] | None = None
    profile: Profile | None = None
    of_client: Said | None = None

    @property
    def binary(self) -> bool:
        """Whether the client wants binary rows."""
        return self.parameters is not None

    def asked(self, composed: Composed, shard: int, names: TableNames | None) -> Asked:
        """The command that gives the client its rows."""
        text = composed.render(shard, self.literals)
        if self.parameters is None:
            return query(text)
        return self.prepared(text, composed.parameters, names)

    def prepared(
        self, text: bytes, parameters: Sequence[int], names: TableNames | None = None
    ) -> Callable[[BackendConnection], bytes]:
        """The command for binary rows; ``parameters`` are those of the client that it has."""
        given = self.parameters or ()
        chosen = join_parameters([given[number] for number in parameters])

        def command(connection: BackendConnection) -> bytes:
            packet = frame(bytes([Command.STMT_PREPARE]) + text, 0)
            payloads, prepared = prepare_under(connection, packet, self.profile)
            if prepared is None:
                raise Refused(refusal(payloads[0], names))
            connection.statements.close_after_use(prepared)
            return frame(bytes([Command.STMT_EXECUTE]) + prepared.id + _HEAD + chosen, 0)

        return command


def prepare_under(connection: BackendConnection, packet: bytes, profile: Profile | None) -> Prepare:
    """Prepare a framed statement so that it means what it meant under these settings."""
    own, owner = connection.profile, connection.owner
    assert own is not None
    assert owner is not None
    then = own if profile is None else own.reading_as(profile)
    names = (*AS_KEPT, *ALL_ROWS)
    kept = {name: told for name in names if (told := own.value(name)) is not None}
    then = then.with_variables(kept) or then
    if then is own:
        return connection.prepare(packet)
    connection.settle(then, owner, b"")
    answer = connection.prepare(packet)
    connection.settle(own, owner, b"")
    return answer
