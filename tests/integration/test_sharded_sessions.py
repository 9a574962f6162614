"""Sessions that go from one DB group to the other, with one connection to each for all clients."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from athena_g.protocol.constants import Command
from tests.fakes.dialogue import Role
from tests.fakes.faults import PATIENCE, end, half, reset
from tests.fakes.relay import Relay
from tests.integration.stage import PlainConnection, ask, error_of, refused, until
from tests.integration.test_faults_prepared import Prepared
from tests.proxy import PASSWORD, USER, Proxy, proxy_running
from tests.servers import Server

GROUP = "sessions"
SHARDS = {"home": (), "a": (0, 2), "b": (1, 3)}
RULE = """
[[groups.sharding_rules]]
name = "{table}"
table_pattern = "{table}"
shard_column = "user_id"
shard_count = 4
scatter_writes = "allow"
"""
TABLES = {
    "orders": "id INT, user_id INT, note VARCHAR(20), PRIMARY KEY (user_id, id)",
    "counted": "id INT AUTO_INCREMENT PRIMARY KEY, user_id INT",
}
USERS = range(8)
BUSY = (
    "SELECT info FROM information_schema.processlist "
    "WHERE info LIKE '%/* slow */%' AND info NOT LIKE '%processlist%'"
)
SLOW = "SELECT id FROM orders WHERE SLEEP(30) = 0 /* slow */"


@dataclass
class Bench:
    """A proxy in front of DB groups that are databases of one server, ``a`` and ``b`` by relays."""

    server: Server
    proxy: Proxy
    relays: dict[str, Relay]
    clients: list[PlainConnection] = field(default_factory=list)

    def connect(self) -> PlainConnection:
        client = PlainConnection(
            host="127.0.0.1",
            port=self.proxy.port,
            user=USER,
            password=PASSWORD,
            database=GROUP,
            ssl_disabled=True,
            autocommit=None,
            read_timeout=PATIENCE,
        )
        self.clients.append(client)
        return client

    def value(self, sql: str) -> Any:
        """What the server says without the proxy."""
        with self.server.connect(database=None, autocommit=True) as connection:
            return ask(connection, sql)

    def refill(self) -> None:
        with self.server.connect(database=None, autocommit=True) as connection:
            for user in USERS:
                table = f"{GROUP}_{'ab'[user % 2]}.orders_{user % 4}"
                ask(connection, f"REPLACE INTO {table} VALUES ({user}, {user}, 'first')")

    def expect_sound(self) -> None:
        """The only connection to each DB group is free, and as good as new."""
        with self.connect() as client:
            for user in (0, 1):
                seen = "LAST_INSERT_ID() + (@x IS NOT NULL)"
                assert ask(client, f"SELECT {seen} FROM orders WHERE user_id = {user}") == 0
            assert sorted(column(client, "SELECT user_id FROM orders")) == list(USERS)
        until(lambda: not self.value(BUSY), lambda: "a statement goes on on the server")
        assert "Traceback" not in self.proxy.log()


def column(connection: Connection[Any], sql: str) -> list[Any]:
    """The first cell of each row."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def configuration(server: Server, ports: dict[str, int]) -> str:
    db_groups = "".join(
        f"""
[[groups.db_groups]]
name = "{name}"
shard_indices = {list(shards)}
[[groups.db_groups.instances]]
host = "127.0.0.1"
port = {ports.get(name, server.port)}
user = "{server.user}"
password = "{server.password}"
database = "{GROUP}_{name}"
"""
        for name, shards in SHARDS.items()
    )
    return f"""
[pool]
max_open = 1
acquire_timeout_ms = 3000
[[groups]]
name = "{GROUP}"
user = "{USER}"
password = "{PASSWORD}"
home_group = "home"
broadcast_tables = ["countries"]
{db_groups}
{"".join(RULE.format(table=table) for table in TABLES)}
"""


@pytest.fixture(scope="module")
def shared_bench(server: Server) -> Iterator[Bench]:
    if server.kind == "embedded":
        pytest.skip("real servers: some tests need SLEEP and GET_LOCK within rows")
    databases = [server.create_database(f"{GROUP}_{name}") for name in SHARDS]
    with ExitStack() as stack:
        relays = {n: stack.enter_context(Relay(server.host, server.port)) for n in ("a", "b")}
        toml = configuration(server, {name: relay.port for name, relay in relays.items()})
        bench = Bench(server, stack.enter_context(proxy_running(toml, GROUP)), relays)
        with bench.connect() as client:
            for table, columns in TABLES.items():
                ask(client, f"CREATE TABLE {table} ({columns})")
            ask(client, "CREATE TABLE countries (code INT, label VARCHAR(20))")
            ask(client, "CREATE TABLE settings (k INT, v VARCHAR(20))")
        yield bench
    with server.connect(database=None) as connection:
        for each in databases:
            ask(connection, f"DROP DATABASE `{each}`")


