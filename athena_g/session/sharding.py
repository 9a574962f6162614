"""The statements of a session whose group has several DB groups: each goes where its rows are.

What is known of a statement the router says (:mod:`athena_g.router`); here it is done. As long as a
transaction is open, or something pins the session, its statements stay on one server.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from athena_g import errors
from athena_g.backend.look_back import Answer
from athena_g.backend.profile import Profile
from athena_g.errors import SqlError
from athena_g.group.sharding import Sharding
from athena_g.net.stream import PacketStream
from athena_g.parser.lexer import first_word
from athena_g.parser.statement import Kind
from athena_g.parser.text import Reading
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    MAX_PAYLOAD,
    NOT_NULL_FLAG,
    SERVER_STATUS_ANSI_QUOTES,
    SERVER_STATUS_IN_TRANS,
    SERVER_STATUS_NO_BACKSLASH_ESCAPES,
    ColumnType,
    Command,
)
from athena_g.protocol.framing import Deframer, frame
from athena_g.protocol.replies import EofPacket
from athena_g.protocol.wire import lenenc_bytes, lenenc_int
from athena_g.router.explain import explain
from athena_g.router.plan import Plan, TableNotKnown
from athena_g.router.route import Reach
from athena_g.router.router import Routed
from athena_g.router.tables import LISTS
from athena_g.session.binding import Binding, Effect
from athena_g.session.catalogue import tables
from athena_g.session.fan_out import FanOut
from athena_g.session.leases import Leases, Part, query
from athena_g.session.scatter import Scatter

MAX_LEARNED: Final = 100
"""Tables that are looked at for one statement."""

_BODY = 5
_EXPLAIN_ATHENA = re.compile(rb"\s*explain\s+athena\s+", re.IGNORECASE)
_STEPS = [
    Column(name, ColumnType.VAR_STRING, collation_id=45, length=4 * size, flags=NOT_NULL_FLAG)
    for name, size in (("step", 64), ("detail", 4096))
]
_STAYS_EMPTY = frozenset((b"select", b"set", b"show", b"do"))
"""Statements without tables that leave a transaction as empty as it was."""


class ShardedStatements:
    """Sends one session's statements to the servers that have their rows."""

    def __init__(self, binding: Binding, sharding: Sharding, client: PacketStream) -> None:
        self._binding = binding
        self._sharding = sharding
        self._leases = Leases(binding, sharding)
        self.use(client)
        self._profile: Profile | None = None
        self._status = -1
        self._reading = Reading()
        self._empty_since = b""
        """The BEGIN of the open transaction, as long as no statement in it named a table."""

    def use(self, client: PacketStream) -> None:
        """Answer over ``client`` from now on."""
        self._client = client
        self._scatter = Scatter(self._binding, self._leases, client)
        self._fan_out = FanOut(self._binding, self._leases, client)

    def execute(self, packet: bytes, kind: int, effect: Effect | None = None) -> None:
        """Have the servers that are concerned answer a framed COM_QUERY."""
        packet, text = self._whole(packet)
        explained = _EXPLAIN_ATHENA.match(text)
        if explained is not None:
            self._explain(text[explained.end() :])
            return
        routed = self.route(text)
        found, plan = routed.route, routed.plan
        if plan.action in LISTS:
            self._list(text)
            return
        if plan.shards and plan.read_only:
            asked = self._asked(routed)
            self._stay_within(asked)
            self._scatter.read(asked, renames_cells=True)
            return
        match found.reach:
            case Reach.ONE:
                shard = found.shards[0]
                self.go_to(self._sharding.pool_of(shard))
                sent = routed.text(shard)
                if sent != text:
                    packet = frame(bytes([Command.QUERY]) + sent, 0)
                self._binding.execute(packet, kind, effect, routed.names(shard))
            case Reach.HOME:
                self.go_to(self._sharding.home_pool)
                self._binding.execute(packet, kind, effect)
            case Reach.ANYWHERE:
                self._anywhere(packet, text, kind, effect)
            case Reach.SEVERAL | Reach.EVERY_GROUP:
                self._everywhere(routed)

    def _everywhere(self, routed: Routed) -> None:
        """Have several shards, or all DB groups, answer."""
        asked = self._asked(routed)
        self._stay_within(asked)
        if routed.plan.kind is Kind.SELECT:
            self._scatter.read(asked, locks=not routed.plan.read_only)
        elif routed.plan.read_only:
            self._scatter.read(asked)
        elif routed.plan.everywhere:
            self._define(routed.plan, asked)
        else:
            alike = routed.route.reach is Reach.EVERY_GROUP
            divided = bool(routed.route.divided)
            self._fan_out.change(routed.plan.kind.value, asked, alike=alike, rows=divided)

    def _define(self, plan: Plan, asked: dict[Pool, list[Part]]) -> None:
        """Change tables everywhere; what was known of them holds no longer."""
        try:
            self._fan_out.define(plan.action, asked)
        finally:
            for table in plan.changed:
                self._sharding.forget(table)

    def _explain(self, text: bytes) -> None:
        """Answer EXPLAIN ATHENA: what the router makes of a statement."""
        self._learned(text)
        lines = explain(self._sharding.router, text, self.reading())
        self._send(Answer(_STEPS, [[part.encode() for part in line] for line in lines]))

    def _send(self, answer: Answer) -> None:
        """Send rows that are the proxy's own, in the text protocol."""
        eof = EofPacket(status=self._binding.local_status).encode()
        client = self._client
        client.write_packet(lenenc_int(len(answer.columns)))
        for column in answer.columns:
            client.write_packet(column.encode())
        client.write_packet(eof)
        for row in answer.rows:
            cells = (b"\xfb" if cell is None else lenenc_bytes(cell) for cell in row)
            client.write_packet(b"".join(cells))
        client.write_packet(eof)
        client.flush()
        self._binding.note_scattered(-1, len(answer.rows), 0)

    def _list(self, text: bytes) -> None:
        """Answer SHOW TABLES and SHOW TABLE STATUS: each table once, by the client's name."""
        self._send(tables(self._sharding, text.decode(self.reading().codec, "replace")))

    def _learned(self, text: bytes) -> None:
        """Have all known of a statement's tables, as far as that can be had."""
        try:
            self.route(text)
        except SqlError:
            return

    def _asked(self, routed: Routed) -> dict[Pool, list[Part]]:
        """What each server is asked, in the order of the shards."""
        sharding = self._sharding
        if routed.route.reach is Reach.EVERY_GROUP:
            command = query(routed.text(0))
            return {
                pool: [Part(f"DB group {name}", command)] for name, pool in sharding.pools.items()
            }
        found: dict[Pool, list[Part]] = {}
        for shard in routed.route.shards:
            part = Part(f"shard {shard}", query(routed.text(shard)), routed.names(shard))
            found.setdefault(sharding.pool_of(shard), []).append(part)
        return found

    def _anywhere(self, packet: bytes, text: bytes, kind: int, effect: Effect | None) -> None:
        """Have whichever server the session uses answer."""
        binding = self._binding
        begin = binding.begin or self._empty_since
        binding.execute(packet, kind, effect)
        is_open = binding.held is not None and binding.status & SERVER_STATUS_IN_TRANS
        stays_empty = is_open and not binding.pins and first_word(text, 0) in _STAYS_EMPTY
        self._empty_since = begin if stays_empty else b""

    def go_to(self, pool: Pool) -> None:
        """Have the statement to come run on a server; refuse it if another one is held."""
        binding = self._binding
        if pool is not binding.pool and binding.held is not None:
            if not self._empty_since:
                raise errors.CROSS_SHARD_TRANSACTION(
                    bound=self._sharding.called(binding.pool), target=self._sharding.called(pool)
                )
            binding.begin_elsewhere(self._empty_since)
        self._empty_since = b""
        binding.go_to(pool)

    def _stay_within(self, asked: dict[Pool, list[Part]]) -> None:
        """Have the statement to come run on these servers: if it is one, as others that go there."""
        if len(asked) == 1:
            self.go_to(next(iter(asked)))
        elif self._binding.held is None:
            self._empty_since = b""

    # -- routing -----------------------------------------------------------------------------------

    def route(self, text: bytes, parameters: Sequence[Any] = ()) -> Routed:
        """Where a statement goes, with what has to be known of its tables asked for first."""
        reading = self.reading()
        for _ in range(MAX_LEARNED):
            try:
                return self._sharding.router.route(text, reading, parameters)
            except TableNotKnown as unknown:
                self._sharding.learn(unknown.table)
        raise errors.NOT_UNDERSTOOD(table="of a pattern")

    def reading(self) -> Reading:
        """How the session's texts are to be read."""
        binding = self._binding
        if binding.profile is not self._profile or binding.status != self._status:
            self._profile, self._status = binding.profile, binding.status
            self._reading = _reading_of(binding.profile, binding.status)
        return self._reading

    def _whole(self, packet: bytes) -> tuple[bytes, bytes]:
        """The whole framed command, and its text: where it goes only the whole text tells."""
        if not self._client.continues and len(packet) <= MAX_PAYLOAD:
            return packet, packet[_BODY:]
        deframer = Deframer(self._client.max_allowed_packet)
        deframer.feed(packet)
        while (payload := deframer.next_payload()) is None:
            deframer.feed(self._client.read_more())
        self._client.skip_rest()
        return frame(payload, 0), payload[1:]


def _reading_of(profile: Profile, status: int) -> Reading:
    if not profile.is_readable or profile.codec is None:
        raise errors.NOT_SUPPORTED_YET(
            construct=f"statements in the character set {profile.charset} in a group with shards"
        )
    modes = (profile.value("sql_mode") or "").upper()
    return Reading(
        codec=profile.codec,
        ansi_quotes=profile.ansi_quotes or bool(status & SERVER_STATUS_ANSI_QUOTES),
        no_backslash_escapes=bool(status & SERVER_STATUS_NO_BACKSLASH_ESCAPES),
        pipes_as_concat="PIPES_AS_CONCAT" in modes or "ANSI" in modes.strip("'").split(","),
    )
