from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.config import GroupSettings
from athena_g.errors import SqlError
from athena_g.router.algorithms import Custom, Hash, Mod, Range
from athena_g.router.keys import Key, KeyType
from athena_g.router.rules import Rule, Rules, rules_of

INTEGER = Key(KeyType.INTEGER)


def rule(pattern: str, **keys: Any) -> dict[str, Any]:
    return {"name": pattern, "table_pattern": pattern, "shard_column": "k", **keys}


def rules(*tables: dict[str, Any], **keys: Any) -> Rules:
    group = {
        "name": "shop",
        "user": "u",
        "password": "p",
        "home_group": "a",
        "db_groups": [
            {"name": "a", "embedded": True, "shard_indices": [0, 2]},
            {"name": "b", "embedded": True, "shard_indices": [1, 3]},
        ],
        "sharding_rules": tables,
        **keys,
    }
    return rules_of(GroupSettings.model_validate(group))


def found(among: Rules, table: str) -> str | None:
    one = among.find(table)
    return one.name if one else None


def one(**keys: Any) -> Rule:
    made = rules(rule("t", **keys)).find("t")
    assert made is not None
    return made


def test_a_table_is_found_in_any_case_of_letters() -> None:
    assert found(rules(rule("Orders")), "oRDERS") == "Orders"
    assert found(rules(rule("Orders")), "orders2") is None


def test_the_name_itself_goes_before_patterns_and_long_patterns_before_short_ones() -> None:
    among = rules(rule("log_*"), rule("log_20??"), rule("log_2020"))
    names = ["log_2020", "LOG_2021", "log_202", "xlog_1", "log_\n"]
    assert [found(among, name) for name in names] == [
        "log_2020",
        "log_20??",
        "log_*",
        None,
        "log_*",
    ]


@pytest.mark.parametrize("pattern", ["a[b]*", "ab+*", "a(*"])
def test_only_star_and_question_mark_are_wildcards(pattern: str) -> None:
    assert found(rules(rule(pattern)), pattern.replace("*", "x")) == pattern
    assert found(rules(rule(pattern)), "abx") is None


def test_names_that_clients_make_up_take_no_memory_without_bound() -> None:
    among = rules(rule("log_*"))
    for number in range(5000):
        assert found(among, f"log_{number}") == "log_*"
        assert found(among, f"x{number}" * 20) is None
    assert len(among._remembered) <= 4096


@given(st.text("aB*?", min_size=1, max_size=6), st.text("abAB", max_size=6))
def test_a_remembered_name_has_the_same_rule(pattern: str, name: str) -> None:
    if not pattern.strip("*"):
        return
    among = rules(rule(pattern))
    assert found(among, name) == found(among, name) == found(among, name.swapcase())


def test_each_algorithm_is_made() -> None:
    assert one(shard_count=4).algorithm == Mod(4)
    assert one(algorithm="hash", hash_function="fnv1a", shard_count=3).algorithm == Hash(3, "fnv1a")
    assert one(algorithm="range", range_boundaries=[1, 5]).algorithm == Range((1, 5))
    custom = one(algorithm="python:operator.mod", shard_count=4).algorithm
    assert isinstance(custom, Custom)
    assert custom.shard_of(7) == 3


def test_a_rule_has_what_the_configuration_says() -> None:
    made = one(
        shard_count=4,
        key_type="integer",
        binding="b",
        scatter_writes="allow",
        id_column="id",
        id_generator="snowflake",
        physical_name="{table}_{index:02d}",
    )
    assert (made.key, made.binding, made.scatter_writes) == (INTEGER, "b", True)
    assert (made.id_column, made.id_generator, made.column) == ("id", "snowflake", "k")
    assert (made.count, made.physical_name("t", 3)) == (4, "t_03")


def test_a_hash_of_texts_is_of_their_bytes_in_the_column() -> None:
    made = one(algorithm="hash", key_type="string", key_collation="latin1_swedish_ci")
    assert made.algorithm == Hash(16, codec="cp1252")


def test_boundaries_are_canonical_under_the_collation() -> None:
    made = one(
        algorithm="range",
        range_boundaries=["b", "É"],
        key_type="string",
        key_collation="utf8mb4_general_ci",
    )
    assert made.algorithm == Range(("B", "E"))


@pytest.mark.parametrize(
    "keys, key, reason",
    [
        ({}, Key(KeyType.STRING, "utf8mb4_bin"), "only whole numbers have a remainder"),
        (
            {"algorithm": "range", "range_boundaries": ["a", "B"]},
            Key(KeyType.STRING, "utf8mb4_bin"),
            "the boundary B is not above a before it",
        ),
        (
            {"algorithm": "range", "range_boundaries": ["a", "b"]},
            INTEGER,
            "of the boundary a, a text that is not plainly a number is compared with one",
        ),
        (
            {"algorithm": "range", "range_boundaries": [datetime.datetime(2020, 1, 1, 5)]},
            Key(KeyType.DATE),
            "of the boundary 2020-01-01 05:00:00, the column cannot have a value like it",
        ),
    ],
)
def test_a_column_that_does_not_fit_is_refused(keys: dict[str, Any], key: Key, reason: str) -> None:
    with pytest.raises(SqlError) as caught:
        rules(rule("t", **keys)).with_key("t", key)
    assert caught.value.message == (
        f"The sharding rule t does not fit the column k of table 't': {reason}"
    )


@pytest.mark.parametrize(
    "boundaries, key",
    [
        ([1.5, 2.5], Key(KeyType.DECIMAL)),
        ([datetime.datetime(2020, 1, 1, 5, 0, 0, 7)], Key(KeyType.DATETIME)),
        ([datetime.date(2020, 1, 1)], Key(KeyType.DATETIME)),
        ([datetime.date(2020, 1, 1)], Key(KeyType.DATE)),
        (["a", "b"], Key(KeyType.BINARY)),
        ([1, 2.5], INTEGER),
    ],
)
def test_a_boundary_need_not_be_a_value_of_the_column(boundaries: list[Any], key: Key) -> None:
    made = rules(rule("t", algorithm="range", range_boundaries=boundaries)).with_key("t", key)
    assert found(made, "t") == "t"


def test_a_column_that_was_read_makes_new_rules_for_that_table_alone() -> None:
    before = rules(rule("log_*"))
    after = before.with_key("log_1", INTEGER)
    one, other = after.find("LOG_1"), after.find("log_2")
    assert one is not None
    assert other is not None
    assert (one.key, one.table_pattern, other.key) == (INTEGER, "log_1", None)
    assert before.find("log_1") == other
    assert after.version != before.version


def test_a_column_of_a_table_that_is_not_sharded_is_not_taken() -> None:
    with pytest.raises(KeyError):
        rules(rule("t")).with_key("u", INTEGER)


def test_physical_tables_have_their_logical_one() -> None:
    among = rules(rule("Orders", shard_count=4), rule("log_*", physical_name="p{index}_{table}"))
    names = ["orders_3", "ORDERS_0", "orders_4", "orders_03", "orders", "p15_log_7", "log_7_1"]
    logical = ["Orders", "Orders", None, None, None, "log_7", None]
    assert [among.logical_name(name) for name in names] == logical


def test_broadcast_tables_and_shards_have_their_places() -> None:
    among = rules(rule("t", shard_count=4), broadcast_tables=["Countries"])
    assert among.is_broadcast("countries")
    assert not among.is_broadcast("t")
    assert [among.db_group_of(index) for index in range(4)] == ["a", "b", "a", "b"]


def test_any_two_rules_have_different_versions() -> None:
    assert rules().version != rules().version
