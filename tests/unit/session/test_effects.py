"""What a SET does to a session: taken from what the server reported, else asked for."""

from __future__ import annotations

import pytest

from athena_g.backend.profile import MAX_BYTES
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy
from tests.fakes.server import FakeServer
from tests.fakes.setup import NAMES

from .names import RESET, SET_NAMES, statements


@pytest.fixture
def single(make_proxy: MakeProxy) -> Proxy:
    """A proxy with one connection for all."""
    return make_proxy(max_open=1)


def brought(single: Proxy, backend: FakeServer, *said: str) -> list[str]:
    """What is sent for a session that said something, when it comes back to its connection."""
    client = single.client()
    for sql in said:
        assert client.query(sql).ok, sql
    assert single.client().query("SELECT 'other'").rows
    backend.record.clear()
    assert client.query("SELECT 'back'").rows
    return [label for label in backend.seen if label != "SELECT 'back'"]


def pinned(proxy: Proxy) -> bool:
    return len(proxy.pool.transactions) > 0


# --- Session variables ----------------------------------------------------------------------------


def test_what_the_server_reported_is_not_asked_for(client: Client, backend: FakeServer) -> None:
    client.query("SET time_zone = '+01:00'")
    assert statements(backend) == ["SET time_zone = '+01:00'"]


def test_what_the_server_did_not_report_is_asked_for(client: Client, backend: FakeServer) -> None:
    client.query("SET wait_timeout = 60")
    asked = "SELECT @@SESSION.wait_timeout LIMIT 1"
    backend.wait_for(asked)
    assert statements(backend) == ["SET wait_timeout = 60", asked]


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("SET time_zone = '+01:00'", "SET SESSION time_zone = '+01:00'"),
        ("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'",
         "SET SESSION sql_mode = 'STRICT_TRANS_TABLES'"),
        ("SET LOCAL wait_timeout = 60", "SET SESSION wait_timeout = 60"),
        ("SET @@SESSION.wait_timeout = 60", "SET SESSION wait_timeout = 60"),
        ("SET autocommit = 0, time_zone = '+02:00'",
         "SET SESSION autocommit = 0, SESSION time_zone = '+02:00'"),
    ],
)  # fmt: skip
def test_a_session_variable_goes_with_its_session(
    single: Proxy, backend: FakeServer, said: str, sent: str
) -> None:
    assert brought(single, backend, said) == [sent]
    assert not pinned(single)


def test_a_number_is_brought_as_a_number(single: Proxy, backend: FakeServer) -> None:
    backend.say("SET wait_timeout = 60", replies.ok())
    number = replies.result([["60"]]).replace(b"\xfd\0\0\0\0\0", b"\x08\0\0\0\0\0")
    backend.say("SELECT @@SESSION.wait_timeout LIMIT 1", number)
    assert brought(single, backend, "SET wait_timeout = 60") == ["SET SESSION wait_timeout = 60"]


def test_what_the_server_made_of_a_value_counts(single: Proxy, backend: FakeServer) -> None:
    backend.say(
        "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')",
        replies.ok(session_state=replies.variable_changed("sql_mode", "STRICT,ANSI")),
    )
    said = "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')"
    assert brought(single, backend, said) == ["SET SESSION sql_mode = 'STRICT,ANSI'"]


def test_a_value_that_needs_quoting_is_brought_safely(single: Proxy, backend: FakeServer) -> None:
    backend.say(
        "SET time_zone = x",
        replies.ok(session_state=replies.variable_changed("time_zone", "it's\\")),
    )
    sent = brought(single, backend, "SET time_zone = x")
    assert sent == ["SET SESSION time_zone = _utf8mb4 0x697427735c"]


def test_default_goes_along_as_the_value_it_had(single: Proxy, backend: FakeServer) -> None:
    """Which may be another one by the time that the session gets its next connection."""
    backend.say(
        "SET time_zone = DEFAULT",
        replies.ok(session_state=replies.variable_changed("time_zone", "SYSTEM")),
    )
    said = ("SET time_zone = '+01:00'", "SET time_zone = DEFAULT")
    assert brought(single, backend, *said) == ["SET SESSION time_zone = 'SYSTEM'"]


