"""Commands other than queries, and logging in."""

from __future__ import annotations

import threading
from typing import Any

import pymysql
import pytest

from athena_g.protocol.constants import Command
from tests.proxy import Proxy, proxy_for
from tests.servers import Server


def errno_of(caught: pytest.ExceptionInfo[pymysql.MySQLError]) -> int:
    return int(caught.value.args[0])


def test_ping_is_answered_in_and_out_of_transactions(proxy: Proxy) -> None:
    with proxy.connect() as connection:
        connection.ping(reconnect=False)
        connection.begin()
        connection.ping(reconnect=False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.ping(reconnect=False)


def test_the_group_s_own_database_can_be_chosen_again(proxy: Proxy) -> None:
    with proxy.connect() as connection, connection.cursor() as cursor:
        connection.select_db(proxy.database)
        cursor.execute(f"USE `{proxy.database}`")
        cursor.execute(f"/* hello */ use {proxy.database.upper()};")


@pytest.mark.parametrize("by", ["command", "statement"])
def test_another_database_cannot(server: Server, proxy: Proxy, database: str, by: str) -> None:
    with proxy.connect() as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.MySQLError) as caught:
            if by == "command":
                connection.select_db(database)
            else:
                cursor.execute(f"USE\n{database}")
        assert errno_of(caught) == 1049
        assert cursor.execute("SELECT 1") == 1


def test_statistics_and_field_list_are_the_server_s(server: Server, proxy: Proxy) -> None:
    with proxy.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE listed (id INT, name VARCHAR(20))")
        connection._execute_command(Command.STATISTICS, b"")
        assert connection._read_packet().get_all_data()
        connection._execute_command(Command.FIELD_LIST, b"listed\0")
        definitions = [connection._read_packet() for _ in range(3)]
        assert b"name" in definitions[1].get_all_data()
        assert definitions[2].is_eof_packet()
        assert cursor.execute("SELECT 1") == 1


def test_reset_connection_forgets_the_session_s_variables(proxy: Proxy) -> None:
    with proxy.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET @kept = 7")
        cursor.execute("BEGIN")
        connection._execute_command(Command.RESET_CONNECTION, b"")
        packet: Any = connection._read_packet()
        assert packet.is_ok_packet()
        cursor.execute("SELECT @kept")
        assert cursor.fetchall() == ((None,),)


def test_set_option_turns_several_statements_on_and_off(proxy: Proxy) -> None:
    def set_option(value: int) -> None:
        connection._execute_command(Command.SET_OPTION, bytes([value, 0]))
        connection._read_packet()

    with proxy.connect(autocommit=True) as connection, connection.cursor() as cursor:
        set_option(0)
        cursor.execute("SELECT 1; SELECT 2")
        assert cursor.nextset()
        set_option(1)
        with pytest.raises(pymysql.ProgrammingError):
            cursor.execute("SELECT 1; SELECT 2")


def test_a_reset_frees_the_locks_of_the_session(proxy: Proxy) -> None:
    with proxy.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('anew', 1)")
        connection._execute_command(Command.RESET_CONNECTION, b"")
        connection._read_packet()
        with proxy.connect(autocommit=True) as other, other.cursor() as waiting:
            waiting.execute("SELECT GET_LOCK('anew', 10)")
            assert waiting.fetchall() == ((1,),)


def test_a_statement_of_another_connection_can_be_killed(server: Server, proxy: Proxy) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server does not interrupt SLEEP")
    with proxy.connect() as victim, proxy.connect() as killer:
        done: list[object] = []

        def sleep() -> None:
            with victim.cursor() as cursor:
                try:
                    done.append(cursor.execute("SELECT SLEEP(30)"))
                except pymysql.MySQLError as error:
                    done.append(error.args[0])

        sleeping = threading.Thread(target=sleep)
        sleeping.start()
        with killer.cursor() as cursor:
            while not _sleeps(cursor, victim.thread_id()):
                pass
            cursor.execute(f"KILL QUERY {victim.thread_id()}")
        sleeping.join(20)
        assert done in ([1], [1317])  # SLEEP itself is not interrupted but returns 1
        with victim.cursor() as cursor:
            assert cursor.execute("SELECT 1") == 1


def _sleeps(cursor: Any, number: int) -> bool:
    """Whether SHOW PROCESSLIST shows the statement of a connection."""
    cursor.execute("SHOW PROCESSLIST")
    return any(row[0] == number and row[7] == "SELECT SLEEP(30)" for row in cursor.fetchall())


def test_another_connection_can_be_killed(proxy: Proxy) -> None:
    with proxy.connect() as killer, killer.cursor() as cursor:
        victim = proxy.connect()
        cursor.execute(f"KILL {victim.thread_id()}")
        with pytest.raises(pymysql.MySQLError):
            victim.cursor().execute("SELECT 1")
        with pytest.raises(pymysql.MySQLError) as caught:
            cursor.execute("KILL 4000000000")
        assert errno_of(caught) == 1094


def test_a_processlist_shows_the_clients_of_the_proxy(proxy: Proxy) -> None:
    with proxy.connect() as one, proxy.connect() as other, one.cursor() as cursor:
        cursor.execute("SHOW FULL PROCESSLIST")
        shown = {row[0]: row for row in cursor.fetchall()}
        assert {one.thread_id(), other.thread_id()} <= set(shown)
        assert shown[one.thread_id()][7] == "SHOW FULL PROCESSLIST"
        assert shown[other.thread_id()][4:8:3] == ("Sleep", None)


@pytest.mark.parametrize("command", [Command.BINLOG_DUMP, 0x08, 0x77])
def test_what_is_not_offered_gets_1047_and_the_session_goes_on(proxy: Proxy, command: int) -> None:
    with proxy.connect() as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.MySQLError) as caught:
            connection._execute_command(command, b"SELECT 1")
            connection._read_packet()
        assert errno_of(caught) == 1047
        assert cursor.execute("SELECT 1") == 1


@pytest.mark.parametrize(
    "wrong", [{"password": "no"}, {"user": "no"}, {"database": "no"}, {"password": ""}]
)
def test_a_wrong_login_says_the_same_whatever_was_wrong(proxy: Proxy, wrong: Any) -> None:
    with pytest.raises(pymysql.OperationalError) as caught:
        proxy.connect(**wrong)
    assert errno_of(caught) == 1045
    assert "Access denied for user" in str(caught.value)


def test_a_login_without_a_database_enters_the_user_s_only_group(proxy: Proxy) -> None:
    with proxy.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE()")
        assert cursor.fetchall() == ((proxy.database,),)


def test_both_authentication_methods_log_in(server: Server, database: str) -> None:
    for plugin in ("caching_sha2_password", "mysql_native_password"):
        tables = f'[server]\ndefault_auth_plugin = "{plugin}"'
        with proxy_for(server, database, tables=tables) as proxy, proxy.connect() as connection:
            assert connection._auth_plugin_name == plugin
