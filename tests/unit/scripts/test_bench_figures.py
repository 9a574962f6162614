"""From samples to medians and ratios."""

from __future__ import annotations

import pytest
from bench_lib.figures import Outcome, Sample, middle, middle_ratio, percentile, summarise
from bench_lib.process import TICKS_PER_SECOND, CpuTime, parse_stat


def sample(*, rate: float, cpu: float | None = None, p95_ms: float = 1.0) -> Sample:
    """100 queries; ``cpu`` is in seconds for each of them, a quarter of it in user space."""
    outcome = Outcome(count=100, seconds=100 / rate, p95_ms=p95_ms, amount=100)
    return Sample(outcome, None if cpu is None else CpuTime(cpu * 25, cpu * 75))


FAILED = Sample(None, None, ("it broke",))


def test_each_figure_is_the_median_of_the_rounds() -> None:
    samples = [sample(rate=10, cpu=3, p95_ms=7), sample(rate=90, cpu=1), sample(rate=20, cpu=2)]
    summary = summarise("athena-g", samples, [])
    assert (summary.rate, summary.p95_ms) == (pytest.approx(20), 1.0)
    assert (summary.cpu, summary.user, summary.kernel) == (2, 0.5, 1.5)


def test_a_ratio_compares_the_same_round() -> None:
    # The machine was ten times slower in the second round, for both.
    ours = [sample(rate=50, cpu=2), sample(rate=5, cpu=20), sample(rate=50, cpu=2)]
    theirs = [sample(rate=100, cpu=1), sample(rate=10, cpu=10), sample(rate=100, cpu=1)]
    summary = summarise("athena-g", ours, theirs)
    assert (summary.rate_ratio, summary.cpu_ratio) == (pytest.approx(0.5), pytest.approx(2))


def test_without_a_reference_there_are_no_ratios() -> None:
    summary = summarise("athena-g", [sample(rate=50, cpu=2)], [])
    assert (summary.rate_ratio, summary.cpu_ratio) == (None, None)


def test_without_a_proxy_there_is_no_cpu() -> None:
    summary = summarise("direct", [sample(rate=50)], [sample(rate=100, cpu=1)])
    assert (summary.cpu, summary.cpu_ratio) == (None, None)
    assert summary.rate_ratio == pytest.approx(0.5)


def test_a_failed_round_gives_its_error_once_and_no_figure() -> None:
    summary = summarise("athena-g", [FAILED, sample(rate=50, cpu=2), FAILED], [])
    assert (summary.rate, summary.cpu) == (pytest.approx(50), 2)
    assert summary.errors == ("it broke",)


def test_a_failed_round_of_either_side_is_left_out_of_the_ratio() -> None:
    ours = [FAILED, sample(rate=50, cpu=2), sample(rate=30, cpu=3)]
    theirs = [sample(rate=10, cpu=1), FAILED, sample(rate=10, cpu=1)]
    assert summarise("athena-g", ours, theirs).rate_ratio == pytest.approx(3)


def test_the_middle_of_nothing_is_nothing() -> None:
    assert middle([]) is None
    assert middle([None, None]) is None
    assert middle_ratio([(1.0, None), (None, 1.0), (1.0, 0.0)]) is None


@pytest.mark.parametrize(
    ("values", "expected"), [(range(1, 101), 95), ([3, 1, 2], 3), ([7], 7), (range(1, 21), 19)]
)
def test_a_percentile_is_a_value_that_occurred(values: list[float], expected: float) -> None:
    assert percentile(values, 95) == expected


def test_cpu_time_is_found_behind_any_program_name() -> None:
    before, after = "4711 (odd) name 1 2) S 1 4711 4711 0 -1 4194560 900 0 0 0 ", " 0 0 20 0 1 0"
    seconds = parse_stat(f"{before}{3 * TICKS_PER_SECOND} {5 * TICKS_PER_SECOND}{after}")
    assert seconds - CpuTime(1, 1) == CpuTime(2, 4)
