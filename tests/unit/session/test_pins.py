"""Why a session keeps its connection, counted."""

from __future__ import annotations

import pytest

from athena_g.session import pins as modules
from athena_g.session.pins import Pins


def test_nothing_is_held_at_first() -> None:
    pins = Pins()
    assert not pins
    assert str(pins) == ""


def test_what_is_taken_is_held_until_it_is_freed() -> None:
    pins = Pins()
    pins.take("GET_LOCK", "a")
    assert pins
    pins.free("GET_LOCK", "b")
    pins.free("HANDLER", "a")
    assert pins
    pins.free("GET_LOCK", "a")
    assert not pins


def test_what_is_taken_twice_is_freed_twice() -> None:
    pins = Pins()
    pins.take("GET_LOCK", "a")
    pins.take("GET_LOCK", "a")
    pins.free("GET_LOCK", "a")
    assert pins
    pins.free("GET_LOCK", "a")
    assert not pins


def test_what_is_there_or_not_is_freed_at_once() -> None:
    pins = Pins()
    for _ in range(3):
        pins.take_once("temporary table", "t")
    pins.free("temporary table", "t")
    assert not pins


def test_without_a_name_everything_of_the_kind_is_freed() -> None:
    pins = Pins()
    for name in ("a", "b", "b", None):
        pins.take("GET_LOCK", name)
    pins.take_once("HANDLER", "a")
    pins.free("GET_LOCK")
    assert list(pins) == [("HANDLER", "a")]


def test_what_has_no_name_is_not_freed_by_one() -> None:
    pins = Pins()
    pins.take_once("temporary table", None)
    pins.free("temporary table", "t")
    assert pins


def test_reasons_are_named_once_and_in_order() -> None:
    pins = Pins()
    for kind, name in [("temporary table", "a"), ("GET_LOCK", "x"), ("temporary table", "b")]:
        pins.take_once(kind, name)
    assert str(pins) == "GET_LOCK, temporary table"


def test_things_beyond_the_limit_are_not_told_apart_and_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(modules, "MAX_PINS", 2)
    pins = Pins()
    for name in ("a", "b", "c", "d"):
        pins.take_once("temporary table", name)
    assert len(pins) == 3
    for name in ("a", "b", "c", "d"):
        pins.free("temporary table", name)
    assert list(pins) == [("temporary table", None)]


def test_everything_can_be_forgotten() -> None:
    pins = Pins()
    pins.take("GET_LOCK", "a")
    pins.clear()
    assert not pins
