"""The plans that were used last are kept, within bounds."""

from __future__ import annotations

from athena_g.router.cache import MAX_KEY_BYTES, PlanCache


def test_a_plan_is_found_under_its_key() -> None:
    cache = PlanCache[str](2)
    assert cache.get(b"a") is None
    cache.put(b"a", "plan")
    assert cache.get(b"a") == "plan"
    assert (cache.hits, cache.misses, cache.evictions) == (1, 1, 0)


def test_the_plan_that_was_used_longest_ago_goes_first() -> None:
    cache = PlanCache[int](2)
    cache.put(b"a", 1)
    cache.put(b"b", 2)
    cache.get(b"a")
    cache.put(b"c", 3)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [1, None, 3]
    assert cache.evictions == 1


def test_a_plan_that_is_put_again_is_the_newest_and_counts_once() -> None:
    cache = PlanCache[int](2)
    cache.put(b"a", 1)
    cache.put(b"b", 2)
    cache.put(b"a", 3)
    assert (len(cache), cache.bytes) == (2, 2)
    cache.put(b"c", 4)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [3, None, 4]


def test_a_text_that_is_too_long_is_not_kept() -> None:
    cache = PlanCache[int](2)
    cache.put(b"x" * (MAX_KEY_BYTES + 1), 1)
    assert len(cache) == 0
    cache.put(b"x" * MAX_KEY_BYTES, 1)
    assert len(cache) == 1


def test_the_bytes_of_all_keys_together_are_bounded() -> None:
    cache = PlanCache[int](100, max_bytes=10)
    for place in range(4):
        cache.put((b"%d" % place * 3, "u", 7), place)
    assert (len(cache), cache.bytes, cache.evictions) == (2, 8, 2)
    assert cache.get((b"333", "u", 7)) == 3
    cache.put(b"x" * 11, 1)
    assert len(cache) == 2


def test_a_cache_of_no_plans_keeps_none() -> None:
    cache = PlanCache[int](0)
    cache.put(b"a", 1)
    assert cache.get(b"a") is None
    assert cache.evictions == 0


def test_a_cleared_cache_is_empty_and_goes_on_counting() -> None:
    cache = PlanCache[int](1)
    cache.put(b"a", 1)
    cache.get(b"a")
    cache.clear()
    assert cache.get(b"a") is None
    assert (len(cache), cache.bytes, cache.hits, cache.misses, cache.evictions) == (0, 0, 1, 1, 0)


def test_its_repr_says_how_it_goes() -> None:
    cache = PlanCache[int](2)
    cache.put(b"abc", 1)
    cache.get(b"abc")
    assert "1 of 2 plans, 3 bytes of keys, 1 hits, 0 misses, 0 evictions" in repr(cache)
