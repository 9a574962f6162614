"""Groups as they run: an instance owns its pool, a DB group its instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from athena_g.group.sharding import Sharding
from athena_g.net.handshake import Account
from athena_g.pool.pool import Pool


@dataclass(frozen=True, slots=True)
class Instance:
    """One MySQL server."""

    pool: Pool

    @property
    def name(self) -> str:
        """``host:port``."""
        return self.pool.endpoint.name


@dataclass(frozen=True, slots=True)
class DbGroup:
    """One replication cluster."""

    name: str
    master: Instance


@dataclass(frozen=True, slots=True)
class Group:
    """One tenant: the database clients see, its account, where its tables are.

    ``db_groups`` are those besides ``home``. ``sharding`` is ``None`` when all tables are at home.
    """

    name: str
    account: Account
    home: DbGroup
    db_groups: tuple[DbGroup, ...] = ()
    sharding: Sharding | None = None

    @property
    def pools(self) -> list[Pool]:
        """The pools of all its instances, and that of the connections on which rows meet."""
        found = [each.master.pool for each in (self.home, *self.db_groups)]
        return found if self.sharding is None else [*found, self.sharding.finishers]

    def is_called(self, database: str) -> bool:
        """Whether a client means this group by ``database``; case does not matter."""
        return database.casefold() == self.name.casefold()


class Directory:
    """Every group, found by the database name a client logs in with."""

    def __init__(self, groups: list[Group]) -> None:
        self.groups = groups
        self._by_name = {group.name.casefold(): group for group in groups}

    def find(self, user: str, database: str | None) -> Group | None:
        """The group ``user`` may enter by naming ``database``.

        Without a database it is the user's only group; ``None`` when there is none or several.
        """
        if database is not None:
            group = self._by_name.get(database.casefold())
            return group if group is not None and group.account.user == user else None
        own = [group for group in self.groups if group.account.user == user]
        return own[0] if len(own) == 1 else None

    def start(self) -> None:
        """Start the background work of every pool."""
        for pool in self._pools():
            pool.start()

    def close(self) -> None:
        """Close every pool."""
        for pool in self._pools():
            pool.close()

    def _pools(self) -> Iterator[Pool]:
        for group in self.groups:
            yield from group.pools
