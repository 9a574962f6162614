"""Functions in threads, and what becomes of those that nobody waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gevent
import pytest
from gevent.threadpool import ThreadPool

from athena_g import errors
from athena_g.embedded.worker import Worker
from athena_g.errors import SqlError


@pytest.fixture
def worker() -> Iterator[Worker]:
    threads = ThreadPool(2)
    yield Worker(threads)
    threads.kill()


def raise_deadlock() -> None:
    raise errors.DEADLOCK()


def test_results_and_errors_come_back(worker: Worker) -> None:
    assert worker.is_idle
    assert worker.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(SqlError, match="Deadlock"):
        worker.run(raise_deadlock)
    assert worker.is_idle


def test_a_function_runs_on_when_its_greenlet_has_ended(worker: Worker) -> None:
    going_on = threading.Event()
    greenlet = gevent.spawn(worker.run, going_on.wait)
    gevent.sleep(0)
    greenlet.kill()
    assert not worker.is_idle
    going_on.set()
    worker.wait(10)
    assert worker.is_idle
