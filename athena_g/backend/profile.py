"""What a session has set, and what brings a connection from one session's settings to another's.

A profile is a value: sessions with the same settings share one object, so whether a connection
fits a session is one comparison of identity, and moving between sessions of the same application,
which all set the same, costs nothing.

Source: MySQL Reference Manual, "SET Syntax for Variable Assignment", "SET NAMES Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from athena_g.protocol.charsets import charset_named, collation

CHARSET_VARIABLES = (
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
)
"""The variables that belong together: ``SET NAMES`` changes all of them."""

MAX_BYTES = 16 * 1024
"""The most that the settings of one session may take, as SQL; a session with more is pinned."""

# In these a byte of ASCII may be the second one of a character: a text cannot be read by its bytes.
_UNREADABLE = frozenset(("big5", "cp932", "sjis", "gbk", "gb18030"))

# All others may decide what a prepared statement means, or the types it gives.
_NOT_OF_MEANING = frozenset(
    (
        "autocommit",
        "completion_type",
        "innodb_lock_wait_timeout",
        "lock_wait_timeout",
        "max_execution_time",
        "max_statement_time",
        "net_read_timeout",
        "net_write_timeout",
        "transaction_isolation",
        "transaction_read_only",
        "tx_isolation",
        "tx_read_only",
        "wait_timeout",
    )
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_PLAIN_TEXT = re.compile(
    r"[ !#-&(-\[\]-~]*"
)  # ASCII that no SQL mode and no charset reads otherwise

# MySQL 9.7 turns these two off when they are set to DEFAULT, whatever the global value is.
_TAKEN_AWAY = {
    "foreign_key_checks": "@@GLOBAL.foreign_key_checks",
    "unique_checks": "@@GLOBAL.unique_checks",
}

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What a session's character sets come from: the login's collation, or what it said since.

    ``said`` is ``NAMES ...`` or ``CHARACTER SET ...``. After COM_RESET_CONNECTION a MySQL server
    goes to its own defaults, a MariaDB server back to the login's.
    """

    collation_id: int
    said: str = ""
    after_reset: bool = False

    def sql(self, mariadb: bool) -> str:
        """What follows SET to have these character sets."""
        if self.said:
            return self.said
        known = collation(self.collation_id)
        if known is None or (self.after_reset and not mariadb):
            return "NAMES DEFAULT"
        foreign = ("_0900_",) if mariadb else ("_uca1400_", "_nopad_")
        if any(part in known.name for part in foreign):
            return f"NAMES {known.charset}"
        return f"NAMES {known.charset} COLLATE {known.name}"

    @property
    def charset(self) -> str:
        """The character set of statements, empty where only the server knows it."""
        if self.said:
            words = self.said.lower().split()
            return words[1] if words[0] == "names" else words[2]
        known = collation(self.collation_id)
        return known.charset if known is not None else ""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Profile:
    """The settings of a session; make one with :func:`profile`.

    ``variables`` are the session variables that were set and ``user_variables`` the user variables,
    names in lower case, each with the SQL literal of its value.
    """

    names: Names
    multi_statements: bool = False
    variables: Settings = ()
    user_variables: Settings = ()
    parsing_key: object = field(default=None, compare=False)
    """Equal for profiles under which one text means the same statement."""
    is_readable: bool = field(default=True, compare=False)
    """Whether the statements' character set lets them be read by their bytes."""
    ansi_quotes: bool = field(default=False, compare=False)
    """Whether the SQL mode that was set makes ``"x"`` a name."""
    codec: str | None = field(default=None, compare=False)
    """The Python codec of the statements' character set, ``None`` where there is none."""

    @property
    def charset(self) -> str:
        """The character set of the statements, as far as it is known."""
        return _charset_of_statements(self)

    def value(self, name: str) -> str | None:
        """The literal of a session variable, ``None`` when it was not set."""
        return next((literal for known, literal in self.variables if known == name), None)

    def with_variables(self, changes: Mapping[str, str]) -> Profile | None:
        """The profile after session variables were set; ``None`` when it would be too large."""
        return self._with(_merged(self.variables, changes), self.user_variables)

    def with_names(self, said: str) -> Profile:
        """The profile after ``SET NAMES ...`` or ``SET CHARACTER SET ...``."""
        others = tuple(entry for entry in self.variables if entry[0] not in CHARSET_VARIABLES)
        return _interned(
            replace(self, names=Names(self.names.collation_id, said), variables=others)
        )

    def with_user_variables(self, changes: Mapping[str, str]) -> Profile | None:
        """The same for user variables."""
        return self._with(self.variables, _merged(self.user_variables, changes))

    def with_multi_statements(self, on: bool) -> Profile:
        """The profile with several statements in one text allowed, or not."""
        return _interned(replace(self, multi_statements=on))

    def reading_as(self, other: Profile) -> Profile:
        """These settings, but those under which ``other`` gives a text its meaning."""
        own = [entry for entry in self.variables if entry[0] in _NOT_OF_MEANING]
        others = [entry for entry in other.variables if entry[0] not in _NOT_OF_MEANING]
        return _interned(
            replace(
                self,
                names=other.names,
                variables=tuple(sorted(own + others)),
                user_variables=_merged(self.user_variables, dict(other.user_variables)),
            )
        )

    def _with(self, variables: Settings, user_variables: Settings) -> Profile | None:
        size = sum(len(name) + len(literal) for name, literal in variables + user_variables)
        if size > MAX_BYTES:
            return None
        return _interned(replace(self, variables=variables, user_variables=user_variables))


