"""From a file and the environment to settings, or to everything that is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from athena_g.config import checks, messages, support
from athena_g.config.document import Document, DocumentSource, read
from athena_g.config.partial import PartialTable
from athena_g.config.problems import ConfigError
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
    ...
