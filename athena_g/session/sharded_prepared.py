"""Prepared statements of a group with several DB groups: one for each shard that is asked.

A statement is prepared on some server, so that the client learns its parameters and columns. Each
execution goes where its parameters say, and is prepared there under the shard's own text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import Answer
from athena_g.parser.digest import AT_ONCE, Shape
from athena_g.parser.statement import Kind
from athena_g.parser.text import Reading
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import UNSIGNED_PARAMETER
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.parameters import (
    Parameter,
    join_parameters,
    of_number,
    read_parameters,
    split_parameters,
)
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import is_eof
from athena_g.protocol.resultset import PrepareOk
from athena_g.router.plan import Plan
from athena_g.router.route import Reach, Route
from athena_g.router.router import Routed, limits
from athena_g.router.rules import Rules
from athena_g.session.leases import Refused, refusal
from athena_g.session.long_work import at_once, in_thread
from athena_g.session.saying import Said, prepare_under
from athena_g.session.sharding import MANY, ShardedStatements
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


@dataclass(slots=True)
class Execution:
    """One execution as the servers get it: ``payload`` says the types of its parameters.

    ``parameters`` are those, if the payload is not what the client sent; ``made`` are the ids that
    were made for its rows.
    """

    payload: bytes
    routed: Routed
    parameters: list[Parameter] | None = None
    made: Sequence[int] = ()
    given: bytes = b""
    """The payload before LIMIT was made that of a shard."""

    @property
    def types(self) -> bytes | None:
        """The types of the parameters, behind the flag that announces them."""
        return None if self.parameters is None else _types(self.parameters)

    def with_parameters(self, chosen: list[Parameter]) -> bytes:
        """The payload with other parameters."""
        return self.payload[:_BODY_OF_PAYLOAD] + join_parameters(chosen)


class PreparedText:
    """The text of a prepared statement, and what it is on each shard.

    Made with the framed COM_STMT_PREPARE; the session is then on the server that is to prepare
    ``command``. Raises `SqlError` for a statement that is refused. ``current`` is the statement
    that was executed last, if it was one shard's. ``columns`` are those of rows that the proxy
    itself gives: no server prepares such a statement.

    Where rows lack an id that is to be made here, the text has parameters for them, of which the
    client does not know: ``made`` are their places among all. ``elsewhere`` is the answer to the
    preparation of a query that no one server has all tables of: it was made for that alone.
    """

    def __init__(self, sharding: ShardedStatements, packet: bytes) -> None:
        self.sharding = sharding
        self.current: Statement | None = None
        self.columns: Sequence[Column] | None = None
        self.command = packet
        self.names: TableNames | None = None
        self.made: Sequence[int] = ()
        self.elsewhere: list[bytes] | None = None
        self._text = packet[_BODY:] if len(packet) < 1 << 24 else sharding.whole(packet)[1][1:]
        self._reading: Reading = sharding.reading()
        self._shape: Shape = self._cut()
        self._by_shard: dict[int, Statement] = {}
        self._known: Plan | None = None
        self._rules: Rules | None = None
        self._shown: Statement | None = None
        self._first: int | None = None
        self._own: Callable[[bytes], Answer | None] = sharding.explained
        answer = sharding.explained(self._text)
        if answer is None:
            answer = self._planned(packet)
        if answer is not None:
            self.columns = answer.columns

    def _planned(self, packet: bytes) -> Answer | None:
        """Go where the statement is to be prepared; what it answers, if it is the proxy's own."""
        plan = self._plan()
        if plan.refusal is not None:
            raise plan.refusal
        if plan.is_listing:
            self._own = self.sharding.listed
            answer = self.sharding.listed(self._text)
            if answer is not None:
                return answer
        if plan.id_slots is not None:
            slots = plan.id_slots
            self.made = slots.parameters
            self._text = slots.render(self._shape.literals, [b"?"] * slots.count)
            self._shape = self._cut()
            self._known = None
            plan = self._plan()
        if self.sharding.has_no_server(plan):
            self.elsewhere = self.sharding.prepare_elsewhere(plan, self._shape.literals)
        elif plan.is_sharded or plan.shards:
            self._first = self.sharding.go_to_prepare(plan)
            self.command = self._prepare(self._routed(plan, self._first), self._first)
            self.names = plan.names.of(self._first)
        else:
            self.go_home(Reach.HOME if plan.others or plan.at_home else Reach.ANYWHERE)
            if _is_shown(plan):
                self.command = self._of_catalogue(plan)
                self.names = self.sharding.names_of_columns
        return None

    def _cut(self) -> Shape:
        if len(self._text) > AT_ONCE:
            return in_thread(self.sharding.shape, self._text, self._reading)
        return self.sharding.shape(self._text, self._reading)

    def own_answer(self) -> Answer:
        """The rows that the proxy itself gives."""
        answer = self._own(self._text)
        assert answer is not None
        return answer

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

    def told(self, payloads: list[bytes]) -> list[bytes]:
        """The answer to the preparation, as the client is to see it."""
        ok = PrepareOk.decode(payloads[0])
        made = frozenset(self.made)
        kept = [each for place, each in enumerate(payloads[1:]) if place not in made]
        if self.made and ok.parameters == len(self.made):
            kept = kept[1:]  # nor is there an end of definitions
        ok = replace(ok, parameters=ok.parameters - len(self.made))
        return [ok.encode(), *map(self._renamed, kept)]

    def _renamed(self, payload: bytes) -> bytes:
        if self.names is None or is_eof(payload) or not payload.startswith(_DEFINITION):
            return payload
        return self.names.definition(payload)

    def adopt(self, statement: Statement) -> None:
        """Take note of the client's statement, once a server prepared it."""
        statement.sharded = self
        if self._first is not None:
            self.current = self._new(statement, self.command)
            self._by_shard[self._first] = self.current
        elif _is_shown(self._plan()):
            self.current = self._shown = self._new(statement, self.command)

    def _new(self, statement: Statement, command: bytes) -> Statement:
        parameters = statement.parameters + len(self.made)
        return Statement(statement.id, command, parameters, statement.profile)

    def go_home(self, reach: Reach) -> None:
        """Have the statement run at home, if it is not one for whichever server it is."""
        self.sharding.go_home(reach, self._text)

    def keeps_long_data(self) -> bool:
        """Whether only the execution tells where long data is to go.

        If not, the session is then on its server.
        """
        plan = self._plan()
        if plan.is_sharded or _is_shown(plan):
            return True
        reach = self.sharding.routed(plan, self._shape, (), self._reading).route.reach
        if reach is Reach.EVERY_GROUP:
            return True
        self.go_home(reach)
        return False

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
        if self.made or statement.long_data:
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

    def execution(self, payload: bytes, statement: Statement) -> Execution:
        """What an execution is, and where it goes; raises `SqlError` for what is refused."""
        plan = self._plan()
        # They are in the character set of now, the literals in that of the preparation.
        codec = self.sharding.reading().codec
        read = in_thread if statement.parameters > MANY else at_once
        ids = self.sharding.new_ids(len(self.made))
        said, parameters, values = read(self._read, payload, statement, plan, codec, ids)
        routed = self.sharding.routed(plan, self._shape, values, self._reading)
        given = said
        if routed.route.divided and parameters is None:
            count = statement.parameters + len(self.made)
            parameters = read(split_parameters, said[_BODY_OF_PAYLOAD:], count, {})
        limited = limits(plan, routed.route)
        first = len(self._shape.literals)
        if any(slot >= first for slot in limited):
            count = statement.parameters + len(self.made)
            parameters = split_parameters(said[_BODY_OF_PAYLOAD:], count, {})
            for slot, number in limited.items():
                if slot >= first:
                    parameters[slot - first] = of_number(number)
            said = said[:_BODY_OF_PAYLOAD] + join_parameters(parameters)
        made = [] if plan.kind is Kind.EXPLAIN else ids
        return Execution(said, routed, parameters, made, given)

    def _read(
        self, payload: bytes, statement: Statement, plan: Plan, codec: str, ids: Sequence[int]
    ) -> tuple[bytes, list[Parameter] | None, list[object]]:
        """The payload for the servers, its parameters if they changed, and their values.

        The values only where they matter.
        """
        said = self._with_types(payload, statement)
        parameters: list[Parameter] | None = None
        if self.made or statement.long_data:
            body = said[_BODY_OF_PAYLOAD:]
            given = split_parameters(body, statement.parameters, statement.long_data)
            parameters = _with_ids(given, self.made, ids)
            said = said[:_BODY_OF_PAYLOAD] + join_parameters(parameters)
        values: list[object] = []
        count = statement.parameters + len(self.made)
        if count and plan.is_sharded:
            values = [*read_parameters(said[_BODY_OF_PAYLOAD:], (), count, {}, codec)[0]]
        return said, parameters, values

    @staticmethod
    def _with_types(payload: bytes, statement: Statement) -> bytes:
        """An execution that says the types of its parameters."""
        at = statement.types_at - 4
        if payload[at : at + 1] == b"\1" or statement.types is None:
            return payload
        return payload[:at] + statement.types + payload[at + 1 :]

    def on_shard(
        self, shard: int, statement: Statement, routed: Routed, types: bytes | None = None
    ) -> Statement:
        """What the statement is on a shard; ``types`` are those of the parameters it has there."""
        found = self._by_shard.get(shard)
        if found is None:
            found = self._new(statement, self._prepare(routed, shard))
            if len(self._by_shard) >= MAX_SHARDS:
                self._by_shard.clear()
            self._by_shard[shard] = found
        return _like(found, statement, types)

    def at_home(self, statement: Statement, types: bytes | None) -> Statement:
        """What the statement is at home: of information_schema it has what is there now.

        ``types`` are those of its parameters, if they are other ones than the client knows.
        """
        plan = self._plan()
        if not _is_shown(plan):
            return statement
        command = self._of_catalogue(plan)
        if self._shown is None or self._shown.packet != command:
            self._shown = self._new(statement, command)
        self.current = _like(self._shown, statement, types)
        return self.current

    def _of_catalogue(self, plan: Plan) -> bytes:
        text = self.sharding.with_catalogue(self._text, plan)
        return frame(bytes([Command.STMT_PREPARE]) + text, 0)

    def execute_everywhere(self, execution: Execution, statement: Statement) -> None:
        """Execute the statement on several shards, or in all DB groups."""
        routed = execution.routed

        def command(shard: int) -> Callable[[BackendConnection], bytes]:
            one, said = self._part(execution, statement, shard)
            said = said[:_FLAGS] + b"\0" + said[_FLAGS + 1 :]  # no cursor: each has its own rows
            names = routed.names(shard) if routed.route.shards else None
            return lambda connection: _execution(connection, one, said, names)

        self.sharding.everywhere(
            routed,
            command,
            statement.effect,
            made=execution.made,
            binary=True,
            said=self._said(execution, statement),
        )

    def _said(self, execution: Execution, statement: Statement) -> Said | None:
        """What the client said, for a query."""
        if execution.routed.plan.kind is not Kind.SELECT:
            return None
        count = statement.parameters + len(self.made)
        own, given = (
            split_parameters(payload[_BODY_OF_PAYLOAD:], count, {})
            for payload in (execution.payload, execution.given)
        )
        routed, profile = execution.routed, statement.profile
        of_client = Said(routed.said, given, profile)
        return Said(routed.literals, own, profile, of_client)

    def _part(
        self, execution: Execution, statement: Statement, shard: int
    ) -> tuple[Statement, bytes]:
        """What the statement is on a shard, and the execution there: it may have some rows only."""
        routed, parameters = execution.routed, execution.parameters
        places = routed.route.divided.get(shard)
        if places is not None and parameters is not None and routed.plan.divisible is not None:
            chosen = [parameters[each] for each in routed.plan.divisible.parameters(places)]
            command = self._prepare(routed, shard)
            one = Statement(statement.id, command, len(chosen), statement.profile)
            return _like(one, statement, _types(chosen)), execution.with_parameters(chosen)
        if routed.route.window is not None:  # the numbers in the text are other ones each time
            one = self._new(statement, self._prepare(routed, shard))
            one = _like(one, statement, execution.types)
        elif routed.route.shards:
            one = self.on_shard(shard, statement, routed, execution.types)
        elif execution.types is not None:
            one = _like(self._new(statement, statement.packet), statement, execution.types)
        else:
            one = statement
        return one, execution.payload