@pytest.fixture
def bench(shared_bench: Bench) -> Iterator[Bench]:
    """The bench with its first rows, which is to be sound behind the test."""
    shared_bench.refill()
    yield shared_bench
    for relay in shared_bench.relays.values():
        relay.forget_plans()
    for client in shared_bench.clients:
        client.vanish()
    shared_bench.clients.clear()
    shared_bench.refill()
    shared_bench.expect_sound()


# --- What a statement on several shards leaves behind ---------------------------------------------


@pytest.mark.parametrize(
    ("statement", "error", "construct"),
    [
        ("UPDATE orders SET note = (@x := 'mine')", 1105, "assignment to a variable"),
        ("SELECT GET_LOCK('sharded', 0), id FROM orders", 1235, "GET_LOCK over several shards"),
    ],
)
def test_what_would_stay_on_one_connection_is_refused_over_several(
    bench: Bench, statement: str, error: int, construct: str
) -> None:
    number, text = refused(bench.connect(), statement)
    assert number == error
    assert construct in text
    assert bench.value("SELECT IS_FREE_LOCK('sharded')") == 1


def test_nobody_else_sees_ids_that_rows_on_several_shards_were_given(bench: Bench) -> None:
    mine, other = bench.connect(), bench.connect()
    ask(mine, "INSERT INTO counted (user_id) VALUES (0), (1), (2), (3)")
    for user in (0, 1):
        question = f"SELECT LAST_INSERT_ID() FROM orders WHERE user_id = {user}"
        assert ask(other, question) == 0
        assert ask(mine, question) > 0


def test_nobody_else_sees_an_id_that_a_query_on_all_shards_set(bench: Bench) -> None:
    ask(bench.connect(), "SELECT LAST_INSERT_ID(77) FROM orders")
    bench.expect_sound()


def test_a_change_of_two_shards_of_a_db_group_leaves_the_session_free(bench: Bench) -> None:
    client = bench.connect()
    ask(client, "UPDATE orders SET note = 'both' WHERE user_id IN (0, 2)")
    assert ask(client, "SELECT note FROM orders WHERE user_id = 1") == "first"


@pytest.mark.parametrize("rows", ["(0, 100), (2, 100)", "(0, 200), (1, 200)"])
def test_nobody_else_sees_what_triggers_on_several_shards_set(bench: Bench, rows: str) -> None:
    for database, shard in (("a", 0), ("b", 1), ("a", 2), ("b", 3)):
        table = f"{GROUP}_{database}.counted_{shard}"
        bench.value(f"CREATE TRIGGER {table}_set BEFORE INSERT ON {table} FOR EACH ROW SET @x = 1")
    with bench.connect() as client:
        ask(client, f"INSERT INTO counted (user_id, id) VALUES {rows}")
    try:
        bench.expect_sound()
    finally:
        for database, shard in (("a", 0), ("b", 1), ("a", 2), ("b", 3)):
            bench.value(f"DROP TRIGGER {GROUP}_{database}.counted_{shard}_set")


def test_a_change_of_all_shards_leaves_no_transaction_open_whatever_completion_type_is(
    bench: Bench,
) -> None:
    client = bench.connect()
    ask(client, "SET completion_type = 1")
    ask(client, "UPDATE orders SET note = 'all'")
    ask(bench.connect(), "UPDATE orders SET note = 'one' WHERE user_id = 1")
    assert bench.value(f"SELECT note FROM {GROUP}_b.orders_1 WHERE user_id = 1") == "one"


def test_warnings_are_those_of_the_query_on_all_shards(bench: Bench) -> None:
    client, noise = bench.connect(), bench.connect()
    ask(client, "INSERT IGNORE INTO orders VALUES (0, 0, 'again')")
    ask(client, "SELECT id FROM orders")
    for user in (0, 1):  # takes the connections
        ask(noise, f"SELECT id FROM orders WHERE user_id = {user}")
    assert column(client, "SHOW WARNINGS") == []


# --- Transactions ---------------------------------------------------------------------------------


