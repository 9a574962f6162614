"""Random scripts of several clients, whose answers do not depend on who is quicker.

Each client writes to a table of its own; what others have committed it only reads.
"""

from __future__ import annotations

from hypothesis import strategies as st

from .script import Script, Step

CLIENTS = ("a", "b", "c")

_zones = st.sampled_from(["+00:00", "+05:30", "-08:00", "SYSTEM"])
_modes = st.sampled_from(["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT,ANSI"])
_names = st.sampled_from(["utf8mb4", "latin1", "utf8mb4 COLLATE utf8mb4_bin", "DEFAULT"])
_levels = st.sampled_from(["READ COMMITTED", "REPEATABLE READ", "READ UNCOMMITTED"])
_values = st.sampled_from(["1", "'text'", "NULL", "-2.50", "(SELECT MAX(id) FROM t)", "@x"])
_transactions = [
    "BEGIN", "START TRANSACTION READ ONLY", "START TRANSACTION", "COMMIT", "ROLLBACK",
    "COMMIT AND CHAIN", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE SAVEPOINT s", "SELECT COUNT(*) FROM t",
    "SET autocommit = 0", "SET autocommit = 1", "SET TRANSACTION READ ONLY", ".ping", "SELEKT",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT", "SET @@autocommit = @@autocommit", "SELECT 1",
    "SELECT @@autocommit", "CREATE TABLE IF NOT EXISTS t (id INT)", "SELECT nosuch FROM t",
]  # fmt: skip
_looking_back = [
    "SELECT 1", "SELECT v FROM t WHERE id = 2", "SELEKT", "SELECT nosuch", "DO 1", ";", ".ping",
    "SELECT CAST('7x' AS SIGNED)", "SELECT CAST('7x' AS SIGNED), CAST('8x' AS SIGNED)",
    "SHOW WARNINGS", "SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) ERRORS", "SET @x = 1", "BEGIN",
    "COMMIT", "SELECT @@warning_count", "SELECT LAST_INSERT_ID(), @x", "SELECT ROW_COUNT()",
    "SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 1", "SELECT FOUND_ROWS()", "SELECT LAST_INSERT_ID(7)",
    "SELECT LAST_INSERT_ID()", "INSERT IGNORE INTO t (id) VALUES (1)", "DROP TABLE IF EXISTS nosuch",
    "UPDATE t SET v = v WHERE id = 1", "SHOW TABLES LIKE 't'", "SET max_error_count = 1",
]  # fmt: skip
_settings = [
    "SELECT @@time_zone, @@sql_mode, @@autocommit", "SELECT \"v\", 'a\\n' FROM t LIMIT 1",
    "SELECT @@character_set_client, @@collation_connection, 'a' = 'A'", "SELECT FROM_UNIXTIME(0)",
    "SELECT 'a' || 'b'", "SELECT @x := 5", "SELECT @x, @y", "USE oracle", "USE nosuch_database",
    "SET NAMES klingon", "SET nosuch = 1", "SET sql_mode = 'NONSENSE'", ".init_db oracle", "SET @x = 'é'",
    "SET sql_select_limit = 1", "SET sql_select_limit = DEFAULT", "SELECT v FROM t", "SET timestamp = 5",
    "SET timestamp = DEFAULT", "SELECT @@timestamp < 9", "SET last_insert_id = 8", "SELECT @@identity",
    "SET character_set_results = NULL", "SET @y = @x, lc_time_names = 'de_DE'", "SET sql_notes = 0",
    "SELECT DAYNAME('2024-01-01')", ".reset_connection",
]  # fmt: skip
_held = [
    "CREATE TEMPORARY TABLE tmp (n INT)", "INSERT INTO tmp VALUES (1), (2)", "SELECT COUNT(*) FROM tmp",
    "DROP TEMPORARY TABLE tmp", "DROP TABLE IF EXISTS tmp", "PREPARE q FROM 'SELECT @x, 1'", "EXECUTE q",
    "DEALLOCATE PREPARE q", "BEGIN", "ROLLBACK", ".reset_connection", "HANDLER t OPEN",
    "HANDLER t READ FIRST", "HANDLER t CLOSE", "SELECT GET_LOCK(DATABASE(), 0) + 1 > 0",
    "SELECT RELEASE_ALL_LOCKS() >= 0", "SELECT v FROM t WHERE id = 1",
]  # fmt: skip
_prepared = [
    ".prepare p SELECT ?, @x, @@time_zone", ".execute p | LONG 1", ".execute p | VAR_STRING grün",
    ".execute p | NULL", ".close p", ".reset p", ".prepare c SELECT id FROM t ORDER BY id", ".execute c",
    ".execute c cursor", ".fetch c 2", ".fetch c 9", ".reset c", ".close c", "BEGIN", "COMMIT", "SELECT 1",
    ".long p 0 data", ".prepare w SELECT CAST(? AS SIGNED)", ".execute w | VAR_STRING 7x", "SHOW WARNINGS",
    ".prepare b SELECT 'a' || \"b\", 'é'", ".execute b", "SET sql_mode = 'ANSI'", "SET NAMES latin1",
    "SET sql_mode = DEFAULT", "SET NAMES utf8mb4", ".reset_connection",
]  # fmt: skip


def _writes(client: str) -> list[str]:
    own = f"own_{client}"
    return [
        f"INSERT INTO {own} (n) VALUES (1), (2)", f"INSERT INTO {own} (id, n) VALUES (1, 1)",
        f"UPDATE {own} SET n = n + 1", f"DELETE FROM {own} WHERE n = 2", f"SELECT * FROM {own}",
        f".prepare i INSERT INTO {own} (n) VALUES (?)", ".execute i | LONG 9",
        *(f"SELECT COUNT(*), SUM(n) FROM own_{other}" for other in CLIENTS),
    ]  # fmt: skip


_any_setting = st.one_of(
    st.sampled_from(_settings),
    _zones.map("SET time_zone = '{}'".format),
    _modes.map("SET sql_mode = '{}'".format),
    _names.map("SET NAMES {}".format),
    _levels.map("SET SESSION TRANSACTION ISOLATION LEVEL {}".format),
    _values.map("SET @x = {}".format),
    st.tuples(_values, _zones).map(lambda pair: "SET @y = {}, time_zone = '{}'".format(*pair)),
)


def _stories(client: str) -> st.SearchStrategy[list[Step]]:
    """What one client does about one subject, a few steps long."""
    writes = _writes(client)
    subjects = [_transactions + writes, _looking_back + writes, _held, _prepared + writes]
    texts = [st.sampled_from(subject) for subject in subjects]
    return st.one_of(
        *(st.lists(each, min_size=1, max_size=5) for each in (*texts, _any_setting))
    ).map(lambda story: [Step(client, text) for text in story])


def scripts() -> st.SearchStrategy[Script]:
    """Scripts of up to ten stories."""
    setup = [
        f"CREATE TABLE own_{client} (id INT AUTO_INCREMENT PRIMARY KEY, n INT)"
        for client in CLIENTS
    ]
    return st.lists(st.sampled_from(CLIENTS).flatmap(_stories), min_size=2, max_size=10).map(
        lambda stories: Script(
            "random",
            "random",
            setup=list(setup),
            steps=[step for story in stories for step in story],
        )
    )