def test_the_last_value_counts(single: Proxy, backend: FakeServer) -> None:
    said = ("SET time_zone = '+01:00'", "SET time_zone = '+02:00', time_zone = '+03:00'")
    assert brought(single, backend, *said) == ["SET SESSION time_zone = '+03:00'"]


@pytest.mark.parametrize("said", ["SET GLOBAL max_connections = 5", "SET PERSIST x = 1"])
def test_what_is_not_the_sessions_does_not_go_along(
    single: Proxy, backend: FakeServer, said: str
) -> None:
    assert brought(single, backend, said) == []


@pytest.mark.parametrize(
    "said",
    [
        "SET insert_id = 5",
        "SET rand_seed1 = 5",
        "SET gtid_next = 'AUTOMATIC'",
        "SET profiling = 1",
        "SET @@session.profiling_history_size = 5",
        "SET timestamp = @@global.x",
    ],
)
def test_what_the_server_uses_up_itself_pins(client: Client, proxy: Proxy, said: str) -> None:
    client.query(said)
    assert pinned(proxy)


@pytest.mark.parametrize("zero", ["0", "0.0", "-0", "DEFAULT"])
def test_the_clock_goes_along_as_the_clock(single: Proxy, backend: FakeServer, zero: str) -> None:
    """What the server would answer, if asked, is the time of now."""
    said = ("SET timestamp = 1000000000", f"SET timestamp = {zero}")
    assert brought(single, backend, *said) == ["SET SESSION timestamp = DEFAULT"]
    assert not pinned(single)


def test_a_variable_that_cannot_be_asked_for_pins(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("SELECT @@SESSION.odd LIMIT 1", replies.err(1238, "Variable is a GLOBAL variable"))
    client.query("SET odd = 1")
    assert client.query("SELECT 1").rows
    assert pinned(proxy)


def test_a_set_that_failed_changes_nothing(single: Proxy, backend: FakeServer) -> None:
    backend.say("SET time_zone = 'x'", replies.err(1298, "Unknown or incorrect time zone"))
    client = single.client()
    assert client.query("SET time_zone = 'x'").errno == 1298
    assert single.client().query("SELECT 1").rows
    client.query("SELECT 2")
    assert not [label for label in statements(backend) if "SESSION time_zone" in label]


def test_settings_beyond_the_limit_pin(client: Client, proxy: Proxy) -> None:
    client.query(f"SET @a = '{'x' * MAX_BYTES}'")
    assert client.query("SELECT 1").rows
    assert pinned(proxy)


def test_a_set_of_the_insert_id_is_the_sessions(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    client.query("SET last_insert_id = 9")
    backend.connections[0].insert_id = 9
    assert single.client().query("SELECT 1").rows
    client.query("SELECT LAST_INSERT_ID()")
    assert "SET SESSION last_insert_id = 9" in backend.seen


def test_isolation_for_the_session_goes_along(single: Proxy, backend: FakeServer) -> None:
    backend.say(
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        replies.ok(session_state=replies.variable_changed("transaction_isolation", "SERIALIZABLE")),
    )
    said = "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"
    sent = brought(single, backend, said)
    assert sent == ["SET SESSION transaction_isolation = 'SERIALIZABLE'"]


# --- Character sets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("SET NAMES latin1", "SET NAMES latin1"),
        ("set names 'LATIN1' collate latin1_bin", "SET NAMES latin1 COLLATE latin1_bin"),
        ("SET CHARACTER SET latin1", "SET CHARACTER SET latin1"),
        ("SET NAMES DEFAULT", "SET NAMES DEFAULT"),
    ],
)
def test_a_character_set_goes_along_as_it_was_said(
    single: Proxy, backend: FakeServer, said: str, sent: str
) -> None:
    assert brought(single, backend, said) == [sent]
    assert not pinned(single)


def test_one_variable_of_the_character_set_goes_along_behind_the_names(
    single: Proxy, backend: FakeServer
) -> None:
    said = "SET character_set_results = NULL"
    backend.say(said, replies.ok())
    backend.say("SELECT @@SESSION.character_set_results LIMIT 1", replies.result([[None]]))
    assert brought(single, backend, said) == [f"SET {NAMES}, SESSION character_set_results = NULL"]


