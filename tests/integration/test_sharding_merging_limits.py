"""What merging may take, and what becomes of shards whose rows nobody wants any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from tests.integration.stage import PlainConnection, ask, error_of, until
from tests.servers import Server
from tests.sharding.shop import MAX_OPEN, POOL, Shop, rows, shop

NARROW = f"""{POOL}
[merge]
max_join_rows = 50
max_memory_mb = 1
connections_per_scatter = 1
max_finishing = 1
"""
IMPATIENT = f"""{POOL}
[merge]
max_scatter_shards = 3
scatter_timeout_ms = 400
max_join_rows = 0
"""
COUNT = 12_000


@pytest.fixture(scope="module")
def narrow_shop(server: Server) -> Iterator[Shop]:
    with shop(server, "narrow", NARROW) as opened:
        yield opened


@pytest.fixture
def narrow(narrow_shop: Shop) -> Iterator[Connection[Any]]:
    """A client of a shop that merges little."""
    narrow_shop.empty()
    yield narrow_shop.connect()
    narrow_shop.expect_sound()


@pytest.fixture(scope="module")
def impatient_shop(server: Server) -> Iterator[Shop]:
    with shop(server, "impatient", IMPATIENT) as opened:
        yield opened


@pytest.fixture
def impatient(impatient_shop: Shop) -> Iterator[Connection[Any]]:
    """A client of a shop that does not wait, and where no rows meet."""
    impatient_shop.empty()
    yield impatient_shop.connect()
    impatient_shop.expect_sound()


def fill(client: Connection[Any], count: int, text: str = "NULL") -> None:
    """Make a table with a long text over all shards."""
    rows(client, "CREATE TABLE wide_texts (k INT PRIMARY KEY, s VARCHAR(1000))")
    for start in range(0, count, 3000):
        keys = range(start, min(start + 3000, count))
        rows(client, "INSERT INTO wide_texts VALUES " + ", ".join(f"({k}, {text})" for k in keys))


# --- how much may meet ----------------------------------------------------------------------------


def test_so_many_rows_may_meet_and_no_more(narrow: Connection[Any]) -> None:
    sql = "SELECT COUNT(*) FROM wide_texts a JOIN wide_texts b ON a.k = b.k + 1"
    fill(narrow, 25)
    assert ask(narrow, sql) == 24
    rows(narrow, "INSERT INTO wide_texts VALUES (100, NULL)")
    for _ in range(3):
        errno, text = error_of(lambda: rows(narrow, sql))
        assert errno == 1105
        assert text == (
            "More than 50 rows of shards would have to meet (table wide_texts; max_join_rows = 50 "
            "in [merge])"
        )
    assert ask(narrow, f"{sql} WHERE a.k < 50 AND b.k = 3") == 1


def test_groups_may_take_so_much_and_no_more(server: Server, narrow: Connection[Any]) -> None:
    fill(narrow, 3000, "REPEAT('x', 900)")
    assert rows(narrow, "SELECT s, COUNT(*) FROM wide_texts GROUP BY s") == [("x" * 900, 3000)]
    rows(narrow, "UPDATE wide_texts SET s = CONCAT(k, REPEAT('x', 990))")
    assert len(rows(narrow, "SELECT s FROM wide_texts")) == 3000
    statements = [
        "SELECT s, COUNT(*) FROM wide_texts GROUP BY s",
        "SELECT DISTINCT s FROM wide_texts",
        "SELECT s FROM wide_texts ORDER BY k",  # with one connection for two shards
        "SELECT s FROM wide_texts ORDER BY s",
    ]
    if server.kind == "embedded":  # which tells no weights of texts: its rows have to meet
        statements.pop()
    for sql in statements:
        errno, text = error_of(lambda sql=sql: rows(narrow, sql))  # type: ignore[misc]
        assert errno == 1114
        assert "max_memory_mb = 1 in [merge]" in text
    order = "k" if server.kind == "embedded" else "s"
    assert len(rows(narrow, f"SELECT s FROM wide_texts ORDER BY {order} LIMIT 20")) == 20
    assert ask(narrow, "SELECT COUNT(DISTINCT s) FROM wide_texts WHERE k < 100") == 100


def test_too_many_shards_are_refused(impatient: Connection[Any]) -> None:
    fill(impatient, 8)
    for sql in (
        "SELECT k FROM wide_texts",
        "SELECT COUNT(*) FROM wide_texts",
        "SELECT k FROM wide_texts ORDER BY k",
    ):
        errno, text = error_of(lambda sql=sql: rows(impatient, sql))  # type: ignore[misc]
        assert (errno, text) == (
            1105,
            "The query would read 4 shards (table wide_texts; max_scatter_shards = 3 in [merge])",
        )
    some = "wide_texts WHERE k IN (0, 1, 2)"
    assert len(rows(impatient, f"SELECT k FROM {some} ORDER BY k")) == 3


def test_where_no_rows_may_meet_it_is_said_why(impatient: Connection[Any]) -> None:
    fill(impatient, 8)
    keys = "k IN (0, 1, 2)"
    expected = {
        f"SELECT STD(k) FROM wide_texts WHERE {keys}": (1235, "'an aggregate function' over"),
        f"SELECT k FROM wide_texts WHERE {keys} ORDER BY RAND()": (1235, "'ORDER BY' over several"),
        f"SELECT 1 FROM wide_texts a JOIN wide_texts b ON a.s = b.s WHERE a.{keys}": (
            1105,
            "rows of different shards to meet: a and b are not joined by equal shard keys",
        ),
        "SELECT 1 FROM orders a, orders b WHERE a.user_id = 1 AND b.user_id = 2": (
            1105,
            "Empty shard intersection: query involves multiple sharded tables with no common shard",
        ),
        "SELECT 1 FROM orders o JOIN settings s ON s.name = o.item WHERE o.user_id = 1": (
            1105,
            "The table settings has no sharding rule and is in the DB group home only",
        ),
    }
    for sql, (errno, text) in expected.items():
        found = error_of(lambda sql=sql: rows(impatient, sql))  # type: ignore[misc]
        assert found[0] == errno
        assert text in found[1]
    assert rows(impatient, f"SELECT s, COUNT(*) FROM wide_texts WHERE {keys} GROUP BY s") == [
        (None, 3)
    ]


# --- what is stopped ------------------------------------------------------------------------------


def running(server: Server, words: str) -> int:
    """How many connections of a server run a statement with these words."""
    with server.connect(database=None) as connection:
        found = rows(connection, "SHOW FULL PROCESSLIST")
    return sum(words in str(row[7]) and "PROCESSLIST" not in str(row[7]) for row in found)


def test_a_shard_that_gives_nothing_for_too_long_is_stopped(
    server: Server, impatient: Connection[Any]
) -> None:
    if server.kind == "embedded":
        pytest.skip("nothing there waits")
    fill(impatient, 8)
    for sql in (
        "SELECT k, SLEEP(IF(k = 1, 60, 0)) FROM wide_texts WHERE k IN (0, 1)",
        "SELECT k, SLEEP(IF(k = 1, 60, 0)) FROM wide_texts WHERE k IN (0, 1) ORDER BY k",
        "SELECT SUM(k + SLEEP(IF(k = 1, 60, 0))) + 1 FROM wide_texts WHERE k IN (0, 1)",
    ):
        errno, text = error_of(lambda sql=sql: rows(impatient, sql))  # type: ignore[misc]
        assert errno == 3024
        assert f"The server {server.host}:{server.port} gave no rows for 400 ms" in text
        assert "scatter_timeout_ms = 400 in [merge]" in text
        until(lambda: not running(server, "SLEEP(IF"), lambda: "the shard goes on")
    assert len(rows(impatient, "SELECT k FROM wide_texts WHERE k IN (0, 1) ORDER BY k")) == 2


@pytest.mark.parametrize("order", ["", " ORDER BY k", " ORDER BY s, k DESC"])
def test_an_error_in_the_middle_of_the_rows_ends_them(
    shop: Shop, client: PlainConnection, order: str
) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("it sends no row before it has made all of them")
    fill(client, COUNT, "REPEAT('x', 100)")
    sql = f"SELECT k, s, EXP(IF(k = {COUNT - 2}, 1000, 1)) FROM wide_texts{order}"
    for _ in range(3):
        with client.cursor() as cursor:
            errno, text = error_of(lambda cursor=cursor: cursor.execute(sql))  # type: ignore[misc]
        assert errno == 1690
        assert "out of range" in text
        assert ask(client, "SELECT COUNT(*) FROM wide_texts") == COUNT


def test_a_shard_without_the_table_is_named(shop: Shop, client: PlainConnection) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("nobody else gets at its tables")
    fill(client, 8)
    with shop.server.connect(database=f"{shop.name}_b", autocommit=True) as direct:
        rows(direct, "DROP TABLE wide_texts_3")
        for sql in ("SELECT k FROM wide_texts", "SELECT k FROM wide_texts ORDER BY k"):
            errno, text = error_of(lambda sql=sql: rows(client, sql))  # type: ignore[misc]
            assert errno == 1146
            assert text.endswith(f"(shard 3, {shop.server.host}:{shop.server.port})")
        rows(direct, "CREATE TABLE wide_texts_3 LIKE wide_texts_1")
    assert len(rows(client, "SELECT k FROM wide_texts ORDER BY k")) == 6


def test_rows_that_are_not_wanted_any_more_are_not_read(
    shop: Shop, client: PlainConnection
) -> None:
    fill(client, COUNT)
    for _ in range(4):
        found = rows(client, "SELECT k FROM wide_texts ORDER BY k DESC LIMIT 1000, 2000")
        assert found == [(COUNT - 1001 - place,) for place in range(2000)]
        assert rows(client, "SELECT k FROM wide_texts ORDER BY k LIMIT 3") == [(0,), (1,), (2,)]


def test_a_client_that_leaves_stops_the_shards(shop: Shop, server: Server) -> None:
    if server.kind == "embedded":
        pytest.skip("nothing there waits")
    with shop.proxy.connect(autocommit=True) as client:
        fill(client, 400)
    for sql in (
        "SELECT k, SLEEP(1) FROM wide_texts ORDER BY k",
        "SELECT s, SUM(SLEEP(1)) FROM wide_texts GROUP BY s",
        "SELECT STD(k), MAX(SLEEP(1)) FROM wide_texts WHERE SLEEP(1) = 0",
    ):
        leaving = shop.proxy.connect(autocommit=True)
        leaving._execute_command(3, sql)
        until(lambda: running(server, "SLEEP(1)") >= MAX_OPEN, lambda: "it does not run")
        leaving._force_close()
        until(lambda: not running(server, "SLEEP(1)"), lambda: "the shards go on")


def test_all_shards_are_asked_at_once(shop: Shop, server: Server) -> None:
    if server.kind == "embedded":
        pytest.skip("nothing there waits")
    with shop.proxy.connect(autocommit=True) as client:
        fill(client, 8)
        client._execute_command(3, "SELECT k, SLEEP(1) FROM wide_texts ORDER BY k")
        until(lambda: running(server, "SLEEP(1)") == 4, lambda: "one waits for the other")
        client._force_close()
    until(lambda: not running(server, "SLEEP(1)"), lambda: "the shards go on")


# --- memory ---------------------------------------------------------------------------------------


def test_any_number_of_rows_goes_through_in_order(shop: Shop, client: PlainConnection) -> None:
    rows(client, "CREATE TABLE wide_many (k INT PRIMARY KEY, s VARCHAR(200))")
    count = 100_000
    for start in range(0, count, 10_000):
        values = ", ".join(f"({k}, REPEAT('x', 200))" for k in range(start, start + 10_000))
        rows(client, f"INSERT INTO wide_many VALUES {values}")
    rows(client, "SELECT k, s FROM wide_many ORDER BY k LIMIT 10")
    before = shop.proxy.memory()
    most = 0
    streaming = client.cursor(SSCursor)
    streaming.execute("SELECT k, s FROM wide_many ORDER BY k DESC")
    for number in range(count):
        assert streaming.fetchone()[0] == count - 1 - number
        if number % 5000 == 0:
            most = max(most, shop.proxy.memory() - before)
    assert streaming.fetchone() is None
    streaming.close()
    assert most < 16 << 20
