"""One configuration as it is written: the file, the environment over it, and its secrets.

The tables are plain dicts and lists here. Passwords are wrapped before anybody else sees them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Secret, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from athena_g.config import environment
from athena_g.config.problems import ConfigError, Location, Problem, key_path
from athena_g.config.schema import Model, keys
from athena_g.config.substitution import SubstitutionError, substitute

UNKNOWN = object()
"""Stands for a value that could not be had; a problem about it is reported already."""


_LONGEST_LINE = 65536


@dataclass(slots=True)
class Document:
    """The merged tables of one configuration, and what was wrong with making them.

    ``variables`` has the environment variable of each value that came from one, ``written`` the
    text in the file of each value that names one, and ``reported`` the places that already have
    a problem.
    """

    tables: dict[str, Any]
    directory: Path
    problems: list[Problem] = field(default_factory=list)
    variables: dict[Location, str] = field(default_factory=dict)
    written: dict[Location, str] = field(default_factory=dict)
    reported: set[Location] = field(default_factory=set)

    def report(self, location: Location, message: str) -> None:
        """Note a problem with the value at ``location``."""
        self.problems.append(Problem(key_path(location), message))
        self.reported.add(location)

    def at(self, location: Location) -> Any:
        """The value at ``location``, or ``UNKNOWN`` where there is none."""
        value: Any = self.tables
        for part in location:
            try:
                value = value[part]
            except (LookupError, TypeError):
                return UNKNOWN
        return value


class DocumentSource(PydanticBaseSettingsSource):
    """A document as a source of settings.

    It is one source for file and environment because pydantic-settings would replace a list of
    the file by that of the environment instead of merging them.
    """

    def __init__(self, settings_cls: type[BaseSettings], document: Document) -> None:
        super().__init__(settings_cls)
        self._document = document

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The value of one top-level key, its name, and that it needs no decoding."""
        return self._document.tables.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The merged tables."""
        return self._document.tables


def read(path: str | Path, environ: Mapping[str, str], model: Model) -> Document:
    """The file at ``path`` with ``environ`` over it. Raises ConfigError if there is no such TOML.

    Other problems are in the document.
    """
    document = Document(_parse(path), Path(path).absolute().parent)
    _override(document, environ, model)
    document.tables = _substituted(document, document.tables, (), environ)
    _resolve(document, document.tables, model, ())
    return document


def _parse(path: str | Path) -> dict[str, Any]:
    # Raised outside of the handlers: what these exceptions hold would be in the traceback.
    if Path(path).exists() and not Path(path).is_file():
        raise ConfigError(path, [Problem("", "is not a file")])
    try:
        return tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        message = "there is no such file"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"line {line} is not UTF-8; save the file as UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        message = f"is not TOML: {error}"
    except ValueError:
        message = "is not TOML: a number has too many digits"
    except RecursionError:
        message = "is not TOML: lists or tables are nested too deeply"
    raise ConfigError(path, [Problem("", message)])


def _override(document: Document, environ: Mapping[str, str], model: Model) -> None:
    overrides, problems = environment.read(environ, model)
    document.problems += problems
    set_here = {override.location for override in overrides}
    for override in overrides:
        problem = _whole_list(document, override) or environment.lay_over(document.tables, override)
        if problem:
            document.problems.append(problem)
            continue
        document.variables[override.location] = override.variable
        _drop_alternative(document, override.location, set_here)


def _whole_list(document: Document, override: environment.Override) -> Problem | None:
    other = document.variables.get(override.location[:-1])
    if other is None:
        return None
    message = f"names an entry of the list that {other} gives as a whole; unset one of them"
    return Problem(override.variable, message, "environment")


def _drop_alternative(document: Document, location: Location, keep: set[Location]) -> None:
    """Let a password of the environment replace the file's password_file, and the reverse."""
    *above, last = location
    other = {"password": "password_file", "password_file": "password"}.get(str(last))
    table = document.at(tuple(above))
    if other and isinstance(table, dict) and (*above, other) not in keep:
        table.pop(other, None)


def _substituted(
    document: Document, value: Any, location: Location, environ: Mapping[str, str]
) -> Any:
    if isinstance(value, dict):
        return {
            key: _substituted(document, child, (*location, key), environ)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [
            _substituted(document, child, (*location, index), environ)
            for index, child in enumerate(value)
        ]
    if not isinstance(value, str) or location in document.variables:
        return value
    try:
        text = substitute(value, environ)
    except SubstitutionError as error:
        document.report(location, str(error))
        return UNKNOWN
    if text != value:
        document.written[location] = value
    return text


def _resolve(document: Document, table: Any, model: Model, location: Location) -> None:
    """Wrap the secrets in ``table`` and below, and make paths and password files real."""
    if not isinstance(table, dict):
        return
    for key in keys(model).values():
        value = table.get(key.name)
        here = (*location, key.name)
        if key.table and key.many and isinstance(value, list):
            for index, entry in enumerate(value):
                _resolve(document, entry, key.table, (*here, index))
        elif key.table:
            _resolve(document, value, key.table, here)
        elif key.is_secret and key.name in table and value is not UNKNOWN:
            table[key.name] = SecretStr(value) if isinstance(value, str) else Secret(value)
        elif key.is_relative_path and isinstance(value, str):
            table[key.name] = document.directory / value
    if "password_file" in keys(model) and "password_file" in table:
        _read_password(document, table, location)


def _read_password(document: Document, table: dict[str, Any], location: Location) -> None:
    path = table["password_file"]
    if "password" in table:
        document.report(
            (*location, "password_file"), "stands beside password; write only one of them"
        )
    elif isinstance(path, Path):
        password = _first_line(document, path, (*location, "password_file"))
        table["password"] = UNKNOWN if password is None else SecretStr(password)
    else:
        table["password"] = UNKNOWN
    if table["password"] is UNKNOWN:
        document.reported.add((*location, "password"))


def _first_line(document: Document, path: Path, location: Location) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            line = file.readline(_LONGEST_LINE).rstrip("\r\n")
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    except (OSError, ValueError) as error:
        reason = f"cannot be read ({getattr(error, 'strerror', None) or 'no path'})"
    else:
        if line:
            return line
        reason = "has an empty first line"
    shown = document.written.get(location, os.fspath(path))
    document.report(
        location, f"{shown} {reason}; write the path of a file whose first line is the password"
    )
    return None
