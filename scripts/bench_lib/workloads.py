"""The work that is timed: small queries, a large result, logins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from bench_lib import sysbench
from bench_lib.address import Address
from bench_lib.client import Connection, ServerError, warm_up
from bench_lib.figures import Outcome, percentile
from bench_lib.proxies import SHARDS

ROWS = 100_000
TABLE = "sbtest1"
TABLE_OPTIONS = ["--tables=1", f"--table-size={ROWS}"]
BULK_SQL = f"SELECT id, k, c, pad FROM {TABLE}"
BULK_BUFFER = 1 << 20
MILLION = 1_000_000
MILLION_TABLE = "sbtest_million"
MERGED_SQL = {
    "scatter": f"SELECT id, k, c FROM {MILLION_TABLE}",
    "ordered": f"SELECT id, k, c FROM {MILLION_TABLE} ORDER BY id",
}
"""What is read of a million rows: as they come, and in an order that takes merging."""
CONNECT_SCRIPT = Path(__file__).with_name("connect.lua")


class Workload(Protocol):
    """Something to do for some seconds through one address."""

    @property
    def kind(self) -> str: ...

    @property
    def clients(self) -> int: ...

    @property
    def detail(self) -> str:
        """What the title of its table says besides."""

    def run(self, address: Address, seconds: int) -> Outcome:
        """Do it; raises SysbenchError, ServerError or OSError when it cannot be done."""


@dataclass(frozen=True)
class PointSelect:
    """One row by its primary key, as a text query."""

    clients: int
    kind: ClassVar[str] = "point"
    detail: ClassVar[str] = ""

    def run(self, address: Address, seconds: int) -> Outcome:
        return _point_select(address, self.clients, seconds)


@dataclass(frozen=True)
class PreparedSelect:
    """The same as a prepared statement, executed again and again."""

    clients: int
    kind: ClassVar[str] = "prepared"
    detail: ClassVar[str] = ""

    def run(self, address: Address, seconds: int) -> Outcome:
        return _point_select(address, self.clients, seconds, "--db-ps-mode=auto")


@dataclass(frozen=True)
class Connect:
    """Login, ``SELECT 1``, goodbye."""

    clients: int
    kind: ClassVar[str] = "connect"
    detail: ClassVar[str] = ""

    def run(self, address: Address, seconds: int) -> Outcome:
        report = sysbench.run(address, str(CONNECT_SCRIPT), self.clients, seconds)
        return _outcome(report, report.events)


@dataclass(frozen=True)
class Bulk:
    """All rows of the table, again and again on one connection."""

    size: int
    """Bytes of the reply on the wire; another size is an error."""
    clients: int = 1
    kind: ClassVar[str] = "bulk"

    @property
    def detail(self) -> str:
        return f" ({self.size:,} bytes)"

    def run(self, address: Address, seconds: int) -> Outcome:
        buffer = memoryview(bytearray(BULK_BUFFER))
        times: list[float] = []
        with Connection(address) as connection:
            start = now = time.perf_counter()
            while now - start < seconds:
                connection.read(BULK_SQL, self.size, buffer)
                before, now = now, time.perf_counter()
                times.append(now - before)
        p95 = percentile(times, sysbench.PERCENTILE) * 1000
        return Outcome(len(times), now - start, p95, len(times) * self.size / 1e6)


@dataclass(frozen=True)
class Million:
    """A million rows, again and again on one connection, in order or not."""

    kind: str
    size: int
    """Bytes of the reply on the wire; another size is an error."""
    clients: int = 1
    detail: ClassVar[str] = ""

    def run(self, address: Address, seconds: int) -> Outcome:
        buffer = memoryview(bytearray(BULK_BUFFER))
        times: list[float] = []
        with Connection(address) as connection:
            start = now = time.perf_counter()
            while now - start < seconds:
                connection.read(MERGED_SQL[self.kind], self.size, buffer)
                before, now = now, time.perf_counter()
                times.append(now - before)
        p95 = percentile(times, sysbench.PERCENTILE) * 1000
        return Outcome(len(times), now - start, p95, len(times) * MILLION)


def million(address: Address, kind: str) -> Million:
    """The workload of this kind; raises ServerError when not all rows are there."""
    with Connection(address) as connection:
        rows, size = connection.measure(MERGED_SQL[kind])
    if rows != MILLION:
        raise ServerError(f"{MERGED_SQL[kind]} gave {rows} rows instead of {MILLION}")
    return Million(kind, size)


def _point_select(address: Address, clients: int, seconds: int, *options: str) -> Outcome:
    options = (*TABLE_OPTIONS, "--rand-type=uniform", *options)
    report = sysbench.run(address, "oltp_point_select", clients, seconds, *options)
    return _outcome(report, report.queries)


def _outcome(report: sysbench.Report, count: int) -> Outcome:
    errors = []
    if report.ignored_errors:
        errors.append(f"sysbench ignored {report.ignored_errors} errors")
    if report.reconnects:
        errors.append(f"sysbench reconnected {report.reconnects} times")
    return Outcome(count, report.seconds, report.p95_ms, count, tuple(errors))


def bulk_size(address: Address) -> int:
    """Bytes of the large result's reply; raises ServerError when not all rows are in it."""
    with Connection(address) as connection:
        rows, size = connection.measure(BULK_SQL)
    if rows != ROWS:
        raise ServerError(f"{BULK_SQL} gave {rows} rows instead of {ROWS}")
    return size


def prepare(address: Address) -> None:
    """Make the database and the table where they are missing.

    Raises ServerError when a table of that name has another number of rows: it is not ours.
    """
    warm_up(address)
    with Connection(address, use_database=False) as connection:
        connection.query(f"CREATE DATABASE IF NOT EXISTS `{address.database}`")
    with Connection(address) as connection:
        if not connection.query(f"SHOW TABLES LIKE '{TABLE}'"):
            sysbench.call(address, ["oltp_point_select", "prepare"], TABLE_OPTIONS, 600)
        [[count]] = connection.query(f"SELECT COUNT(*) FROM {TABLE}")
        for shard in range(SHARDS):
            connection.query(f"CREATE TABLE IF NOT EXISTS {TABLE}_{shard} LIKE {TABLE}")
            connection.query(
                f"INSERT IGNORE INTO {TABLE}_{shard} SELECT * FROM {TABLE} "
                f"WHERE id % {SHARDS} = {shard}"
            )
    if count != str(ROWS):
        raise ServerError(
            f"the table {TABLE} in {address.database} has {count} rows, not {ROWS}: "
            "drop it, or name another database"
        )


def prepare_million(address: Address) -> None:
    """Make the table of a million rows, and its parts, where they are missing."""
    with Connection(address) as connection:
        if connection.query(f"SHOW TABLES LIKE '{MILLION_TABLE}'"):
            return
        connection.query(f"CREATE TABLE {MILLION_TABLE} LIKE {TABLE}")
        for turn in range(MILLION // ROWS):
            connection.query(
                f"INSERT INTO {MILLION_TABLE} SELECT id + {turn * ROWS}, k, c, pad FROM {TABLE}"
            )
        for shard in range(SHARDS):
            connection.query(f"CREATE TABLE {MILLION_TABLE}_{shard} LIKE {TABLE}")
            connection.query(
                f"INSERT INTO {MILLION_TABLE}_{shard} SELECT * FROM {MILLION_TABLE} "
                f"WHERE id % {SHARDS} = {shard}"
            )
