from __future__ import annotations

import pytest

from .samples import LOGIN, Bench

GROUP = (
    LOGIN
    + '{tables}\n[[groups.db_groups]]\nname = "home"\nembedded = true\nshard_indices = [0, 1]\n'
)
RANGE = 'algorithm = "range"\nrange_boundaries = [{}]\n'


def group(*rules: str, tables: str = "") -> str:
    text = GROUP.format(tables=tables)
    for number, lines in enumerate(rules):
        text += f'[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "t{number}"\n'
        text += f'shard_column = "c"\n{lines}\n'
    return text


@pytest.mark.parametrize(
    "lines", ["shard_count = 2\n", RANGE.format(7), 'algorithm = "hash"\nshard_count = 2\n']
)
def test_rules_that_decide_alike_may_be_bound(bench: Bench, lines: str) -> None:
    bound = lines + 'binding = "b"\n'
    settings = bench.load(group(bound, bound, "shard_count = 1"))
    assert [rule.binding for rule in settings.groups[0].sharding_rules] == ["b", "b", None]


@pytest.mark.parametrize(
    "first, second, different",
    [
        ("shard_count = 2", "shard_count = 1", "shard_count is"),
        ("shard_count = 2", 'shard_count = 2\nalgorithm = "hash"', "algorithm is"),
        (RANGE.format(7), RANGE.format(8), "range_boundaries is"),
        ("shard_count = 2", 'shard_count = 2\nkey_type = "integer"', "key_type is"),
        (
            "shard_count = 2",
            'shard_count = 1\nalgorithm = "hash"\nhash_function = "fnv1a"',
            "algorithm and hash_function and shard_count are",
        ),
    ],
)
def test_rules_that_decide_otherwise_may_not(
    bench: Bench, first: str, second: str, different: str
) -> None:
    problems = bench.problems(group(f'{first}\nbinding = "b"', f'{second}\nbinding = "b"'))
    assert problems == {
        "groups[0].sharding_rules[1].binding": '"b" is that of groups[0].sharding_rules[0] too, '
        f"whose {different} different; write them alike, or another label"
    }


def test_a_function_that_cannot_be_imported_is_refused(bench: Bench) -> None:
    problems = bench.problems(group('algorithm = "python:no_such.f"\nshard_count = 2'))
    assert problems == {
        "groups[0].sharding_rules[0].algorithm": "no_such cannot be imported: ModuleNotFoundError: "
        "No module named 'no_such'; write a function that Python finds, with its directory in "
        "PYTHONPATH"
    }


def test_a_broadcast_table_is_not_sharded(bench: Bench) -> None:
    bench.load(group("shard_count = 2", tables='broadcast_tables = ["u"]'))
    problems = bench.problems(group("shard_count = 2", tables='broadcast_tables = ["u", "T0"]'))
    assert problems == {
        "groups[0].broadcast_tables[1]": '"T0" is a table of groups[0].sharding_rules[0] too; a '
        "table is either sharded or everywhere"
    }


def test_a_table_is_not_called_like_a_part_of_another(bench: Bench) -> None:
    named = group("shard_count = 2", "shard_count = 2").replace('"t1"', '"T0_1"')
    assert bench.problems(named) == {
        "groups[0].sharding_rules[1].table_pattern": '"T0_1" is what a part of the table of '
        "groups[0].sharding_rules[0] is called; write another physical_name there"
    }
    bench.load(named.replace('"T0_1"', '"T0_2"'))
    bench.load(
        group("shard_count = 2\nphysical_name = '{table}_{index:02d}'").replace("t1", "t0_1")
    )
