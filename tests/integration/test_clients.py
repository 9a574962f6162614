"""Ordinary clients doing their ordinary work through the proxy."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.programs import program
from tests.proxy import Proxy


def mariadb(proxy: Proxy, sql: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(
                program("mariadb"),
                "--host",
                proxy.host,
                "--port",
                str(proxy.port),
                "--user",
                proxy.user,
            ),
            *(f"--password={proxy.password}", *options, proxy.database),
        ],
        input=sql,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def sysbench(proxy: Proxy) -> list[str]:
    return [
        program("sysbench"),
        f"--mysql-host={proxy.host}",
        f"--mysql-port={proxy.port}",
        f"--mysql-user={proxy.user}",
        f"--mysql-password={proxy.password}",
        f"--mysql-db={proxy.database}",
        "--tables=2",
        "--table-size=200",
    ]


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_mariadb_client_makes_fills_and_reads_a_table(proxy: Proxy) -> None:
    sql = (
        """
    CREATE TABLE pets (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
    INSERT INTO pets (name) VALUES ('Rex'), ('Ännchen');
    -- a comment
    SELECT * FROM pets ORDER BY id;
    SHOW TABLES;
    \\u """
        + proxy.database
        + """
    SELECT COUNT(*) FROM pets;
    """
    )
    done = mariadb(proxy, sql, "--default-character-set=utf8mb4", "-t")
    assert done.returncode == 0, done.stderr
    assert "Ännchen" in done.stdout
    assert "pets" in done.stdout


def test_the_mariadb_client_shows_errors_and_can_go_on(proxy: Proxy) -> None:
    done = mariadb(proxy, "SELECT * FROM missing; SELECT 'still here';", "--force")
    assert re.search(r"ERROR 1146 \(42S02\)", done.stderr)
    assert "still here" in done.stdout


@pytest.mark.parametrize("prepared", ["disable", "auto"], ids=["text", "prepared"])
@pytest.mark.parametrize("load", ["oltp_read_write", "oltp_point_select"])
def test_sysbench_runs_without_errors(sysbench: list[str], load: str, prepared: str) -> None:
    sysbench = [*sysbench, f"--db-ps-mode={prepared}"]
    run([*sysbench, load, "prepare"])
    output = run(
        [*sysbench, "--threads=8", "--time=3", "--mysql-ignore-errors=none", load, "run"]
        if load == "oltp_point_select"
        else [*sysbench, "--threads=4", "--time=3", "--mysql-ignore-errors=1213", load, "run"]
    )
    queries = re.search(r"queries:\s+(\d+)", output)
    assert queries is not None
    assert int(queries[1]) > 0
    run([*sysbench, load, "cleanup"])
