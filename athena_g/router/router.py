"""One group's router: a statement's text → where it goes, and what it is called there."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Final

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.parser.digest import DIGITS, Shape, head_of, shape, shortened
from athena_g.parser.executable import executed
from athena_g.parser.hints import athena_hint
from athena_g.parser.lexer import NotUnderstood, first_word
from athena_g.parser.literals import value_of
from athena_g.parser.names import mentions
from athena_g.parser.statement import Kind
from athena_g.parser.text import DEFAULT_READING, Reading, Text, read, read_long
from athena_g.protocol.renaming import TableNames
from athena_g.router.cache import PlanCache
from athena_g.router.plan import Plan, TableNotKnown, refused, unsharded
from athena_g.router.planner import Planner
from athena_g.router.point import point_of
from athena_g.router.rewrite import DatabaseAt, Template
from athena_g.router.route import Route, route
from athena_g.router.rules import Rules
from athena_g.router.snowflake import Snowflake

MAX_PLANS: Final = 5000
"""Plans that one group keeps."""
MAX_READ: Final = 64 * 1024
"""Bytes of a text that is read as it is."""
MAX_LIMIT: Final = (1 << 63) - 1
"""The most rows that a shard is asked for."""
MAX_HEAD: Final = 512
"""Bytes of a text in front of its only literal by which its plan is found at once."""

_LONG: Final = frozenset((b"insert", b"replace"))
_WORDS_WITHOUT_TABLES: Final = frozenset(
    b"savepoint release rollback commit start deallocate unlock".split()
)
_WORDS_WITH_QUERIES: Final = frozenset((b"set", b"do"))
_QUERY: Final = re.compile(rb"select|table|statement|values|with", re.IGNORECASE)
"""What there is where such a statement has a query, or is SET STATEMENT ... FOR another one."""
_SUBQUERY: Final = re.compile(rb"\(\s*(?:select|with|table)\b", re.IGNORECASE)
_FROM: Final = re.compile(rb"\b(?:from|table)\b", re.IGNORECASE)
_DYNAMIC: Final = frozenset((b"set", b"do", b"prepare", b"execute"))
_CATALOGUE: Final = re.compile(
    rb"\binformation_schema\b|\bshow\s+(?:extended\s+)?(?:full\s+)?tables?\b", re.IGNORECASE
)
_LISTING: Final = re.compile(
    rb"\s*show\s+(?:extended\s+)?(?:full\s+)?(?:tables|table\s+status)\b", re.IGNORECASE
)
_DROPS_DATABASE: Final = re.compile(
    rb"\s*drop\s+(?:database|schema)\s+(?:if\s+exists\s+)?(?:`((?:[^`]|``)+)`|([\w$]+))",
    re.IGNORECASE,
)
_WORDS_ANYWHERE: Final = frozenset(
    b"set savepoint release rollback commit begin start do execute deallocate unlock get".split()
)
_SHOWN_ANYWHERE: Final = re.compile(
    rb"\s*show\s+((global|session|local)\s+)?"
    rb"(count\s*\(|(warnings|errors|variables|status|engines|collation|char(acter)?\s*set)\b)",
    re.IGNORECASE,
)
"""What SHOW says of the session, or of any server the same."""


def limits(plan: Plan, found: Route) -> dict[int, int]:
    """What the values of a LIMIT are for each of several shards, by their places among all values.

    Any shard may have all the rows that are wanted, and those that are left out first.
    """
    if plan.limit is None or found.window is None or plan.limit.count.slot is None:
        return {}
    offset, count = found.window
    told = {plan.limit.count.slot: min(offset + count, MAX_LIMIT)}
    if plan.limit.offset is not None and plan.limit.offset.slot is not None:
        told[plan.limit.offset.slot] = 0
    return told


class Literals(Sequence[Any]):
    """What the literals of one execution are worth, each found out when it is asked for."""

    def __init__(self, literals: Sequence[bytes], parameters: Sequence[Any], reading: Reading):
        self._literals = literals
        self._parameters = parameters
        self._reading = reading

    def __len__(self) -> int:
        return len(self._literals) + len(self._parameters)

    def __getitem__(self, place: Any) -> Any:
        """A value; ValueError for one that is not known."""
        if place >= len(self._literals):
            if place >= len(self):
                raise ValueError("the parameter is not known yet")
            return self._parameters[place - len(self._literals)]
        reading = self._reading
        return value_of(
            self._literals[place],
            reading.codec,
            no_backslash_escapes=reading.no_backslash_escapes,
        )


@dataclass(frozen=True, slots=True)
class Routed:
    """Where one execution goes; :meth:`text` is what it is called on a shard.

    ``literals`` are those for shards, ``said`` the client's own.
    """

    plan: Plan
    route: Route
    literals: Sequence[bytes]
    said: Sequence[bytes] = ()

    def text(self, shard: int) -> bytes:
        """The statement for a shard."""
        plan, divided = self.plan, self.route.divided
        if divided and plan.divisible is not None:
            return plan.divisible.render(shard, divided[shard])
        return plan.template.render(shard, self.literals)

    def names(self, shard: int) -> TableNames | None:
        """What is put into a shard's reply in place of its tables' names."""
        return self.plan.names.of(shard)


class Router:
    """Routes the statements of one group.

    ``worker`` tells its process apart from others in the ids that it makes.
    ``home`` is the name of the home DB group, ``database`` what clients call the group, and
    ``home_database`` what the home server does.
    ``columns_of`` knows the columns of tables. If it ``learns``, a table of which something is not
    known that matters raises `TableNotKnown`: it is to be asked for, and the statement routed anew.
    ``database_at`` says what the server of a shard calls the database that has it. ``gathers``:
    rows of several shards may be brought to one server.
    """

    def __init__(
        self,
        rules: Rules,
        database: str,
        home: str,
        columns_of: Callable[[str], Sequence[str] | None] = lambda _: None,
        *,
        learns: bool = False,
        database_at: DatabaseAt = lambda _: "",
        worker: int = 0,
        home_database: str = "",
        gathers: bool = True,
    ) -> None:
        self._rules = rules
        self._gathers = gathers
        self._home_database = home_database
        self.home = home
        self._database = database
        self._columns_of = columns_of
        self._learns = learns
        self._snowflake = Snowflake(worker)
        self._database_at = database_at
        self.cache: PlanCache[Plan] = PlanCache(MAX_PLANS)
        self._heads: dict[bytes, Plan] = {}

    @property
    def rules(self) -> Rules:
        """The rules; plans made by others are forgotten."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        self.cache.clear()
        self._heads.clear()

    def route(
        self, text: bytes, reading: Reading = DEFAULT_READING, parameters: Sequence[Any] = ()
    ) -> Routed:
        """Where a statement goes; raises `SqlError` for what is refused."""
        cut = shape(
            text,
            ansi_quotes=reading.ansi_quotes,
            no_backslash_escapes=reading.no_backslash_escapes,
        )
        return self.routed(self.plan(text, cut, reading), cut, parameters, reading)

    def at_point(self, text: bytes) -> tuple[int, bytes, Plan] | None:
        """The shard of a text that differs from an earlier one in the number at its end, its key.

        With it come the text for that shard, and the plan; ``None`` when it is not that simple.
        Texts are those of `DEFAULT_READING`.
        """
        head = text.rstrip(DIGITS)
        plan = self._heads.get(head)
        if plan is None or plan.point is None:
            return None
        literals = [text[len(head) :]]
        shard = plan.point.shard(literals)
        if shard is None:
            return None
        self.cache.hits += 1
        return shard, plan.template.render(shard, literals), plan

    def routed(self, plan: Plan, cut: Shape, parameters: Sequence[Any], reading: Reading) -> Routed:
        """Where an execution of a plan goes; raises `SqlError` for what is refused."""
        values = Literals(cut.literals, parameters, reading)
        found = route(plan, values, self.rules, self.home)
        literals = cut.literals
        if found.window is not None:
            literals = list(literals)
            for slot, number in limits(plan, found).items():
                if slot < len(literals):
                    literals[slot] = b"%d" % number
        return Routed(plan, found, literals, cut.literals)

    def with_ids(self, plan: Plan, cut: Shape, ids: Sequence[int]) -> bytes:
        """The text of an INSERT whose rows lack ids, with these."""
        assert plan.id_slots is not None
        return plan.id_slots.render(cut.literals, [b"%d" % each for each in ids])

    def new_ids(self, count: int) -> list[int]:
        """Ids for rows, ascending."""
        return [self._snowflake.next() for _ in range(count)]

    def plan(self, text: bytes, cut: Shape, reading: Reading) -> Plan:
        """The plan of a statement of this shape."""
        key: Hashable = cut.key if reading is DEFAULT_READING else (cut.key, reading)
        plan = self.cache.get(key)
        while plan is not None and plan.fixed and not _has(cut, plan.fixed):
            key = (key, tuple(cut.literals[slot] for slot, _ in plan.fixed))
            plan = self.cache.get(key)
        if plan is None:
            rules = self.rules
            plan = self._plan_of_shape(text, cut, reading)
            if self._learns:
                _check_known(plan)
            if plan.lasts and rules is self.rules:  # they may change while a thread plans
                plan = replace(plan, point=point_of(plan, self.rules))
                self.cache.put(key, plan)
                head = None if plan.fixed else head_of(cut)
                if plan.point is not None and reading is DEFAULT_READING and head is not None:
                    self._remember(head, plan)
        return plan

    def _plan_of_shape(self, text: bytes, cut: Shape, reading: Reading) -> Plan:
        """The plan of a text; of a long one for its shape, which is read without its literals."""
        if len(text) > MAX_READ:
            plan = self._plan(*shortened(cut), reading)
            if plan.lasts and not plan.fixed:
                return plan
        return self._plan(text, cut, reading)

    def _remember(self, head: bytes, plan: Plan) -> None:
        """Have :meth:`at_point` find the texts that are a head and another number."""
        if len(head) > MAX_HEAD:
            return
        if len(self._heads) >= MAX_PLANS:
            self._heads.clear()
        self._heads[head] = plan

    def _plan(self, text: bytes, cut: Shape, reading: Reading) -> Plan:
        try:
            hint = athena_hint(
                text,
                ansi_quotes=reading.ansi_quotes,
                no_backslash_escapes=reading.no_backslash_escapes,
            )
        except SqlError as error:
            return refused(error, Template(text, literal_spans(cut), ()))
        plan = self._plan_without_hint(text, cut, reading)
        return plan if hint is None else replace(plan, hint=hint)

    def _plan_without_hint(self, text: bytes, cut: Shape, reading: Reading) -> Plan:
        said = executed(text)
        first = first_word(said, 0)
        spans = literal_spans(cut)
        hindrance = self._hindrance(said, first)
        if hindrance:
            error = errors.NOT_SUPPORTED_YET(construct=hindrance + " in a group with shards")
            return replace(refused(error, Template(text, spans, ())), lasts=not spans)
        named = mentions(text, self.rules, reading.codec)
        anywhere = first in _WORDS_ANYWHERE or _SHOWN_ANYWHERE.match(text) is not None
        if not named and anywhere and b";" not in text.rstrip(b"; \t\r\n"):
            home = first in _WORDS_WITH_QUERIES and _reads_tables(text)
            plan = unsharded(Template(text, spans, ()), Kind.OTHER, home=home)
            return replace(plan, lasts=not spans or first != b"execute")
        if _names_no_table(text, first):
            return unsharded(Template(text, spans, ()), Kind.OTHER)
        planner = Planner(
            self.rules,
            self._database,
            self._columns_of,
            self._learns,
            self._database_at,
            self._home_database,
            self._gathers,
        )
        try:
            return planner.plan(_text(said, spans, reading, first), text, spans, first)
        except (NotUnderstood, RecursionError):
            template = Template(text, spans, ())
            if not named and _LISTING.match(said) is not None:
                construct = "this form of SHOW in a group with shards"
                plan = refused(errors.NOT_SUPPORTED_YET(construct=construct), template)
            elif not named:
                plan = unsharded(template, Kind.OTHER, home=True)
            else:
                table = _named(text, self.rules, reading)
                plan = refused(errors.NOT_UNDERSTOOD(table=table), template)
            return replace(plan, lasts=not spans)  # a string may name a table in one text only

    def _hindrance(self, text: bytes, first: bytes) -> str:
        """What would tell of parts of tables, or do only a part of what it says; empty if nothing.

        ``first`` is the first word of the text.
        """
        catalogued = first in _DYNAMIC and _CATALOGUE.search(text) is not None
        if catalogued and (first not in _WORDS_WITH_QUERIES or _reads_tables(text)):
            return f"SHOW TABLES or information_schema in {first.decode().upper()}"
        dropped = _DROPS_DATABASE.match(text) if first == b"drop" else None
        if dropped is not None:
            name = (dropped[1] or dropped[2]).decode("utf-8", "replace").replace("``", "`")
            if name.casefold() in (self._database.casefold(), self._home_database.casefold()):
                return "DROP DATABASE of the group's own database, which other servers have, too,"
        return ""


