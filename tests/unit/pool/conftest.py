from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from tests.fakes.fixtures import backend as backend
from tests.fakes.fixtures import guard as guard
from tests.fakes.proxy import endpoint_of
from tests.fakes.server import FakeServer

from .leasing import MakePool


@pytest.fixture
def make_pool(backend: FakeServer) -> Iterator[MakePool]:
    """Make pools of connections to the fake; arguments are those of :class:`Limits`."""
    made: list[Pool] = []

    def make(endpoint: dict[str, Any] | None = None, **limits: Any) -> Pool:
        made.append(Pool(endpoint_of(backend, **endpoint or {}), Limits(**limits)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()
        assert (pool.out, pool.idle, pool.waiting) == (0, 0, 0)
