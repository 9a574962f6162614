"""Prepared statements of a group with several DB groups: one for each shard that is asked.

A statement is prepared on some server, so that the client learns its parameters and columns. Each
execution goes where its parameters say, and is prepared there under the shard's own text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from athena_g import errors
from athena_g.backend.connection import BackendConnection, Prepare
from athena_g.parser.digest import Shape
from athena_g.parser.text import Reading
from athena_g.protocol.commands import UNSIGNED_PARAMETER
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.parameters import read_parameters
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import is_eof
from athena_g.router.plan import Plan
from athena_g.router.route import Reach, Route
from athena_g.router.router import Routed
from athena_g.router.rules import Rules
from athena_g.router.tables import LISTS
from athena_g.session.leases import Refused, refusal
from athena_g.session.sharding import ShardedStatements
from athena_g.session.statement import PARAMETERS, Statement

MAX_SHARDS: Final = 256
"""Shards of one statement whose texts are kept."""

_BODY = 5
_FLAGS = 5
"""Where an execution's payload says whether it opens a cursor."""
_BODY_OF_PAYLOAD = PARAMETERS - 4
_INTEGERS: Final = {1: 1, 2: 2, 3: 4, 8: 8}
"""The bytes of a parameter by its type: TINY, SHORT, LONG, LONGLONG."""
_DEFINITION = b"\3def"


class PreparedText:
    """The text of a prepared statement, and what it is on each shard.

    Made with the framed COM_STMT_PREPARE; the session is then on the server that is to prepare
    ``command``. Raises `SqlError` for a statement that is refused. ``current`` is the statement
    that was executed last, if it was one shard's.
    """

    def __init__(self, sharding: ShardedStatements, packet: bytes) -> None:
        self.sharding = sharding
        self.current: Statement | None = None
        self._text = packet[_BODY:] if len(packet) < 1 << 24 else sharding.whole(packet)[1][1:]
        self._reading: Reading = sharding.reading()
        self._shape: Shape = sharding.shape(self._text, self._reading)
        self._by_shard: dict[int, Statement] = {}
        self._known: Plan | None = None
        self._rules: Rules | None = None
        self._shown: Statement | None = None
        self.names: TableNames | None = None
        plan = self._plan()
        if plan.refusal is not None:
            raise plan.refusal
        if plan.shards:
            raise errors.NOT_ON_SHARDED(construct=f"a prepared {plan.action}", table=_first(plan))
        if plan.action in LISTS:
            raise errors.NOT_SUPPORTED_YET(
                construct=f"a prepared {plan.action} in a group with shards"
            )
        if plan.id_slots is not None:
            raise errors.NOT_ON_SHARDED(
                construct="a prepared INSERT without the generated id", table=_first(plan)
            )
        self._first = sharding.go_to_prepare(plan) if plan.is_sharded else None
        if self._first is None:
            self.go_home(Reach.HOME if plan.others or plan.at_home else Reach.ANYWHERE)
            self.command = self._of_catalogue(plan) if plan.catalogue else packet
        else:
            self.command = self._prepare(self._routed(plan, self._first), self._first)
            self.names = plan.names.of(self._first)

    def _plan(self) -> Plan:
        rules = self.sharding.rules
        if self._known is None or self._rules is not rules:
            plan = self.sharding.plan(self._text, self._shape, self._reading)
            self._known, self._rules = plan, self.sharding.rules
        return self._known

    def _routed(self, plan: Plan, shard: int) -> Routed:
        return Routed(plan, Route(Reach.ONE, (shard,)), self._shape.literals)

    @staticmethod
    def _prepare(routed: Routed, shard: int) -> bytes:
        return frame(bytes([Command.STMT_PREPARE]) + routed.text(shard), 0)

    def renamed(self, payload: bytes) -> bytes:
        """A payload of the answer to the preparation, as the client is to see it."""
        if self.names is None or is_eof(payload) or not payload.startswith(_DEFINITION):
            return payload
        return self.names.definition(payload)

    def adopt(self, statement: Statement) -> None:
        """Take note of the client's statement, once a server prepared it."""
        statement.sharded = self
        if self._first is not None:
            self.current = self._new(statement, self.command)
            self._by_shard[self._first] = self.current
        elif self._plan().catalogue:
            self.current = self._shown = self._new(statement, self.command)

    @staticmethod
    def _new(statement: Statement, command: bytes) -> Statement:
        return Statement(statement.id, command, statement.parameters, statement.profile)

    def go_home(self, reach: Reach) -> None:
        """Have the statement run at home, if it is not one for whichever server it is."""
        self.sharding.go_home(reach, self._text)

    def go_for_long_data(self) -> None:
        """Go where long data belongs; raises what hinders it: that is known at the execution."""
        plan = self._plan()
        if plan.is_sharded:
            raise errors.NOT_ON_SHARDED(
                construct="long data of a prepared statement", table=_first(plan)
            )
        reach = self.sharding.routed(plan, self._shape, (), self._reading).route.reach
        if reach is Reach.EVERY_GROUP:
            construct = "long data of a prepared change of a broadcast table"
            raise errors.NOT_SUPPORTED_YET(construct=construct)
        self.go_home(reach)

    # -- the short way -----------------------------------------------------------------------------

    def at_point(self, packet: bytes, statement: Statement) -> Statement | None:
        """The statement of the one shard of an execution whose first parameter is the key.

        The session is then on that shard's server, and ``names`` are those for the reply. ``None``:
        it is not that simple. ``packet`` is all of the framed execution.
        """
        plan = self._plan()
        point, types = plan.point, statement.types
        if point is None or types is None or point.slot != len(self._shape.literals):
            return None
        size = _INTEGERS.get(types[1])
        if size is None or packet[PARAMETERS] & 1:
            return None
        says_types = packet[statement.types_at] == 1
        at = statement.types_end if says_types else statement.types_at + 1
        signed = not types[2] & UNSIGNED_PARAMETER
        shard = point.shard_of(int.from_bytes(packet[at : at + size], "little", signed=signed))
        if shard is None:
            return None
        self.sharding.go_to_shard(shard)
        self.names = plan.names.of(shard)
        found = self.current = self._by_shard.get(shard)
        if found is None or found.types != types or found.effect is not statement.effect:
            found = self.current = self.on_shard(shard, statement, self._routed(plan, shard))
        return found

    # -- executions --------------------------------------------------------------------------------

    def route(self, payload: bytes, statement: Statement) -> Routed:
        """Where an execution goes; raises `SqlError` for what is refused."""
        values: list[object] = []
        plan = self._plan()
        if statement.parameters and plan.is_sharded:
            body = self._with_types(payload, statement)[_BODY_OF_PAYLOAD:]
            values = [*read_parameters(body, (), statement.parameters, {}, self._reading.codec)[0]]
        return self.sharding.routed(plan, self._shape, values, self._reading)

    @staticmethod
    def _with_types(payload: bytes, statement: Statement) -> bytes:
        """An execution that says the types of its parameters."""
        at = statement.types_at - 4
        if payload[at : at + 1] == b"\1" or statement.types is None:
            return payload
        return payload[:at] + statement.types + payload[at + 1 :]

    def on_shard(self, shard: int, statement: Statement, routed: Routed) -> Statement:
        """What the statement is on a shard."""
        found = self._by_shard.get(shard)
        if found is None:
            found = self._new(statement, self._prepare(routed, shard))
            if len(self._by_shard) >= MAX_SHARDS:
                self._by_shard.clear()
            self._by_shard[shard] = found
        return _like(found, statement)

    def at_home(self, statement: Statement) -> Statement:
        """What the statement is at home: of information_schema it has what is there now."""
        plan = self._plan()
        if not plan.catalogue:
            return statement
        command = self._of_catalogue(plan)
        if self._shown is None or self._shown.packet != command:
            self._shown = self._new(statement, command)
        self.current = _like(self._shown, statement)
        return self.current

    def _of_catalogue(self, plan: Plan) -> bytes:
        text = self.sharding.with_catalogue(self._text, plan)
        return frame(bytes([Command.STMT_PREPARE]) + text, 0)

    def execute_everywhere(self, payload: bytes, statement: Statement, routed: Routed) -> None:
        """Execute the statement on several shards, or in all DB groups."""
        said = self._with_types(payload, statement)
        said = said[:_FLAGS] + b"\0" + said[_FLAGS + 1 :]  # no cursor: each has its own rows
        if routed.route.divided:
            construct = "a prepared INSERT of rows of several shards"
            raise errors.NOT_ON_SHARDED(construct=construct, table=_first(routed.plan))

        def command(shard: int) -> Callable[[BackendConnection], bytes]:
            one = statement
            if routed.route.shards:
                one = self.on_shard(shard, statement, routed)
            names = routed.names(shard) if routed.route.shards else None
            return lambda connection: _execution(connection, one, said, names)

        self.sharding.everywhere(routed, command, statement.effect)


