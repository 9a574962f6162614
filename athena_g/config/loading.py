"""From a file and the environment to settings, or to everything that is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from athena_g.config import checks, messages, support
from athena_g.config.document import Document, DocumentSource, read
from athena_g.config.partial import PartialTable
from athena_g.config.problems import ConfigError, Problem
from athena_g.config.settings import Settings


def load(
    path: str | Path, environ: Mapping[str, str] | None = None, *, check_support: bool = True
) -> Settings:
    """The settings in the TOML file at ``path``, with the ``ATHENA_`` variables of ``environ``.

    ``environ`` is the environment of the process if it is not given. Raises :class:`ConfigError`
    with every problem found. ``check_support=False`` also gives settings that this version
    cannot follow yet.
    """
    document = read(path, os.environ if environ is None else environ, Settings)
    settings = _validated(document)
    tables = PartialTable(document.tables, Settings)
    _add(document, checks.check(tables))
    if check_support:
        _add(document, support.check(tables))
    if settings is None or document.problems:
        raise ConfigError(path, document.problems)
    return settings


def _validated(document: Document) -> Settings | None:
    """The settings, or None with the problems noted in ``document``."""
    try:
        return Settings.of(DocumentSource(Settings, document))
    except ValidationError as error:
        _add(document, messages.translate(error, document, Settings))
        return None


def _add(document: Document, problems: Iterable[Problem]) -> None:
    """Note ``problems``, except at places about which something is said already."""
    known = {problem.key_path for problem in document.problems}
    document.problems += [problem for problem in problems if problem.key_path not in known]
