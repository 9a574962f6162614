"""Configurations to begin with, and a bench that loads what a test makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from athena_g.config import ConfigError, Settings, load

LOGIN = """
[[groups]]
name = "shop"
user = "client"
password = "client-pw"
home_group = "home"
"""

EMBEDDED = f"""
{LOGIN}
[[groups.db_groups]]
name = "home"
embedded = true
"""

INSTANCE = """
[[groups.db_groups.instances]]
host = "10.0.0.11"
user = "athena"
password = "instance-pw"
"""

ON_A_SERVER = f"""
{LOGIN}
[[groups.db_groups]]
name = "home"
{INSTANCE}
"""


class Bench:
    """A directory with a configuration file in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "athena.toml"

    def write(self, name: str, content: str = "content") -> Path:
        """The new file ``name`` in the directory."""
        path = self.directory / name
        path.write_text(content, encoding="utf-8")
        return path

    def load(
        self,
        text: str = ON_A_SERVER,
        environ: Mapping[str, str] | None = None,
        *,
        check_support: bool = False,
    ) -> Settings:
        """The settings that ``text`` makes."""
        self.path.write_text(text, encoding="utf-8")
        return load(self.path, environ or {}, check_support=check_support)

    def error(
        self,
        text: str = ON_A_SERVER,
        environ: Mapping[str, str] | None = None,
        *,
        check_support: bool = False,
    ) -> ConfigError:
        """The error that ``text`` makes."""
        try:
            self.load(text, environ, check_support=check_support)
        except ConfigError as error:
            return error
        raise AssertionError("the configuration was accepted")

    def problems(
        self,
        text: str = ON_A_SERVER,
        environ: Mapping[str, str] | None = None,
        *,
        check_support: bool = False,
    ) -> dict[str, str]:
        """The messages that ``text`` makes, by key path."""
        error = self.error(text, environ, check_support=check_support)
        messages = {problem.key_path: problem.message for problem in error.problems}
        assert len(messages) == len(error.problems), "two problems at one place"
        return messages
