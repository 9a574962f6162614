"""The tables that are printed."""

from __future__ import annotations

import pytest
from bench_lib.figures import Summary
from bench_lib.idle import IdleSummary
from bench_lib.table import idle_table, number, render, timed_table

DIRECT = Summary("direct", 20000, 0.5, None, None, None, None, 1.25, (), ())
ATHENA = Summary("athena-g", 8000, 1.25, 50e-6, 20e-6, 30e-6, 1.5, 0.5, (), ())


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right() -> None:
    assert render(["path", "rate"], [["direct", "1,000"], ["athena-g", "–"]]) == (
        "| path     |  rate |\n"
        "|----------|------:|\n"
        "| direct   | 1,000 |\n"
        "| athena-g |     – |"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (12345.6, "12,346"),
        (123.4, "123"),
        (12.34, "12.3"),
        (0.678, "0.68"),
        (0, "0.00"),
    ],
)
def test_a_number_has_the_digits_that_matter(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_timed_table_shows_rates_and_cpu_in_its_units() -> None:
    lines = timed_table("point", [(8, [DIRECT, ATHENA])]).splitlines()
    assert lines[0] == "### Point select"
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]] == [
        "8", "athena-g", "8,000", "1.25", "50.0", "20.0", "30.0", "1.50", "0.50"
    ]  # fmt: skip
    assert [cell.strip() for cell in lines[-2].split("|")[5:8]] == ["–", "–", "–"]


def test_a_line_with_errors_is_flagged() -> None:
    broken = Summary("athena-g", None, None, None, None, None, None, None, ("it broke",), ())
    assert "| athena-g (errors!) |" in timed_table("connect", [(1, [DIRECT, broken])])


def test_memory_is_shown_for_each_client() -> None:
    grown = IdleSummary("athena-g", 1000, at_start=51200, logged_in=61440, after_query=71680)
    assert [cell.strip() for cell in idle_table([grown]).splitlines()[-1].split("|")[1:-1]] == [
        "1000", "athena-g", "50.0", "60.0", "10.2", "20.5"
    ]  # fmt: skip


def test_memory_that_could_not_be_measured_is_a_dash() -> None:
    refused = IdleSummary("HAProxy", 1000, at_start=2048, errors=("too many connections",))
    row = idle_table([refused]).splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "1000", "HAProxy (errors!)", "2.00", "–", "–", "–"
    ]  # fmt: skip
