from __future__ import annotations

import pytest

from athena_g.config.substitution import SubstitutionError, substitute

ENVIRON = {"A": "1", "LONG_NAME": "${A}"}


@pytest.mark.parametrize(
    "text, result",
    [
        ("plain $A $ {A}", "plain $A $ {A}"),
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${LONG_NAME}", "${A}"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("${A", "${A"),
    ],
)
def test_references_are_replaced_once(text: str, result: str) -> None:
    assert substitute(text, ENVIRON) == result


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(SubstitutionError, match="the environment variable NOPE is not set"):
        substitute("${A}${NOPE}", ENVIRON)


@pytest.mark.parametrize("text", ["${}", "${a b}", "${1A}", "${geheim!}"])
def test_what_is_no_name_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SubstitutionError, match="without the name of a variable") as error:
        substitute(text, ENVIRON)
    assert text[2:-1] == "" or text[2:-1] not in str(error.value)


def test_an_empty_variable_is_an_empty_text() -> None:
    assert substitute("a${E}b", {"E": ""}) == "ab"