def test_the_columns_of_a_table_elsewhere_do_not_move_a_transaction(bench: Bench) -> None:
    client = bench.connect()
    ask(client, "BEGIN")
    ask(client, "UPDATE orders SET note = 'mine' WHERE user_id = 1")
    number, _ = error_of(lambda: client.command(Command.FIELD_LIST, b"orders\0%"))
    assert number == 1105
    assert ask(client, "SELECT note FROM orders WHERE user_id = 1") == "mine"
    ask(client, "ROLLBACK")


def test_after_a_transaction_is_lost_no_statement_runs_in_another_db_group(bench: Bench) -> None:
    client = bench.connect()
    ask(client, "SELECT id FROM orders WHERE user_id = 1")
    ask(client, "BEGIN")
    ask(client, "UPDATE orders SET note = 'lost' WHERE user_id = 0")
    bench.relays["a"].end_all()
    assert refused(client, "SELECT id FROM orders WHERE user_id = 0")[0] == 2013
    assert refused(client, "UPDATE orders SET note = 'half' WHERE user_id = 1")[0] == 1105
    ask(client, "ROLLBACK")
    assert ask(client, "SELECT note FROM orders WHERE user_id = 1") == "first"


def test_a_transaction_that_a_server_began_moves_as_long_as_it_is_empty(bench: Bench) -> None:
    client, noise = bench.connect(), bench.connect()
    for user in (0, 1, 0, 1):
        ask(client, "INSERT IGNORE INTO orders VALUES (0, 0, 'again')")
        ask(client, "BEGIN")  # behind warnings it is sent at once
        assert ask(client, f"SELECT user_id FROM orders WHERE user_id = {user}") == user
        ask(client, "ROLLBACK")
    assert ask(noise, "SELECT user_id FROM orders WHERE user_id = 1") == 1


def test_a_transaction_stays_read_only_that_begins_in_a_read_only_one(bench: Bench) -> None:
    client = bench.connect()
    ask(client, "SELECT id FROM orders WHERE user_id = 0")
    ask(client, "START TRANSACTION READ ONLY")
    ask(client, "BEGIN")
    change = "UPDATE orders SET note = 'changed' WHERE user_id = 1"
    assert refused(client, change)[0] in (1105, 1792)  # to MariaDB, the second one is another
    ask(client, "ROLLBACK")


def test_a_variable_that_is_set_from_a_table_at_home_is_read_there(bench: Bench) -> None:
    client = bench.connect()
    ask(client, "REPLACE INTO settings VALUES (9, 'nine')")
    ask(client, "SELECT id FROM orders WHERE user_id = 0")
    ask(client, "SET @y = (SELECT MAX(v) FROM settings WHERE k = 9)")
    assert ask(client, "SELECT @y = 'nine'") == 1


# --- Prepared statements --------------------------------------------------------------------------


def test_a_cursor_on_several_shards_is_answered_with_all_rows(bench: Bench) -> None:
    rows = Prepared(bench.connect(), "SELECT id FROM orders WHERE id >= ?").execute(0, cursor=True)
    assert len(rows) == len(USERS)


def test_a_statement_means_on_all_shards_what_it_meant_when_it_was_prepared(bench: Bench) -> None:
    client, other = bench.connect(), bench.connect()
    said = 'SELECT "note" FROM orders WHERE id >= ?'
    prepared = Prepared(client, said)
    ask(client, "SET sql_mode = 'ANSI_QUOTES'")
    for each in (prepared, Prepared(other, said)):
        assert {row[-4:] for row in each.execute(0)} == {b"note"}
    assert {row[-5:] for row in Prepared(client, said).execute(0)} == {b"first"}


def test_long_data_goes_to_the_table_at_home(bench: Bench) -> None:
    client = bench.connect()
    prepared = Prepared(client, "INSERT INTO settings VALUES (1, ?)")
    ask(client, "SELECT id FROM orders WHERE user_id = 1")
    client._execute_command(
        Command.STMT_SEND_LONG_DATA, struct.pack("<IH", prepared.id, 0) + b"long"
    )
    body = struct.pack("<IBI", prepared.id, 0, 1) + b"\0\1\xfc\0"
    client.command(Command.STMT_EXECUTE, body)
    assert ask(client, "SELECT v FROM settings WHERE k = 1") == "long"


