from __future__ import annotations

import pytest

from athena_g.config.shards import compressed

from .samples import LOGIN, Bench

DB_GROUPS = "groups[0].db_groups"


def group(*indices: str, rules: tuple[str, ...] = ("shard_count = 4",)) -> str:
    text = LOGIN
    for number, held in enumerate(indices):
        name = "home" if number == 0 else f"g{number}"
        text += f'[[groups.db_groups]]\nname = "{name}"\nembedded = true\n'
        text += f"shard_indices = {held}\n"
    for number, rule in enumerate(rules):
        text += f'[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "t{number}"\n'
        text += f'shard_column = "c"\n{rule}\n'
    return text


def test_every_index_in_one_db_group_is_accepted_also_in_the_home_group(bench: Bench) -> None:
    made = bench.load(group("[0, 3]", "[2, 1]")).groups[0]
    assert [each.shard_indices for each in made.db_groups] == [(0, 3), (2, 1)]


def test_the_largest_rule_decides_how_many_indices_there_are(bench: Bench) -> None:
    ranges = 'algorithm = "range"\nrange_boundaries = [1, 2, 3, 4, 5]'
    bench.load(group("[0, 1, 2, 3, 4, 5]", rules=("shard_count = 4", ranges)))
    problems = bench.problems(group("[0, 1, 2, 3]", rules=("shard_count = 4", ranges)))
    assert list(problems) == [DB_GROUPS]


def test_missing_indices_are_named_as_ranges(bench: Bench) -> None:
    problems = bench.problems(group("[]", "[4, 5, 9]", rules=("",)))
    assert problems == {
        DB_GROUPS: "no DB group has shard index 0-3, 6-8, 10-15; the rules need 0 to 15: write "
        "the missing ones into shard_indices"
    }


def test_an_index_in_two_db_groups_is_refused_naming_both(bench: Bench) -> None:
    problems = bench.problems(group("[]", "[0, 1, 2]", "[1, 2, 3]"))
    assert problems == {
        f"{DB_GROUPS}[2].shard_indices": '1-2 of DB group "g2" is also in DB group "g1"; write '
        "each shard index in one DB group"
    }


def test_indices_beyond_the_rules_are_refused(bench: Bench) -> None:
    problems = bench.problems(group("[0, 1, 2, 3, 4, 7]"))
    assert problems == {
        f"{DB_GROUPS}[0].shard_indices": "4, 7 belongs to no rule, as the largest shard_count of "
        "a rule is 4; write 0 to 3"
    }


def test_indices_without_a_rule_are_refused(bench: Bench) -> None:
    problems = bench.problems(group("[0]", rules=()))
    assert problems == {
        f"{DB_GROUPS}[0].shard_indices": "0 belongs to no rule, as the group has no rule; leave "
        "shard_indices out"
    }


@pytest.mark.parametrize(
    "held, path, message",
    [
        ("[0, -1]", "[1]", "-1 is out of range; write a list of whole numbers from 0 to 65535"),
        ("[0, 'x']", "[1]", '"x" is not a whole number; write a list of whole numbers '),
        ("[0, 1, 0]", "", "has 0 more than once; write each shard index once"),
        ("3", "", "3 is not a list; write a list of whole numbers from 0 to 65535"),
        ("{}", "", "the value is not a list; write a list of whole numbers from 0 to 65535"),
    ],
)
def test_a_wrong_list_is_the_only_problem(bench: Bench, held: str, path: str, message: str) -> None:
    problems = bench.problems(group(held))
    assert list(problems) == [f"{DB_GROUPS}[0].shard_indices{path}"]
    assert next(iter(problems.values())).startswith(message)


def test_a_wrong_rule_is_the_only_problem(bench: Bench) -> None:
    assert list(bench.problems(group("[]", rules=("shard_count = 0",)))) == [
        "groups[0].sharding_rules[0].shard_count"
    ]


@pytest.mark.parametrize(
    "indices, text",
    [([], ""), ([5], "5"), ([1, 0, 2], "0-2"), ([0, 2, 3, 9], "0, 2-3, 9")],
)
def test_indices_are_compressed_to_ranges(indices: list[int], text: str) -> None:
    assert compressed(indices) == text
