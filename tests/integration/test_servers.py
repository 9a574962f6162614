from __future__ import annotations

from typing import Any

from tests.servers import Server


def rows(server: Server, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    connection = server.connect(autocommit=True, **options)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_version_is_what_the_server_was_declared_as(server: Server) -> None:
    [(version,)] = rows(server, "SELECT VERSION()")

    assert version.startswith(server.version)
    assert ("MariaDB" in version) == (server.kind == "mariadb")


def test_each_test_gets_an_empty_database(server: Server, database: str) -> None:
    assert rows(server, "SELECT DATABASE()", database=database) == [(database,)]
    assert rows(server, "SHOW TABLES", database=database) == []


def test_data_and_port_outlive_a_restart(server: Server, database: str) -> None:
    port = server.port
    rows(server, "CREATE TABLE kept (id INT PRIMARY KEY)", database=database)
    rows(server, "INSERT INTO kept VALUES (1), (2)", database=database)

    server.restart()

    assert server.port == port
    assert rows(server, "SELECT id FROM kept ORDER BY id", database=database) == [(1,), (2,)]


def test_committed_data_outlives_a_kill(server: Server, database: str) -> None:
    rows(server, "CREATE TABLE kept (id INT PRIMARY KEY)", database=database)
    rows(server, "INSERT INTO kept VALUES (1)", database=database)

    server.kill()
    server.start()

    assert rows(server, "SELECT id FROM kept", database=database) == [(1,)]
