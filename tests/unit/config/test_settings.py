from __future__ import annotations

import pytest

from athena_g.config import GroupSettings, Settings


def test_settings_made_directly_ignore_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATHENA_SERVER__LISTEN_PORT", "1")
    group = GroupSettings.model_validate(
        {"name": "g", "user": "u", "password": "p", "home_group": "h", "db_groups": [{"name": "h"}]}
    )
    assert Settings(groups=(group,)).server.listen_port == 3307
