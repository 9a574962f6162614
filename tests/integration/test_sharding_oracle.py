"""Random statements on a plain database and on four shards: the same answers and the same rows."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.servers import Server
from tests.sharding.house import House
from tests.sharding.play import Player, shrunk
from tests.sharding.scripts import script

SEED = os.environ.get("ATHENA_TEST_SEED", "1")
STATEMENTS = int(os.environ.get("ATHENA_TEST_STATEMENTS", "5000"))
"""Statements on each kind of server."""
MOST_REFUSED = 0.35
"""The share of statements that may be refused: with more of them the test would show little."""


def test_shards_answer_as_one_database_does(
    server: Server, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    if server.kind == "embedded":
        pytest.skip("columns of expressions have other types there from statement to statement")
    number = 0
    with house.direct() as direct:
        player = Player(house, direct)
        while player.tally.statements < STATEMENTS:
            said = script(Random(f"{SEED}/{number}"))
            if player.play(said):
                fewer, difference = shrunk(player, said)
                story = "\n".join(each.text for each in fewer)
                pytest.fail(f"ATHENA_TEST_SEED={SEED}, script {number}\n{story}\n\n{difference}")
            number += 1
    with capsys.disabled():
        print(f"\nseed {SEED} on {server.kind}: {player.tally}")
    assert player.tally.refused.total() < MOST_REFUSED * player.tally.statements
    assert "Traceback" not in house.proxy.log()
