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
_fixed = st.sampled_from(
    [
        "BEGIN", "START TRANSACTION READ ONLY", "START TRANSACTION", "COMMIT", "ROLLBACK",
        "COMMIT AND CHAIN", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE SAVEPOINT s",
        "SET autocommit = 0", "SET autocommit = 1", "SET TRANSACTION READ ONLY",
        "SELECT 1", "SELECT v FROM t WHERE id = 2", "SELECT COUNT(*) FROM t", "SELEKT",
        "SELECT nosuch", "SELECT CAST('7x' AS SIGNED)", "SHOW WARNINGS", "SHOW COUNT(*) ERRORS",
        "SELECT @@warning_count", "SELECT LAST_INSERT_ID(), @x", "SELECT ROW_COUNT()",
        "SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 1", "SELECT FOUND_ROWS()",
        "SELECT @@time_zone, @@sql_mode, @@autocommit", "SELECT \"v\", 'a\\n' FROM t LIMIT 1",
        "SELECT @@character_set_client, @@collation_connection, 'a' = 'A'",
        "SELECT FROM_UNIXTIME(0)", "SELECT 'a' || 'b'", "SELECT @x := 5", "SELECT @x, @y",
        "CREATE TEMPORARY TABLE tmp (n INT)", "INSERT INTO tmp VALUES (1), (2)",
        "SELECT COUNT(*) FROM tmp", "DROP TEMPORARY TABLE tmp", "PREPARE q FROM 'SELECT @x, 1'",
        "EXECUTE q", "DEALLOCATE PREPARE q", "USE oracle", "USE nosuch_database", "DO 1", ";",
        "SET NAMES klingon", "SET nosuch = 1", "SET sql_mode = 'NONSENSE'",
        ".ping", ".reset_connection", ".init_db oracle", ".prepare p SELECT ?, @x, @@time_zone",
        ".execute p | LONG 1", ".execute p | VAR_STRING grün", ".execute p | NULL", ".close p",
        ".reset p", ".prepare c SELECT id FROM t ORDER BY id", ".execute c cursor", ".fetch c 2",
        ".close c",
    ]
)  # fmt: skip


def _texts(client: str) -> st.SearchStrategy[str]:
    own = f"own_{client}"
    return st.one_of(
        _fixed,
        _fixed,
        st.sampled_from(
            [
                f"INSERT INTO {own} (n) VALUES (1), (2)",
                f"INSERT INTO {own} (id, n) VALUES (1, 1)",
                f"UPDATE {own} SET n = n + 1",
                f"DELETE FROM {own} WHERE n = 2",
                f"SELECT * FROM {own}",
                f".prepare i INSERT INTO {own} (n) VALUES (?)",
                ".execute i | LONG 9",
            ]
        ),
        st.sampled_from([f"SELECT COUNT(*), SUM(n) FROM own_{other}" for other in CLIENTS]),
        _zones.map("SET time_zone = '{}'".format),
        _modes.map("SET sql_mode = '{}'".format),
        _names.map("SET NAMES {}".format),
        _levels.map("SET SESSION TRANSACTION ISOLATION LEVEL {}".format),
        _values.map("SET @x = {}".format),
        st.tuples(_values, _zones).map(lambda pair: "SET @y = {}, time_zone = '{}'".format(*pair)),
    )


def _steps() -> st.SearchStrategy[Step]:
    return st.sampled_from(CLIENTS).flatmap(
        lambda client: _texts(client).map(lambda text: Step(client, text))
    )


def scripts() -> st.SearchStrategy[Script]:
    """Scripts of up to 30 steps."""
    setup = [
        f"CREATE TABLE own_{client} (id INT AUTO_INCREMENT PRIMARY KEY, n INT)"
        for client in CLIENTS
    ]
    return st.lists(_steps(), min_size=5, max_size=30).map(
        lambda steps: Script("random", "random", setup=list(setup), steps=steps)
    )
