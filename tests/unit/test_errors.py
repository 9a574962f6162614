"""The registry of errors: its entries are sound and documented."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from athena_g import errors

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
ENTRIES = list(errors.registry())


def fields_of(code: errors.ErrorCode) -> dict[str, str]:
    return {name: f"<{name}>" for _, name, _, _ in Formatter().parse(code.text) if name}


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.name)
def test_an_entry_gives_an_error_with_every_field_in_its_text(code: errors.ErrorCode) -> None:
    fields = fields_of(code)
    error = code(**fields)
    assert all(value in error.message for value in fields.values())
    assert (error.errno, error.sqlstate) == (code.errno, code.sqlstate)


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.name)
def test_an_entry_has_a_sound_number_and_sqlstate(code: errors.ErrorCode) -> None:
    assert 1000 <= code.errno <= 9999
    assert re.fullmatch("[0-9A-Z]{5}", code.sqlstate)
    assert code.help.endswith((".", ")"))


def test_names_are_those_of_the_module() -> None:
    assert all(getattr(errors, code.name) is code for code in ENTRIES)


def test_the_documentation_is_what_the_registry_says() -> None:
    assert DOCS.read_text() == errors.documentation(), "run scripts/generate"
