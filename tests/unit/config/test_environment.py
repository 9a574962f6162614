from __future__ import annotations

import pytest

from .samples import EMBEDDED, LOGIN, ON_A_SERVER, Bench

INSTANCE = "ATHENA_GROUPS__0__DB_GROUPS__0__INSTANCES__"


def test_a_variable_wins_over_the_file(bench: Bench) -> None:
    text = "[server]\nlisten_port = 3308\nbacklog = 5\n" + ON_A_SERVER
    server = bench.load(text, {"ATHENA_SERVER__LISTEN_PORT": "3310"}).server
    assert (server.listen_port, server.backlog) == (3310, 5)


def test_a_variable_may_set_a_table_that_the_file_lacks(bench: Bench) -> None:
    bench.write("c.pem")
    environ = {
        "ATHENA_SERVER__TLS__CERTIFICATE": "c.pem",
        "ATHENA_SERVER__TLS__KEY": "c.pem",
        "ATHENA_SERVER__TLS__REQUIRED": "true",
    }
    tls = bench.load(ON_A_SERVER, environ).server.tls
    assert tls is not None
    assert tls.required
    assert tls.certificate == bench.directory / "c.pem"


def test_an_index_reaches_into_the_list_and_leaves_the_rest(bench: Bench) -> None:
    instance = (
        bench.load(ON_A_SERVER, {INSTANCE + "0__PASSWORD": "new"}).groups[0].home.instances[0]
    )
    assert instance.password.get_secret_value() == "new"
    assert (instance.host, instance.user) == ("10.0.0.11", "athena")


def test_the_index_after_the_last_adds_an_entry(bench: Bench) -> None:
    environ = {
        INSTANCE + "1__HOST": "b",
        INSTANCE + "1__USER": "u",
        INSTANCE + "1__ROLE": "replica",
    }
    instances = bench.load(ON_A_SERVER, environ).groups[0].home.instances
    assert [(each.host, each.role) for each in instances] == [
        ("10.0.0.11", "master"),
        ("b", "slave"),
    ]


def test_more_than_ten_entries_are_added_in_the_order_of_numbers(bench: Bench) -> None:
    environ: dict[str, str] = {}
    for index in range(1, 12):
        environ |= {f"{INSTANCE}{index}__HOST": f"h{index}", f"{INSTANCE}{index}__USER": "u"}
    instances = bench.load(ON_A_SERVER, environ).groups[0].home.instances
    assert [each.host for each in instances[1:]] == [f"h{index}" for index in range(1, 12)]


def test_an_index_beyond_the_end_of_the_list_is_refused(bench: Bench) -> None:
    environ = {INSTANCE + "2__HOST": "x", "ATHENA_GROUPS__0__SHARDING_RULES__1__NAME": "x"}
    assert bench.problems(ON_A_SERVER, environ) == {
        INSTANCE + "2__HOST": "has the index 2, but groups[0].db_groups[0].instances has 1 entry; "
        "write an index from 0 to 1",
        "ATHENA_GROUPS__0__SHARDING_RULES__1__NAME": "has the index 1, but "
        "groups[0].sharding_rules has 0 entries; write an index from 0 to 0",
    }


def test_a_list_of_numbers_is_set_as_a_whole_or_by_entry(bench: Bench) -> None:
    db_group = "ATHENA_GROUPS__0__DB_GROUPS__0__SHARD_INDICES"
    rule = """
    [[groups.sharding_rules]]
    name = "r"
    table_pattern = "t"
    shard_column = "c"
    shard_count = 2
    """
    whole = bench.load(ON_A_SERVER + rule, {db_group: "[0, 1]"})
    entries = bench.load(ON_A_SERVER + rule, {db_group + "__0": "1", db_group + "__1": "0"})
    assert whole.groups[0].home.shard_indices == (0, 1)
    assert entries.groups[0].home.shard_indices == (1, 0)


def test_an_entry_of_a_list_of_numbers_leaves_the_others(bench: Bench) -> None:
    text = EMBEDDED + "shard_indices = [9, 1, 2]\n"
    rule = '[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "t"\nshard_column = "c"\n'
    environ = {"ATHENA_GROUPS__0__DB_GROUPS__0__SHARD_INDICES__0": "0"}
    group = bench.load(text + rule + "shard_count = 3\n", environ).groups[0]
    assert group.home.shard_indices == (0, 1, 2)


