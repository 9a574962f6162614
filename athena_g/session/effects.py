"""What statements do to a session, where the server does not report all of it by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import Answer
from athena_g.backend.profile import CHARSET_VARIABLES, MAX_BYTES, Profile, literal
from athena_g.parser.assignments import Assignment, Scope, parse_set
from athena_g.parser.executable import contents
from athena_g.parser.holding import Effects as Holdings
from athena_g.parser.holding import Held as Kind
from athena_g.parser.holding import Holding, holdings
from athena_g.parser.recognise import LONG_TEXT, Recognised, Special
from athena_g.parser.transactions import begins_transaction
from athena_g.protocol.charsets import codec_of, collation_named
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    SERVER_STATUS_IN_TRANS_READONLY,
    SESSION_TRACK_SYSTEM_VARIABLES,
    UNSIGNED_FLAG,
    ColumnType,
)
from athena_g.session.binding import SAVEPOINT, Binding, Effect

FOUND_ROWS = "SQL_CALC_FOUND_ROWS"
NEXT_TRANSACTION = "SET TRANSACTION"

_USER_VARIABLE = "user variable"
_SYNTAX, _UNKNOWN_STATEMENT = 1064, 1243
_INTERRUPTED = (1317, 1969, 3024)
_CHANGES_ACCOUNTS = ("PASSWORD", "DEFAULT ROLE")  # and nothing of the session

# Used up or changed by the server itself, or leaving something on the connection: bringing them
# to another one would be wrong.
_VOLATILE = frozenset(
    (
        "insert_id", "rand_seed1", "rand_seed2", "gtid_next", "pseudo_thread_id",
        "pseudo_slave_mode", "pseudo_replica_mode", "debug", "debug_sync", "server_id",
        "gtid_seq_no", "profiling", "profiling_history_size", "optimizer_trace",
        "optimizer_trace_features", "optimizer_trace_limit", "optimizer_trace_max_mem_size",
        "optimizer_trace_offset",
        "session_track_system_variables", "session_track_schema", "session_track_state_change",
        "session_track_transaction_info", "session_track_gtids", "proxy_user", "skip_replication",
    )
)  # fmt: skip
# SET TRANSACTION names neither; MariaDB before 11.1 has the old names only, and later ones both.
_OLD_NAMES = {"transaction_isolation": "tx_isolation", "transaction_read_only": "tx_read_only"}
_INSERT_ID = frozenset(("last_insert_id", "identity"))
_NUMERIC = frozenset(
    (
        ColumnType.TINY, ColumnType.SHORT, ColumnType.LONG, ColumnType.LONGLONG, ColumnType.INT24,
        ColumnType.FLOAT, ColumnType.DOUBLE, ColumnType.NEWDECIMAL, ColumnType.DECIMAL,
    )
)  # fmt: skip
_REPORTED = (
    Kind.TEMPORARY_TABLE, Kind.PREPARED, Kind.PREPARED_PLAIN, Kind.EXECUTED, Kind.STATEMENT,
)  # fmt: skip
_NAME = re.compile(rb"[a-z0-9_.$]+")
_CHARSET = re.compile(r"\w+(?: COLLATE \w+)?", re.ASCII)
_PLAIN_STRING = re.compile(rb"'[ !#-&(-\[\]-~]*'")


def effect_of(
    packet: bytes, start: int, found: Recognised, profile: Profile, no_backslash_escapes: bool
) -> Effect | None:
    """What a recognised statement will have done to the session, once it has run.

    ``profile`` are the settings of the session that says it.
    """
    effect = _effect_of(packet, start, found, profile, no_backslash_escapes)
    return Called(effect) if found.calls else effect


def _effect_of(
    packet: bytes, start: int, found: Recognised, profile: Profile, no_backslash_escapes: bool
) -> Effect | None:
    modes = {"no_backslash_escapes": no_backslash_escapes, "ansi_quotes": profile.ansi_quotes}
    match found.special:
        case Special.PIN:
            return Pinned(found.detail)
        case Special.CALC_FOUND_ROWS:
            return Pinned(FOUND_ROWS)
        case Special.RENAME:
            return Renamed()
        case Special.SAVEPOINT:
            return Marked()
        case Special.SET_FOR_READING if not found.calls:
            return SetForReading()
        case Special.INSERT_ID:
            return InsertIdSet()
        case Special.SET | Special.HOLDING | Special.TRANSACTION if not profile.is_readable:
            return Pinned("a character set whose texts are not read")
        case Special.HOLDING | Special.TRANSACTION:
            return Held(holdings(packet, start, **modes))
        case Special.SET:
            assigned = parse_set(packet, start, **modes)
            if assigned is not None:
                return Assigned(assigned)
            inside = contents(packet, start)
            assigned = None if inside is None else parse_set(inside, start, **modes)
            if assigned is not None and all(map(_is_asked_for, assigned)):
                return AssignedBySome(assigned)
            return Pinned("SET")
        case _:
            return None


def left_behind(effect: Effect | None) -> str:
    """What a statement is known to leave on the one connection it runs on, empty for nothing."""
    match effect:
        case Called():
            return left_behind(effect.effect)
        case Pinned():
            return "" if effect.reason == LONG_TEXT else effect.reason
        case Held(effects=effects):
            frees = [each for each in effects.frees if each.kind.counts]
            return next((each.kind.value for each in (*effects.takes, *frees)), "")
        case _:
            return ""


class Pinned:
    """The session keeps its connection from now on."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Pin, also after an error: part of the statement may have been done."""
        binding.pin(self.reason)
        return self.reason != FOUND_ROWS


