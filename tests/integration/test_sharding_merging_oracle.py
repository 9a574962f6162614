"""Random queries of rows of several shards: answers as those of one database, in all they show."""

from __future__ import annotations

import os
from random import Random

import gevent
import pytest

from tests.servers import Server
from tests.sharding.merged_queries import asked
from tests.sharding.side_by_side import Pair, Tally
from tests.sharding.typed_house import typed_house

SEED = os.environ.get("ATHENA_TEST_SEED", "1")
QUERIES = int(os.environ.get("ATHENA_TEST_MERGED", "9250"))
"""Queries on each kind of server."""
EMBEDDED_QUERIES = 1500
"""So many of them on the embedded server: a query takes it longer."""
MOST_REFUSED = 0.1
MOST_ERRORS = 0.1
"""The shares that may be refused, or be errors on both sides: with more it would show little."""


WORKERS = 3
"""So many clients ask at the same time."""


def test_merged_answers_are_those_of_one_database(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    many = QUERIES if server.kind != "embedded" else min(QUERIES, EMBEDDED_QUERIES)
    tally, differences, numbers = Tally(), list[str](), iter(range(many))

    def work(pair: Pair) -> None:
        for number in numbers:
            question = asked(Random(f"{SEED}/{number}"), server.kind)
            if difference := pair.ask(question):
                place = f"ATHENA_TEST_SEED={SEED}, query {number} on {server.kind}"
                differences.append(f"{place}\n{question}\n\n{difference}")
            if differences:
                return

    with typed_house(server) as house:
        pairs = [Pair(house, tally) for _ in range(WORKERS)]
        try:
            gevent.joinall([gevent.spawn(work, pair) for pair in pairs], raise_error=True)
        finally:
            for pair in pairs:
                pair.close()
    if differences:
        pytest.fail(differences[0])
    with capsys.disabled():
        print(f"\nseed {SEED} on {server.kind}: {tally}")
    assert tally.refused.total() < MOST_REFUSED * many
    assert tally.errors.total() < MOST_ERRORS * many