def _like(one: Statement, statement: Statement) -> Statement:
    """The client's statement under another text, to be executed as the client says now."""
    one.effect, one.questions = statement.effect, statement.questions
    if one.types != statement.types and statement.types is not None:
        one.learn_types(statement.types)
    return one


def _execution(
    connection: BackendConnection, statement: Statement, said: bytes, names: TableNames | None
) -> bytes:
    """The framed execution of a statement on a connection, where it is prepared if it has to be.

    It is without a cursor, whatever the client wants: there is none over several shards.
    """
    prepared = connection.statements.get(statement.key)
    if prepared is None:
        payloads, prepared = _prepare_on(connection, statement)
        if prepared is None:
            raise Refused(refusal(payloads[0], names))
        connection.statements.add(statement.key, prepared)
    prepared.types = statement.types
    return frame(said[:1] + prepared.id + b"\0" + said[6:], 0)


def _prepare_on(connection: BackendConnection, statement: Statement) -> Prepare:
    """Prepare a statement so that it means what it meant when the client prepared it."""
    own, owner = connection.profile, connection.owner
    assert own is not None
    assert owner is not None
    then = own.reading_as(statement.profile)
    if then is own:
        return connection.prepare(statement.packet)
    connection.settle(then, owner, b"")
    answer = connection.prepare(statement.packet)
    connection.settle(own, owner, b"")
    return answer


def _first(plan: Plan) -> str:
    if plan.inserted is not None:
        return plan.inserted.table
    named = [each.part.table.name for each in plan.tables] or plan.changed
    return named[0] if named else ""
