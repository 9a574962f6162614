from __future__ import annotations

from pathlib import Path

import pytest

from athena_g.config.schema import Key, find, heading, keys, tables
from athena_g.config.settings import Settings

EVERY_TABLE = [
    "[server]",
    "[server.tls]",
    "[pool]",
    "[merge]",
    "[health]",
    "[metrics]",
    "[log]",
    "[embedded]",
    "[[groups]]",
    "[[groups.db_groups]]",
    "[[groups.db_groups.instances]]",
    "[groups.db_groups.instances.limiter]",
    "[groups.db_groups.instances.pool]",
    "[[groups.sharding_rules]]",
]


def key(path: str) -> Key:
    found = find(Settings, tuple(path.split(".")))
    assert found is not None
    return found


def test_every_table_is_found_with_its_heading() -> None:
    assert [heading(Settings, location) for location, _ in tables(Settings)] == EVERY_TABLE


def test_indices_do_not_matter_to_find_a_key() -> None:
    assert find(Settings, ("groups", 3, "db_groups", 0, "name")) == key("groups.db_groups.name")
    assert find(Settings, ("groups", "nothing", "name")) is None


@pytest.mark.parametrize(
    "path, wanted",
    [
        ("pool.max_open", "a whole number from 1 to 100000"),
        ("server.connect_timeout_secs", "a number from 0.1 to 3600"),
        ("server.tcp_keepalive", "true or false"),
        ("groups.db_groups.instances.tls", '"disabled" or "required"'),
        ("log.level", '"TRACE", "DEBUG", "INFO", "WARNING" or "ERROR"'),
    ],
)
def test_a_key_says_what_to_write(path: str, wanted: str) -> None:
    assert key(path).wanted == wanted


def test_every_password_is_a_secret_and_every_path_is_marked() -> None:
    every = [each for _, model in tables(Settings) for each in keys(model).values()]
    assert {each.name for each in every if each.is_secret} == {"password"}
    relative = {each.name for each in every if each.is_relative_path}
    assert relative == {"certificate", "key", "password_file", "tls_ca"}
    assert {each.name for each in every if each.kind is Path} == relative | {"data_directory"}


def test_every_key_is_described() -> None:
    for location, model in tables(Settings):
        assert model.__doc__
        for each in keys(model).values():
            assert each.table or each.field.description, (*location, each.name)
