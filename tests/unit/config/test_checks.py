from __future__ import annotations

import pytest

from .samples import EMBEDDED, INSTANCE, LOGIN, ON_A_SERVER, Bench

DB_GROUP = "groups[0].db_groups[0]"


def test_two_groups_of_one_name_are_refused_in_any_case_of_letters(bench: Bench) -> None:
    problems = bench.problems(EMBEDDED + EMBEDDED.replace('"shop"', '"SHOP"'))
    assert problems == {
        "groups[1].name": '"SHOP" is the name of groups[0] too; write one that no other group has'
    }


def test_two_db_groups_of_one_name_are_refused(bench: Bench) -> None:
    problems = bench.problems(EMBEDDED + '[[groups.db_groups]]\nname = "home"\nembedded = true\n')
    assert problems == {
        "groups[0].db_groups[1].name": f'"home" is the name of {DB_GROUP} too; write one that no '
        "other DB group of this group has"
    }


def test_one_name_may_be_in_two_groups(bench: Bench) -> None:
    bench.load(EMBEDDED + EMBEDDED.replace('"shop"', '"other"'))


def test_a_home_group_that_is_none_is_refused_with_those_there_are(bench: Bench) -> None:
    text = EMBEDDED.replace('home_group = "home"', 'home_group = "hom"')
    problems = bench.problems(text + '[[groups.db_groups]]\nname = "a"\nembedded = true\n')
    assert problems == {
        "groups[0].home_group": 'names no DB group of this group; write "home" or "a"'
    }


def test_a_home_group_is_not_judged_where_a_db_group_cannot_be_read(bench: Bench) -> None:
    text = EMBEDDED.replace('home_group = "home"', 'home_group = "b"')
    unreadable = text.replace('\nname = "home"', "\nname = 1")
    listed = text[: text.index("[[groups.db_groups]]")] + 'db_groups = [{ name = "home" }, 5]\n'
    assert list(bench.problems(unreadable)) == ["groups[0].db_groups[0].name"]
    assert "groups[0].home_group" not in bench.problems(listed)


def test_one_table_in_two_rules_is_refused_in_any_case_of_letters(bench: Bench) -> None:
    rules = [
        f'[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "{table}"\n'
        'shard_column = "c"\nshard_count = 1\n'
        for table in ("Orders", "items", "ORDERS")
    ]
    problems = bench.problems(EMBEDDED + "shard_indices = [0]\n" + "".join(rules))
    assert problems == {
        "groups[0].sharding_rules[2].table_pattern": '"ORDERS" is the table_pattern of '
        "groups[0].sharding_rules[0] too; write one that no other rule of this group has"
    }


def test_an_embedded_db_group_without_instances_has_one_master(bench: Bench) -> None:
    [instance] = bench.load(EMBEDDED).groups[0].home.instances
    assert (instance.role, instance.host, instance.port) == ("master", "", 0)


def test_embedded_instances_may_have_a_role_and_a_port(bench: Bench) -> None:
    text = EMBEDDED + 'instances = [{ role = "primary" }, { role = "replica", port = 4000 }]\n'
    instances = bench.load(text).groups[0].home.instances
    assert [(each.role, each.port) for each in instances] == [("master", 0), ("slave", 4000)]


@pytest.mark.parametrize(
    "line",
    [
        'host = "db"',
        'user = "u"',
        'password = "p"',
        'password_file = "pw"',
        'database = "d"',
        'tls = "required"',
    ],
)
def test_an_embedded_instance_has_no_account_of_its_own(bench: Bench, line: str) -> None:
    bench.write("pw")
    problems = bench.problems(f"{EMBEDDED}[[groups.db_groups.instances]]\n{line}\n")
    assert problems == {
        f"{DB_GROUP}.instances[0].{line.split(' =')[0]}": "cannot be given in an embedded DB "
        "group; leave it out: the embedded server's account is made by athena-g"
    }


def test_a_db_group_that_is_not_embedded_needs_an_instance(bench: Bench) -> None:
    problems = bench.problems(f'{LOGIN}[[groups.db_groups]]\nname = "home"\n')
    assert problems[f"{DB_GROUP}.instances"].startswith(
        "is missing; write at least one [[groups.db_groups.instances]]"
    )


def test_an_instance_needs_host_and_user(bench: Bench) -> None:
    text = f'{LOGIN}[[groups.db_groups]]\nname = "home"\ninstances = [{{ port = 1 }}]\n'
    assert bench.problems(text) == {
        f"{DB_GROUP}.instances[0].host": "is missing; write where the server is",
        f"{DB_GROUP}.instances[0].user": "is missing; write the account to log in with",
    }


def test_only_an_embedded_instance_may_leave_its_port_to_the_system(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER + "port = 0\n")
    assert problems == {
        f"{DB_GROUP}.instances[0].port": "0 is out of range; write a port from 1 to 65535"
    }
    bench.load(EMBEDDED + "instances = [{ port = 0 }]\n")


@pytest.mark.parametrize("text", [ON_A_SERVER, EMBEDDED + "[[groups.db_groups.instances]]\n"])
def test_slaves_without_a_master_are_refused(bench: Bench, text: str) -> None:
    problems = bench.problems(text + 'role = "slave"\n')
    assert problems == {
        f"{DB_GROUP}.instances": 'has no master; write role = "master" for one of the instances'
    }


def test_one_server_twice_in_a_db_group_is_refused(bench: Bench) -> None:
    first = INSTANCE.replace("10.0.0.11", "db.example")
    second = INSTANCE.replace("10.0.0.11", "DB.example") + "port = 3306\n"
    problems = bench.problems(ON_A_SERVER.replace(INSTANCE, first + second))
    assert problems == {
        f"{DB_GROUP}.instances[1].port": f"DB.example:3306 is {DB_GROUP}.instances[0] too; write "
        "each server once in a DB group"
    }


def test_one_server_in_two_groups_and_two_ports_on_a_host_are_accepted(bench: Bench) -> None:
    bench.load(ON_A_SERVER + ON_A_SERVER.replace('"shop"', '"other"'))
    bench.load(ON_A_SERVER + INSTANCE + "port = 3307\n")


def test_one_fixed_port_for_two_embedded_servers_is_refused(bench: Bench) -> None:
    problems = bench.problems(EMBEDDED + "instances = [{ port = 4000 }, {}, {}, { port = 4000 }]")
    assert list(problems) == [f"{DB_GROUP}.instances[3].port"]


def test_metrics_on_the_port_of_the_server_are_refused(bench: Bench) -> None:
    text = f"[server]\nlisten_port = 4307\n[metrics]\nenabled = true\n{EMBEDDED}"
    assert bench.problems(text) == {
        "metrics.listen_port": "4307 is the port of [server] too; write another port"
    }


def test_a_wrong_key_hides_no_problem_between_tables(bench: Bench) -> None:
    text = ON_A_SERVER.replace('home_group = "home"', 'home_group = "x"') + "port = -1\n"
    assert set(bench.problems(text)) == {"groups[0].home_group", f"{DB_GROUP}.instances[0].port"}


def test_a_wrong_key_causes_no_problem_between_tables(bench: Bench) -> None:
    text = ON_A_SERVER.replace('\nname = "home"', "\nname = 5") + 'role = "king"\n'
    assert set(bench.problems(text)) == {f"{DB_GROUP}.name", f"{DB_GROUP}.instances[0].role"}
