"""What a newcomer gets: athena-g with its embedded server, from one configuration file."""

from __future__ import annotations

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


def child_of(proxy: Proxy) -> int:
    """The process id of the embedded server."""
    children = Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def test_the_shipped_configuration_starts_and_answers(data: Path) -> None:
    toml = (ROOT / "conf" / "athena.toml").read_text()
    environment = {"ATHENA_EMBEDDED__DATA_DIRECTORY": str(data)}
    with proxy_running(toml, "athena", **environment) as proxy:
        with proxy.connect(user="athena", password="athena") as connection:
            assert ask(connection, "SELECT 1 + 1") == ((2,),)


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
