from __future__ import annotations

import pytest
from pydantic import ValidationError

from athena_g.config import DbGroupSettings

from .samples import ON_A_SERVER, Bench


def test_settings_are_immutable_throughout(bench: Bench) -> None:
    settings = bench.load(ON_A_SERVER)
    for table in (settings, settings.server, settings.groups[0], settings.groups[0].home):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(table, next(iter(type(table).model_fields)), None)
    assert isinstance(settings.groups, tuple)


def test_an_unknown_key_is_refused_without_a_file_too() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        DbGroupSettings.model_validate({"name": "a", "nam": "b"})
