"""TLS on both sides: between clients and the proxy, and between the proxy and its servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from athena_g.backend.endpoint import Endpoint
from athena_g.backend.login import log_in
from athena_g.errors import SqlError
from tests.programs import program
from tests.proxy import Proxy, configuration, proxy_for, proxy_running
from tests.servers import Server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    subprocess.run([ROOT / "scripts" / "make-cert", directory], check=True, capture_output=True)
    return directory


@pytest.fixture
def secure(server: Server, database: str, certificates: Path) -> Iterator[Proxy]:
    tables = f"""[server.tls]
certificate = "{certificates}/server.pem"
key = "{certificates}/server-key.pem"
required = true
"""
    with proxy_for(server, database, tables=tables) as proxy:
        yield proxy


def ask(connection: Any, sql: str) -> Any:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_a_client_that_verifies_the_certificate_is_served(
    secure: Proxy, certificates: Path
) -> None:
    options = {"ssl_ca": str(certificates / "server.pem"), "ssl_verify_identity": True}
    connection = secure.connect(ssl_disabled=False, **options)
    assert ask(connection, "SELECT REPEAT('x', 3000000)") == "x" * 3_000_000


def test_the_command_line_client_is_served(secure: Proxy, certificates: Path) -> None:
    done = subprocess.run(
        [
            *(program("mariadb"), "-h", secure.host, "-P", str(secure.port), "-u", secure.user),
            *(f"-p{secure.password}", f"--ssl-ca={certificates}/server.pem", secure.database),
            *("-N", "-e", "SELECT 'over TLS'"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "over TLS\n", done.stderr


def test_a_client_without_tls_is_refused_where_it_is_required(secure: Proxy) -> None:
    with pytest.raises(pymysql.OperationalError) as caught:
        secure.connect(ssl_disabled=True)
    assert caught.value.args[0] == 3159


def test_the_proxy_talks_tls_to_a_server_that_has_it(server: Server, database: str) -> None:
    if server.kind != "mysql":
        pytest.skip("only MySQL makes itself certificates when it starts")
    toml = configuration(server, database) + 'tls = "required"\n'
    with proxy_running(toml, database) as proxy:
        with proxy.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            assert cursor.fetchone()[1]
            cursor.execute("SELECT REPEAT('x', 3000000)")
            assert len(cursor.fetchone()[0]) == 3_000_000


def test_a_server_whose_certificate_nobody_vouches_for_is_not_talked_to(
    server: Server, database: str, certificates: Path
) -> None:
    if server.kind != "mysql":
        pytest.skip("only MySQL makes itself certificates when it starts")
    extra = f'tls = "required"\ntls_ca = "{certificates}/server.pem"\n'
    with proxy_running(configuration(server, database) + extra, database) as proxy:
        with pytest.raises(pymysql.OperationalError) as caught:
            proxy.connect()
        assert caught.value.args[0] == 2003
        assert "certificate" in caught.value.args[1].lower()


@pytest.mark.parametrize(
    ("names", "verify_host", "accepted"),
    [(["127.0.0.1"], True, True), (["db.example"], True, False), (["db.example"], False, True)],
    ids=["its host", "another host", "another host, not verified"],
)
def test_a_certificate_is_for_the_host_unless_that_is_not_asked(
    server: Server,
    database: str,
    tmp_path: Path,
    names: list[str],
    verify_host: bool,
    accepted: bool,
) -> None:
    """A proxy is the server that is talked to: its certificate can be any."""
    make_cert = [ROOT / "scripts" / "make-cert", tmp_path, *names]
    subprocess.run(make_cert, check=True, capture_output=True)
    tables = f"""[server.tls]
certificate = "{tmp_path}/server.pem"
key = "{tmp_path}/server-key.pem"
"""
    with proxy_for(server, database, tables=tables) as proxy:
        endpoint = Endpoint(
            "group", proxy.host, proxy.port, proxy.user, proxy.password, proxy.database,
            tls=True, tls_ca=f"{tmp_path}/server.pem", tls_verify_host=verify_host,
        )  # fmt: skip
        if accepted:
            log_in(endpoint, 0).stream.close()
        else:
            with pytest.raises(SqlError, match="certificate"):
                log_in(endpoint, 0)
