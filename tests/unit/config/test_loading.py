from __future__ import annotations

import os

import pytest

from athena_g.config import ConfigError, load

from .samples import EMBEDDED, LOGIN, ON_A_SERVER, Bench


def test_a_small_file_gives_settings_with_every_default(bench: Bench) -> None:
    settings = bench.load(EMBEDDED, check_support=True)
    assert settings.server.listen_port == 3307
    assert settings.pool.acquire_timeout_ms == 5000
    assert settings.groups[0].home.name == "home"


def test_a_missing_file_is_an_error_and_not_a_default(bench: Bench) -> None:
    with pytest.raises(ConfigError) as error:
        load(bench.path, {})
    assert str(error.value) == f"{bench.path}: there is no such file"


def test_the_path_is_shown_as_it_was_given(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.directory)
    with pytest.raises(ConfigError) as error:
        load("conf/athena.toml", {})
    assert str(error.value).startswith("conf/athena.toml: ")


def test_a_directory_is_an_error(bench: Bench) -> None:
    with pytest.raises(ConfigError) as error:
        load(bench.directory, {})
    assert str(error.value) == f"{bench.directory}: is not a file"


def test_a_line_for_a_wrong_value_has_file_key_value_and_advice(bench: Bench) -> None:
    error = bench.error(ON_A_SERVER + "port = 70000\n")
    assert str(error) == (
        f"{bench.path}: groups[0].db_groups[0].instances[0].port: "
        "70000 is out of range; write a port from 1 to 65535"
    )


def test_every_problem_is_reported_at_once(bench: Bench) -> None:
    text = f"""
    speed = 3
    [server]
    listen_port = 70000
    workers = 2
    [circuit]
    enabled = true
    {LOGIN.replace("home_group", "home_grop")}
    [[groups.db_groups]]
    name = "home"
    [[groups.db_groups.instances]]
    port = 0
    user = "${{MISSING}}"
    role = "slave"
    [[groups.db_groups]]
    name = "home"
    embedded = 1
    """
    problems = bench.problems(text, {"ATHENA_NONSENSE": "1"}, check_support=True)
    assert set(problems) == {
        "speed",
        "server.listen_port",
        "server.workers",
        "circuit",
        "groups[0].home_grop",
        "groups[0].home_group",
        "groups[0].db_groups[0].instances",
        "groups[0].db_groups[0].instances[0].host",
        "groups[0].db_groups[0].instances[0].port",
        "groups[0].db_groups[0].instances[0].user",
        "groups[0].db_groups[0].instances[0].role",
        "groups[0].db_groups[1].name",
        "groups[0].db_groups[1].embedded",
        "ATHENA_NONSENSE",
    }


def test_the_process_environment_counts_unless_another_is_given(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.load()
    for name in [name for name in os.environ if name.startswith("ATHENA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ATHENA_SERVER__LISTEN_PORT", "3310")
    assert load(bench.path).server.listen_port == 3310
    assert load(bench.path, {}).server.listen_port == 3307


def test_two_loads_of_one_file_are_equal(bench: Bench) -> None:
    assert bench.load() == bench.load()
    assert bench.load() != bench.load(ON_A_SERVER.replace("instance-pw", "another"))


def test_a_number_without_end_and_lists_without_end_are_errors(bench: Bench) -> None:
    file = bench.directory / "endless.toml"
    for text in ("a = " + "9" * 10_000, "a = " + "[" * 100_000):
        file.write_text(text)
        with pytest.raises(ConfigError) as error:
            load(file, {})
        assert "is not TOML: " in str(error.value)
