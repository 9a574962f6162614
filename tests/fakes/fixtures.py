"""Fixtures for tests with fakes; a conftest imports those it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from loguru import logger

from athena_g.pool.ledger import Limits

from .certificates import Certificate, make_certificate
from .proxy import Proxy
from .server import FakeServer
from .wire import Wire

SAFETY_NET = 15
"""Seconds after which a test is given up as hanging."""


@pytest.fixture(autouse=True)
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fail a test that hangs, that kills a greenlet, or that makes the log speak of an error.

    The list is of such errors: a test that means to make one takes it out.
    """
    troubles: list[str] = []
    hub = gevent.get_hub()

    def handle_error(context: Any, kind: Any, value: Any, traceback: Any) -> None:
        if not issubclass(kind, hub.NOT_ERROR):
            troubles.append(f"{context}: {value!r}")
            original(context, kind, value, traceback)

    original = hub.handle_error
    monkeypatch.setattr(hub, "handle_error", handle_error)
    sink = logger.add(troubles.append, level="ERROR", format="{message}")
    with gevent.Timeout(SAFETY_NET, AssertionError("the test hangs")):
        yield troubles
    logger.remove(sink)
    for wire in list(Wire.open):
        wire.close()
    assert not troubles


@pytest.fixture
def backend() -> Iterator[FakeServer]:
    """A fake MySQL server."""
    fake = FakeServer()
    yield fake
    fake.close()


MakeProxy = Callable[..., Proxy]


@pytest.fixture
def make_proxy(backend: FakeServer) -> Iterator[MakeProxy]:
    """Start a proxy in front of ``backend``; arguments are those of :class:`Limits`."""
    made: list[Proxy] = []

    def make(
        *,
        listen: dict[str, Any] | None = None,
        policy: dict[str, Any] | None = None,
        endpoint: dict[str, Any] | None = None,
        **limits: Any,
    ) -> Proxy:
        made.append(Proxy(backend, Limits(**limits), listen or {}, policy or {}, endpoint or {}))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()


@pytest.fixture
def proxy(make_proxy: MakeProxy) -> Proxy:
    """A proxy with the usual settings."""
    return make_proxy()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A self-signed certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
