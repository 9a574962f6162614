"""The statements of a session whose group has several DB groups: each goes where its rows are.

What is known of a statement the router says (:mod:`athena_g.router`); here it is done. As long as a
transaction is open, or something pins the session, its statements stay on one server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import gevent

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import Answer
from athena_g.backend.profile import Profile
from athena_g.group.sharding import Sharding
from athena_g.net.stream import PacketStream
from athena_g.parser.digest import AT_ONCE, Shape, shape, shortened
from athena_g.parser.lexer import first_word
from athena_g.parser.statement import Kind
from athena_g.parser.text import DEFAULT_READING, Reading
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
from athena_g.protocol.renaming import ColumnNames, TableNames
from athena_g.protocol.scan import REPLY_FIELDS
from athena_g.router.explain import explain
from athena_g.router.plan import Plan, TableNotKnown
from athena_g.router.rewrite import quoted
from athena_g.router.route import Reach
from athena_g.router.router import Routed
from athena_g.router.rules import Rules
from athena_g.router.tables import SHOWN, SHOWN_CELLS
from athena_g.session.binding import Binding, Effect
from athena_g.session.catalogue import query_of_tables, tables
from athena_g.session.effects import FOUND_ROWS, Called, left_behind
from athena_g.session.fan_out import FanOut, Rows
from athena_g.session.information_schema import with_views
from athena_g.session.leases import Asked, Leases, Part, query
from athena_g.session.long_work import at_once, in_thread
from athena_g.session.own_rows import result_set
from athena_g.session.saying import Said
from athena_g.session.scatter import ALL_CELLS, Scatter
from athena_g.session.several import Several

MANY: Final = 5000
"""Literals of a text whose route a thread looks for, while other sessions go on."""
MAX_LEARNED: Final = 100
"""Tables that are looked at for one statement."""

_PAYLOAD = 4
_BODY = 5
_MODES = SERVER_STATUS_ANSI_QUOTES | SERVER_STATUS_NO_BACKSLASH_ESCAPES
_EXPLAIN_ATHENA = re.compile(rb"\s*explain\s+athena\s+", re.IGNORECASE)
_LOCKS = re.compile(rb"(get|release|is_free|is_used|release_all)_locks?\b", re.IGNORECASE)
_STEPS = [
    Column(name, ColumnType.VAR_STRING, collation_id=45, length=4 * size, flags=NOT_NULL_FLAG)
    for name, size in (("step", 64), ("detail", 4096))
]
_ASKS_DATABASE = re.compile(rb"\b(?:database|schema)\s*\(\s*\)", re.IGNORECASE)
_STAYS_EMPTY = frozenset((b"select", b"set", b"show", b"do"))
"""Statements without tables that leave a transaction as empty as it was."""


def _named_cells(plan: Plan) -> int:
    """How many of the first cells of rows about whole tables have names of tables in them."""
    return SHOWN_CELLS.get(plan.action, 0) if plan.action in SHOWN else ALL_CELLS


def _rows(routed: Routed) -> Rows:
    """What is known of the rows that a statement inserts."""
    if not routed.route.divided or routed.plan.inserted is None:
        return Rows.ANY
    return Rows.DIVIDED_IGNORE if routed.plan.inserted.ignores else Rows.DIVIDED


def _which_were_inserted(plan: Plan, shard: int, made: Sequence[int]) -> str:
    """The question for the first of some ids that a row has; empty where that is clear."""
    inserted = plan.inserted
    if not made or inserted is None or inserted.sure or inserted.rule.id_column is None:
        return ""
    column = quoted(inserted.rule.id_column, "utf_8").decode()
    table = quoted(inserted.rule.physical_name(inserted.table, shard), "utf_8").decode()
    ids = ", ".join(map(str, made))
    return f"SELECT {column} FROM {table} WHERE {column} IN ({ids}) ORDER BY 1 LIMIT 1"


_COLUMN_NAMES: Final = ColumnNames()


class ShardedStatements:
    """Sends one session's statements to the servers that have their rows."""

    def __init__(self, binding: Binding, sharding: Sharding, client: PacketStream) -> None:
        self._binding = binding
        self._sharding = sharding
        self._leases = Leases(binding, sharding)
        self.use(client)
        self._profile: Profile | None = None
        self._modes = -1
        self._reading = Reading()

    def use(self, client: PacketStream) -> None:
        """Answer over ``client`` from now on."""
        self._client = client
        self._scatter = Scatter(self._binding, self._leases, client)
        self._fan_out = FanOut(self._binding, self._leases, client)
        self._several = Several(self._binding, self._leases, self._sharding, self._scatter)

    def execute(self, packet: bytes, kind: int, effect: Effect | None = None) -> None:
        """Have the servers that are concerned answer a framed COM_QUERY."""
        if self._client.continues or len(packet) > MAX_PAYLOAD:
            packet, payload = self.whole(packet)
            text = payload[1:]
        else:
            text = packet[_BODY:]
        if len(text) > AT_ONCE:
            self._execute_long(packet, text, kind, effect)
            return
        reading = self.reading()
        if reading is DEFAULT_READING:
            found = self._sharding.router.at_point(text)
            if found is not None:
                self._execute_on(*found, kind, effect)
                return
            cut = shape(text)
        else:
            cut = self.shape(text, reading)
        plan = self.plan(text, cut, reading)
        shard = None if plan.point is None else plan.point.shard(cut.literals)
        if shard is None:
            self._execute(packet, text, plan, cut, kind, effect)
        else:
            self._execute_on(shard, plan.template.render(shard, cut.literals), plan, kind, effect)

    def _execute_long(self, packet: bytes, text: bytes, kind: int, effect: Effect | None) -> None:
        """The same for a text that takes long to read: a thread does, while others go on."""
        self._client.reframed = True
        reading = self.reading()
        cut = in_thread(self.shape, text, reading)
        plan = self.plan(text, cut, reading)
        self._execute(packet, text, plan, cut, kind, effect)

    def _execute_on(
        self, shard: int, text: bytes, plan: Plan, kind: int, effect: Effect | None
    ) -> BackendConnection:
        """Have the server of a shard answer; over which connection."""
        binding = self._binding
        pool = self._sharding.pool_of(shard)
        if pool is not binding.pool:
            self.go_to(pool)
        return binding.execute(query(text), kind, effect, plan.names.of(shard))

    def _execute(
        self, packet: bytes, text: bytes, plan: Plan, cut: Shape, kind: int, effect: Effect | None
    ) -> None:
        explained = self.explained(text)
        if explained is not None:
            self.send(explained)
            return
        routed, made = self._with_ids(plan, cut)
        found, plan = routed.route, routed.plan
        if made and not plan.returning:
            self.everywhere(routed, lambda shard: query(routed.text(shard)), effect, made=made)
            return
        if plan.is_listing:
            self._list(packet, text, plan, kind, effect)
            return
        if plan.shards:
            self.everywhere(routed, lambda shard: query(routed.text(shard)), effect)
            return
        match found.reach:
            case Reach.ONE:
                shard = found.shards[0]
                connection = self._execute_on(shard, routed.text(shard), plan, kind, effect)
                if made and plan.returning and not connection.scanner.errno:
                    self._binding.set_insert_id(made[0])
            case Reach.HOME if plan.catalogue:
                own_text, names = self.with_catalogue(text, plan), self.names_of_columns
                self.go_to(self._sharding.home_pool)
                self._binding.execute(query(own_text), kind, effect, names)
            case Reach.HOME:
                self.go_to(self._sharding.home_pool)
                self._binding.execute(packet, kind, effect)
            case Reach.ANYWHERE:
                self._anywhere(packet, text, kind, effect)
            case Reach.SEVERAL | Reach.EVERY_GROUP:
                self.everywhere(routed, lambda shard: query(routed.text(shard)), effect)

    def everywhere(
        self,
        routed: Routed,
        command: Callable[[int], Asked],
        effect: Effect | None,
        *,
        made: Sequence[int] = (),
        binary: bool = False,
        said: Said | None = None,
    ) -> None:
        """Have several shards, or all DB groups, answer; ``command`` is what a shard is told.

        ``made`` are the ids of rows that were made here. ``binary``: rows are those of
        prepared statements. ``said`` is what the client said, if it is not a text.
        """
        left = left_behind(effect)
        merged = routed.route.gathered is not None or routed.plan.partial is not None
        counts = left == FOUND_ROWS and merged
        if left and not counts:  # it would be on several connections, none the session's
            raise errors.NOT_SUPPORTED_YET(construct=f"{left} over several shards")
        if routed.plan.kind is Kind.SELECT:
            self._several.check(routed)
            self._stay_within({self._sharding.pool_of(shard) for shard in routed.route.shards})
            said = said or Said(routed.literals, of_client=Said(routed.said))
            codec = self.reading().codec
            self._several.read(
                routed,
                lambda: self._asked(routed, command, ()),
                said,
                codec,
                touches_session=effect is not None,
            )
            return
        asked = self._asked(routed, command, made)
        self._stay_within(asked.keys())
        if routed.plan.read_only:
            self._scatter.read(asked, renamed_cells=_named_cells(routed.plan), binary=binary)
        elif routed.plan.everywhere:
            self._define(routed.plan, asked)
        else:
            alike = routed.route.reach is Reach.EVERY_GROUP
            self._fan_out.change(
                routed.plan.kind.value, asked, alike=alike, rows=_rows(routed), made=made
            )

    def _define(self, plan: Plan, asked: dict[Pool, list[Part]]) -> None:
        """Change tables everywhere; what was known of them holds no longer."""
        try:
            self._fan_out.define(plan.action, asked, alike=not plan.shards)
        finally:
            for table in plan.changed:
                self._sharding.forget(table)

    def explained(self, text: bytes) -> Answer | None:
        """What the router makes of a statement, if this is EXPLAIN ATHENA of it."""
        found = _EXPLAIN_ATHENA.match(text)
        if found is None:
            return None
        text, reading = text[found.end() :], self.reading()
        self.plan(text, self.shape(text, reading), reading)  # so that its tables are known
        lines = explain(self._sharding.router, text, reading)
        return Answer(_STEPS, [[part.encode() for part in line] for line in lines])

    def listed(self, text: bytes) -> Answer | None:
        """What SHOW TABLES and SHOW TABLE STATUS answer: each table once, by the client's name.

        ``None`` where the home server does: what :meth:`with_catalogue` makes of the text.
        """
        return tables(self._sharding, text, self.reading())

    def send(self, answer: Answer, *, binary: bool = False) -> None:
        """Send rows of the proxy's own."""
        client, status = self._client, self._binding.local_status
        for payload in result_set(answer, self.reading().codec, status, binary=binary):
            client.write_packet(payload)
        client.flush()
        self._binding.note_scattered(-1, len(answer.rows), 0)

    def _list(
        self, packet: bytes, text: bytes, plan: Plan, kind: int, effect: Effect | None
    ) -> None:
        found = self.listed(text)
        if found is not None:
            self.send(found)
            return
        own_text = self.with_catalogue(text, plan)
        self.go_to(self._sharding.home_pool)
        self._binding.execute(packet if own_text is text else query(own_text), kind, effect)

    def _asked(
        self, routed: Routed, command: Callable[[int], Asked], made: Sequence[int]
    ) -> dict[Pool, list[Part]]:
        """What each server is asked, in the order of the shards."""
        sharding = self._sharding
        if routed.route.reach is Reach.EVERY_GROUP:
            return {
                pool: [Part(f"DB group {name}", command(0))]
                for name, pool in sharding.pools.items()
            }
        found: dict[Pool, list[Part]] = {}
        for shard in routed.route.shards:
            check = _which_were_inserted(routed.plan, shard, made)
            part = Part(f"shard {shard}", command(shard), routed.names(shard), check, shard)
            found.setdefault(sharding.pool_of(shard), []).append(part)
        return found

    def _anywhere(self, packet: bytes, text: bytes, kind: int, effect: Effect | None) -> None:
        """Have whichever server the session uses answer."""
        binding = self._binding
        self.go_home(Reach.ANYWHERE, text)
        begin = binding.begin or binding.empty_since
        binding.execute(packet, kind, effect)
        is_open = binding.held is not None and binding.status & SERVER_STATUS_IN_TRANS
        stays_empty = (
            is_open
            and not binding.pins
            and not isinstance(effect, Called)
            and first_word(text, 0) in _STAYS_EMPTY
        )
        binding.empty_since = begin if stays_empty else b""

    def go_to_shard(self, shard: int) -> None:
        """Have the statement to come run on the server of a shard."""
        self.go_to(self._sharding.pool_of(shard))

    def go_home(self, reach: Reach, text: bytes) -> None:
        """The same for one that concerns tables at home, or none."""
        if reach is Reach.HOME or _LOCKS.search(text) is not None:  # locks are all on one server
            self.go_to(self._sharding.home_pool)
        elif self._binding.held is None and _ASKS_DATABASE.search(text) is not None:
            self.go_to(self._sharding.home_pool)  # the database there is what clients know best

    def with_catalogue(self, text: bytes, plan: Plan) -> bytes:
        """A text about what tables there are that finds what clients are to see."""
        reading = self.reading()
        if plan.is_listing:
            own = query_of_tables(self._sharding, text, reading)
            return text if own is None else own.encode(reading.codec, "replace")
        return with_views(self._sharding, text, plan, reading)

    @property
    def names_of_columns(self) -> TableNames | None:
        """What columns of information_schema are called in answers to a text made for it."""
        return _COLUMN_NAMES if self._sharding.calls_columns_by_view else None

    def has_no_server(self, plan: Plan) -> bool:
        """Whether no one server has all tables of a query, nor their parts."""
        if plan.gather is None:
            return False
        rules = self.rules
        return any(not rules.is_broadcast(name) for name in plan.others)

    def prepare_elsewhere(self, plan: Plan, literals: Sequence[bytes]) -> list[bytes]:
        """What a server that gets all tables of a query answers to its preparation."""
        return self._several.prepare(plan, literals, self.reading().codec)

    def go_to_prepare(self, plan: Plan) -> int:
        """Go to a server that can prepare a statement; the shard whose text it is to get."""
        pool_of, held = self._sharding.pool_of, self._binding.held is not None
        shards: Sequence[int] = plan.shards
        if not shards:
            rules = [each.part.rule for each in plan.tables]
            shards = range((rules[0] if plan.inserted is None else plan.inserted.rule).count)
        here = (n for n in shards if held and pool_of(n) is self._binding.pool)
        shard = next(here, shards[0])
        self.go_to(pool_of(shard))
        return shard

    def go_to(self, pool: Pool) -> None:
        """Have the statement to come run on a server; refuse it if another one is held."""
        binding = self._binding
        if pool is not binding.pool and binding.held is not None:
            if not binding.empty_since:
                bound, target = (self._sharding.called(each) for each in (binding.pool, pool))
                if binding.pins and not binding.status & SERVER_STATUS_IN_TRANS:
                    raise errors.SESSION_BOUND(bound=bound, target=target, reason=binding.pins)
                raise errors.CROSS_SHARD_TRANSACTION(bound=bound, target=target)
            binding.begin_elsewhere(binding.empty_since)
        binding.go_to(pool)

    def new_ids(self, count: int) -> list[int]:
        """Ids for rows that lack one; others have a turn if it is for many."""
        found: list[int] = []
        while len(found) < count:
            if found:
                gevent.sleep(0)
            found += self._sharding.router.new_ids(min(count - len(found), MANY))
        return found

    @property
    def rules(self) -> Rules:
        """The rules by which statements are routed now."""
        return self._sharding.router.rules

    def field_list(self, packet: bytes) -> None:
        """Answer COM_FIELD_LIST with the columns of a shard's part of the table."""
        table, _, wildcard = packet[_BODY:].partition(b"\0")
        name = table.decode(self.reading().codec, "replace")
        rule = self.rules.find(name)
        if rule is None:
            self.go_to(self._sharding.home_pool)
            self._binding.execute(packet, REPLY_FIELDS)
            return
        physical = rule.physical_name(name, 0).encode(self.reading().codec, "replace")
        command = frame(bytes([Command.FIELD_LIST]) + physical + b"\0" + wildcard, 0)
        names = TableNames({physical: table})
        pool = self._sharding.pool_of(0)
        self.go_to(pool)
        self._scatter.fields(pool, Part("shard 0", command, names))

    def _stay_within(self, pools: Collection[Pool]) -> None:
        """Have the statement to come run on these servers: if it is one, as others go there."""
        if len(pools) == 1:
            self.go_to(next(iter(pools)))

    # -- routing -----------------------------------------------------------------------------------

    def route(self, text: bytes) -> Routed:
        """Where a statement goes; raises `SqlError` for what is refused."""
        reading = self.reading()
        read = in_thread if len(text) > AT_ONCE else at_once
        cut = read(self.shape, text, reading)
        return self.routed(self.plan(text, cut, reading), cut, (), reading)

    def _with_ids(self, plan: Plan, cut: Shape) -> tuple[Routed, list[int]]:
        """Where a statement goes, and the ids that were made for its rows.

        None also for one that is only explained.
        """
        if plan.id_slots is None:
            return self.routed(plan, cut, (), self.reading()), []
        ids = self.new_ids(plan.id_slots.count)
        make = in_thread if len(ids) > MANY else at_once
        text = make(self._sharding.router.with_ids, plan, cut, ids)
        return self.route(text), [] if plan.kind is Kind.EXPLAIN else ids

    def shape(self, text: bytes, reading: Reading) -> Shape:
        """The shape of a text."""
        return shape(
            text,
            ansi_quotes=reading.ansi_quotes,
            no_backslash_escapes=reading.no_backslash_escapes,
        )

    def outline(self, packet: bytes) -> bytes:
        """The framed command with nothing in its strings: whatever is in them does not matter."""
        reading = self.reading()

        def read() -> bytes:
            return packet[:_BODY] + shortened(self.shape(packet[_BODY:], reading), 0)[0]

        return in_thread(read)

    def plan(self, text: bytes, cut: Shape, reading: Reading) -> Plan:
        """The plan of a statement, with what has to be known of its tables asked for first."""
        for _ in range(MAX_LEARNED):
            try:
                if len(text) > AT_ONCE:
                    return in_thread(self._sharding.router.plan, text, cut, reading)
                return self._sharding.router.plan(text, cut, reading)
            except TableNotKnown as unknown:
                self._sharding.learn(unknown.table)
        raise errors.NOT_UNDERSTOOD(table="of a pattern")

    def routed(self, plan: Plan, cut: Shape, parameters: Sequence[Any], reading: Reading) -> Routed:
        """Where an execution of a plan goes."""
        if len(cut.literals) + len(parameters) > MANY:
            return in_thread(self._sharding.router.routed, plan, cut, parameters, reading)
        return self._sharding.router.routed(plan, cut, parameters, reading)

    def reading(self) -> Reading:
        """How the session's texts are to be read."""
        binding = self._binding
        modes = binding.status & _MODES
        if binding.profile is not self._profile or modes != self._modes:
            self._profile, self._modes = binding.profile, modes
            self._reading = self._reading_now()
        return self._reading

    def _reading_now(self) -> Reading:
        profile, status = self._binding.profile, self._binding.status
        if not profile.is_readable or profile.codec is None:
            construct = f"the character set {profile.charset} in a group with shards"
            raise errors.NOT_SUPPORTED_YET(construct=construct)
        mode = profile.value("sql_mode")
        modes = (self._sharding.sql_mode if mode is None else mode.strip("'")).upper().split(",")
        found = Reading(
            codec=profile.codec,
            ansi_quotes="ANSI_QUOTES" in modes or bool(status & SERVER_STATUS_ANSI_QUOTES),
            no_backslash_escapes="NO_BACKSLASH_ESCAPES" in modes
            or bool(status & SERVER_STATUS_NO_BACKSLASH_ESCAPES),
            pipes_as_concat="PIPES_AS_CONCAT" in modes,
        )
        return DEFAULT_READING if found == DEFAULT_READING else found

    def whole(self, packet: bytes) -> tuple[bytes, bytes]:
        """The whole framed command, and its payload: where it goes only the whole of it tells."""
        if not self._client.continues and len(packet) <= MAX_PAYLOAD:
            return packet, packet[_PAYLOAD:]
        deframer = Deframer(self._client.max_allowed_packet)
        deframer.feed(packet)
        while (payload := deframer.next_payload()) is None:
            deframer.feed(self._client.read_more())
        self._client.skip_rest()
        self._client.reframed = True
        return frame(payload, 0), payload
