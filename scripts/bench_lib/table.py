"""The results as tables of Markdown, which read well in a terminal, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench_lib.figures import Summary
from bench_lib.idle import IdleSummary

NOTHING = "–"
Row = Sequence[str]
Group = tuple[int, Sequence[Summary]]
"""A number of clients, and the line of each path."""


@dataclass(frozen=True)
class Layout:
    """How one kind of workload is shown."""

    title: str
    rate: str
    each: str
    per_second: float
    """CPU seconds times this are the unit of the CPU columns."""


LAYOUTS = {
    "point": Layout("Point select", "queries/s", "µs/query", 1e6),
    "prepared": Layout("Prepared point select", "queries/s", "µs/query", 1e6),
    "bulk": Layout("Result of 100,000 rows", "MB/s", "ms/result", 1e3),
    "scatter": Layout("A million rows as they come", "rows/s", "ms/result", 1e3),
    "ordered": Layout("A million rows in order", "rows/s", "ms/result", 1e3),
    "connect": Layout("Login, SELECT 1, goodbye", "connections/s", "µs/connection", 1e6),
}


def render(headings: Row, rows: Iterable[Row]) -> str:
    """A table; the columns that hold numbers are aligned to the right."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    right = [_is_numeric(line[column] for line in lines[1:]) for column in range(len(headings))]
    rule = "|".join(_rule(width, flag) for width, flag in zip(widths, right, strict=True))
    shown = [_line(line, widths, right) for line in lines]
    return "\n".join([shown[0], f"|{rule}|", *shown[1:]])


def timed_table(kind: str, groups: Sequence[Group], detail: str = "") -> str:
    """The table of one kind of workload, with ``detail`` behind its title."""
    layout = LAYOUTS[kind]
    headings = ["clients", "path", layout.rate, "p95 ms", f"CPU {layout.each}", "user", "kernel"]
    headings += ["CPU ÷ HAProxy", "rate ÷ HAProxy"]
    rows = [_timed_row(clients, each, layout) for clients, lines in groups for each in lines]
    return f"### {layout.title}{detail}\n\n{render(headings, rows)}"


def idle_table(summaries: Sequence[IdleSummary]) -> str:
    """The table of memory for idle clients."""
    headings = ["clients", "path", "RSS at start MiB", "RSS with clients MiB", "KiB per client"]
    headings += ["KiB per client after a query"]
    rows = [_idle_row(each) for each in summaries]
    return f"### Idle clients\n\n{render(headings, rows)}"


def number(value: float | None, factor: float = 1.0) -> str:
    """A value with three significant digits or all before the point, and a dash for none."""
    if value is None:
        return NOTHING
    scaled = value * factor
    digits = 0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:,.{digits}f}"


def _timed_row(clients: int, summary: Summary, layout: Layout) -> Row:
    cpu = [number(each, layout.per_second) for each in (summary.cpu, summary.user, summary.kernel)]
    ratios = [number(summary.cpu_ratio), number(summary.rate_ratio)]
    name = _flagged(summary.contender, summary.errors)
    return [str(clients), name, number(summary.rate), number(summary.p95_ms), *cpu, *ratios]


def _idle_row(summary: IdleSummary) -> Row:
    name = _flagged(summary.contender, summary.errors)
    sizes = [number(summary.at_start, 1 / 1024), number(summary.logged_in, 1 / 1024)]
    each = [number(summary.each_logged_in), number(summary.each_after_query)]
    return [str(summary.clients), name, *sizes, *each]


def _flagged(name: str, errors: Sequence[str]) -> str:
    return f"{name} (errors!)" if errors else name


def _is_numeric(cells: Iterable[str]) -> bool:
    return all(cell == NOTHING or cell[:1].isdigit() or cell[:1] == "-" for cell in cells)


def _rule(width: int, right: bool) -> str:
    return "-" * (width + 1) + (":" if right else "-")


def _line(cells: Row, widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if flag else cell.ljust(width)
        for cell, width, flag in zip(cells, widths, right, strict=True)
    ]
    return f"| {' | '.join(padded)} |"
