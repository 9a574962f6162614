"""Whether the DB groups are in places of their own: data directories, ports, databases."""

from __future__ import annotations

from collections.abc import Iterator

from athena_g.config.partial import PartialTable
from athena_g.config.problems import Problem, key_path


def check(settings: PartialTable) -> Iterator[Problem]:
    """A problem for each DB group that would take the place of another one."""
    yield from _ports(settings)
    for group in settings.tables("groups"):
        embedded = [each for each in group.tables("db_groups") if each.value("embedded")]
        yield from _directories(embedded)
        yield from _databases(group)


def _directories(embedded: list[PartialTable]) -> Iterator[Problem]:
    """The data of an embedded DB group is in a directory with its name."""
    seen: dict[str, PartialTable] = {}
    for db_group in embedded:
        name = db_group.value("name")
        if name is None:
            continue
        path = key_path(db_group.at("name"))
        if "/" in name or name in (".", ".."):
            yield Problem(
                path,
                f'"{name}" cannot be the name of the directory with the data of an embedded '
                "server; write one without /",
            )
        first = seen.setdefault(name.casefold(), db_group)
        if name != first.value("name"):
            yield Problem(
                path,
                f'"{name}" differs from the name of {key_path(first.location)} in the case of '
                "letters alone, and there is a data directory for each name; write another one",
            )


def _ports(settings: PartialTable) -> Iterator[Problem]:
    """Embedded servers share a machine, and each has a port that is its own."""
    taken = {settings.table("server").value("listen_port"): "[server]"}
    for group in settings.tables("groups"):
        for db_group in group.tables("db_groups"):
            embedded = db_group.tables("instances") if db_group.value("embedded") else []
            own: dict[int, str] = {}
            for instance in embedded:
                port = instance.value("port") if instance.written("port") else None
                if not port:
                    continue
                if port in taken:
                    yield Problem(
                        key_path(instance.at("port")),
                        f"{port} is the port of {taken[port]} too; write another port, or leave "
                        "it out",
                    )
                own[port] = key_path(instance.location)
            taken = own | taken


def _databases(group: PartialTable) -> Iterator[Problem]:
    """Two DB groups that were one database would have each other's tables."""
    seen: dict[tuple[str, int, str], PartialTable] = {}
    for db_group in group.tables("db_groups"):
        if db_group.value("embedded") is not False:
            continue
        for instance in db_group.tables("instances"):
            host, port = instance.value("host"), instance.value("port")
            database = instance.value("database") or group.value("name")
            if not host or not port or not database:
                continue
            first = seen.setdefault((host.casefold(), port, database), db_group)
            if first is not db_group:
                yield Problem(
                    key_path(instance.location),
                    f'the database "{database}" on {host}:{port} is that of '
                    f"{key_path(first.location)} too; write another server or another database",
                )
