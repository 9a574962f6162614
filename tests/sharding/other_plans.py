"""The same query by other plans of the plain server: what of an answer is up to the plan.

Whether rows go through a temporary table on their way is up to a server's plan, and that to the
number of rows that it expects. Of columns that did the flags of keys are gone; expressions have an
``org_name``, other flags and decimals, and some another type or length. MySQL warns of the zero
date that it writes into such a table in place of a NULL. A difference in nothing but these is
allowed where the plain server itself answers as the proxy did by one of the plans here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tests.oracle.answers import Answer
from tests.oracle.talker import Talker
from tests.sharding.typed_house import TypedHouse
from tests.sharding.typed_tables import SHARDS

SETTINGS: Final = (
    "optimizer_search_depth = 1",
    "optimizer_switch = 'materialization=off'",
    "optimizer_switch = 'semijoin=off'",
    "optimizer_switch = 'derived_merge=off'",
)
MODIFIERS: Final = ("", "STRAIGHT_JOIN ", "SQL_BUFFER_RESULT ", "SQL_BIG_RESULT ")
_JOIN = re.compile(r"(?<= FROM )(\w+(?: \w+)?) ((?:INNER )?JOIN) (\w+(?: \w+)?)(?= ON | USING )")
_SELECT = re.compile(r"^((?:\.prepare \w+ )?(?:WITH .*\) )?\(?SELECT )", re.DOTALL)


class Planners:
    """Clients of the plain server for which it makes other plans."""

    def __init__(self, house: TypedHouse) -> None:
        self._few = [house.few(shard) for shard in range(SHARDS)]
        if house.server.kind != "embedded":
            self._few.append(house.shadowed(empty=True))
        self._all: list[Talker] = []
        if house.server.kind != "embedded":
            self._all += [house.plain(), house.shadowed()]
            for setting in SETTINGS:
                self._all.append(house.plain())
                self._all[-1].do(f"SET {setting}")

    def answers(self, steps: Sequence[str]) -> Iterator[tuple[Answer, bool]]:
        """What the last step is answered with, by each plan; whether of all rows."""
        for talker in (*self._all, *self._few):
            for written in dict.fromkeys((tuple(steps), tuple(map(_the_other_way, steps)))):
                for modifier in MODIFIERS:
                    for step in written:
                        answer = talker.do(_SELECT.sub(rf"\1{modifier}", step))
                    yield answer, talker not in self._few

    def close(self) -> None:
        """End all."""
        for talker in (*self._all, *self._few):
            talker.close()


def _the_other_way(step: str) -> str:
    """A statement whose tables are joined in the other order, which STRAIGHT_JOIN keeps to."""
    return _JOIN.sub(r"\3 \2 \1", step)