_profiles: WeakValueDictionary[Profile, Profile] = WeakValueDictionary()


def profile(
    collation_id: int, multi_statements: bool = False, *, after_reset: bool = False
) -> Profile:
    """The profile of a session that has set nothing yet, or nothing since it was reset."""
    return _interned(Profile(Names(collation_id, after_reset=after_reset), multi_statements))


def _interned(made: Profile) -> Profile:
    known = _profiles.get(made)
    if known is not None:
        return known
    parsing = tuple(entry for entry in made.variables if entry[0] not in _NOT_OF_MEANING)
    complete = replace(  # another object than the key, which lives as long as its value
        made,
        parsing_key=(made.names, parsing),
        is_readable=_charset_of_statements(made) not in _UNREADABLE,
        codec=_codec_of_statements(made),
        ansi_quotes="ANSI_QUOTES" in (made.value("sql_mode") or ""),
    )
    _profiles[made] = complete
    return complete


def _codec_of_statements(made: Profile) -> str | None:
    known = charset_named(_charset_of_statements(made))
    return None if known is None else known.codec


def _charset_of_statements(made: Profile) -> str:
    named = made.value("character_set_client")
    return named.strip("'") if named is not None else made.names.charset


def _merged(settings: Settings, changes: Mapping[str, str]) -> Settings:
    return tuple(sorted({**dict(settings), **changes}.items()))


def assignments(before: Profile | None, after: Profile, mariadb: bool) -> list[str]:
    """What follows SET to bring a connection from ``before`` to ``after``, empty for nothing.

    ``before`` is ``None`` for a connection as it was opened or reset. User variables cannot be
    taken away: ``before`` must not have any that ``after`` has not as well.
    """
    changes = [*_charset(before, after, mariadb)]
    old = dict(before.variables) if before is not None else {}
    new = dict(after.variables)
    changes += [
        f"SESSION {name} = {_TAKEN_AWAY.get(name, 'DEFAULT')}"
        for name in old
        if name not in new and name not in CHARSET_VARIABLES
    ]
    changes += [
        f"SESSION {name} = {literal}"
        for name, literal in after.variables
        if old.get(name) != literal and name not in CHARSET_VARIABLES
    ]
    held = dict(before.user_variables) if before is not None else {}
    changes += [
        f"@`{name}` = {literal}"
        for name, literal in after.user_variables
        if held.get(name) != literal
    ]
    return changes


def can_move(before: Profile | None, after: Profile) -> bool:
    """Whether assignments alone lead from ``before`` to ``after``."""
    if before is None or not before.user_variables:
        return True
    return {name for name, _ in before.user_variables} <= {name for name, _ in after.user_variables}


def _charset(before: Profile | None, after: Profile, mariadb: bool) -> Iterator[str]:
    new = [entry for entry in after.variables if entry[0] in CHARSET_VARIABLES]
    if before is not None and before.names == after.names:
        old = [entry for entry in before.variables if entry[0] in CHARSET_VARIABLES]
        if old == new:
            return
    yield after.names.sql(mariadb)
    for name, literal in new:
        yield f"SESSION {name} = {literal}"


def literal(value: str | None) -> str:
    """The SQL literal of a session variable's value, the same in every SQL mode and charset."""
    if value is None:
        return "NULL"
    if _NUMBER.fullmatch(value):
        return value
    if _PLAIN_TEXT.fullmatch(value):
        return f"'{value}'"
    return f"_utf8mb4 0x{value.encode().hex()}"