class Called:
    """A function was called that is not one of the server's own: it may have set variables."""

    def __init__(self, effect: Effect | None) -> None:
        self.effect = effect

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Ask whether it did, where the reply had no place to tell."""
        effect, scanner = self.effect, connection.scanner
        accounted = effect is not None and effect.apply(binding, connection)
        has_rows = scanner.affected < 0 and not scanner.errno
        if has_rows and not connection.is_mariadb and binding.look(connection):
            binding.pin("session state")
        return accounted


class Looked:
    """The conditions of the last statement were shown, and are still there."""

    def __init__(self, had_conditions: bool) -> None:
        self._had_conditions = had_conditions

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """See to it that they are asked for before the connection is another session's."""
        if self._had_conditions and not connection.scanner.warnings:
            connection.scanner.warnings = 1
        return False


class Held:
    """Things of the connection's own were taken or freed."""

    def __init__(self, effects: Holdings) -> None:
        self.effects = effects

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Pin and unpin; a lock may have been taken before the statement failed."""
        errno, effects = connection.scanner.errno, self.effects
        if errno == _SYNTAX:
            return False
        if errno not in _INTERRUPTED:
            for replaced in effects.replaces:
                binding.pins.free(replaced.kind.value, _text(replaced.name))
        touched = [each for each in effects.takes if not _is_harmless(each, binding, errno)]
        for taken in touched:
            name = _held_name(connection, taken)
            if taken.kind.counts:
                binding.pins.take(taken.kind.value, name)
            elif not errno or taken.name is None or taken.kind is Kind.EXECUTED:
                binding.pin(taken.kind.value, name)
        if not errno:
            for freed in effects.frees:
                binding.pins.free(freed.kind.value, _held_name(connection, freed))
            touched += effects.frees
        return any(each.kind in _REPORTED for each in touched)


def _is_harmless(taken: Holding, binding: Binding, errno: int) -> bool:
    """Whether it is an EXECUTE that did nothing to the session beyond what the reply tells."""
    if taken.kind is not Kind.EXECUTED:
        return False
    plain = (Kind.PREPARED_PLAIN.value, _text(taken.name))
    return errno == _UNKNOWN_STATEMENT or (taken.name is not None and plain in binding.pins)


class Marked:
    """A savepoint is there; without autocommit also before the transaction has begun."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Pin until the transaction ends."""
        scanner = connection.scanner
        if not (scanner.errno or scanner.status & SERVER_STATUS_AUTOCOMMIT):
            binding.pin(SAVEPOINT)
        return False


class InsertIdSet:
    """What LAST_INSERT_ID() answers was perhaps set by the function itself."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Only the server knows it now."""
        binding.forget_insert_id(connection)
        return False


class SetForReading:
    """Variables were set for the statement alone, which did nothing else to the session."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """The server reports them all the same."""
        return True


class UsedUp:
    """What was set for the next transaction only: that one may have been a single statement."""

    def __init__(self, packet: bytes, start: int) -> None:
        self._uses_table = begins_transaction(packet, start)

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Unpin when the statement was a transaction, and is over."""
        scanner = connection.scanner
        if self._uses_table and not (scanner.errno or connection.in_transaction):
            binding.pins.free(NEXT_TRANSACTION)
        return False


class Begun:
    """A transaction was begun on the server, which unlocks tables."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Unpin what LOCK TABLES took."""
        if not connection.scanner.errno:
            binding.pins.free(Kind.TABLE_LOCKS.value, "tables")
        return False


class Renamed:
    """A temporary table may have another name now, so that its end will not be noticed."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Pin for good, if there is a temporary table."""
        if any(kind == Kind.TEMPORARY_TABLE.value for kind, _ in binding.pins):
            binding.pin(Kind.TEMPORARY_TABLE.value)
        return False


class Assigned:
    """Variables were set."""

    def __init__(self, assigned: Sequence[Assignment]) -> None:
        self._assigned = assigned

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Take over what the server made of the values; SET does all of it or nothing."""
        if connection.scanner.errno:
            return False
        names: dict[str, bytes | None] = {}
        user_variables: list[Assignment] = []
        for each in self._assigned:
            name = each.name.decode("ascii", "replace")
            if each.kind in (Scope.NAMES, Scope.CHARSET):
                self._names(binding, connection, each, names)
            elif each.kind is Scope.SESSION:
                names[name] = each.literal
            elif each.kind is Scope.USER:
                user_variables.append(each)
            elif each.kind is Scope.NEXT_TRANSACTION:
                binding.pin(NEXT_TRANSACTION)
            elif each.kind is Scope.OTHER and name not in _CHANGES_ACCOUNTS:
                binding.pin(f"SET {name.upper()}")
        _learn(binding, connection, names)
        ended = connection.scanner.status & SERVER_STATUS_IN_TRANS == 0
        if ended and binding.status & SERVER_STATUS_IN_TRANS_READONLY:
            binding.pin(NEXT_TRANSACTION)  # autocommit ended one, and the servers' next is like it
        if user_variables:
            self._user_variables(binding, connection, user_variables)
        return True

    def _names(
        self,
        binding: Binding,
        connection: BackendConnection,
        each: Assignment,
        names: dict[str, bytes | None],
    ) -> None:
        """Take over SET NAMES or SET CHARACTER SET as it was said."""
        for name in CHARSET_VARIABLES:
            names.pop(name, None)
        said = (each.literal or b"").decode("ascii", "replace")
        if not _CHARSET.fullmatch(said):
            names.update(dict.fromkeys(CHARSET_VARIABLES))
            return
        what = "NAMES" if each.kind is Scope.NAMES else "CHARACTER SET"
        _take_over(binding, connection, binding.profile.with_names(f"{what} {said}"))

    def _user_variables(
        self, binding: Binding, connection: BackendConnection, assigned: Iterable[Assignment]
    ) -> None:
        values: dict[str, str] = {}
        charset_too = any(each.kind in (Scope.NAMES, Scope.CHARSET) for each in self._assigned)
        for each in assigned:
            name = each.name.decode("utf-8", "replace")
            value = None
            if _NAME.fullmatch(each.name) and each.literal is not None:
                text = each.literal.startswith(b"'")
                if not text:
                    value = each.literal.decode("ascii", "replace")
                elif not charset_too and _PLAIN_STRING.fullmatch(each.literal):
                    value = _text_literal(binding, connection, each.literal)
                elif len(each.literal) < MAX_BYTES:
                    value = _any_text_literal(binding, connection, name)
            elif _NAME.fullmatch(each.name) and each.copied:
                value = _copied_literal(binding, connection, name)
            if value is None:
                binding.pin(_USER_VARIABLE, name)
            else:
                binding.pins.free(_USER_VARIABLE, name)
                values[name] = value
        _take_over(binding, connection, binding.profile.with_user_variables(values))


class AssignedBySome(Assigned):
    """Variables were set, if the server executes the comment in which that is said."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Take over what the values are now, if any has changed."""
        scanner = connection.scanner
        sets_session = any(each.kind is Scope.SESSION for each in self._assigned)
        if scanner.errno or (sets_session and not scanner.state_changed):
            return False
        return super().apply(binding, connection)


def _is_asked_for(each: Assignment) -> bool:
    """Whether what is assigned is learned from the server, and not from what the client said."""
    return each.kind is Scope.SESSION or (each.kind is Scope.USER and each.copied)


def _text_literal(binding: Binding, connection: BackendConnection, said: bytes) -> str | None:
    """A string with the character set and collation that it has on this connection."""
    values = _asked(binding, connection, ("collation_connection",))
    name = values.get("collation_connection", "").strip("'")
    known = collation_named(name)
    if known is None:
        return None
    return f"_{known.charset}{said.decode('ascii')} COLLATE {name}"


def _any_text_literal(binding: Binding, connection: BackendConnection, name: str) -> str | None:
    """The string that a user variable is, with the character set and collation it has."""
    answer = _ask(binding, connection, [f"HEX(@`{name}`)", f"COLLATION(@`{name}`)"])
    if answer is None:
        return None
    digits, collation = (
        (cell or b"").decode(codec_of(column.collation_id), "replace")
        for column, cell in zip(answer.columns, answer.rows[0], strict=True)
    )
    known = collation_named(collation)
    return None if known is None else f"_{known.charset} x'{digits}' COLLATE {collation}"


def _copied_literal(binding: Binding, connection: BackendConnection, name: str) -> str | None:
    """What a user variable is that got its value from another one: a whole number or a string."""
    answer = _ask(binding, connection, [f"@`{name}`", f"LENGTH(@`{name}`)"])
    if answer is None:
        return None
    (column, _), (cell, length) = answer.columns, answer.rows[0]
    if cell is None:
        return "NULL"
    if column.type is ColumnType.LONGLONG:
        unsigned = column.flags & UNSIGNED_FLAG
        number = cell.decode("ascii")
        return f"CAST({number} AS UNSIGNED)" if unsigned else number
    if column.type in _NUMERIC or int(length or 0) > MAX_BYTES:
        return None
    return _any_text_literal(binding, connection, name)


def _learn(binding: Binding, connection: BackendConnection, names: dict[str, bytes | None]) -> None:
    """Take over the values of session variables: as the server reported them, else asked for."""
    volatile = set(_VOLATILE.intersection(names))
    if "timestamp" in names:
        written = names["timestamp"]
        if written is None:
            volatile.add("timestamp")
        elif not written.strip(b"+-0."):  # back to the clock
            names["timestamp"] = b"DEFAULT"
    if "max_join_size" in names:  # which switches the other one
        names["sql_big_selects"] = None
    for name in volatile:
        binding.pin("session variable", name)
    if not _INSERT_ID.isdisjoint(names):
        binding.forget_insert_id(connection)
        binding.insert_id_lost = False
    if not _OF_CONNECTION.isdisjoint(names):
        names.update(dict.fromkeys(_OF_CONNECTION))
    reported = _reported(connection)
    for name, old in _OLD_NAMES.items():
        if name in names and name not in reported and connection.is_mariadb:
            names[old] = names.pop(name)
    changes: dict[str, str] = {}
    unknown: list[str] = []
    for name, written in names.items():
        if name in volatile or name in _INSERT_ID:
            continue
        if name == "timestamp" and written is not None and written.lower() == b"default":
            changes[name] = "DEFAULT"  # the clock: no value
        elif name in reported and name not in CHARSET_GROUP:
            changes[name] = literal(reported[name])
        else:
            unknown.append(name)
    changes.update(_asked(binding, connection, unknown))
    if changes:
        _take_over(binding, connection, binding.profile.with_variables(changes))


_OF_CONNECTION = frozenset(("character_set_connection", "collation_connection"))
CHARSET_GROUP = frozenset((*CHARSET_VARIABLES, "character_set_database", "collation_database"))


def _reported(connection: BackendConnection) -> dict[str, str]:
    return {
        change.name: change.value
        for change in connection.scanner.changes
        if change.kind == SESSION_TRACK_SYSTEM_VARIABLES
    }


def _asked(binding: Binding, connection: BackendConnection, names: Iterable[str]) -> dict[str, str]:
    """The values of variables that the server did not report."""
    names = list(names)
    if not names:
        return {}
    answer = _ask(binding, connection, [f"@@SESSION.{name}" for name in names])
    if answer is None:
        for name in names:
            binding.pin("session variable", name)
        return {}
    return {
        name: _literal(column, cell)
        for name, column, cell in zip(names, answer.columns, answer.rows[0], strict=True)
    }


def _ask(binding: Binding, connection: BackendConnection, items: list[str]) -> Answer | None:
    """The values of some expressions, after a statement whose own answers are kept."""
    binding.before_asking(connection)
    look_back, count = binding.look_back, len(items)
    if binding.held is connection and look_back.found_rows is None:  # it is the session's own
        items = [*items, "FOUND_ROWS()"]
    answer = connection.ask(f"SELECT {', '.join(items)} LIMIT 1")  # whatever sql_select_limit is
    if answer is None or [len(row) for row in answer.rows] != [len(items)]:
        return None
    cells = answer.rows[0]
    if len(cells) > count:
        look_back.found_rows = int(cells[-1] or 0)
    return Answer(answer.columns[:count], [cells[:count]])


def _literal(column: Column, cell: bytes | None) -> str:
    if cell is None:
        return "NULL"
    if column.type in _NUMERIC:
        return cell.decode("ascii")
    return literal(cell.decode(codec_of(column.collation_id), "replace"))


def _take_over(binding: Binding, connection: BackendConnection, changed: Profile | None) -> None:
    if changed is None:
        binding.pin("settings of more than 16 KiB")
    else:
        binding.profile = connection.profile = changed


def _held_name(connection: BackendConnection, held: Holding) -> str | None:
    """The name of a thing, the same however the statement writes it."""
    if held.kind.counts:
        return _lock_name(connection, held.name)
    name, database = _text(held.name), connection.endpoint.database
    if held.kind is Kind.TEMPORARY_TABLE and name is not None and database is not None:
        return name.removeprefix(f"{database}.")
    return None if held.kind is Kind.EXECUTED else name


def _lock_name(connection: BackendConnection, name: bytes | None) -> str | None:
    """The name of a lock as the server compares it: only to MariaDB case matters."""
    text = _text(name)
    return text if text is None or connection.is_mariadb else text.lower()


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode("utf-8", "replace")
