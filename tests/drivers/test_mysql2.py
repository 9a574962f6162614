"""node's mysql2: its works are in node/works.mjs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.drivers.conftest import MEGABYTE, Compare
from tests.drivers.installed import missing
from tests.drivers.notes import Notes
from tests.drivers.place import Place
from tests.programs import program

NODE = Path(__file__).parent / "node"


@pytest.fixture(autouse=True)
def mysql2() -> None:
    """Skips, or fails where all is required, without node or mysql2."""
    program("node")
    if not (NODE / "node_modules" / "mysql2").is_dir():
        missing("mysql2 is not installed (tests/drivers/node/install)")


def run(place: Place, work: str, seen: Notes) -> None:
    account = {
        "host": place.host,
        "port": place.port,
        "user": place.user,
        "password": place.password,
        "database": place.database,
        "mariadb": place.is_mariadb,
        "sizes": [0, 70_000] if place.kind == "embedded" else [0, 5 * MEGABYTE, 17 * MEGABYTE],
    }
    done = subprocess.run(
        [program("node"), NODE / "works.mjs", work],
        input=json.dumps(account),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name, thing in json.loads(done.stdout):
        seen(name, thing)


def test_text_and_prepared_statements_give_the_same_values(compare: Compare) -> None:
    seen = compare(run, "values")
    assert seen["rows by query"] == seen["rows by execute"]
    assert seen["rows by query"][0]["name"] == "naïve 🐬 'x' \\"
    assert seen["rows by query"][0]["big"] == "-9007199254740993"


def test_transactions_end_as_they_should(compare: Compare) -> None:
    seen = compare(run, "transactions")
    assert seen["before commit"] == [1, 0]
    assert seen["after rollback"] == [0, 0]
    assert seen["after commit"] == [1, 1]
    assert seen["duplicate"][:2] == ["ER_DUP_ENTRY", 1062]


@pytest.mark.real_servers("it words errors in its own way")
def test_errors_are_the_servers(compare: Compare) -> None:
    seen = compare(run, "errors")
    assert seen["syntax by execute"][1] == 1064
    assert seen["goes on"] == [{"n": 2}]


def test_prepared_statements_are_executed_in_turn(compare: Compare) -> None:
    seen = compare(run, "statements")
    assert seen["mine 1"] == [{"a": "text 1", "b": 1, "c": 1}]
    assert seen["user variable"] == [{"turn": 9}]
    assert seen["many"] == [2 * number for number in range(300)]


def test_commands_sent_without_waiting_are_answered_in_order(compare: Compare) -> None:
    seen = compare(run, "pipeline")
    assert seen["answer 1"] == [{"n": 1, "turn": 0}]


@pytest.mark.real_servers("it has one writer at a time")
def test_a_pool_of_ten_does_the_work_of_thirty(compare: Compare) -> None:
    seen = compare(run, "pool")
    for who, found in enumerate(seen["work"]):
        assert [row["who"] for row in found] == [who] * 10
    assert [row["n"] for row in seen["rows"]] == [5] * 30


def test_a_reset_and_a_change_of_user_start_a_new_session(compare: Compare) -> None:
    seen = compare(run, "upkeep")
    assert seen["pinged"][0]["v"] == "mine"
    assert seen["changed"][0]["v"] is None
    assert seen["changed: table"][1] == 1146
    assert seen["wrong password"] == 1045


def test_several_results_come_in_order(compare: Compare) -> None:
    seen = compare(run, "results")
    assert seen["results"][0] == [{"a": 1}]
    assert seen["results"][3] == [{"x": 1}, {"x": 2}]
    assert len(seen["streamed"]) == 4
    assert seen["not allowed"][1] == 1064


@pytest.mark.real_servers("it has no stored procedures")
def test_procedures_give_their_results(compare: Compare) -> None:
    seen = compare(run, "procedures")
    assert seen["by query"][:2] == seen["by execute"][:2] == [[{"a": 2}], [{"name": "second"}]]
    assert seen["OUT by execute"] == [{"y": 4}]


def test_blobs_come_back(compare: Compare) -> None:
    seen = compare(run, "blobs")
    assert seen["0 by query"]
    assert all(line.endswith("bool True") for line in seen.lines())


def test_a_compressed_connection_carries_the_same(compare: Compare) -> None:
    assert compare(run, "compressed")["long"] == [500_000, 1]


@pytest.mark.real_servers("it does not load files")
def test_a_stream_of_the_client_is_loaded(compare: Compare) -> None:
    seen = compare(run, "infile")
    assert seen["rows"][0]["n"] == 50_000
