"""Dumps of sharded tables: made and loaded through the proxy, as `mysqldump` does it."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from pymysql.connections import Connection

from tests.integration.stage import ask
from tests.programs import program
from tests.sharding.shop import Shop, rows, shards_of

HEADER = """
/*M!999999 enable the sandbox mode */||/*!40101 SET @OLD_CHARSET=@@CHARACTER_SET_CLIENT */
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */
/*!40101 SET NAMES utf8mb4 */
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */
/*!40103 SET TIME_ZONE='+00:00' */
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */
SET @saved_cs_client     = @@character_set_client
/*!50503 SET character_set_client = utf8mb4 */
/*!80000 SET SESSION information_schema_stats_expiry=0 */
/*!100100 SET WAIT_TIMEOUT=DEFAULT*/
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */
/*!40101 SET character_set_client = @saved_cs_client */
"""
FOOTER = """
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */
"""
SETTINGS = "SELECT @@time_zone, @@sql_mode, @@foreign_key_checks, @@unique_checks, @@sql_notes"
OPTIONS = ["--skip-lock-tables", "--skip-add-locks", "--no-tablespaces"]


@pytest.fixture
def client(shop: Shop) -> Connection[Any]:
    return shop.connect()


def statements(text: str) -> list[str]:
    return [each.replace("|", "\n") for each in text.strip().split("\n")]


def on_all_shards(client: Connection[Any]) -> list[list[Any]]:
    """The settings that the session has on the server of each shard."""
    return [
        rows(client, SETTINGS + f" FROM (SELECT 1) one LEFT JOIN items ON user_id = {user} LIMIT 1")
        for user in (1, 2)
    ]


def test_what_a_dump_sets_moves_with_the_session(shop: Shop, client: Connection[Any]) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("the embedded server has no executable comments")
    before = on_all_shards(client)
    for sql in statements(HEADER):
        rows(client, sql)
        assert rows(client, "SELECT 1 FROM items WHERE user_id IN (1, 2)") == []
    assert on_all_shards(client) == [[("+00:00", "NO_AUTO_VALUE_ON_ZERO", 0, 0, 0)]] * 2
    for sql in statements(FOOTER):
        rows(client, sql)
    assert on_all_shards(client) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SET @x = @@sql_mode",
        "SET @x = @@max_connections",
        "SET @x = @y",
        "SET @x = @@SESSION.time_zone",
        "SET @x = @@autocommit, @z = @@version_comment",
        "SET @y = -5, @x = @y",
    ],
)
def test_a_variable_that_is_copied_is_the_same_on_all_servers(
    client: Connection[Any], sql: str
) -> None:
    rows(client, "SET @y = 'tëxt'")
    rows(client, sql)
    found = []
    for user in (1, 2, 3):
        rows(client, f"SELECT 1 FROM items WHERE user_id = {user}")
        found.append(rows(client, "SELECT @x, @x + 1, HEX(@x)"))
    assert found[0] != [(None, None, None)]
    assert found == [found[0]] * 3


def test_a_variable_of_another_type_keeps_the_session_where_it_is(client: Connection[Any]) -> None:
    rows(client, "SELECT 1 FROM items WHERE user_id = 1")
    rows(client, "SET @y = 0.5e0")
    rows(client, "SET @x = @y")
    assert ask(client, "SELECT @x") == 0.5


def test_a_dump_can_be_made_and_loaded(shop: Shop, client: Connection[Any]) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("mysqldump asks for more than the embedded server has")
    for user in range(8):
        rows(client, f"INSERT INTO items VALUES ({user}, 'it''s {user}', {user})")
        rows(client, f"INSERT INTO orders (user_id, item) VALUES ({user}, 'örder {user}')")
    rows(client, "INSERT INTO settings VALUES ('a', 'b')")
    rows(client, "INSERT INTO countries VALUES ('FR', 'France')")
    tables = ("items", "orders", "settings", "countries")
    before = {table: sorted(rows(client, f"SELECT * FROM {table}")) for table in tables}
    dump = run(shop, "mysqldump", *OPTIONS, "--skip-extended-insert", shop.name)
    assert "orders_0" not in dump
    for table in tables:
        assert dump.count(f"CREATE TABLE `{table}`") == 1
        rows(client, f"TRUNCATE TABLE {table}")
    run(shop, "mysql", shop.name, given=dump)
    assert {table: sorted(rows(client, f"SELECT * FROM {table}")) for table in tables} == before
    assert shards_of(client, "items", "user_id") == {user: user % 4 for user in range(8)}


def run(shop: Shop, name: str, *arguments: str, given: str = "") -> str:
    """What a program of the server's clients prints; it is to end well."""
    proxy = shop.proxy
    done = subprocess.run(
        [program(name), "--no-defaults", "-h", proxy.host, "-P", str(proxy.port), "-u", proxy.user,
         "--protocol=tcp", *arguments],
        input=given, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "MYSQL_PWD": proxy.password},
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout
