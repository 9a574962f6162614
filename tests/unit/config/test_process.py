from __future__ import annotations

import pytest

from athena_g.config import PoolSettings

from .samples import EMBEDDED, Bench


def test_listen_port_0_leaves_the_choice_to_the_system(bench: Bench) -> None:
    assert bench.load(f"[server]\nlisten_port = 0\n{EMBEDDED}").server.listen_port == 0


@pytest.mark.parametrize("value, seconds", [("3", 3.0), ("0.5", 0.5), ('"2.5"', 2.5)])
def test_the_connect_timeout_may_have_fractions(bench: Bench, value: str, seconds: float) -> None:
    server = bench.load(f"[server]\nconnect_timeout_secs = {value}\n{EMBEDDED}").server
    assert server.connect_timeout_secs == seconds


@pytest.mark.parametrize("host", ["127.0.0.1", "::", "localhost", "db_1.example.org", "a"])
def test_addresses_and_host_names_are_accepted(bench: Bench, host: str) -> None:
    assert bench.load(f'[server]\nlisten_addr = "{host}"\n{EMBEDDED}').server.listen_addr == host


@pytest.mark.parametrize("host", ["", "127.0.0.1:3307", "[::1]", "10.0.0.300", "a b", "-x", "é"])
def test_what_is_neither_address_nor_host_name_is_refused(bench: Bench, host: str) -> None:
    problems = bench.problems(f'[server]\nlisten_addr = "{host}"\n{EMBEDDED}')
    assert problems["server.listen_addr"].startswith(f'"{host}" is neither an IP address nor a ')


@pytest.mark.parametrize("version", ["8.4", "athena", "8.4.0\\n", "8.4.0-é", "8.4.0" + "x" * 60])
def test_a_server_version_that_drivers_cannot_read_is_refused(bench: Bench, version: str) -> None:
    problems = bench.problems(f'[server]\nserver_version = "{version}"\n{EMBEDDED}')
    assert "write a version number" in problems["server.server_version"]


def test_tls_needs_certificate_and_key(bench: Bench) -> None:
    problems = bench.problems(f"[server.tls]\nrequired = true\n{EMBEDDED}")
    assert list(problems) == ["server.tls.certificate", "server.tls.key"]


def test_tls_files_must_exist(bench: Bench) -> None:
    certificate = bench.write("server.pem")
    text = f'[server.tls]\ncertificate = "server.pem"\nkey = "nokey.pem"\n{EMBEDDED}'
    problems = bench.problems(text)
    assert problems["server.tls.key"].startswith(
        f'"{certificate.parent}/nokey.pem" is not an existing file; write the path of a file'
    )


def test_max_idle_follows_a_smaller_max_open() -> None:
    assert PoolSettings(max_open=50).max_idle == 50
    assert PoolSettings(max_open=500).max_idle == 100


def test_max_idle_is_at_most_max_open_and_min_idle_at_most_max_idle(bench: Bench) -> None:
    text = f"[pool]\nmax_open = 10\nmax_idle = 20\n{EMBEDDED}"
    assert bench.problems(text) == {
        "pool.max_idle": "20 is more than max_open; write at most 10, or raise max_open"
    }
    text = f"[pool]\nmax_open = 10\nmin_idle = 11\n{EMBEDDED}"
    assert bench.problems(text) == {
        "pool.min_idle": "11 is more than max_idle; write at most 10, or raise max_idle"
    }


def test_a_wrong_max_open_is_the_only_problem(bench: Bench) -> None:
    assert list(bench.problems(f"[pool]\nmax_open = 0\nmin_idle = 5\n{EMBEDDED}")) == [
        "pool.max_open"
    ]


@pytest.mark.parametrize("word", ["TRACE", "debug", "Info", "WARNING", "ERROR"])
def test_a_log_level_is_known_in_any_case_of_letters(bench: Bench, word: str) -> None:
    assert bench.load(f'[log]\nlevel = "{word}"\n{EMBEDDED}').log.level == word.upper()
