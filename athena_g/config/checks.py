"""What only several tables together can show wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from athena_g.config import places, rule_checks, shards
from athena_g.config.partial import PartialTable
from athena_g.config.problems import Problem, key_path

_NOT_EMBEDDED = (
    "host",
    "user",
    "password_file",
    "password",
    "database",
    "tls",
    "tls_ca",
    "tls_verify_host",
)


def check(settings: PartialTable) -> Iterator[Problem]:
    """Everything wrong between the tables of ``settings`` that their own models cannot see."""
    yield from _metrics_port(settings)
    yield from places.check(settings)
    groups = settings.tables("groups")
    yield from _repeated(groups, "name", "group", str.casefold)
    for group in groups:
        yield from _group(group)
        for db_group in group.tables("db_groups"):
            for instance in db_group.tables("instances"):
                yield from _pool(settings, instance)


def _metrics_port(settings: PartialTable) -> Iterator[Problem]:
    server, metrics = settings.table("server"), settings.table("metrics")
    port = metrics.value("listen_port")
    if metrics.value("enabled") and port and port == server.value("listen_port"):
        yield Problem(
            key_path(metrics.at("listen_port")),
            f"{port} is the port of [server] too; write another port",
        )


def _group(group: PartialTable) -> Iterator[Problem]:
    db_groups = group.tables("db_groups")
    yield from _repeated(db_groups, "name", "DB group of this group", str)
    yield from _home(group, db_groups)
    for db_group in db_groups:
        yield from _db_group(db_group)
    rules = group.tables("sharding_rules")
    yield from _repeated(rules, "table_pattern", "rule of this group", str.casefold)
    yield from rule_checks.check(group)
    yield from shards.check(group)


def _repeated(
    tables: Iterable[PartialTable], name: str, noun: str, folded: Callable[[str], str]
) -> Iterator[Problem]:
    seen: dict[str, PartialTable] = {}
    for table in tables:
        value = table.value(name)
        if value is None:
            continue
        first = seen.setdefault(folded(value), table)
        if first is not table:
            yield Problem(
                key_path(table.at(name)),
                f'"{value}" is the {name} of {key_path(first.location)} too; write one that no '
                f"other {noun} has",
            )


def _home(group: PartialTable, db_groups: list[PartialTable]) -> Iterator[Problem]:
    home = group.value("home_group")
    names = [db_group.value("name") for db_group in db_groups]
    if home is None or not names or None in names or not group.is_whole("db_groups"):
        return
    if home not in names:
        known = " or ".join(f'"{name}"' for name in names)
        yield Problem(
            key_path(group.at("home_group")),
            f"names no DB group of this group; write {known}",
        )


def _pool(settings: PartialTable, instance: PartialTable) -> Iterator[Problem]:
    """An instance's own limits must fit each other and those of [pool] that they stand beside."""
    own, general = instance.table("pool"), settings.table("pool")
    for name, above in (("max_idle", "max_open"), ("min_idle", "max_idle")):
        value, limit = own.value(name), own.value(above)
        if limit is None:
            limit = general.value(above)
        if value is not None and limit is not None and value > limit:
            yield Problem(
                key_path(own.at(name)),
                f"{value} is more than {above}; write at most {limit}, or raise {above}",
            )


def _db_group(db_group: PartialTable) -> Iterator[Problem]:
    instances = db_group.tables("instances")
    embedded = db_group.value("embedded")
    if embedded is None:
        return
    for instance in instances:
        yield from _embedded_instance(instance) if embedded else _server(instance)
    yield from _master(db_group, instances, embedded)
    yield from _same_address(instances, embedded)


def _embedded_instance(instance: PartialTable) -> Iterator[Problem]:
    for name in _NOT_EMBEDDED:
        if not instance.written(name) or (name == "password" and instance.written("password_file")):
            continue
        yield Problem(
            key_path(instance.at(name)),
            "cannot be given in an embedded DB group; leave it out: the embedded server's account "
            "is made by athena-g",
        )


def _server(instance: PartialTable) -> Iterator[Problem]:
    for name, wanted in (("host", "where the server is"), ("user", "the account to log in with")):
        if not instance.written(name):
            yield Problem(key_path(instance.at(name)), f"is missing; write {wanted}")
    if instance.value("port") == 0:
        yield Problem(
            key_path(instance.at("port")), "0 is out of range; write a port from 1 to 65535"
        )


def _master(
    db_group: PartialTable, instances: list[PartialTable], embedded: bool
) -> Iterator[Problem]:
    if not db_group.is_whole("instances"):
        return
    path = key_path(db_group.at("instances"))
    roles = [instance.value("role") for instance in instances]
    if not roles and not embedded:
        yield Problem(
            path,
            "is missing; write at least one [[groups.db_groups.instances]], or embedded = true in "
            "the DB group",
        )
    elif roles and "master" not in roles and None not in roles:
        yield Problem(path, 'has no master; write role = "master" for one of the instances')


def _same_address(instances: list[PartialTable], embedded: bool) -> Iterator[Problem]:
    seen: dict[tuple[str, int], PartialTable] = {}
    for instance in instances:
        host = "127.0.0.1" if embedded else instance.value("host")
        port = instance.value("port")
        if not host or not port or (embedded and not instance.written("port")):
            continue
        first = seen.setdefault((host.casefold(), port), instance)
        if first is not instance:
            yield Problem(
                key_path(instance.at("port")),
                f"{host}:{port} is {key_path(first.location)} too; write each server once in a DB "
                "group",
            )
