"""The same work over compressed and encrypted connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.conftest import DATABASE, MEGABYTE, Compare, empty, settings
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place
from tests.proxy import Proxy, proxy_for
from tests.servers import Kind, Server


def exchange(place: Place, driver: Driver, options: dict[str, Any], seen: Notes) -> None:
    with driver.session(place, autocommit=True, **options) as connection:
        driver.run(connection, "CREATE TABLE blobs (id INT PRIMARY KEY, body LONGBLOB)")
        for number, size in enumerate(sizes(place.kind)):
            blob = bytes(range(251)) * (size // 251) + b"\\'\x00"
            driver.ask(connection, "INSERT INTO blobs VALUES (%s, %s)", (number, blob))
            sql = "SELECT body FROM blobs WHERE id = %s"
            ((body,),) = driver.ask(connection, sql, (number,))
            seen(f"{size} bytes", (body == blob, body))
        sql = "SELECT a.id, b.id FROM blobs a, blobs b ORDER BY 1, 2"
        seen("rows", driver.ask(connection, sql))
        seen("error", driver.refused(driver.ask, connection, "SELECT * FROM missing"))
        seen("after it", driver.ask(connection, "SELECT 'short'"))


def sizes(kind: Kind) -> list[int]:
    small = [0, 10, 49, 60, 70_000]
    return small if kind == "embedded" else [*small, 5 * MEGABYTE, 17 * MEGABYTE]


@pytest.mark.parametrize("driver", ["mysqlclient", "connector", "connector-c"], indirect=True)
def test_compressed_connections_carry_the_same(compare: Compare, driver: Driver) -> None:
    seen = compare(exchange, driver, {"compress": True})
    assert seen["70000 bytes"][0]
    assert seen["error"][1] == 1146


@pytest.fixture(scope="module")
def strict_proxy(server: Server, proxy: Proxy, certificates: Path) -> Iterator[Proxy]:
    """A second proxy in front of the same database, which serves nobody without TLS."""
    tables = settings(server, certificates).replace("[pool]", "required = true\n[pool]")
    with proxy_for(server, DATABASE, tables=tables) as running:
        yield running


@pytest.fixture
def encrypted(through: Place, strict_proxy: Proxy, certificates: Path) -> Place:
    """The proxy that requires TLS, and the certificate to verify it by."""
    return replace(through, port=strict_proxy.port, ca=certificates / "server.pem")


def test_encrypted_connections_carry_the_same(
    server: Server, directly: Place, encrypted: Place, driver: Driver
) -> None:
    """The servers have no certificate to verify, so they are reached without TLS."""
    assert driver.refused(driver.connect, replace(encrypted, ca=None)) != "no error"
    expected, seen = Notes(), Notes()
    exchange(directly, driver, {}, expected)
    empty(server)
    exchange(encrypted, driver, {}, seen)
    assert list(seen.lines()) == list(expected.lines())


@pytest.mark.parametrize("driver", ["mysqlclient", "connector", "connector-c"], indirect=True)
def test_compression_inside_tls_carries_the_same(
    server: Server, directly: Place, encrypted: Place, driver: Driver
) -> None:
    expected, seen = Notes(), Notes()
    exchange(directly, driver, {}, expected)
    empty(server)
    exchange(encrypted, driver, {"compress": True}, seen)
    assert list(seen.lines()) == list(expected.lines())
