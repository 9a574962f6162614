"""``${NAME}`` in the text of the file, replaced from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"(\$?)\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SubstitutionError(Exception):
    """A reference cannot be replaced; the text says why, and shows no more than a variable name."""


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with every ``${NAME}`` replaced; ``$${`` stands for ``${`` itself.

    Raises :class:`SubstitutionError` for a variable that is not set.
    """

    def replacement(match: re.Match[str]) -> str:
        escape, name = match.groups()
        if escape:
            return match[0][1:]
        if not _NAME.fullmatch(name):
            raise SubstitutionError(
                "has ${…} without the name of a variable in it; write ${NAME}, or $${ where ${ "
                "is meant as it stands"
            )
        if name not in environ:
            raise SubstitutionError(
                f"the environment variable {name} is not set; set it, or write $${{ where ${{ is "
                "meant as it stands"
            )
        return environ[name]

    return _REFERENCE.sub(replacement, text)
