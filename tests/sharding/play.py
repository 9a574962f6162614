"""Plays scripts on the plain database and through the proxy, and compares answer by answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymysql.connections import Connection

from tests.oracle import masks
from tests.oracle.answers import Answer, errno_of
from tests.oracle.script import Step
from tests.oracle.talker import Talker
from tests.sharding.house import GROUP, PLAIN, House, resetting, run
from tests.sharding.queries import Said
from tests.sharding.refusals import DEPENDING, reason

PATIENCE = 10.0
"""Seconds that a statement may take."""
MAX_SHOWN = 12

_ASKS_BACK = re.compile(r"SELECT (ROW_COUNT|FOUND_ROWS|LAST_INSERT_ID)\(\)|SHOW WARNINGS")
_MASKS = [
    # The group's name is that of its home, not that of the plain database.
    (re.compile(rf"\b(Tables_in_)?{PLAIN}\b"), rf"\1{GROUP}"),
    # What of a text is wrong is quoted as the server got it.
    (re.compile(r"(?<=syntax to use near ').*(?=' at line)|(?<=support ').*(?=')", re.DOTALL), ""),
    # Those of a statement are there once for each shard.
    (re.compile(r"warnings=[1-9]\d*|(?<=Warnings: )[1-9]\d*"), "some"),
    # What a server does without an index, or makes an index for, depends on the number of rows.
    (re.compile(r"QUERY_NO_(?:GOOD_)?INDEX_USED\|?|\|QUERY_NO_(?:GOOD_)?INDEX_USED"), ""),
    (re.compile(r"(?<=flags=)0x4000 "), "0x0 "),
    # Without autocommit a query on several servers begins no transaction.
    (re.compile(r"status=(?!.*AUTOCOMMIT)(?:IN_TRANS\|?|-)?"), "status="),
]
_SOME_WARNINGS = re.compile(r"EOF (?:warnings=0|some) ")
_DUPLICATE = re.compile(
    r"^((?:ERR 1062|  row 'Error' \| '1062').*?)Duplicate entry .* for key", re.DOTALL
)


@dataclass
class Tally:
    """What was said and how often it was refused, by reason."""

    statements: int = 0
    errors: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        share = 100 * self.refused.total() / max(1, self.statements)
        reasons = "".join(f"\n  {count:6} {name}" for name, count in self.refused.most_common())
        return (
            f"{self.statements} statements, {self.errors} of them errors on both sides, "
            f"{self.refused.total()} refused ({share:.1f} %){reasons}"
        )


class Player:
    """Plays scripts in a house; ``tally`` counts."""

    def __init__(self, house: House, direct: Connection[Any]) -> None:
        self._house = house
        self._direct = direct
        self.tally = Tally()

    def play(self, script: Sequence[Said]) -> str:
        """The first difference, as a text for people; empty when there is none."""
        run(self._direct, resetting())
        self._house.clear()
        server, proxy = self._house.server, self._house.proxy
        plain = _talker(server.host, server.port, server.user, server.password, PLAIN)
        proxied = _talker(proxy.host, proxy.port, proxy.user, proxy.password, GROUP)
        try:
            for found in self._differences(script, plain, proxied):
                return found
            return ""
        finally:
            proxied.close()
            plain.close()

    def _differences(self, script: Sequence[Said], plain: Talker, proxied: Talker) -> Iterator[str]:
        refused = ""
        warned = asked_before = False
        for said in script:
            asks = _ASKS_BACK.fullmatch(said.text) is not None
            if asks and (refused or asked_before):
                continue
            asked_before = asks
            self.tally.statements += 1
            answer = proxied.do(said.text)
            refused = reason(answer[-1]) if answer else ""
            if refused:
                self.tally.refused[refused] += 1
                if said.owed and refused not in DEPENDING:
                    yield f"{said.text}\nis owed an answer\n  {answer[-1]}"
                if refused == "PARTLY_DONE":
                    return  # the plain database does nothing instead
                continue
            if _lacks_texts(said, answer, warned):
                self.tally.refused["texts of warnings of several shards"] += 1
                continue
            warned = any("warnings=" in line and "warnings=0" not in line for line in answer)
            expected = plain.do(said.text.replace(GROUP, PLAIN))
            self.tally.errors += errno_of(expected) != 0
            if _masked(expected, said) != _masked(answer, said):
                yield _difference(said, _masked(expected, said), _masked(answer, said))
        for talker in (proxied, plain):
            talker.do("ROLLBACK")
        yield from self._differing_states()

    def _differing_states(self) -> Iterator[str]:
        plain, spread = self._house.state(self._direct)
        if plain != spread:
            only = [f"  plain    {row}" for row in plain if row not in spread]
            only += [f"  sharded  {row}" for row in spread if row not in plain]
            yield "other rows at the end:\n" + "\n".join(only or ["  rows are there twice"])
        misplaced = self._house.misplaced(self._direct)
        if misplaced:
            yield f"rows on shards that are not theirs: {misplaced}"


def _talker(host: str, port: int, user: str, password: str, database: str) -> Talker:
    login = {"user": user, "password": password, "database": database}
    return Talker((host, port), login, patience=PATIENCE)


def _lacks_texts(said: Said, answer: Answer, warned: bool) -> bool:
    """Whether warnings are not shown that were counted: those of several shards are not kept."""
    return warned and said.text == "SHOW WARNINGS" and not any("  row" in line for line in answer)


def _masked(answer: Answer, said: Said) -> Answer:
    """An answer without what may differ; rows in one order where the text asks for none."""
    lines = [_without(line) for line in masks.masked(Step("client", said.text), answer)]
    ends = [place for place, line in enumerate(lines) if line.startswith("EOF")]
    if len(ends) == 2:  # how many came before the rows depends on when these were made
        lines[ends[0]] = _SOME_WARNINGS.sub("EOF ", lines[ends[0]])
    if (
        said.text.count("(") > 2 or said.text == "SHOW WARNINGS"
    ):  # of several duplicates another shard's may be the first
        lines = [_DUPLICATE.sub(r"\1Duplicate entry", line) for line in lines]
    if lines and lines[-1].startswith("ERR"):  # how much came before it depends on who finds it
        return lines[-1:]
    if said.ordered:
        return lines
    rows = sorted(line for line in lines if line.startswith("  row"))
    return [line for line in lines if not line.startswith("  row")] + rows


def _without(line: str) -> str:
    """A line of an answer without what may differ, whatever the statement is."""
    if line.startswith("  row") and not line.startswith("  row 'Error'"):
        return line
    for pattern, instead in _MASKS:
        line = pattern.sub(instead, line)
    return line


def _difference(said: Said, expected: Answer, answer: Answer) -> str:
    only = [f"  plain    {line}" for line in expected if line not in answer]
    other = [f"  sharded  {line}" for line in answer if line not in expected]
    lines = only[:MAX_SHOWN] + other[:MAX_SHOWN] or [f"  plain {expected}", f"  sharded {answer}"]
    return "\n".join([said.text, *lines])


def shrunk(player: Player, script: Sequence[Said]) -> tuple[list[Said], str]:
    """The shortest script found by leaving out statements that still shows a difference."""
    left = list(script)
    found = player.play(left)
    for place in reversed(range(len(left))):
        shorter = left[:place] + left[place + 1 :]
        difference = player.play(shorter) if found else ""
        if difference:
            left, found = shorter, difference
    return left, found
