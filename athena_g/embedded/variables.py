"""The values that the system variables have for one session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from athena_g import errors
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS, charset_of
from athena_g.embedded.native import Value
from athena_g.embedded.variable_list import VARIABLES, definition, shown_value
from athena_g.embedded.variable_values import charset, collation, minutes_ahead

_ALIASES = {"tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only"}
_WITHOUT_DEFAULT = frozenset({"last_insert_id", "identity", "insert_id"})
_SESSION_LIST_HIDDEN = frozenset({"tx_isolation", "tx_read_only"})
_RESULTS_IDS = {"utf8mb3": 33, "latin1": 8, "ascii": 11}
"""What a column definition says for a character set; all others are sent in UTF-8."""


class SystemVariables:
    """The values of one session, seeded from the server's."""

    def __init__(self, server: dict[str, Value]) -> None:
        self._server = server
        self._own: dict[str, Value] = {}

    def get(self, name: str, scope: str = "") -> Value:
        """The value as ``@@scope.name`` gives it; raises 1193, 1238."""
        known = definition(name)
        name = _ALIASES.get(name, name)
        if scope == "global" or (name not in self._own and known.scope != "session"):
            if scope == "global" and known.scope == "session":
                raise errors.READ_ONLY_VARIABLE(variable=name, scope="SESSION")
            if scope in ("session", "local") and known.scope == "global":
                raise errors.READ_ONLY_VARIABLE(variable=name, scope="GLOBAL")
            return self._server.get(name, known.default)
        return self._own.get(name, known.default)

    def checked(self, name: str, value: Value, scope: str) -> tuple[str, Value]:
        """The variable's own name and the value it takes; it is not set yet."""
        known = definition(name)
        name = _ALIASES.get(name, name)
        if known.check is None:
            raise errors.READ_ONLY_VARIABLE(variable=name, scope="read only")
        if known.scope == "global" and scope != "global":
            raise errors.GLOBAL_VARIABLE(variable=name)
        if known.scope == "session" and scope == "global":
            raise errors.SESSION_VARIABLE(variable=name)
        return name, known.check(name, value)

    def default(self, name: str, scope: str) -> Value:
        """What ``SET name = DEFAULT`` gives."""
        known = definition(name)
        if name in _WITHOUT_DEFAULT:
            raise errors.NO_VARIABLE_DEFAULT(variable=name)
        return known.default if scope == "global" else self._server.get(name, known.default)

    def put(self, name: str, value: Value) -> None:
        """Sets the session's value, which is a checked one."""
        self._own[name] = value

    def put_global(self, name: str, value: Value) -> None:
        """Sets the server's value, which is a checked one."""
        self._server[name] = value

    def reset(self) -> None:
        """Forgets all that the session set."""
        self._own.clear()

    def listed(self, scope: str) -> list[tuple[str, str]]:
        """SHOW VARIABLES: names and values as texts."""
        rows = []
        for name, known in sorted(VARIABLES.items()):
            if name in _SESSION_LIST_HIDDEN or known.scope == "session":
                continue
            value: Any = self.get(name, "global" if scope == "GLOBAL" else "")
            rows.append((name, shown_value(name, value)))
        return rows

    @property
    def results_collation_id(self) -> int:
        """The collation id of texts in results, by character_set_results; 0 for their own."""
        if self.get("character_set_results") is None:
            return 0
        return _RESULTS_IDS.get(str(self.get("character_set_results")), 255)

    @property
    def utc_offset(self) -> timedelta:
        """How far the session's time is ahead of UTC."""
        return timedelta(minutes=minutes_ahead(str(self.get("time_zone"))))

    def names(self, name: str, chosen: str | None) -> dict[str, Value]:
        """What SET NAMES sets, by the variables' names."""
        checked = charset("character_set_client", name)
        picked = collation("", chosen) if chosen else CHARSET_DEFAULTS[checked]
        if charset_of(picked) != checked:
            raise errors.COLLATION_MISMATCH(collation=chosen, charset=checked)
        return {
            "character_set_client": checked,
            "character_set_results": checked,
            "character_set_connection": checked,
            "collation_connection": picked,
        }

    def log_in(self, charset_name: str, collation_name: str) -> None:
        """Takes what a client named when it logged in, as far as it is known here."""
        if collation_name in COLLATIONS:
            self._own.update(self.names(charset_name, collation_name))

    def character_set(self, name: str) -> dict[str, Value]:
        """What SET CHARACTER SET sets: the connection's is that of the database."""
        checked = charset("character_set_client", name)
        return {
            "character_set_client": checked,
            "character_set_results": checked,
            "character_set_connection": self.get("character_set_database"),
            "collation_connection": self.get("collation_database"),
        }

    @staticmethod
    def following(name: str, value: Value) -> dict[str, Value]:
        """What else changes with the variable: a character set has a collation, and back."""
        if name == "character_set_connection":
            return {"collation_connection": CHARSET_DEFAULTS[value]}
        if name == "collation_connection":
            return {"character_set_connection": charset_of(value)}
        return {}
