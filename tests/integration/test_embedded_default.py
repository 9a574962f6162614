"""What a newcomer gets: athena-g with its embedded server, from one configuration file."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.programs import linux
from tests.proxy import Proxy, proxy_running

ROOT = Path(__file__).parents[2]

TOML = """
[embedded]
data_directory = "{data}"
[[groups]]
name = "shop"
user = "app"
password = "proxy-password"
home_group = "home"
[[groups.db_groups]]
name = "home"
embedded = true
{instances}
"""


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="athena-g-data-"))
    yield directory
    shutil.rmtree(directory)


def ask(connection: Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def running(data: Path, instances: str = "") -> Any:
    return proxy_running(TOML.format(data=data, instances=instances), "shop")


def children_of(proxy: Proxy) -> list[int]:
    """The process ids of the embedded servers."""
    children = Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text().split()
    return [int(each) for each in children]


def child_of(proxy: Proxy) -> int:
    """The process id of the embedded server."""
    [child] = children_of(proxy)
    return child


def shipped(data: Path) -> Any:
    """athena-g with the configuration that it comes with."""
    environment = {"ATHENA_EMBEDDED__DATA_DIRECTORY": str(data)}
    return proxy_running((ROOT / "conf" / "athena.toml").read_text(), "athena", **environment)


def connected(proxy: Proxy) -> Connection[Any]:
    return proxy.connect(user="athena", password="athena", autocommit=True)


def to_try() -> list[str]:
    """The statements that scripts/run prints."""
    return (ROOT / "conf" / "try.sql").read_text().removesuffix(";\n").split(";\n")


def printed_answer(statement: str) -> list[list[str]]:
    """The rows that the README shows for a statement, with the names of their columns."""
    readme = "\n".join(line[4:] for line in (ROOT / "README.md").read_text().splitlines())
    _, _, behind = readme.partition(f"{statement};\n\n")
    lines = behind[: behind.index("\n\n")].splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line[0] == "|"
    ]


def test_the_shipped_configuration_answers_as_the_readme_says(data: Path) -> None:
    create, insert, keyed, scattered, explained = to_try()
    with shipped(data) as proxy, connected(proxy) as connection, connection.cursor() as cursor:
        cursor.execute(create)
        assert cursor.execute(insert) == 4
        for statement in (keyed, scattered, explained):
            cursor.execute(statement)
            names = [each[0] for each in cursor.description]
            rows = [[str(cell) for cell in row] for row in cursor.fetchall()]
            assert without_ids([names, *rows]) == without_ids(printed_answer(statement))


def without_ids(rows: list[list[str]]) -> list[list[str]]:
    return [["id" if len(cell) == 18 and cell.isdigit() else cell for cell in row] for row in rows]


def test_the_shipped_configuration_keeps_the_rows_of_every_shard(data: Path) -> None:
    create, insert, *_ = to_try()
    everything = "SELECT user_id, item FROM orders"
    with shipped(data) as proxy, connected(proxy) as connection:
        ask(connection, create)
        ask(connection, insert)
        before = ask(connection, everything)
    with shipped(data) as proxy, connected(proxy) as connection:
        assert ask(connection, everything) == before
        assert sorted(before) == [(5, "pot"), (5, "tea"), (6, "cup"), (11, "tea")]


def test_the_shipped_configuration_shows_each_table_once(data: Path) -> None:
    with shipped(data) as proxy, connected(proxy) as connection:
        ask(connection, "CREATE TABLE pets (name VARCHAR(20))")
        ask(connection, "CREATE TABLE countries (code CHAR(2) PRIMARY KEY)")
        ask(connection, to_try()[0])
        assert ask(connection, "SHOW TABLES") == (("countries",), ("orders",), ("pets",))
        assert [row[0] for row in ask(connection, "DESCRIBE orders")] == [
            "id", "user_id", "item", "price"
        ]  # fmt: skip


def test_the_shipped_configuration_joins_what_belongs_together(data: Path) -> None:
    with shipped(data) as proxy, connected(proxy) as connection:
        ask(connection, "CREATE TABLE countries (code CHAR(2) PRIMARY KEY, name VARCHAR(20))")
        ask(connection, "CREATE TABLE items (user_id INT, item VARCHAR(20), made_in CHAR(2))")
        ask(connection, to_try()[0])
        ask(connection, to_try()[1])
        ask(connection, "INSERT INTO countries VALUES ('CN', 'China'), ('FR', 'France')")
        ask(connection, "INSERT INTO items VALUES (5, 'pot', 'FR'), (11, 'tea', 'CN')")
        joined = "FROM orders JOIN items USING (user_id, item) JOIN countries ON code = made_in"
        assert ask(connection, f"SELECT user_id, price, name {joined}") == (
            (5, Decimal("24.00"), "France"),
            (11, Decimal("4.50"), "China"),
        )


@linux
def test_each_db_group_of_the_shipped_configuration_has_a_process_and_a_directory(
    data: Path,
) -> None:
    with shipped(data) as proxy:
        assert len(children_of(proxy)) == 3
        assert sorted(each.name for each in (data / "athena").iterdir()) == [
            "home", "shards-a", "shards-b"
        ]  # fmt: skip


def test_one_server_that_cannot_start_ends_the_others_and_is_named(data: Path) -> None:
    directory = data / "athena" / "shards-b"
    directory.mkdir(parents=True)
    with (directory / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [sys.executable, "-m", "athena_g", "-c", str(ROOT / "conf" / "athena.toml")],
            env=os.environ
            | {"ATHENA_SERVER__LISTEN_PORT": "0", "ATHENA_EMBEDDED__DATA_DIRECTORY": str(data)},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    assert f"another server uses the data directory {directory}" in done.stderr
    for name in ("home", "shards-a"):
        with (data / "athena" / name / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_rows_outlive_a_restart_of_everything(data: Path) -> None:
    with running(data) as proxy, proxy.connect(autocommit=True) as connection:
        ask(connection, "CREATE TABLE pets (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))")
        ask(connection, "INSERT INTO pets (name) VALUES ('Rex'), ('Mia')")
    with running(data) as proxy, proxy.connect() as connection:
        assert ask(connection, "SELECT id, name FROM pets ORDER BY id") == ((1, "Rex"), (2, "Mia"))


@linux
def test_an_embedded_server_that_is_killed_is_started_again_with_its_rows(data: Path) -> None:
    with running(data) as proxy, proxy.connect(autocommit=True) as connection:
        ask(connection, "CREATE TABLE pets (name VARCHAR(20))")
        ask(connection, "INSERT INTO pets VALUES ('Rex')")
        killed = child_of(proxy)
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            try:
                assert ask(connection, "SELECT name FROM pets") == (("Rex",),)
                break
            except pymysql.OperationalError as error:
                assert error.args[0] in (2003, 2013), error
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert child_of(proxy) != killed


@linux
def test_the_embedded_server_ends_with_the_proxy_however_that_ends(data: Path) -> None:
    with running(data) as proxy:
        child = child_of(proxy)
        proxy.process.kill()
        deadline = time.monotonic() + 20
        while is_running(child):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        proxy.process.start()


def is_running(pid: int) -> bool:
    """Whether the process is there and not a zombie that nobody has waited for."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_slaves_serve_the_master_s_rows_and_take_none(data: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    instances = f'instances = [{{role = "master"}}, {{role = "slave", port = {port}}}]'
    with running(data, instances) as proxy, proxy.connect(autocommit=True) as connection:
        ask(connection, "CREATE TABLE pets (name VARCHAR(20))")
        ask(connection, "INSERT INTO pets VALUES ('Rex')")
        # The account of an embedded server is the proxy's secret; the slave refuses all others.
        with pytest.raises(pymysql.OperationalError) as caught:
            pymysql.connect(
                host="127.0.0.1", port=port, user="athena", password="", ssl_disabled=True
            )
        assert caught.value.args[0] == 1045


