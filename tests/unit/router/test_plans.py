"""Each statement in ``plans/`` goes where its file says; ``scripts/accept-plans`` rewrites them."""

from __future__ import annotations

from itertools import chain

import pytest

from athena_g.router.router import Router
from tests.unit.router import house
from tests.unit.router.golden import Block, blocks, files, outcome

ALL = [each for each in chain.from_iterable(map(blocks, files())) if each.statement]


@pytest.fixture(scope="module")
def router() -> Router:
    return house.router()


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.name)
def test_a_statement_goes_where_its_plan_says(router: Router, block: Block) -> None:
    assert outcome(router, block) == block.outcome


def test_no_statement_is_there_twice() -> None:
    told = [(block.mode, block.statement) for block in ALL]
    assert [each for each in told if told.count(each) > 1] == []
    assert len(told) > 350
