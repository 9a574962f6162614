"""The command line: what it prints and how it exits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from athena_g import __version__
from athena_g.cli import main

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "conf" / "athena.toml"


def test_a_good_configuration_is_called_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", str(GOOD)]) == 0
    assert capsys.readouterr().out.endswith("athena.toml: good\n")


def test_a_wrong_configuration_is_explained_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(GOOD.read_text().replace("[server]", "[server]\nlisten_prot = 1"))
    assert main(["check", "-c", str(file)]) == 2
    said = capsys.readouterr().err
    assert "wrong.toml" in said
    assert "server.listen_prot" in said
    assert "listen_port" in said


@pytest.mark.parametrize("command", [["-c"], ["check", "-c"]])
def test_a_missing_configuration_is_an_error_and_never_a_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err


def test_without_a_configuration_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "-c conf/athena.toml" in capsys.readouterr().err


def test_the_embedded_server_wants_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ATHENA_EMBEDDED_PASSWORD", raising=False)
    assert main(["embedded"]) == 2
    assert "ATHENA_EMBEDDED_PASSWORD" in capsys.readouterr().err


def test_a_port_that_is_taken_is_an_error_with_status_1(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = os.environ | {
            "ATHENA_SERVER__LISTEN_PORT": str(taken.getsockname()[1]),
            "ATHENA_EMBEDDED__DATA_DIRECTORY": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-m", "athena_g", "-c", str(GOOD)],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot start" in done.stderr


def test_the_version_is_the_package_s() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "athena_g", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"athena-g {__version__}\n"


def test_a_certificate_that_is_none_is_a_problem_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    tls = f'[server.tls]\ncertificate = "{tmp_path}/junk.pem"\nkey = "{tmp_path}/junk.pem"\n'
    file = tmp_path / "athena.toml"
    file.write_text(GOOD.read_text().replace("[log]", tls + "[log]"))
    assert main(["check", "-c", str(file)]) == 2
    assert "junk.pem" in capsys.readouterr().err


def test_a_rule_that_contradicts_a_collation_is_a_problem_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "athena.toml"
    ranges = (
        'algorithm = "range"\nrange_boundaries = ["B", "a", "c"]\n'
        'key_type = "string"\nkey_collation = "utf8mb4_0900_ai_ci"\n'
    )
    file.write_text(GOOD.read_text().replace('algorithm = "mod"\nshard_count = 4\n', ranges))
    assert main(["check", "-c", str(file)]) == 2
    said = capsys.readouterr().err
    assert "athena.toml: groups[0].sharding_rules: " in said
    assert "the boundary A is not above B before it" in said


def test_a_shard_that_is_nowhere_is_named_with_the_db_groups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "athena.toml"
    file.write_text(GOOD.read_text().replace("[2, 3]", "[2]"))
    assert main(["check", "-c", str(file)]) == 2
    assert "groups[0].db_groups: no DB group has shard index 3" in capsys.readouterr().err


SHARDED = """
[[groups]]
name = "shop"
user = "u"
password = "p"
home_group = "home"
db_groups = [
  { name = "home", instances = [{ host = "db1", user = "u", password = "p" }] },
  { name = "a", shard_indices = [0, 1], instances = [{ host = "a", user = "u", password = "p" }] },
]

[[groups.sharding_rules]]
name = "orders"
table_pattern = "orders"
shard_column = "user_id"
shard_count = 2
key_type = "integer"

[[groups.sharding_rules]]
name = "events"
table_pattern = "events"
shard_column = "id"
shard_count = 2
"""


@pytest.fixture
def sharded(tmp_path: Path) -> str:
    file = tmp_path / "sharded.toml"
    file.write_text(SHARDED)
    return str(file)


def test_a_statement_is_explained_without_a_server(
    sharded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "-c", sharded, "SELECT * FROM orders WHERE user_id = 5"]) == 0
    said = capsys.readouterr().out
    assert "goes to: shard 1 in a" in said
    assert "SQL on shard 1: SELECT * FROM `orders_1` AS `orders` WHERE user_id = 5" in said


def test_a_refused_statement_is_explained_as_well(
    sharded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "-c", sharded, "UPDATE orders SET x = 1"]) == 0
    assert "refused: 1105 (HY000): Scatter writes not allowed" in capsys.readouterr().out


def test_what_only_a_server_knows_is_said_to_be_unknown(
    sharded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "-c", sharded, "SELECT * FROM events WHERE id = 5"]) == 0
    said = capsys.readouterr().out
    assert "not known: the type of id: rule events has no key_type, and no server was asked" in said
    assert "goes to: shards 0, 1 in a" in said


def test_a_statement_is_explained_for_the_group_that_is_named(
    sharded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SHARDED.replace('"shop"', '"lab"').replace('"user_id"', '"x"')
    Path(sharded).write_text(SHARDED + lab)
    for group, shards in (("shop", "shard 1 in a"), ("lab", "shards 0, 1 in a")):
        query = "SELECT 1 FROM orders WHERE user_id = 1"
        assert main(["explain", "-c", sharded, "--group", group, query]) == 0
        assert f"goes to: {shards}" in capsys.readouterr().out


def test_a_group_that_is_not_there_is_said_with_those_that_are(
    sharded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "-c", sharded, "--group", "lab", "SELECT 1"]) == 2
    assert "there is no group 'lab'; there are: shop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("shard_count = 2", "shard_count = 0", "shard_count"),
        ("shard_count = 2", 'shard_count = 2\nalgorithm = "python:absent.f"', "absent"),
        ('key_type = "integer"', 'key_type = "date"', "key_type"),
    ],
)
def test_nothing_is_explained_with_a_bad_configuration(
    sharded: str, capsys: pytest.CaptureFixture[str], written: str, instead: str, said: str
) -> None:
    Path(sharded).write_text(SHARDED.replace(written, instead, 1))
    assert main(["explain", "-c", sharded, "SELECT 1"]) == 2
    assert said in capsys.readouterr().err