def test_an_embedded_server_by_itself_serves_masters_and_readers(data: Path) -> None:
    command = [sys.executable, "-m", "athena_g", "embedded", "--data-directory", str(data)]
    command += ["--database", "shop", "--listen", "127.0.0.1:0"]
    command += ["--listen-read-only", "127.0.0.1:0", "--supervised"]
    environment = os.environ | {"ATHENA_EMBEDDED_PASSWORD": "pw"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        master, slave = (int(process.stdout.readline().rsplit(":", 1)[1]) for _ in range(2))
        login: dict[str, Any] = {"host": "127.0.0.1", "user": "root", "password": "pw"}
        login |= {"database": "shop", "autocommit": True, "ssl_disabled": True}
        with pymysql.connect(port=master, **login) as writer:
            with pymysql.connect(port=slave, **login) as reader:
                ask(writer, "CREATE TABLE pets (name VARCHAR(20))")
                ask(writer, "INSERT INTO pets VALUES ('Rex')")
                assert ask(reader, "SELECT name FROM pets") == (("Rex",),)
                with pytest.raises(pymysql.MySQLError) as caught:
                    ask(reader, "INSERT INTO pets VALUES ('Mia')")
                assert caught.value.args[0] == 1290
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_two_servers_never_share_a_data_directory(data: Path) -> None:
    with running(data):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "athena_g", "embedded", "--listen", "127.0.0.1:0"),
                *("--data-directory", str(data / "shop" / "home")),
            ],
            env=os.environ | {"ATHENA_EMBEDDED_PASSWORD": "pw"},
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    assert "another server uses the data directory" in done.stdout


def test_sleeping_on_many_connections_delays_nobody(data: Path) -> None:
    with running(data) as proxy:
        sleepers = [proxy.connect() for _ in range(20)]
        threads = [
            threading.Thread(target=ask, args=(each, "SELECT SLEEP(3)")) for each in sleepers
        ]
        for thread in threads:
            thread.start()
        with proxy.connect() as connection:
            for _ in range(10):
                ask(connection, "SELECT 1")
            assert all(thread.is_alive() for thread in threads)
        for thread in threads:
            thread.join()
        for each in sleepers:
            each.close()
