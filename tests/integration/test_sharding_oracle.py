"""Random statements on a plain database and on four shards: the same answers and the same rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from random import Random

import pytest

from tests.servers import Server
from tests.sharding.definitions import definitions
from tests.sharding.house import House
from tests.sharding.play import Player, shrunk
from tests.sharding.queries import Said
from tests.sharding.scripts import script

SEED = os.environ.get("ATHENA_TEST_SEED", "1")
STATEMENTS = int(os.environ.get("ATHENA_TEST_STATEMENTS", "5000"))
"""Statements on each kind of server."""
MOST_REFUSED = 0.4
"""The share of statements that may be refused: with more of them the test would show little."""


EMBEDDED_SHARE = 5
"""The embedded server gets a fifth of them: a statement takes it longer."""
DEFINED_SHARE = 10
"""A tenth of all are about whole tables."""


def test_shards_answer_as_one_database_does(
    server: Server, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    asks = server.kind != "embedded"  # which answers from the session's connection at that moment
    many = STATEMENTS if asks else STATEMENTS // EMBEDDED_SHARE
    _play(house, lambda chance: script(chance, asks=asks), many, capsys)


def test_tables_with_shards_are_defined_as_others_are(
    server: Server, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    _play(house, definitions, STATEMENTS // DEFINED_SHARE, capsys)


def _play(
    house: House,
    scripts: Callable[[Random], Sequence[Said]],
    statements: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Play scripts with so many statements; fail with the shortest that shows a difference."""
    number = 0
    with house.direct() as direct:
        player = Player(house, direct)
        while player.tally.statements < statements:
            said = scripts(Random(f"{SEED}/{number}"))
            if player.play(said):
                fewer, difference = shrunk(player, said)
                story = "\n".join(each.text for each in fewer)
                pytest.fail(f"ATHENA_TEST_SEED={SEED}, script {number}\n{story}\n\n{difference}")
            number += 1
    with capsys.disabled():
        print(f"\nseed {SEED} on {house.server.kind}: {player.tally}")
    assert player.tally.refused.total() < MOST_REFUSED * player.tally.statements
