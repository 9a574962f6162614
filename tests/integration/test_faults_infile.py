"""LOAD DATA LOCAL INFILE whose server dies, or whose client leaves, at each of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from athena_g.protocol.constants import CLIENT_LOCAL_FILES, Command
from athena_g.protocol.framing import frame
from tests.fakes.dialogue import Role
from tests.fakes.faults import Act, cut, end, reset
from tests.integration.stage import PlainConnection, Stage, Stages, ask, refused, stages
from tests.servers import Server

HOWS = pytest.mark.parametrize("how", [end, reset, cut(3)], ids=["end", "reset", "cut"])
LINES = 200_000


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    if server.kind == "embedded":
        pytest.skip("the embedded server has no LOAD DATA LOCAL INFILE")
    with server.connect() as connection:
        ask(connection, "SET GLOBAL local_infile = 1")
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.run("DROP TABLE IF EXISTS loaded", "CREATE TABLE loaded (id INT)")
        yield stage


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than goes into the buffers between a client and its server's first look."""
    path = tmp_path_factory.mktemp("infile") / "lines"
    path.write_text("".join(f"{number}\n" for number in range(LINES)))
    return path


def load(file: Path | str) -> str:
    return f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE loaded"


def asked_for_file(stage: Stage) -> PlainConnection:
    """A client that the server has asked for the contents of a file."""
    client = stage.connect(client_flag=CLIENT_LOCAL_FILES)
    assert client.command(Command.QUERY, load("any").encode())[0] == 0xFB
    return client


def test_a_file_is_loaded(stage: Stage, file: Path) -> None:
    client = stage.connect(local_infile=True)
    ask(client, load(file))
    ask(client, "COMMIT")
    assert stage.value("SELECT COUNT(*) FROM loaded") == LINES


@HOWS
@pytest.mark.parametrize(
    ("role", "skip", "there"),
    [(Role.FILE_REQUEST, 0, 0), (Role.FILE, 0, 0), (Role.FILE, 3, 0), (Role.OK, 0, LINES)],
    ids=["before", "at the first part", "in the middle", "at the end"],
)
def test_a_server_that_dies_is_2013_behind_the_whole_file(
    stage: Stage, file: Path, role: Role, skip: int, there: int, how: Act
) -> None:
    client = stage.connect(local_infile=True)
    fault = stage.relay.plan(role, how, "LOAD DATA", skip)
    errno, text = refused(client, load(file))
    assert (errno, stage.relay.name in text) == (2013, True)
    fault.wait()
    assert ask(client, "SELECT 'on'") == "on"
    assert stage.value("SELECT COUNT(*) FROM loaded") == there


def test_a_server_that_dies_while_loading_in_a_transaction_loses_it(
    stage: Stage, file: Path
) -> None:
    client = stage.connect(local_infile=True)
    ask(client, "BEGIN")
    ask(client, "INSERT INTO loaded VALUES (1)")
    stage.relay.plan(Role.FILE, end, "LOAD DATA", 2)
    errno, text = refused(client, load(file))
    assert (errno, "transaction" in text) == (2013, True)  # lost, or not known, as some engines do
    assert refused(client, "SELECT 1")[0] == 1105
    ask(client, "ROLLBACK")
    assert ask(client, "SELECT COUNT(*) FROM loaded") == 0


def test_a_server_that_refuses_files_says_so_and_the_session_goes_on(
    stage: Stage, file: Path
) -> None:
    stage.run("SET GLOBAL local_infile = 0")
    try:
        client = stage.connect(local_infile=True)
        errno, _ = refused(client, load(file))
        assert errno in (1148, 3948, 4166)
        assert ask(client, "SELECT 'on'") == "on"
    finally:
        stage.run("SET GLOBAL local_infile = 1")


def test_an_error_of_the_server_in_the_file_is_passed_on(stage: Stage, file: Path) -> None:
    stage.run("DROP TABLE loaded", "CREATE TABLE loaded (id INT PRIMARY KEY)")
    stage.run(f"INSERT INTO loaded VALUES ({LINES // 2})")
    client = stage.connect(local_infile=True)
    ask(client, load(file))  # LOCAL makes a warning of the row that is there already
    ask(client, "COMMIT")
    assert stage.value("SELECT COUNT(*) FROM loaded") == LINES
    assert refused(client, load(file).replace("loaded", "missing"))[0] == 1146
    assert ask(client, "SELECT 'on'") == "on"


@pytest.mark.parametrize("how", [PlainConnection.vanish, PlainConnection.reset])
@pytest.mark.parametrize(
    "sent",
    [b"", frame(b"1\n2\n", 2), frame(b"1\n2\n", 2) + frame(b"3\n4\n", 3)[:6]],
    ids=["nothing", "a part", "half a part"],
)
def test_a_client_that_leaves_in_its_file_loads_nothing(
    stage: Stage, sent: bytes, how: object
) -> None:
    client = asked_for_file(stage)
    client.send(sent)
    if sent:
        stage.relay.wait_for(Role.FILE)
    assert callable(how)
    how(client)
    stage.expect_sound()
    assert stage.value("SELECT COUNT(*) FROM loaded") == 0


def test_a_client_that_has_no_file_says_so_with_an_empty_one(stage: Stage) -> None:
    client = asked_for_file(stage)
    client.send(frame(b"", 2), answered_as=3)
    assert client._read_packet().is_ok_packet()
    assert ask(client, "SELECT COUNT(*) FROM loaded") == 0
