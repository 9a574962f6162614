from __future__ import annotations

import pytest

from athena_g.config import DbGroupSettings, InstanceSettings, PoolSettings
from athena_g.config.groups import InstancePoolSettings

from .samples import EMBEDDED, LOGIN, ON_A_SERVER, Bench


@pytest.mark.parametrize("name", ["shop", "Shop-1", "a$b_c", "größe", "x" * 64])
def test_a_sane_group_name_is_accepted(bench: Bench, name: str) -> None:
    assert bench.load(EMBEDDED.replace('"shop"', f'"{name}"')).groups[0].name == name


@pytest.mark.parametrize("name", ["", " ", "a b", "a.b", "a/b", "a`b", "😀", "x" * 65])
def test_a_group_name_that_is_no_database_name_is_refused(bench: Bench, name: str) -> None:
    problems = bench.problems(EMBEDDED.replace('"shop"', f'"{name}"'))
    assert "is not a database name; write a name of 1 to 64 letters" in problems["groups[0].name"]


@pytest.mark.parametrize("user", ["", " u", "a\\u0000b", "x" * 129])
def test_a_user_name_that_is_none_is_refused(bench: Bench, user: str) -> None:
    problems = bench.problems(EMBEDDED.replace('"client"', f'"{user}"'))
    assert problems["groups[0].user"].endswith("write a user name of 1 to 128 characters")


def test_an_empty_password_must_be_written(bench: Bench) -> None:
    assert "groups[0].password" in bench.problems(EMBEDDED.replace('password = "client-pw"', ""))
    group = bench.load(EMBEDDED.replace("client-pw", "")).groups[0]
    assert group.password.get_secret_value() == ""


def test_an_instance_has_its_defaults(bench: Bench) -> None:
    instance = bench.load(ON_A_SERVER).groups[0].home.instances[0]
    assert (instance.port, instance.role, instance.tls, instance.database) == (
        3306,
        "master",
        "disabled",
        None,
    )
    assert instance.limiter.enabled is False


@pytest.mark.parametrize(
    "host, address",
    [("db", "db:3306"), ("10.0.0.1", "10.0.0.1:3306"), ("::1", "[::1]:3306")],
)
def test_an_instance_is_known_by_its_address(host: str, address: str) -> None:
    assert InstanceSettings(host=host, user="u").address == address


@pytest.mark.parametrize(
    "word, role",
    [("master", "master"), ("Primary", "master"), ("slave", "slave"), ("REPLICA", "slave")],
)
def test_a_role_has_two_names_in_any_case_of_letters(word: str, role: str) -> None:
    assert InstanceSettings.model_validate({"role": word}).role == role


def test_an_unknown_role_is_refused_with_those_there_are(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER + 'role = "leader"\n')
    assert problems["groups[0].db_groups[0].instances[0].role"] == (
        '"leader" is not known here; write "master" or "slave" ("primary" and "replica" mean the '
        "same)"
    )


def test_tls_ca_is_refused_without_tls(bench: Bench) -> None:
    bench.write("ca.pem")
    problems = bench.problems(ON_A_SERVER + 'tls_ca = "ca.pem"\n')
    assert problems["groups[0].db_groups[0].instances[0].tls_ca"] == (
        'has no effect without TLS; write tls = "required" too, or leave it out'
    )


def test_tls_ca_must_be_a_file(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER + 'tls = "required"\ntls_ca = "."\n')
    assert problems["groups[0].db_groups[0].instances[0].tls_ca"].startswith(
        f'"{bench.directory}" is not an existing file; write the path of a file'
    )


def test_an_embedded_db_group_made_directly_has_a_master_too() -> None:
    assert DbGroupSettings(name="home", embedded=True).instances[0].role == "master"


def test_groups_may_be_several(bench: Bench) -> None:
    text = EMBEDDED + LOGIN.replace('"shop"', '"b"') + '[[groups.db_groups]]\nname = "home"\n'
    groups = bench.load(text + "embedded = true\n").groups
    assert [group.name for group in groups] == ["shop", "b"]


def test_an_instance_overrides_the_pool_s_limits_and_keeps_the_rest() -> None:
    own = InstancePoolSettings(max_open=5, acquire_timeout_ms=100)
    merged = own.over(PoolSettings(max_open=50, max_idle=40, min_idle=10, max_age_secs=7))
    assert (merged.max_open, merged.max_idle, merged.min_idle) == (5, 5, 5)
    assert (merged.acquire_timeout_ms, merged.max_age_secs) == (100, 7)


def test_an_instance_without_limits_of_its_own_has_the_pool_s() -> None:
    general = PoolSettings(max_open=3)
    assert InstancePoolSettings().over(general) == general


def test_broadcast_tables_are_named_once_each(bench: Bench) -> None:
    text = EMBEDDED.replace("home_group", 'broadcast_tables = ["a", "B"]\nhome_group')
    assert bench.load(text).groups[0].broadcast_tables == ("a", "B")
    assert bench.problems(text.replace('"B"', '"A"')) == {
        "groups[0].broadcast_tables": "has a more than once; write each table once"
    }


@pytest.mark.parametrize("name", ["a*", "a.b", ""])
def test_a_broadcast_table_is_the_bare_name_of_one_table(bench: Bench, name: str) -> None:
    text = EMBEDDED.replace("home_group", f'broadcast_tables = ["{name}"]\nhome_group')
    assert list(bench.problems(text)) == ["groups[0].broadcast_tables[0]"]
