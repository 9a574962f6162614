from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.router.physical_names import PhysicalName

TEMPLATES = ["{table}_{index}", "{table}_{index:04d}", "p{index}_{table}", "{table}_0{index}x"]


@pytest.mark.parametrize(
    "template, name",
    [
        ("{table}_{index}", "orders_3"),
        ("{table}_{index:04d}", "orders_0003"),
        ("p{index}_{table}", "p3_orders"),
    ],
)
def test_a_template_makes_names(template: str, name: str) -> None:
    assert PhysicalName(template).of("orders", 3) == name


@pytest.mark.parametrize("template", TEMPLATES)
@given(table=st.text("aB_0é.", min_size=1), index=st.integers(0, 65535))
def test_a_name_is_read_back(template: str, table: str, index: int) -> None:
    physical = PhysicalName(template)
    assert physical.parts(physical.of(table, index)) == (table, index)


@pytest.mark.parametrize("name", ["orders", "orders_", "orders_x", "orders_03", "_3", "orders_3 "])
def test_another_name_is_not(name: str) -> None:
    assert PhysicalName("{table}_{index}").parts(name) is None


def test_the_case_of_letters_does_not_matter() -> None:
    assert PhysicalName("p{index}_{table}").parts("P3_Orders") == ("Orders", 3)
