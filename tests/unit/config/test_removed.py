from __future__ import annotations

import pytest

from .samples import EMBEDDED, Bench


@pytest.mark.parametrize(
    "text, path, advice",
    [
        ("[circuit]\nenabled = true", "circuit", "use limiter under the instance "),
        ("[[sharding]]\nname = 'x'", "sharding", "use [[groups.sharding_rules]]"),
        ("[backend]\nhost = 'x'", "backend", "as [[groups.db_groups.instances]]"),
        ("[[backends]]\nhost = 'x'", "backends", "as [[groups.db_groups.instances]]"),
        ("[[shards]]\nhost = 'x'", "shards", "as [[groups.db_groups.instances]]"),
    ],
)
def test_a_removed_table_names_its_successor(
    bench: Bench, text: str, path: str, advice: str
) -> None:
    problems = bench.problems(f"{text}\n{EMBEDDED}")
    assert list(problems) == [path]
    assert problems[path].startswith("is gone; ")
    assert advice in problems[path]


def test_shard_id_names_its_successor(bench: Bench) -> None:
    problems = bench.problems(EMBEDDED + "shard_id = 0\n")
    assert problems == {
        "groups[0].db_groups[0].shard_id": "is gone; use shard_indices, a list such as [0, 1]"
    }


def test_a_removed_name_elsewhere_is_just_an_unknown_key(bench: Bench) -> None:
    problems = bench.problems(f"[log]\ncircuit = 1\n{EMBEDDED}")
    assert problems["log.circuit"].startswith("is not a key")
