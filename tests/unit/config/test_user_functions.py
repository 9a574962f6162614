from __future__ import annotations

import operator

import pytest

from athena_g.config.user_functions import NotImported, imported


def test_a_function_is_imported_by_its_path() -> None:
    assert imported("python:operator.mod") is operator.mod


@pytest.mark.parametrize(
    "name, reason",
    [
        ("python:no_such_module.f", "no_such_module cannot be imported: ModuleNotFoundError: No"),
        ("python:operator.no_such", "operator has no no_such"),
        ("python:math.pi", "pi of math is no function"),
    ],
)
def test_what_cannot_be_had_is_said(name: str, reason: str) -> None:
    with pytest.raises(NotImported) as caught:
        imported(name)
    assert str(caught.value).startswith(reason)
