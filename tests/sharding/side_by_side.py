"""Asks a plain database and the proxy the same at the same time, and compares the answers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import gevent

from tests.oracle import masks
from tests.oracle.answers import Answer, errno_of
from tests.oracle.script import Step
from tests.sharding.merged_queries import Asked
from tests.sharding.other_plans import Planners
from tests.sharding.refusals import reason
from tests.sharding.typed_house import EMPTY, FEW, GROUP, PLAIN, TypedHouse

MAX_SHOWN = 12

_MASKS = [
    # The group's name is that of its home, not those of the plain databases.
    (re.compile(rf"\b(?:{PLAIN}|{EMPTY}|{FEW.format('[0-9]')})\b"), GROUP),
    # What of a text is wrong is quoted as the server got it.
    (re.compile(r"(?<=syntax to use near ').*(?=' at line)", re.DOTALL), ""),
    # An expression over groups is quoted as the server got it, too.
    (re.compile(r"(?<=out of range in ').*(?=')", re.DOTALL), ""),
    # Those of a statement are there once for each shard.
    (re.compile(r"warnings=[1-9]\d*"), "warnings=some"),
    # Whether a server makes use of an index depends on the number of rows.
    (re.compile(r"QUERY_NO_(?:GOOD_)?INDEX_USED\|?|\|QUERY_NO_(?:GOOD_)?INDEX_USED"), ""),
]
_WARNED_OF_BY_PLAN = re.compile(
    r"\b(?:MIN|MAX)\((?:\w+\.)?(?:day|moment|precise|stamp)\)|\bANY_VALUE\("
)
_ORG_OF_EXPRESSION = re.compile(r"(?<= )org=(?:'.*?'|\".*?\")(?= table='' )")
_FLAGS = re.compile(r"flags=(0x[0-9a-f]+)")
_BINARY = 0x80
_DECIMALS_OF_TEXT = re.compile(r"(?<=STRING )(.*)decimals=\d+")
_WARNINGS = re.compile(r" warnings=\w+")


@dataclass
class Tally:
    """How many queries were asked, and how often one was refused, by reason."""

    queries: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    by_plan: int = 0

    def __str__(self) -> str:
        share = 100 * self.refused.total() / max(1, self.queries)
        lines = [
            f"{self.queries} queries, {self.errors.total()} of them errors on both sides, "
            f"{self.by_plan} with definitions of another plan, "
            f"{self.refused.total()} refused ({share:.1f} %)"
        ]
        lines += [f"  {count:6} {name}" for name, count in self.refused.most_common()]
        return "\n".join(lines)


class Pair:
    """Two clients that ask the same; ``tally`` counts."""

    def __init__(self, house: TypedHouse, tally: Tally) -> None:
        self._house = house
        self._plain = house.plain()
        self._sharded = house.sharded()
        self._planners: Planners | None = None
        self._tally = tally

    def ask(self, asked: Asked) -> str:
        """The difference, as a text for people; empty when there is none."""
        self._tally.queries += 1
        for number, step in enumerate(asked.steps):
            other = gevent.spawn(self._plain.do, step)
            answer = self._sharded.do(step)
            expected: Answer = other.get()
            refused = reason(answer[-1]) if answer else ""
            if refused:
                self._tally.refused[refused] += 1
                return ""
            expected, answer = (_masked(each, number, asked) for each in (expected, answer))
            if expected != answer:
                if not self._is_by_plan(asked, number, expected, answer):
                    return _difference(step, expected, answer)
                self._tally.by_plan += 1
            if errno_of(expected):
                self._tally.errors[str(errno_of(expected))] += 1
                return ""
        return ""

    def _is_by_plan(self, asked: Asked, number: int, expected: Answer, answer: Answer) -> bool:
        """Whether the server itself defines the columns so under another plan."""
        if not _are_alike(expected, answer):
            return False
        if self._planners is None:
            self._planners = Planners(self._house)
        others = self._planners.answers(asked.steps[: number + 1])
        wanted = _about_rows(answer)
        return any(
            _about_rows(other) == wanted and _are_alike(answer, other, rows=rows)
            for found, rows in others
            for other in [_masked(found, number, asked)]
        )

    def close(self) -> None:
        """End all."""
        self._sharded.close()
        self._plain.close()
        if self._planners is not None:
            self._planners.close()


def _masked(answer: Answer, number: int, asked: Asked) -> Answer:
    """An answer without what may differ; rows in one order where the text asks for none."""
    lines = [_without(line) for line in masks.masked(Step("client", asked.steps[number]), answer)]
    # MySQL may warn of its own zero dates, and of what it reads from its own table or not.
    if _WARNED_OF_BY_PLAN.search(asked.steps[0]):
        lines = [_WARNINGS.sub("", line) if line.startswith("EOF") else line for line in lines]
    if any(
        line.startswith("ERR") for line in lines
    ):  # how many rows come before it is up to chance
        return [line for line in lines if line.startswith("ERR")]
    if asked.ordered:
        return lines
    rows = sorted(line for line in lines if _is_row(line))
    return [line for line in lines if not _is_row(line)] + rows


def _about_rows(answer: Answer) -> Answer:
    """An answer without its rows."""
    return [line for line in answer if not _is_row(line)]


def _are_alike(one: Answer, other: Answer, *, rows: bool = True) -> bool:
    """Whether two answers have the same rows and errors; what differs is about rows.

    The cells of binary rows are as long as their types say.
    """
    binary = any(line.startswith("  binary") for line in one)
    shown, told = (
        [line for line in each if line.startswith("ERR") or (rows and _is_row(line))]
        for each in (one, other)
    )
    return len(shown) == len(told) if binary else shown == told


def _is_row(line: str) -> bool:
    return line.startswith(("  row", "  binary row"))


def _without(line: str) -> str:
    if _is_row(line):
        return line
    if line.startswith("  column"):  # see other_plans.py
        line = _ORG_OF_EXPRESSION.sub("", line)
        if " table='' " in line:
            line = _FLAGS.sub(lambda found: f"flags={int(found[1], 16) & ~_BINARY:#x}", line)
            line = _DECIMALS_OF_TEXT.sub(r"\1", line)
    for pattern, instead in _MASKS:
        line = pattern.sub(instead, line)
    return line


def _difference(step: str, expected: Answer, answer: Answer) -> str:
    only = [f"  plain    {line}" for line in expected if line not in answer]
    other = [f"  sharded  {line}" for line in answer if line not in expected]
    if not only and not other:
        only = [f"  plain    {line}" for line in expected]
        other = [f"  sharded  {line}" for line in answer]
    return "\n".join([step, *only[:MAX_SHOWN], *other[:MAX_SHOWN]])
