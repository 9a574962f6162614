"""Clients that are there and do nothing: the place they hold is free after a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from tests.fakes.dialogue import Role
from tests.integration.stage import TABLES, Stage, Stages, ask, stages
from tests.servers import Server

SHORT = """
[server]
net_write_timeout_secs = 1
net_read_timeout_secs = 1
"""
FLOOD = "SELECT REPEAT('x', 100000) FROM " + ", ".join(f"digits d{n}" for n in range(4))


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request, TABLES + SHORT) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.run(
            "DROP TABLE IF EXISTS digits",
            "CREATE TABLE digits (d INT)",
            "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
        )
        stage.relay.forget()
        yield stage


@pytest.mark.parametrize("begin", ["", "BEGIN"], ids=["alone", "in a transaction"])
def test_a_client_that_stops_reading_loses_its_place_to_the_next(stage: Stage, begin: str) -> None:
    client = stage.connect()
    if begin:
        ask(client, begin)
    client._execute_command(Command.QUERY, FLOOD)
    stage.relay.wait_for(Role.COLUMNS_END, "REPEAT")
    stage.expect_sound()  # while the client is still there


def test_a_client_that_stops_in_the_middle_of_a_long_statement_loses_its_place(
    stage: Stage,
) -> None:
    client = stage.connect()
    whole = frame(bytes([Command.QUERY]) + b"SELECT '" + b"x" * 4_000_000 + b"'", 0)
    client.send(whole[:2_500_000])
    stage.expect_sound()


def test_a_client_that_stops_in_the_middle_of_its_file_loses_its_place(
    server: Server, stage: Stage
) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server has no LOAD DATA LOCAL INFILE")
    with server.connect() as direct:
        ask(direct, "SET GLOBAL local_infile = 1")
    client = stage.connect(client_flag=1 << 7)
    sql = b"LOAD DATA LOCAL INFILE 'any' INTO TABLE digits"
    assert client.command(Command.QUERY, sql)[0] == 0xFB
    client.send(frame(b"1\n", 2))
    stage.expect_sound()
    assert stage.value("SELECT COUNT(*) FROM digits") == 10


def test_a_client_that_reads_slowly_but_reads_gets_everything(stage: Stage) -> None:
    client = stage.connect()
    client._execute_command(Command.QUERY, FLOOD.replace("digits d3", "(SELECT 1) one"))
    client.read_definitions(client._read_packet().get_all_data()[0])
    assert len(client.read_rows()) == 1000
    assert ask(client, "SELECT 'on'") == "on"
