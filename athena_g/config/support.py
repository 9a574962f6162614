"""What the configuration can say but this version cannot do yet: refused, never ignored.

To support something, delete its line in ``NOT_YET``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from athena_g.config.partial import PartialTable
from athena_g.config.problems import Location, Problem, key_path

Found = Iterator[Location]


@dataclass(frozen=True, slots=True)
class NotYet:
    """One thing that is not supported: the table or key that is about it, its name, a search."""

    about: str
    what: str
    find: Callable[[PartialTable], Found]


def _in_use(table: PartialTable) -> Found:
    for name in table.written_keys():
        if name != "enabled" or table.value(name) is not False:
            yield table.at(name)


def _health(settings: PartialTable) -> Found:
    return _in_use(settings.table("health"))


def _metrics(settings: PartialTable) -> Found:
    return _in_use(settings.table("metrics"))


def _workers(settings: PartialTable) -> Found:
    server = settings.table("server")
    if server.value("workers") != 1:
        yield server.at("workers")


def _db_groups(settings: PartialTable) -> Iterator[PartialTable]:
    for group in settings.tables("groups"):
        yield from group.tables("db_groups")


def _slaves(settings: PartialTable) -> Found:
    for db_group in _db_groups(settings):
        for instance in db_group.tables("instances"):
            if instance.value("role") == "slave" and not db_group.value("embedded"):
                yield instance.at("role")


def _further_masters(settings: PartialTable) -> Found:
    for db_group in _db_groups(settings):
        instances = db_group.tables("instances")
        masters = [instance for instance in instances if instance.value("role") == "master"]
        for instance in masters[1:]:
            yield instance.location


def _limiters(settings: PartialTable) -> Found:
    for db_group in _db_groups(settings):
        for instance in db_group.tables("instances"):
            yield from _in_use(instance.table("limiter"))


NOT_YET: tuple[NotYet, ...] = (
    NotYet("health", "checking the health of servers", _health),
    NotYet("metrics", "the endpoint for metrics", _metrics),
    NotYet("server.workers", "more than one worker", _workers),
    NotYet("groups.db_groups.instances.role", "a slave on a real server", _slaves),
    NotYet("groups.db_groups.instances", "a second master in a DB group", _further_masters),
    NotYet("groups.db_groups.instances.limiter", "limiting an instance", _limiters),
)


def check(settings: PartialTable) -> Iterator[Problem]:
    """A problem for each part of ``settings`` that this version cannot do."""
    for missing in NOT_YET:
        for location in missing.find(settings):
            message = f"{missing.what} is not supported yet; leave it out"
            yield Problem(key_path(location), message)
