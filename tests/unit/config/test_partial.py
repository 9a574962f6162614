from __future__ import annotations

from athena_g.config.partial import PartialTable
from athena_g.config.settings import Settings


def test_a_value_is_valid_or_the_default_or_none() -> None:
    pool = PartialTable({"pool": {"max_open": "7", "max_age_secs": -1}}, Settings).table("pool")
    assert pool.value("max_open") == 7
    assert pool.value("min_idle") == 0
    assert pool.value("max_age_secs") is None


def test_a_required_key_that_is_not_written_is_none() -> None:
    [group] = PartialTable({"groups": [{}]}, Settings).tables("groups")
    assert group.value("name") is None
    assert not group.written("name")


def test_what_is_no_table_is_left_out_but_known() -> None:
    settings = PartialTable({"groups": [{"name": "a"}, "b", {"name": "c"}], "log": 5}, Settings)
    assert [group.value("name") for group in settings.tables("groups")] == ["a", "c"]
    assert settings.tables("groups")[1].location == ("groups", 2)
    assert not settings.is_whole("groups")
    assert settings.table("log").value("level") == "INFO"


def test_only_known_keys_count_as_written() -> None:
    log = PartialTable({"log": {"level": 1, "colour": 2}}, Settings).table("log")
    assert log.written_keys() == ["level"]
