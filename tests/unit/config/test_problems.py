from __future__ import annotations

import pytest

from athena_g.config.problems import ConfigError, Problem, key_path


@pytest.mark.parametrize(
    "location, path",
    [
        (("server", "listen_port"), "server.listen_port"),
        (("groups", 0, "db_groups", 12, "name"), "groups[0].db_groups[12].name"),
        (("a b", "c.d", 'e"f'), '"a b"."c.d"."e\\"f"'),
        (("größe",), '"größe"'),
        ((), ""),
    ],
)
def test_a_key_path_is_what_people_write(location: tuple[str | int, ...], path: str) -> None:
    assert key_path(location) == path


def test_the_text_has_one_line_for_each_problem() -> None:
    error = ConfigError(
        "conf/athena.toml",
        [Problem("pool.max_open", "is wrong"), Problem("ATHENA_X", "is nothing", "environment")],
    )
    assert str(error) == (
        "conf/athena.toml: pool.max_open: is wrong\nenvironment: ATHENA_X: is nothing"
    )


def test_a_problem_with_the_whole_file_has_no_key_path() -> None:
    error = ConfigError("x.toml", [Problem("", "there is no such file")])
    assert str(error) == "x.toml: there is no such file"