def _has(cut: Shape, literals: Sequence[tuple[int, bytes]]) -> bool:
    """Whether a text has these literals."""
    return all(cut.literals[slot] == written for slot, written in literals)


def _check_known(plan: Plan) -> None:
    """Raise TableNotKnown for a sharded table whose key's type is not known."""
    for each in plan.tables:
        if each.part.rule.key is None:
            raise TableNotKnown(each.part.table.name)
    if plan.inserted is not None and plan.inserted.rule.key is None:
        raise TableNotKnown(plan.inserted.table)


def _names_no_table(text: bytes, first: bytes) -> bool:
    """Whether words that are tables' names are something else in this statement."""
    if b";" in text.rstrip(b"; \t\r\n"):  # there may be a second one
        return False
    if first in _WORDS_WITHOUT_TABLES:
        return True
    return first in _WORDS_WITH_QUERIES and _QUERY.search(text) is None


def _reads_tables(text: bytes) -> bool:
    """Whether a SET or DO may have a subquery with tables, none of which is sharded."""
    return _SUBQUERY.search(text) is not None and _FROM.search(text) is not None


def literal_spans(cut: Shape) -> list[tuple[int, int]]:
    """Where the literals of a shape stand in its text."""
    sizes = [
        size for pair in zip(cut.segments, cut.literals, strict=False) for size in map(len, pair)
    ]
    ends = list(accumulate(sizes))
    return list(zip(ends[::2], ends[1::2], strict=True))


def _text(text: bytes, spans: list[tuple[int, int]], reading: Reading, first: bytes) -> Text:
    try:
        return read(text, spans, reading)
    except NotUnderstood:
        if first not in _LONG:
            raise
        return read_long(text, spans, reading)


def _named(text: bytes, rules: Rules, reading: Reading) -> str:
    """A sharded table that a text names, for a message."""
    for name in rules.exact:
        if mentions(text, frozenset((name,)), reading.codec):
            return rules.exact[name].table_pattern
    return "of a pattern"