def test_a_collation_changes_the_character_set_of_the_connection_too(
    single: Proxy, backend: FakeServer
) -> None:
    (sent,) = brought(single, backend, "SET collation_connection = 'utf8mb4_bin'")
    assert "SESSION character_set_connection = " in sent
    assert "SESSION collation_connection = 'utf8mb4_bin'" in sent


def test_names_undo_what_was_set_of_them_before(single: Proxy, backend: FakeServer) -> None:
    said = ("SET character_set_results = 'latin1'", "SET NAMES latin1")
    assert brought(single, backend, *said) == ["SET NAMES latin1"]


def test_the_next_session_has_its_own_character_set(single: Proxy, backend: FakeServer) -> None:
    single.client().query("SET NAMES latin1")
    backend.record.clear()
    single.client().query("SELECT 1")
    assert backend.seen[0] == f"SET {NAMES}"


# --- User variables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("SET @a = 5", "SET @`a` = 5"),
        ("SET @A := -1.5", "SET @`a` = -1.5"),
        ("SET @a = NULL", "SET @`a` = NULL"),
        ("SET @a = 0xff", "SET @`a` = 0xff"),
        ("SET @a = 'x y'", "SET @`a` = _utf8mb4'x y' COLLATE utf8mb4_general_ci"),
        ("SET @a = 1, @b = 2", "SET @`a` = 1, @`b` = 2"),
    ],
)
def test_a_literal_user_variable_goes_with_its_session(
    single: Proxy, backend: FakeServer, said: str, sent: str
) -> None:
    assert brought(single, backend, said) == [sent]
    assert not pinned(single)


@pytest.mark.parametrize(
    "said",
    ["SET @a = 'it''s'", "SET @a = 'back\\slash'", "SET @a = 'é'", "SET NAMES latin1, @a = 'x'"],
)
def test_a_string_that_may_be_read_in_several_ways_is_asked_for(
    single: Proxy, backend: FakeServer, said: str
) -> None:
    backend.say(
        "SELECT HEX(@`a`), COLLATION(@`a`) LIMIT 1",
        replies.result([["C3A9", "latin1_bin"]], columns=("HEX", "COLLATION")),
    )
    assert "@`a` = _latin1 x'C3A9' COLLATE latin1_bin" in brought(single, backend, said)[-1]


@pytest.mark.parametrize(
    "said",
    ["SET @a = NOW()", "SET @a = @b + 1", "SET @a = (SELECT 1)", "SET @`odd name` = 1"],
)  # fmt: skip
def test_another_user_variable_pins(client: Client, proxy: Proxy, said: str) -> None:
    client.query(said)
    assert pinned(proxy)


ASKED = "SELECT @`a`, LENGTH(@`a`) LIMIT 1"


@pytest.mark.parametrize("said", ["SET @a = @b", "SET @a = @@sql_mode", "SET @a = @@global.x"])
def test_a_copied_string_is_asked_for(single: Proxy, backend: FakeServer, said: str) -> None:
    backend.say(ASKED, replies.result([["x", "1"]], columns=("a", "LENGTH")))
    backend.say(
        "SELECT HEX(@`a`), COLLATION(@`a`) LIMIT 1",
        replies.result([["78", "latin1_bin"]], columns=("HEX", "COLLATION")),
    )
    assert "@`a` = _latin1 x'78' COLLATE latin1_bin" in brought(single, backend, said)[-1]
    assert not pinned(single)


def test_a_copied_null_is_one(single: Proxy, backend: FakeServer) -> None:
    backend.say(ASKED, replies.result([[None, None]], columns=("a", "LENGTH")))
    assert "@`a` = NULL" in brought(single, backend, "SET @a = @b")[-1]


def test_a_copied_value_that_is_long_pins(
    client: Client, backend: FakeServer, proxy: Proxy
) -> None:
    backend.say(ASKED, replies.result([["x", str(MAX_BYTES + 1)]], columns=("a", "LENGTH")))
    client.query("SET @a = @b")
    client.query("DO 0")  # before which the value was asked for
    assert pinned(proxy)


