"""Which connections are bound to a session, and why."""

from __future__ import annotations

from athena_g.pool.transactions import TransactionPool


def test_a_connection_is_bound_until_it_is_freed() -> None:
    bound: TransactionPool[str] = TransactionPool()
    bound.bind("one", "transaction")
    bound.bind("two", "temporary table")
    assert len(bound) == 2
    bound.free("one")
    assert len(bound) == 1


def test_reasons_are_counted() -> None:
    bound: TransactionPool[str] = TransactionPool()
    for name in ("one", "two"):
        bound.bind(name, "transaction")
    bound.bind("three", "GET_LOCK")
    assert bound.reasons() == {"transaction": 2, "GET_LOCK": 1}


def test_a_connection_bound_for_another_reason_is_counted_once() -> None:
    bound: TransactionPool[str] = TransactionPool()
    bound.bind("one", "transaction")
    bound.bind("one", "GET_LOCK")
    assert bound.reasons() == {"GET_LOCK": 1}


def test_freeing_what_is_not_bound_changes_nothing() -> None:
    bound: TransactionPool[str] = TransactionPool()
    bound.free("one")
    assert len(bound) == 0
