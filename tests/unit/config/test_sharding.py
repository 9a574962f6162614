from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from athena_g.config import ShardingRuleSettings

from .samples import EMBEDDED, Bench

RULE = "groups[0].sharding_rules[0]"


def rule(lines: str) -> str:
    head = '[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "t"\nshard_column = "c"\n'
    return EMBEDDED + "shard_indices = [0, 1, 2]\n" + head + lines


def loaded(bench: Bench, lines: str) -> ShardingRuleSettings:
    return bench.load(rule(lines)).groups[0].sharding_rules[0]


@pytest.mark.parametrize(
    "word, algorithm",
    [("mod", "mod"), ("MODULO", "mod"), ("Hash", "hash")],
)
def test_an_algorithm_is_known_in_any_case_of_letters(
    bench: Bench, word: str, algorithm: str
) -> None:
    group = bench.load(rule(f'algorithm = "{word}"\nshard_count = 3\n')).groups[0]
    assert group.sharding_rules[0].algorithm == algorithm


def test_an_unknown_algorithm_is_refused_with_those_there_are(bench: Bench) -> None:
    assert bench.problems(rule('algorithm = "crc32"\n')) == {
        f"{RULE}.algorithm": '"crc32" is not known here; write "mod", "modulo", "hash", "range" or '
        '"python:package.module.function"'
    }


@pytest.mark.parametrize("count", ["", "shard_count = 3\n"])
def test_a_range_rule_counts_its_boundaries(bench: Bench, count: str) -> None:
    text = rule(f'algorithm = "range"\nrange_boundaries = [-5, 10]\n{count}')
    made = bench.load(text).groups[0].sharding_rules[0]
    assert (made.range_boundaries, made.shard_count) == ((-5, 10), 3)


def test_a_range_rule_with_another_shard_count_is_refused(bench: Bench) -> None:
    text = rule('algorithm = "range"\nrange_boundaries = [1, 2]\nshard_count = 16\n')
    assert bench.problems(text) == {
        f"{RULE}.shard_count": "16 does not fit range_boundaries; write 3 (the number of "
        "boundaries plus 1), or leave it out"
    }


@pytest.mark.parametrize(
    "lines, message",
    [
        ('algorithm = "range"\n', 'is empty; algorithm = "range" needs one boundary or more'),
        (
            'algorithm = "range"\nrange_boundaries = []\n',
            'is empty; algorithm = "range" needs one boundary or more',
        ),
        (
            'algorithm = "range"\nrange_boundaries = [1, 5, 5]\n',
            "5 at index 2 is not above 5 before it; write the boundaries in strictly ascending",
        ),
        (
            'algorithm = "hash"\nrange_boundaries = [1]\nshard_count = 3\n',
            'has no effect with "hash"; write algorithm = "range" or drop it',
        ),
    ],
)
def test_wrong_boundaries_are_refused(bench: Bench, lines: str, message: str) -> None:
    problems = bench.problems(rule(lines))
    assert list(problems) == [f"{RULE}.range_boundaries"]
    assert problems[f"{RULE}.range_boundaries"].startswith(message)


def test_a_boundary_beyond_64_bits_is_refused(bench: Bench) -> None:
    text = rule(f'algorithm = "range"\nrange_boundaries = [1, {2**64}]\n')
    assert bench.problems(text)[f"{RULE}.range_boundaries"].startswith(f"has {2**64}, which has")


@pytest.mark.parametrize("table", ["ord%", "*", "**", "shop.orders", "`orders`", ""])
def test_a_pattern_is_a_bare_name_and_not_that_of_every_table(table: str) -> None:
    with pytest.raises(ValidationError):
        ShardingRuleSettings(name="r", table_pattern=table, shard_column="c")


@pytest.mark.parametrize("table", ["orders_*", "log_????", "größe"])
def test_a_pattern_may_have_wildcards(table: str) -> None:
    made = ShardingRuleSettings(name="r", table_pattern=table, shard_column="c")
    assert made.table_pattern == table


@pytest.mark.parametrize(
    "written, boundaries",
    [
        ("[1, 2.5]", (1, Decimal("2.5"))),
        ("[2020-01-01, 2021-01-01]", (datetime.date(2020, 1, 1), datetime.date(2021, 1, 1))),
        (
            "[2020-01-01T00:00:00, 2020-01-01 12:00:00]",
            (datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, 12)),
        ),
        ('["B", "a"]', ("B", "a")),
        ('["a", "B"]', ("a", "B")),
    ],
)
def test_boundaries_are_of_one_kind(
    bench: Bench, written: str, boundaries: tuple[object, ...]
) -> None:
    made = loaded(bench, f'algorithm = "range"\nrange_boundaries = {written}\n')
    assert made.range_boundaries == boundaries


@pytest.mark.parametrize(
    "written, message",
    [
        ('[1, "a"]', "mixes numbers and text; write boundaries of one kind"),
        ("[2020-01-01, 2020-01-01T10:00:00]", "mixes dates and times; write boundaries of one"),
        ("[2020-01-01T00:00:00Z]", "has 2020-01-01 00:00:00+00:00 with a time zone; write the"),
        ("[10:00:00]", "the value has an entry that is no number, date or text; write a list"),
        ("[true]", "the value has an entry that is no number, date or text; write a list"),
        ("[nan]", "has nan; write finite numbers of at most 15 digits"),
        ("[0.1234567890123456]", "has 0.1234567890123456; write finite numbers of at most 15"),
        ('["a\\tb"]', "has text with a control character; write boundaries without them"),
        ('["b", "a"]', "a at index 1 is not above b before it; write the boundaries in"),
        ("7", "7 is not a list; write a list of ascending numbers, dates, times or texts"),
    ],
)
def test_other_boundaries_are_refused(bench: Bench, written: str, message: str) -> None:
    problems = bench.problems(rule(f'algorithm = "range"\nrange_boundaries = {written}\n'))
    assert problems[f"{RULE}.range_boundaries"].startswith(message)