def test_a_set_that_a_server_skips_changes_nothing(single: Proxy, backend: FakeServer) -> None:
    assert brought(single, backend, "/*!999990 SET time_zone = '+01:00' */") == []
    assert not pinned(single)


@pytest.mark.parametrize("mark", ["/*!80000", "/*!100100", "/*M!100616"])
def test_a_set_that_some_servers_skip_goes_along_where_it_was_done(
    single: Proxy, backend: FakeServer, mark: str
) -> None:
    said = f"{mark} SET time_zone = '+01:00' */"
    changed = replies.variable_changed("time_zone", "+01:00")
    backend.say(said, replies.ok(session_state=changed))
    assert brought(single, backend, said) == ["SET SESSION time_zone = '+01:00'"]
    assert not pinned(single)


def test_a_literal_in_a_set_that_some_servers_skip_pins(client: Client, proxy: Proxy) -> None:
    client.query("/*!80000 SET @a = 1 */")
    assert pinned(proxy)


def test_a_literal_over_an_expression_unpins(client: Client, proxy: Proxy) -> None:
    for sql, held in [
        ("SET @a = NOW(), @b = 1", True),
        ("SET @b = 2", True),
        ("SET @a = 3", False),
    ]:
        client.query(sql)
        assert pinned(proxy) is held, sql


def test_an_expression_over_a_literal_is_what_counts(single: Proxy, backend: FakeServer) -> None:
    """The literal must not come back over it."""
    client = single.client()
    for sql in ("SET @a = 1", "SET @a = NOW()", "SELECT 1", "SELECT 2"):
        client.query(sql)
    seen = [label for label in statements(backend) if label != "PING"]
    assert seen == ["SET @a = 1", "SET @a = NOW()", "SELECT 1", "SELECT 2"]
    client.quit()
    single.wait_idle()
    assert backend.seen[-1] == RESET


def test_variables_and_user_variables_in_one_statement(single: Proxy, backend: FakeServer) -> None:
    said = "SET @a = 1, time_zone = '+01:00'"
    assert brought(single, backend, said) == ["SET SESSION time_zone = '+01:00', @`a` = 1"]


@pytest.mark.parametrize("said", ["SET ROLE admin", "SET RESOURCE GROUP r"])
def test_what_else_can_be_set_pins(client: Client, proxy: Proxy, said: str) -> None:
    client.query(said)
    assert pinned(proxy)


def test_a_password_is_nothing_of_the_sessions(client: Client, proxy: Proxy) -> None:
    client.query("SET PASSWORD = 'x'")
    assert not pinned(proxy)


# --- When it is not known what was set ------------------------------------------------------------


def test_settings_that_are_lost_with_the_server_are_told_to_be(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    """The SET itself was answered with OK."""
    backend.say(
        "SELECT @@SESSION.wait_timeout LIMIT 1", lambda conversation: conversation.hang_up()
    )
    assert client.query("SET wait_timeout = 60").ok
    reply = client.query("SELECT 1")
    assert reply.errno == 1105
    assert client.query("SELECT 2").rows
    assert proxy.pool.out == 0


def test_a_temporary_table_that_is_renamed_is_not_noticed_to_end(
    client: Client, proxy: Proxy
) -> None:
    for sql in (
        "CREATE TEMPORARY TABLE a (x INT)", "ALTER TABLE a RENAME TO b", "DROP TEMPORARY TABLE a",
    ):  # fmt: skip
        client.query(sql)
    assert pinned(proxy)


def test_a_rename_without_temporary_tables_pins_nothing(client: Client, proxy: Proxy) -> None:
    client.query("RENAME TABLE a TO b")
    assert not pinned(proxy)


def test_a_text_in_a_character_set_that_cannot_be_read_pins(
    proxy: Proxy, backend: FakeServer
) -> None:
    client = proxy.client(collation_id=28)
    client.query("SET @a = 1")
    assert pinned(proxy)
    assert SET_NAMES not in backend.seen
