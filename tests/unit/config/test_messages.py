from __future__ import annotations

import pytest

from .samples import EMBEDDED, LOGIN, ON_A_SERVER, Bench


@pytest.mark.parametrize(
    "line, message",
    [
        ('listen_port = "x"', '"x" is not a whole number; write a port from 0 to 65535 '),
        ("listen_port = true", "true is not a whole number; write a port from 0 to 65535 "),
        ("listen_port = 3307.0", "3307.0 is not a whole number; write a port from 0 to 65535 "),
        ("listen_port = -1", "-1 is out of range; write a port from 0 to 65535 "),
        ("listen_addr = 5", "5 is not text; write an IP address or a host name, without a port"),
        ("tcp_keepalive = 1", "1 is not a truth value; write true or false"),
        ("workers = 0", "0 is out of range; write a whole number from 1 to 256"),
        ("connect_timeout_secs = nan", "nan is out of range; write a number from 0.1 to 3600"),
        ("connect_timeout_secs = true", "true is not a number; write a number from 0.1 to 3600"),
        ("backlog = 1979-05-27", "1979-05-27 is not a whole number; write a whole number "),
        ("backlog = [1]", "the value is not a whole number; write a whole number from 1 to 65535"),
        (
            'default_auth_plugin = "sha256_password"',
            '"sha256_password" is not known here; write "caching_sha2_password" or '
            '"mysql_native_password"',
        ),
    ],
)
def test_a_wrong_value_is_shown_with_what_to_write(bench: Bench, line: str, message: str) -> None:
    problems = bench.problems(f"[server]\n{line}\n{EMBEDDED}")
    key = line.split(" =")[0]
    assert list(problems) == [f"server.{key}"]
    assert problems[f"server.{key}"].startswith(message)


def test_a_long_value_is_cut(bench: Bench) -> None:
    message = bench.problems(f'[log]\nlevel = "{"x" * 500}"\n{EMBEDDED}')["log.level"]
    assert "x…" in message
    assert len(message) < 200


def test_an_unknown_key_gets_the_nearest_one(bench: Bench) -> None:
    problems = bench.problems(f"[server]\nlisten_prt = 1\n[SERVER]\n{EMBEDDED}")
    assert problems == {
        "server.listen_prt": "is not a key; did you mean listen_port?",
        "SERVER": "is not a key; did you mean server?",
    }


def test_a_key_of_another_table_is_sent_there(bench: Bench) -> None:
    text = "[server]\nmax_idle = 1\nqueue_timeout_ms = 1\n" + EMBEDDED
    assert bench.problems(text) == {
        "server.max_idle": "is not a key here; it is one of [pool] and "
        "[groups.db_groups.instances.pool]",
        "server.queue_timeout_ms": "is not a key here; it is one of "
        "[groups.db_groups.instances.limiter]",
    }


def test_a_key_like_no_other_gets_the_list_of_keys(bench: Bench) -> None:
    problems = bench.problems(f"[log]\ncolour = 1\n{EMBEDDED}")
    assert problems == {"log.colour": "is not a key; the keys here are level"}


def test_missing_keys_are_all_named(bench: Bench) -> None:
    assert bench.problems("[[groups]]\n") == {
        "groups[0].name": "is missing; write a name of 1 to 64 letters, digits, underscores, "
        "dollar signs and hyphens",
        "groups[0].user": "is missing; write a user name of 1 to 128 characters",
        "groups[0].password": "is missing; write a password in quotes, or instead of it "
        "password_file with a path",
        "groups[0].home_group": "is missing; write a name of 1 to 64 characters",
        "groups[0].db_groups": "is missing; write at least one [[groups.db_groups]]",
    }


@pytest.mark.parametrize("text", ["", "groups = []"])
def test_a_configuration_without_groups_is_refused(bench: Bench, text: str) -> None:
    [(path, message)] = bench.problems(text).items()
    assert path == "groups"
    assert message.endswith("; write at least one [[groups]]")


@pytest.mark.parametrize(
    "text, path, message",
    [
        (LOGIN.replace("[[groups]]", "[groups]"), "groups", "[[groups]] with double brackets"),
        (f"[[server]]\n{EMBEDDED}", "server", "write [server] with single brackets"),
        (f"server = 1\n{EMBEDDED}", "server", "write [server] and its keys below"),
        ("groups = [1]", "groups[0]", "write [[groups]] and its keys below"),
        (
            f"{LOGIN}db_groups = 'x'",
            "groups[0].db_groups",
            "write [[groups.db_groups]] and its keys below",
        ),
    ],
)
def test_something_else_than_a_table_is_refused(
    bench: Bench, text: str, path: str, message: str
) -> None:
    problems = bench.problems(text)
    assert list(problems) == [path]
    assert message in problems[path]


def test_a_wrong_secret_is_not_shown(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER.replace('"client-pw"', "12345"))
    assert problems == {
        "groups[0].password": "the value is not text; write a password in quotes, or instead of "
        "it password_file with a path"
    }


def test_a_key_that_needs_quotes_is_shown_in_quotes(bench: Bench) -> None:
    assert '"a b".c' not in bench.problems(f'"a b".c = 1\n{EMBEDDED}')
    assert '"a b"' in bench.problems(f'"a b".c = 1\n{EMBEDDED}')