# --- KILL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kill", ["KILL QUERY", "KILL"])
def test_kill_ends_the_statement_on_all_its_servers(bench: Bench, kill: str) -> None:
    victim = bench.connect()
    thread, caught = _in_background(victim, SLOW)
    until(lambda: bool(bench.value(BUSY)), lambda: "the statement does not run")
    ask(bench.connect(), f"{kill} {victim.thread_id()}")
    thread.join(PATIENCE)
    assert caught[0].args[0] in ((1317,) if kill == "KILL QUERY" else (2013,))


def test_kill_query_ends_the_wait_for_a_connection(bench: Bench) -> None:
    holder, victim, other = bench.connect(), bench.connect(), bench.connect()
    ask(holder, "BEGIN")
    ask(holder, "SELECT id FROM orders WHERE user_id = 1")
    thread, caught = _in_background(victim, "SELECT id FROM orders")
    while thread.is_alive():
        ask(other, f"KILL QUERY {victim.thread_id()}")
    assert caught[0].args[0] == 1317
    ask(holder, "ROLLBACK")


def test_a_client_that_goes_away_takes_its_statements_with_it(bench: Bench) -> None:
    client = bench.connect()
    client._execute_command(Command.QUERY, SLOW)
    until(lambda: bool(bench.value(BUSY)), lambda: "the statement does not run")
    client.vanish()
    bench.expect_sound()


def _in_background(client: PlainConnection, sql: str) -> tuple[Thread, list[Exception]]:
    caught: list[Exception] = []

    def run() -> None:
        try:
            ask(client, sql)
        except pymysql.MySQLError as error:
            caught.append(error)

    thread = Thread(target=run)
    thread.start()
    return thread, caught


# --- Servers that die -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [end, half, reset], ids=["end", "half", "reset"])
@pytest.mark.parametrize("where", ["a", "b"])
def test_a_server_that_dies_among_rows_ends_the_query_and_nothing_else(
    bench: Bench, where: str, how: Any
) -> None:
    client = bench.connect()
    bench.relays[where].plan(Role.ROW, how, command="SELECT", skip=1)
    assert refused(client, "SELECT id FROM orders")[0] == 2013
    assert sorted(column(client, "SELECT id FROM orders")) == list(USERS)


def test_a_definition_says_what_is_done_also_when_a_server_dies(bench: Bench) -> None:
    client = bench.connect()
    bench.relays["a"].plan(Role.OK, end, command="ALTER")
    number, text = refused(client, "ALTER TABLE counted ADD KEY by_user (user_id)")
    assert number == 1105
    assert text.startswith("ALTER TABLE failed on shard 0, shard 2: Lost connection")
    assert text.endswith("it is done on shard 1, shard 3")


@pytest.mark.parametrize("users", [(0, 2), (0, 1, 2, 3)], ids=["one group", "two groups"])
def test_whether_a_change_is_committed_is_said_not_to_be_known(
    bench: Bench, users: tuple[int, ...]
) -> None:
    client = bench.connect()
    bench.relays["a"].plan(Role.OK, end, command="COMMIT")
    sql = f"UPDATE orders SET note = 'new' WHERE user_id IN {users}"
    assert "it is not known whether it was committed" in refused(client, sql)[1]
    assert column(client, "SELECT COUNT(*) FROM orders WHERE user_id = 0") == [1]


@pytest.mark.parametrize("users", [(0, 2), (0, 1, 2, 3)], ids=["one group", "two groups"])
def test_a_session_goes_on_behind_a_change_that_a_server_died_in(
    bench: Bench, users: tuple[int, ...]
) -> None:
    client = bench.connect()
    bench.relays["a"].plan(Role.OK, end, command="UPDATE")
    sql = f"UPDATE orders SET note = 'new' WHERE user_id IN {users}"
    assert "transaction" not in refused(client, sql)[1]
    assert column(client, "SELECT note FROM orders WHERE user_id = 0") == ["first"]


def test_nothing_is_changed_as_long_as_a_server_cannot_be_had(bench: Bench) -> None:
    client, holder = bench.connect(), bench.connect()
    ask(holder, "BEGIN")
    ask(holder, "SELECT id FROM orders WHERE user_id = 1")
    assert refused(client, "UPDATE orders SET note = 'half'")[0] == 1040
    assert ask(client, "SELECT note FROM orders WHERE user_id = 0") == "first"
    ask(holder, "ROLLBACK")


# --- Long texts -----------------------------------------------------------------------------------


def test_long_queries_with_long_answers_do_not_wait_for_each_other(bench: Bench) -> None:
    found = column(bench.connect(), f"SELECT '{'x' * 900_000}' FROM orders WHERE id >= 0")
    assert [len(each) for each in found] == [900_000] * len(USERS)
