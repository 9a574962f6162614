from __future__ import annotations

import pytest

from tests.fakes.client import Client
from tests.fakes.fixtures import backend as backend
from tests.fakes.fixtures import guard as guard
from tests.fakes.fixtures import make_proxy as make_proxy
from tests.fakes.fixtures import proxy as proxy
from tests.fakes.proxy import Proxy


@pytest.fixture
def client(proxy: Proxy) -> Client:
    """A client that is logged in to ``proxy``."""
    return proxy.client()
