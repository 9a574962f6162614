"""The session variables of one connection to the fake server, as far as SET and SELECT go."""

from __future__ import annotations

import re

from . import replies

_ASSIGNMENT = re.compile(
    r"(?:SESSION |@@SESSION\.|@@)?(?P<name>@?[\w`.]+) *:?= *(?P<value>'[^']*'|[^,']+)",
    re.IGNORECASE,
)
_NAMES = re.compile(r"NAMES (?P<charset>\w+)", re.IGNORECASE)
_DEFAULTS = {"collation_connection": "utf8mb4_general_ci"}
_TRACKED = "session_track_system_variables"


class Variables:
    """What was set, by name; one that was not is ``default``, but for :data:`_DEFAULTS`."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def set(self, text: str) -> bytes:
        """Do what a SET says; gives the session state that its OK reports."""
        body = text[len("SET ") :]
        names = _NAMES.search(body)
        if names is not None:
            self._values["names"] = names["charset"]
        changed = [(each["name"], each["value"].strip()) for each in _ASSIGNMENT.finditer(body)]
        for name, value in changed:
            self._assign(name.lower().replace("`", ""), value)
        tracked = self._values.get(_TRACKED, "").split(",")
        return b"".join(
            replies.variable_changed(name, self.get(name))
            for name, _ in changed
            if name.lower() in tracked
        )

    def _assign(self, name: str, value: str) -> None:
        if value.upper() == "DEFAULT":
            self._values.pop(name, None)
        else:
            self._values[name] = value.strip("'")

    def get(self, name: str) -> str:
        """The value of a variable, ``@name`` for a user variable."""
        name = name.lower()
        return self._values.get(name, _DEFAULTS.get(name, "default"))

    def answer(self, text: str) -> bytes | None:
        """What ``SELECT @@a, @b`` gives; ``None`` for everything else."""
        asked = text[len("SELECT ") :].removesuffix(" LIMIT 1")
        items = [item.strip() for item in asked.split(",")]
        if not all(re.fullmatch(r"@@?[\w.]+", item) for item in items):
            return None
        names = [re.sub(r"^@@(SESSION\.)?", "", item, flags=re.IGNORECASE) for item in items]
        return replies.result([[self.get(name) for name in names]], columns=items)

    def reset(self) -> None:
        """Forget everything, as COM_RESET_CONNECTION does."""
        self._values.clear()
