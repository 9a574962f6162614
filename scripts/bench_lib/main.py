"""One run of the benchmark, from the command line to the table."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench_lib import facts, options, proxies, server, workloads
from bench_lib.address import Address
from bench_lib.client import ServerError
from bench_lib.figures import Summary
from bench_lib.idle import IdleSummary, measure_idle
from bench_lib.options import Options
from bench_lib.process import allow_many_files
from bench_lib.proxies import Contender, StartFailed
from bench_lib.server import NoServer
from bench_lib.sysbench import SysbenchError
from bench_lib.table import idle_table, timed_table
from bench_lib.turns import measure, take_turns
from bench_lib.workloads import Bulk, Connect, PointSelect, PreparedSelect, Workload

FLAGGED, CANNOT_RUN = 1, 2
WARM_UP = 1
"""Seconds for which each contender runs before the first turn that counts."""


@dataclass
class Results:
    """All that one run found out."""

    facts: facts.Facts
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    timed: list[tuple[Workload, list[Summary]]] = field(default_factory=list)
    idle: list[IdleSummary] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the proxies logged as warnings and errors."""

    def errors(self) -> list[str]:
        """Everything that went wrong, one line for each."""
        timed = [
            f"{workload.kind}, {workload.clients} clients, {each.contender}: {error}"
            for workload, summaries in self.timed
            for each in summaries
            for error in each.errors
        ]
        idle = [f"idle, {each.contender}: {error}" for each in self.idle for error in each.errors]
        return timed + idle + self.complaints


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status: 0, 1 (there were errors), 2 (cannot run)."""
    chosen = options.read(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    allow_many_files()
    try:
        results = run(chosen)
    except (NoServer, StartFailed, ServerError, SysbenchError, OSError) as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return CANNOT_RUN
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    save(results, chosen)
    print(report(results))
    return FLAGGED if results.errors() else 0


def run(chosen: Options) -> Results:
    """Start what is needed, measure, and end what was started."""
    if shutil.which("sysbench") is None:
        raise StartFailed("sysbench is not installed (scripts/install-test-servers)")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="athena-g-bench-")))
        address = stack.enter_context(server.obtain(chosen.server))
        results = Results(facts.collect(address))
        tell("preparing the table")
        workloads.prepare(address)
        if set(chosen.only) != {"idle"}:
            measure_timed(chosen, address, directory, results)
        if "idle" in chosen.only:
            measure_memory(chosen, address, directory, results)
        return results


def measure_timed(chosen: Options, address: Address, directory: Path, results: Results) -> None:
    """All workloads that are timed, on the same running proxies."""
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(proxies.running(name, address, directory))
            for name in proxies.available()
        ]
        for contender in contenders:
            # Not counted: caches and pools fill. What goes wrong here goes wrong again below.
            measure(PointSelect(max(chosen.clients)), contender, WARM_UP)
        for workload in timed_workloads(chosen, contenders):
            summaries = take_turns(workload, contenders, chosen.rounds, chosen.seconds, tell)
            results.timed.append((workload, summaries))
        results.complaints += [
            f"{each.name} logged: {line}"
            for each in contenders
            if each.proxy is not None
            for line in each.proxy.complaints()
        ]


def timed_workloads(chosen: Options, contenders: Sequence[Contender]) -> list[Workload]:
    """What the command line asks for, in the order in which it is run and shown."""
    found: list[Workload] = []
    if "point" in chosen.only:
        found += [PointSelect(clients) for clients in chosen.clients]
    if "prepared" in chosen.only:
        found += [PreparedSelect(clients) for clients in chosen.clients]
    if "bulk" in chosen.only:
        found.append(Bulk(workloads.bulk_size(contenders[0].address)))
    merged = [kind for kind in workloads.MERGED_SQL if kind in chosen.only]
    if merged:
        tell("preparing the table of a million rows")
        workloads.prepare_million(contenders[0].address)
        found += [workloads.million(contenders[0].address, kind) for kind in merged]
    if "connect" in chosen.only:
        found += [Connect(clients) for clients in chosen.connect_clients]
    return found


def measure_memory(chosen: Options, address: Address, directory: Path, results: Results) -> None:
    """Memory of idle clients, for every proxy."""
    for name in proxies.available():
        if name != proxies.DIRECT:
            tell(f"idle, {chosen.idle_clients} clients, {name}")
            results.idle.append(measure_idle(name, address, directory, chosen.idle_clients))


def report(results: Results) -> str:
    """The text that is printed."""
    parts = ["\n".join(f"{name}: {value}" for name, value in results.facts.items())]
    for kind in dict.fromkeys(workload.kind for workload, _ in results.timed):
        these = [(each, lines) for each, lines in results.timed if each.kind == kind]
        groups = [(each.clients, lines) for each, lines in these]
        parts.append(timed_table(kind, groups, these[0][0].detail))
    if results.idle:
        parts.append(idle_table(results.idle))
    if errors := results.errors():
        parts.append("### Errors\n\n" + "\n".join(f"- {error}" for error in errors))
    return "\n\n".join(parts)


def save(results: Results, chosen: Options) -> None:
    """Write everything, every sample included, as JSON."""
    # The server's password is in its URL.
    asked = asdict(chosen)
    del asked["server"], asked["json"]
    document: dict[str, Any] = {
        "started": results.started,
        "facts": results.facts,
        "options": asked,
        "units": {"cpu": "seconds for one query, connection or result", "memory": "KiB"},
        "timed": [
            {"kind": each.kind, **vars(each), "paths": [line.as_json() for line in lines]}
            for each, lines in results.timed
        ],
        "idle": [each.as_json() for each in results.idle],
        "errors": results.errors(),
    }
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(document, indent=2) + "\n")
    tell(f"saved {chosen.json}")


def tell(line: str) -> None:
    """Say how far the run is."""
    print(line, file=sys.stderr, flush=True)