def test_a_function_is_named_by_a_path(bench: Bench) -> None:
    made = loaded(bench, 'algorithm = "python:operator.mod"\nshard_count = 3\n')
    assert made.algorithm == "python:operator.mod"


@pytest.mark.parametrize(
    "name", ["python:f", "python:", "python:a..b", "python:a.b()", "Python:a.b"]
)
def test_another_name_of_a_function_is_refused(bench: Bench, name: str) -> None:
    problems = bench.problems(rule(f'algorithm = "{name}"\nshard_count = 3\n'))
    assert problems[f"{RULE}.algorithm"].startswith(f'"{name}" is not known here; write "mod"')


def test_a_hash_function_goes_with_hash_alone(bench: Bench) -> None:
    lines = 'shard_count = 3\nhash_function = "FNV1a"\n'
    assert loaded(bench, 'algorithm = "hash"\n' + lines).hash_function == "fnv1a"
    assert bench.problems(rule(lines)) == {
        f"{RULE}.hash_function": 'has no effect with "mod"; write algorithm = "hash" or drop it'
    }


@pytest.mark.parametrize(
    "lines, key, message",
    [
        (
            'key_type = "string"\nkey_collation = "utf8mb4_bin"\n',
            "key_type",
            '"string" has no remainder; write "integer", or algorithm = "hash"',
        ),
        (
            'algorithm = "hash"\nkey_type = "string"\n',
            "key_collation",
            'is missing; write the collation of the column, such as "utf8mb4_0900_ai_ci"',
        ),
        (
            'key_collation = "utf8mb4_bin"\n',
            "key_collation",
            'has no effect without key_type = "string"; write it too, or drop this',
        ),
        (
            'algorithm = "range"\nrange_boundaries = [1.5, 2.5]\nkey_type = "integer"\n',
            "key_type",
            '"integer" does not fit the boundary 1.5; write both alike',
        ),
        (
            'algorithm = "range"\nrange_boundaries = [2020-01-01, 2021-01-01]\n'
            'key_type = "datetime"\n',
            "key_type",
            '"datetime" does not fit the boundary 2020-01-01; write both alike',
        ),
        ('key_type = "float"\n', "key_type", '"float" is not known here; write "integer", '),
        (
            'algorithm = "hash"\nkey_type = "string"\nkey_collation = "a b"\n',
            "key_collation",
            '"a b" is not the name of a collation; write a collation, such as',
        ),
    ],
)
def test_a_key_that_does_not_fit_is_refused(
    bench: Bench, lines: str, key: str, message: str
) -> None:
    problems = bench.problems(rule("shard_count = 3\n" + lines))
    assert list(problems) == [f"{RULE}.{key}"]
    assert problems[f"{RULE}.{key}"].startswith(message)


@pytest.mark.parametrize("name", ["{table}_{index:04d}", "p{index}_{table}", "{table}-{index:d}"])
def test_a_physical_name_has_the_table_and_the_index(bench: Bench, name: str) -> None:
    assert loaded(bench, f'shard_count = 3\nphysical_name = "{name}"\n').physical_name == name


@pytest.mark.parametrize(
    "name",
    [
        "{table}", "x_{index}", "{table}{index}", "{table}0{index}", "{table}_{index}_{index}",
        "{table}_{index:x}", "{table}_{index:3}", "{table}_{index:0100}", "{table!r}_{index}",
        "{table:>9}_{index}",
        "{table}.{index}", "{table}_{index", "{table.__class__}_{index}", "{}_{index}", "",
    ],
)  # fmt: skip
def test_another_physical_name_is_refused(bench: Bench, name: str) -> None:
    problems = bench.problems(rule(f'shard_count = 3\nphysical_name = "{name}"\n'))
    assert problems[f"{RULE}.physical_name"].endswith(
        'write a text with {table} and {index} in it, such as "{table}_{index:04d}"'
    )


def test_a_physical_name_that_is_too_long_is_refused(bench: Bench) -> None:
    lines = f'shard_count = 3\nphysical_name = "{"x" * 61}{{table}}_{{index}}"\n'
    loaded(bench, lines.replace("xx", "x", 1))
    assert (
        "more than 64 characters"
        in bench.problems(rule(lines.replace("x", "xx", 1)))[f"{RULE}.physical_name"]
    )


def test_an_id_column_and_its_generator_go_together(bench: Bench) -> None:
    column, generator = 'id_column = "id"\n', 'id_generator = "snowflake"\n'
    count = "shard_count = 3\n"
    made = loaded(bench, count + column + generator)
    assert (made.id_column, made.id_generator) == ("id", "snowflake")
    for one in (column, generator):
        assert list(bench.problems(rule(count + one))) == [f"{RULE}.id_generator"]


@pytest.mark.parametrize("word, good", [("reject", True), ("allow", True), ("yes", False)])
def test_writes_of_several_shards_are_rejected_or_allowed(word: str, good: bool) -> None:
    table = {"name": "r", "table_pattern": "t", "shard_column": "c", "scatter_writes": word}
    try:
        assert ShardingRuleSettings.model_validate(table).scatter_writes == word
    except ValidationError:
        assert not good
