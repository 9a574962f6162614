from __future__ import annotations

import pytest

from .samples import EMBEDDED, ON_A_SERVER, Bench

SECOND = "groups[0].db_groups[1]"


def two(name: str, *, instances: str = "") -> str:
    """A group of two embedded DB groups, of which the second has this name."""
    further = f'[[groups.db_groups]]\nname = "{name}"\nembedded = true\n'
    return EMBEDDED + instances + further + instances


@pytest.mark.parametrize("name", ["../home", "a/b", "/tmp", ".", ".."])
def test_an_embedded_db_group_is_called_as_a_directory_may_be(bench: Bench, name: str) -> None:
    assert bench.problems(two(name)) == {
        f"{SECOND}.name": f'"{name}" cannot be the name of the directory with the data of an '
        "embedded server; write one without /"
    }


def test_two_embedded_db_groups_have_no_directory_in_common(bench: Bench) -> None:
    assert bench.problems(two("Home")) == {
        f"{SECOND}.name": '"Home" differs from the name of groups[0].db_groups[0] in the case of '
        "letters alone, and there is a data directory for each name; write another one"
    }


def test_db_groups_on_servers_are_called_as_one_likes(bench: Bench) -> None:
    other = ON_A_SERVER[ON_A_SERVER.index("[[groups.db_groups]]") :]
    for name in ("a/b", "HOME"):
        bench.load(ON_A_SERVER + other.replace('"home"', f'"{name}"').replace(".11", ".12"))


def test_two_embedded_db_groups_have_no_port_in_common(bench: Bench) -> None:
    assert bench.problems(two("b", instances="instances = [{ port = 4000 }]\n")) == {
        f"{SECOND}.instances[0].port": "4000 is the port of "
        "groups[0].db_groups[0].instances[0] too; write another port, or leave it out"
    }


def test_embedded_servers_whose_ports_the_system_picks_are_accepted(bench: Bench) -> None:
    bench.load(two("b", instances='instances = [{ role = "master" }, { role = "slave" }]\n'))
    bench.load(two("b", instances="instances = [{ port = 0 }]\n"))


def test_an_embedded_server_leaves_the_proxy_its_port(bench: Bench) -> None:
    text = f"[server]\nlisten_port = 4000\n{EMBEDDED}instances = [{{ port = 4000 }}]\n"
    assert bench.problems(text) == {
        "groups[0].db_groups[0].instances[0].port": "4000 is the port of [server] too; write "
        "another port, or leave it out"
    }


def on_one_server(database: str) -> str:
    other = ON_A_SERVER[ON_A_SERVER.index("[[groups.db_groups]]") :]
    return ON_A_SERVER + other.replace('"home"', '"b"') + f'database = "{database}"\n'


def test_two_db_groups_of_a_group_are_not_one_database(bench: Bench) -> None:
    assert bench.problems(on_one_server("shop")) == {
        f"{SECOND}.instances[0]": 'the database "shop" on 10.0.0.11:3306 is that of '
        "groups[0].db_groups[0] too; write another server or another database"
    }


def test_two_db_groups_may_be_two_databases_of_one_server(bench: Bench) -> None:
    bench.load(on_one_server("shop_b"))
