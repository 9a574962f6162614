"""The sharded side of a group: its router, the pools of its shards, what its tables look like.

The router asks no server anything. What it has to know of a table - the type of the shard column,
the order of the columns - is read here from a shard's information_schema, the first time that a
statement needs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import Answer, LookBack
from athena_g.backend.profile import Profile, literal, profile
from athena_g.group.counts import ScatterCounts
from athena_g.net.stream import ConnectionClosed
from athena_g.pool.pool import Pool
from athena_g.router.keys import Key, key_of_column
from athena_g.router.router import Router
from athena_g.router.rules import Rule, Rules

_UTF8MB4 = 45
_FIXED: Final = frozenset(("UTC", "GMT", "UNIVERSAL", "ZULU", "ETC/UTC", "ETC/GMT"))
"""Names of time zones without summer time."""
_OFFSET: Final = re.compile(r"'?[+-]\d{1,2}:\d\d'?")
_PLAIN: Final = {"character_set_results": "NULL", "sql_mode": "''", "sql_quote_show_create": "1"}
"""Settings under which a definition is told as it is."""
_COLUMNS = (
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, CHARACTER_MAXIMUM_LENGTH, EXTRA "
    "FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} ORDER BY ORDINAL_POSITION LIMIT 4096"
)


@dataclass(frozen=True, slots=True)
class Merging:
    """The ``[merge]`` table of the configuration, in seconds and bytes."""

    max_scatter_shards: int = 1024
    scatter_timeout: float | None = None
    connections_per_scatter: int = 4
    max_join_rows: int = 100_000
    max_memory: int = 64 << 20


class Sharding:
    """Where the shards of one group are, and what is known of their tables.

    ``pools`` are those of the DB groups by name, ``worker`` the number of this process in ids,
    ``finishers`` connections to the home server on which rows of several shards meet.
    """

    def __init__(
        self,
        rules: Rules,
        group: str,
        home: str,
        pools: Mapping[str, Pool],
        worker: int = 0,
        *,
        finishers: Pool | None = None,
        merging: Merging = Merging(),
    ) -> None:
        self.pools = pools
        self.finishers = finishers or Pool(pools[home].endpoint, pools[home].limits)
        self.merging = merging
        self.counts = ScatterCounts()
        self.home = home
        self.group = group
        self._columns: dict[str, tuple[str, ...]] = {}
        self._changes = 0
        self._configured = rules
        self._by_shard = {index: pools[name] for index, name in rules.db_groups.items()}
        self._sql_mode: str | None = None
        self._names_ignore_case: bool | None = None
        self._zone_is_fixed: bool | None = None
        self._calls_columns_by_view: bool | None = None
        self.router = Router(
            rules,
            group,
            home,
            self._columns_of,
            learns=True,
            database_at=self._database_at,
            worker=worker,
            home_database=pools[home].endpoint.database or "",
            gathers=merging.max_join_rows > 0,
        )

    def pool_of(self, shard: int) -> Pool:
        """The pool of the server that has a shard."""
        return self._by_shard[shard]

    def _database_at(self, shard: int) -> str:
        return self.pool_of(shard).endpoint.database or ""

    def _columns_of(self, table: str) -> Sequence[str] | None:
        return self._columns.get(table.casefold())

    @property
    def home_pool(self) -> Pool:
        """The pool of the home DB group's server."""
        return self.pools[self.home]

    def called(self, pool: Pool) -> str:
        """The name of the DB group that a pool is of."""
        return next((name for name, each in self.pools.items() if each is pool), "")

    @property
    def sql_mode(self) -> str:
        """The SQL mode of sessions that have set none, asked for once."""
        if self._sql_mode is None:
            answer = self.ask(self.home_pool, "SELECT @@GLOBAL.sql_mode LIMIT 1")
            self._sql_mode = (answer.rows[0][0] or b"").decode() if answer.rows else ""
        return self._sql_mode

    def is_database(self, name: str) -> bool:
        """Whether that is the group's database: by its name, or by the home server's for it."""
        names = (self.group, self.home_pool.endpoint.database or "")
        return name.casefold() in map(str.casefold, names)

    @property
    def names_ignore_case(self) -> bool:
        """Whether a pattern finds names of tables in any case, asked for once."""
        if self._names_ignore_case is None:
            answer = self.ask(self.home_pool, "SELECT @@lower_case_table_names LIMIT 1")
            self._names_ignore_case = [row[0] for row in answer.rows] != [b"0"]
        return self._names_ignore_case

    @property
    def calls_columns_by_view(self) -> bool:
        """Whether columns of information_schema are called as there, however they are written."""
        if self._calls_columns_by_view is None:
            question = "SELECT table_name FROM information_schema.TABLES LIMIT 1"
            answer = self.ask(self.home_pool, question)
            self._calls_columns_by_view = answer.columns[0].name == "TABLE_NAME"
        return self._calls_columns_by_view

    def has_fixed_zone(self, zone: str | None) -> bool:
        """Whether in a session's time zone no hour is there twice; ``None`` is the server's own."""
        if zone is not None and zone.strip("'").upper() != "SYSTEM":
            return zone.strip("'").upper() in _FIXED or _OFFSET.fullmatch(zone) is not None
        if self._zone_is_fixed is None:
            question = "SELECT @@GLOBAL.time_zone, @@GLOBAL.system_time_zone LIMIT 1"
            answer = self.ask_if_allowed(self.home_pool, question)
            cells = [] if answer is None else [(cell or b"").decode() for cell in answer.rows[0]]
            zones = cells[1:] if cells[:1] == ["SYSTEM"] else cells[:1]
            self._zone_is_fixed = any(
                each.upper() in _FIXED or _OFFSET.fullmatch(each) is not None for each in zones
            )
        return self._zone_is_fixed

    # -- what tables look like ---------------------------------------------------------------------

    def learn(self, table: str) -> None:
        """Read from a shard what a sharded table looks like.

        Raises NO_SUCH_TABLE when the shard has none, and `SqlError` for a server that cannot be
        asked.
        """
        rule = self.router.rules.find(table)
        if rule is None:
            return
        question = _COLUMNS.format(table=literal(rule.physical_name(table, 0)))
        changes = -1
        while changes != self._changes:  # else the answer may be of before
            changes = self._changes
            answer = self.ask(self.pool_of(0), question)
        rows = [[None if cell is None else cell.decode() for cell in row] for row in answer.rows]
        if not rows:
            raise errors.NO_SUCH_TABLE(table=f"{self.group}.{table}")
        self._columns[table.casefold()] = tuple(row[0] or "" for row in rows)
        if rule.key is None:
            self.router.rules = self.router.rules.with_key(table, _key(rule, table, rows))

    def definition(self, table: str, rule: Rule, shard: int) -> bytes:
        """What SHOW CREATE TABLE says of a shard's part of a table; texts are as they are kept.

        Raises as :meth:`learn` does.
        """
        name = rule.physical_name(table, shard).replace("`", "``")
        answer = self._ask(self.pool_of(shard), f"SHOW CREATE TABLE `{name}`", _plain())
        if answer is None:
            raise errors.NO_SUCH_TABLE(table=f"{self.group}.{table}")
        return answer.rows[0][1] or b""

    def forget(self, table: str) -> None:
        """The table changes: it is looked at again when it is needed next."""
        self._changes += 1
        folded = table.casefold()
        self._columns.pop(folded, None)
        self.router.rules = self.router.rules.without_key(table, self._configured)

    @property
    def has_shards(self) -> bool:
        """Whether there is a shard at all."""
        return bool(self.router.rules.db_groups)

    def ask(self, pool: Pool, question: str) -> Answer:
        """What a server answers, over a connection that is nobody's; texts are UTF-8.

        Raises `SqlError`, also for a question that the server refuses.
        """
        answer = self.ask_if_allowed(pool, question)
        if answer is None:
            endpoint = pool.endpoint
            raise errors.BACKEND_SETUP_REFUSED(
                reason=question, instance=endpoint.name, group=endpoint.group
            )
        return answer

    def ask_if_allowed(self, pool: Pool, question: str) -> Answer | None:
        """The same; ``None`` for a question that the server refuses."""
        return self._ask(pool, question, profile(_UTF8MB4))

    @staticmethod
    def _ask(pool: Pool, question: str, own: Profile) -> Answer | None:
        connection = pool.acquire(0, own)
        try:
            connection.settle(own, LookBack(), b"")
            answer = connection.ask(question)
        except BaseException as error:
            pool.discard(connection)
            if isinstance(error, ConnectionClosed):
                raise _lost(connection) from None
            raise
        pool.release(connection)
        return answer


def _plain() -> Profile:
    own = profile(_UTF8MB4)
    return own.with_variables(_PLAIN) or own


def _key(rule: Rule, table: str, rows: Sequence[Sequence[str | None]]) -> Key:
    for name, data_type, column_type, collation, length, extra in rows:
        if (name or "").casefold() == rule.column.casefold():
            characters = None if length is None else int(length)
            key = key_of_column(data_type or "", column_type or "", collation, characters)
            return replace(key, generated="auto_increment" in (extra or "").lower())
    raise errors.SHARD_KEY_UNFIT(
        rule=rule.name, table=table, column=rule.column, reason="the table has no such column"
    )


def _lost(connection: BackendConnection) -> errors.SqlError:
    endpoint = connection.endpoint
    return errors.BACKEND_LOST(instance=endpoint.name, group=endpoint.group, consequence="")