def _with_ids(
    given: Sequence[Parameter], places: Sequence[int], ids: Sequence[int]
) -> list[Parameter]:
    """The parameters with ids at these places, which ascend, among them all."""
    found: list[Parameter] = []
    rest = iter(given)
    for place, number in zip(places, ids, strict=True):
        found += islice(rest, place - len(found))
        found.append(of_number(number))
    return [*found, *rest]


def _is_shown(plan: Plan) -> bool:
    """Whether the home server gets a text that has what there is in the moment."""
    return bool(plan.catalogue) or plan.is_listing


def _types(parameters: Sequence[Parameter]) -> bytes:
    """The types of parameters, behind the flag that announces them."""
    return b"\1" + b"".join(each.type for each in parameters)


def _like(one: Statement, statement: Statement, types: bytes | None) -> Statement:
    """The client's statement under another text, to be executed as the client says now.

    ``types`` are those of its parameters, if they are other ones than the client knows.
    """
    one.effect, one.questions = statement.effect, statement.questions
    types = types or statement.types
    if one.types != types and types is not None:
        one.learn_types(types)
    return one


def _execution(
    connection: BackendConnection, statement: Statement, said: bytes, names: TableNames | None
) -> bytes:
    """The framed execution of a statement on a connection, where it is prepared if it has to be.

    It is without a cursor, whatever the client wants: there is none over several shards.
    """
    prepared = connection.statements.get(statement.key)
    if prepared is None:
        payloads, prepared = prepare_under(connection, statement.packet, statement.profile)
        if prepared is None:
            raise Refused(refusal(payloads[0], names))
        connection.statements.add(statement.key, prepared)
    prepared.types = statement.types
    return frame(said[:1] + prepared.id + b"\0" + said[6:], 0)