def test_a_list_set_as_a_whole_and_by_entry_is_refused(bench: Bench) -> None:
    variable = "ATHENA_GROUPS__0__DB_GROUPS__0__SHARD_INDICES"
    problems = bench.problems(EMBEDDED, {variable: "[]", variable + "__0": "1"})
    assert problems == {
        variable + "__0": f"names an entry of the list that {variable} gives as a whole; unset "
        "one of them"
    }


@pytest.mark.parametrize(
    "variable, advice",
    [
        ("ATHENA_SERVER__LISTEN_PRT", "did you mean ATHENA_SERVER__LISTEN_PORT?"),
        ("ATHENA_LISTEN_PORT", "did you mean ATHENA_SERVER__LISTEN_PORT?"),
        ("ATHENA_SERVER_LISTEN_PORT", "did you mean ATHENA_SERVER__LISTEN_PORT?"),
        ("ATHENA_server__listen_port", "unset it"),
        (INSTANCE + "7__PASWORD", f"did you mean {INSTANCE}7__PASSWORD?"),
        (INSTANCE + "PORT", f"did you mean {INSTANCE}0__PORT?"),
        ("ATHENA_SERVER__LISTEN_PORT__0", "did you mean ATHENA_SERVER__LISTEN_PORT?"),
        ("ATHENA_", "unset it"),
        ("ATHENA_Q", "unset it"),
    ],
)
def test_a_variable_without_a_key_is_an_error(bench: Bench, variable: str, advice: str) -> None:
    error = bench.error(ON_A_SERVER, {variable: "geheim"})
    assert str(error) == f"environment: {variable}: names no key of the configuration; {advice}"


@pytest.mark.parametrize(
    "variable, example",
    [
        ("ATHENA_SERVER", "ATHENA_SERVER__LISTEN_ADDR"),
        ("ATHENA_GROUPS", "ATHENA_GROUPS__0__NAME"),
        ("ATHENA_GROUPS__3", "ATHENA_GROUPS__3__NAME"),
    ],
)
def test_a_variable_for_a_whole_table_is_an_error(
    bench: Bench, variable: str, example: str
) -> None:
    assert bench.problems(ON_A_SERVER, {variable: "{}"}) == {
        variable: f"names a table, not a key; write the key too, such as {example}"
    }


def test_reserved_and_foreign_variables_are_left_alone(bench: Bench) -> None:
    environ = {"ATHENA_TEST_X": "1", "ATHENA_EMBEDDED_PASSWORD": "1", "HOME": "/", "ATHENAX": "1"}
    bench.load(ON_A_SERVER, environ)


def test_the_embedded_table_is_reached_beside_the_reserved_prefix(bench: Bench) -> None:
    settings = bench.load(EMBEDDED, {"ATHENA_EMBEDDED__MAX_CONNECTIONS": "7"})
    assert settings.embedded.max_connections == 7
    problems = bench.problems(EMBEDDED, {"ATHENA_EMBEDDED__MAX_CONECTIONS": "7"})
    assert list(problems) == ["ATHENA_EMBEDDED__MAX_CONECTIONS"]


def test_a_wrong_value_names_the_variable_it_came_from(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER, {"ATHENA_POOL__MAX_OPEN": "many"})
    assert problems["pool.max_open"] == (
        "the value (from ATHENA_POOL__MAX_OPEN) is not a whole number; "
        "write a whole number from 1 to 100000"
    )


def test_a_variable_below_something_that_is_no_table_changes_nothing(bench: Bench) -> None:
    problems = bench.problems("server = 5\n" + EMBEDDED, {"ATHENA_SERVER__LISTEN_PORT": "1"})
    assert problems == {"server": "is not a table; write [server] and its keys below"}


def test_the_environment_alone_may_make_the_groups(bench: Bench) -> None:
    group = "ATHENA_GROUPS__0__"
    environ = {
        group + "NAME": "shop",
        group + "USER": "u",
        group + "PASSWORD": "",
        group + "HOME_GROUP": "home",
        group + "DB_GROUPS__0__NAME": "home",
        group + "DB_GROUPS__0__EMBEDDED": "true",
    }
    [made] = bench.load("", environ).groups
    assert made.home.instances[0].role == "master"
    assert "groups" in bench.problems(LOGIN.replace("[[groups]]", ""), {})
