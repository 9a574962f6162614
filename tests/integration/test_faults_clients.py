"""Clients that reset, send half a packet, or are gone: their place is free at once."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator

import pymysql
import pytest

from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from tests.fakes.dialogue import Role
from tests.fakes.faults import cut, end, pass_then, reset, stall
from tests.fakes.relay import Relay
from tests.integration.stage import PlainConnection, Stage, Stages, ask, error_of, stages
from tests.servers import Server

Leave = Callable[[PlainConnection], None]
LEAVING = pytest.mark.parametrize(
    "leave", [PlainConnection.vanish, PlainConnection.reset], ids=["end", "reset"]
)
QUIT = frame(bytes([Command.QUIT]), 0)
ENDLESS = "SELECT REPEAT('x', 1000) FROM " + ", ".join(f"digits d{n}" for n in range(6))


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.run(
            "DROP TABLE IF EXISTS account, digits",
            "CREATE TABLE account (id INT PRIMARY KEY, balance INT)",
            "INSERT INTO account VALUES (1, 100)",
            "CREATE TABLE digits (d INT)",
            "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
        )
        stage.relay.forget()
        yield stage


@pytest.fixture
def front(stage: Stage) -> Iterator[Relay]:
    """A relay between clients and the proxy."""
    with Relay(stage.proxy.host, stage.proxy.port) as relay:
        yield relay


def query(sql: str) -> bytes:
    return frame(bytes([Command.QUERY]) + sql.encode(), 0)


def balance(stage: Stage) -> int:
    return int(stage.value("SELECT balance FROM account"))


# --- While a statement runs -----------------------------------------------------------------------


@LEAVING
@pytest.mark.parametrize("begin", ["", "BEGIN"], ids=["alone", "in a transaction"])
def test_a_client_that_leaves_its_running_statement_ends_it(
    stage: Stage, begin: str, leave: Leave
) -> None:
    client = stage.connect()
    if begin:
        ask(client, begin)
    client.send(query("SELECT SLEEP(60)"))
    stage.relay.wait_for(Role.COMMAND, "SLEEP")
    leave(client)
    stage.expect_sound()


@LEAVING
def test_a_client_that_leaves_its_running_execution_ends_it(stage: Stage, leave: Leave) -> None:
    client = stage.connect()
    answer = client.command(Command.STMT_PREPARE, b"SELECT SLEEP(60)")
    client.read_definitions(int.from_bytes(answer[5:7], "little"))
    client._execute_command(Command.STMT_EXECUTE, answer[1:5] + struct.pack("<BI", 0, 1))
    stage.relay.wait_for(Role.COMMAND, "STMT_EXECUTE")
    leave(client)
    stage.expect_sound()


def test_a_client_that_quits_without_waiting_for_its_reply_ends_its_statement(
    stage: Stage,
) -> None:
    client = stage.connect()
    client.send(query("SELECT SLEEP(60)") + QUIT)
    stage.relay.wait_for(Role.COMMAND, "SLEEP")
    client.vanish()
    stage.expect_sound()


@LEAVING
def test_a_client_that_leaves_while_it_waits_for_a_lock_waits_no_more(
    server: Server, stage: Stage, leave: Leave
) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server locks whole databases")
    with stage.server.connect(database=None, autocommit=False) as holder:
        ask(holder, f"SELECT balance FROM `{stage.database}`.account WHERE id = 1 FOR UPDATE")
        client = stage.connect()
        client.send(query("UPDATE account SET balance = 0 WHERE id = 1"))
        stage.relay.wait_for(Role.COMMAND, "UPDATE account")
        leave(client)
        stage.expect_sound()
        holder.rollback()
    assert balance(stage) == 100


@LEAVING
def test_a_client_that_leaves_the_line_gives_its_turn_to_the_next(
    stage: Stage, leave: Leave
) -> None:
    holder, waiting, next_one = stage.connect(), stage.connect(), stage.connect()
    ask(holder, "BEGIN")
    ask(holder, "SELECT balance FROM account")
    waiting.send(query("UPDATE account SET balance = 0"))
    leave(waiting)
    stage.connect().close()
    served = threading.Thread(target=ask, args=(next_one, "SELECT 'served'"))
    served.start()
    ask(holder, "COMMIT")
    served.join()
    assert "QUERY SELECT 'served'" in stage.relay.labels()
    assert balance(stage) == 100


# --- In a reply -----------------------------------------------------------------------------------


@LEAVING
def test_a_client_that_leaves_a_large_result_frees_its_place(stage: Stage, leave: Leave) -> None:
    client = stage.connect()
    rows = client.cursor(pymysql.cursors.SSCursor)
    rows.execute(ENDLESS)
    assert rows.fetchone()
    leave(client)
    stage.expect_sound()


@pytest.mark.parametrize("how", [end, reset], ids=["end", "reset"])
@pytest.mark.parametrize("role", [Role.COLUMN_COUNT, Role.ROW, Role.ROWS_END])
def test_a_client_cut_off_at_each_step_of_its_reply_frees_its_place(
    stage: Stage, front: Relay, role: Role, how: Callable[..., None]
) -> None:
    fault = front.plan(role, how, "balance")
    client = stage.connect(port=front.port)
    ask(client, "SELECT 1")
    errno, _ = error_of(lambda: ask(client, "SELECT balance FROM account"))
    assert errno == 2013
    fault.wait()
    stage.expect_sound()


def test_a_client_that_leaves_a_transaction_s_reply_has_it_rolled_back(
    stage: Stage, front: Relay
) -> None:
    client = stage.connect(port=front.port)
    ask(client, "BEGIN")
    fault = front.plan(Role.OK, end, "UPDATE")
    assert error_of(lambda: ask(client, "UPDATE account SET balance = 0"))[0] == 2013
    fault.wait()
    stage.expect_sound()
    assert balance(stage) == 100


# --- In a transaction -----------------------------------------------------------------------------


@LEAVING
def test_the_locks_of_a_client_that_leaves_are_free_at_once(stage: Stage, leave: Leave) -> None:
    client = stage.connect()
    ask(client, "BEGIN")
    ask(client, "UPDATE account SET balance = 0 WHERE id = 1")
    with stage.server.connect(database=stage.database, autocommit=True) as other:
        waiting = threading.Thread(
            target=ask, args=(other, "UPDATE account SET balance = balance + 1 WHERE id = 1")
        )
        waiting.start()
        leave(client)
        waiting.join()  # after 50 s the server would refuse it, and the balance be another
    assert balance(stage) == 101


@LEAVING
@pytest.mark.parametrize("begin", ["BEGIN", "SET autocommit = 0"])
def test_a_client_that_leaves_a_transaction_has_it_rolled_back(
    stage: Stage, begin: str, leave: Leave
) -> None:
    client = stage.connect()
    ask(client, begin)
    ask(client, "UPDATE account SET balance = 0")
    leave(client)
    stage.expect_sound()
    assert balance(stage) == 100


def test_named_locks_and_temporary_tables_end_with_a_client_that_leaves(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "CREATE TEMPORARY TABLE scratch (id INT)")
    assert ask(client, "SELECT GET_LOCK('faults', 0)") == 1
    client.vanish()
    with stage.connect() as other:
        assert ask(other, "SELECT GET_LOCK('faults', 10)") == 1
        assert error_of(lambda: ask(other, "SELECT * FROM scratch"))[0] == 1146


# --- Half a packet --------------------------------------------------------------------------------

PIECES = {
    "a part of a header": b"\x20\0",
    "a header": b"\x20\0\0\0",
    "a part of a statement": query("UPDATE account SET balance = 0")[:15],
    "the beginning of a long one": query("UPDATE account SET balance = 0 -- " + "x" * 3_000_000)[
        :2_000_000
    ],
    "the first of two packets": query(
        "UPDATE account SET balance = 0 -- " + "x" * ((1 << 24) + 100)
    )[: 1 << 24],
}


@LEAVING
@pytest.mark.parametrize("begin", ["", "BEGIN"], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
def test_a_client_that_leaves_in_the_middle_of_a_statement_runs_nothing(
    stage: Stage, piece: bytes, begin: str, leave: Leave
) -> None:
    client = stage.connect()
    if begin:
        ask(client, begin)
        ask(client, "UPDATE account SET balance = 50")
    client.send(piece)
    leave(client)
    stage.expect_sound()
    assert balance(stage) == 100


def test_a_client_that_stays_in_the_middle_of_a_short_statement_takes_no_place(
    stage: Stage,
) -> None:
    client = stage.connect()
    whole = query("SELECT 'late'")
    client.send(whole[:9])
    with stage.connect() as other:
        assert ask(other, "SELECT 'on'") == "on"
    client.send(whole[9:])
    client._read_packet()


def test_a_statement_cut_on_its_way_to_the_proxy_is_not_run(stage: Stage, front: Relay) -> None:
    fault = front.plan(Role.COMMAND, cut(20), "UPDATE")
    client = stage.connect(port=front.port)
    assert error_of(lambda: ask(client, "UPDATE account SET balance = 0"))[0] in (2006, 2013)
    fault.wait()
    stage.expect_sound()
    assert balance(stage) == 100


@pytest.mark.parametrize("how", [end, cut(10), reset], ids=["end", "half", "reset"])
@pytest.mark.parametrize("role", [Role.GREETING, Role.LOGIN, Role.WELCOME])
def test_a_client_that_leaves_in_its_login_leaves_nothing(
    stage: Stage, front: Relay, role: Role, how: Callable[..., None]
) -> None:
    front.plan(role, how)
    with pytest.raises(pymysql.MySQLError):
        stage.connect(port=front.port)
    front.wait_until(lambda: not front.open_connections, "the proxy keeps the connection")


def test_a_client_that_leaves_right_behind_its_login_leaves_nothing(
    stage: Stage, front: Relay
) -> None:
    front.plan(Role.WELCOME, pass_then(reset))
    stage.connect(port=front.port)
    front.wait_until(lambda: not front.open_connections, "the proxy keeps the connection")


def test_many_clients_that_leave_at_once_leave_one_that_is_served(stage: Stage) -> None:
    clients = [stage.connect() for _ in range(20)]
    for client in clients:
        client.send(query("SELECT SLEEP(60)"))
    stage.relay.wait_for(Role.COMMAND, "SLEEP")
    for number, client in enumerate(clients):
        (client.vanish if number % 2 else client.reset)()
    stage.expect_sound()


def test_an_idle_client_behind_a_dead_network_takes_no_place(stage: Stage, front: Relay) -> None:
    client = stage.connect(port=front.port)
    ask(client, "SELECT 1")
    fault = front.plan(Role.COMMAND, stall, "SELECT 2")
    client.send(query("SELECT 2"))
    fault.wait()
    with stage.connect() as other:
        assert ask(other, "SELECT 'on'") == "on"
