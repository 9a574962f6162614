"""Questions that only the session's own last connection, or the proxy itself, can answer.

As long as the session still has that connection it answers them. Otherwise the answers are those
that were asked for when the connection went to another session: put into the statement in place of
the question, or sent as they are.

Source: MySQL Reference Manual, "Information Functions", "SHOW WARNINGS Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from athena_g import errors
from athena_g.parser.substitute import ShowConditions, parse_show_warnings, substitute
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    BINARY_FLAG,
    NOT_NULL_FLAG,
    SERVER_STATUS_NO_BACKSLASH_ESCAPES,
    UNSIGNED_FLAG,
    ColumnType,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.text_values import Value
from athena_g.session.binding import Binding

_OWN_ID = frozenset((b"connection_id()", b"@@pseudo_thread_id"))
_INSERT_ID = frozenset((b"last_insert_id()", b"@@last_insert_id", b"@@identity"))
_COUNTS = frozenset((b"row_count()", b"found_rows()"))
_ABOUT_THREADS = re.compile(
    rb"is_used_lock|processlist|innodb_|performance_schema|threads|\bsys\b", re.IGNORECASE
)
_UTF8MB4 = 45


class Answer(NamedTuple):
    """A result set that no server is asked for."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]


class Recall:
    """Answers one session's questions about itself."""

    def __init__(self, binding: Binding, connection_id: int) -> None:
        self._binding = binding
        self._own_id = b"CAST(%d AS UNSIGNED)" % connection_id

    def answer(self, packet: bytes, start: int, asked: frozenset[bytes]) -> bytes | Answer:
        """The framed command to send in place of ``packet``, or the answer.

        Raises SESSION_STATE_LOST when nobody knows the answer any more.
        """
        binding = self._binding
        binding.wait_for_parting()
        if asked & _INSERT_ID and self._insert_id_is_lost:
            raise self._lost(asked & _INSERT_ID)
        answers = self._own(packet, asked)
        past = asked - _OWN_ID - _INSERT_ID
        look_back = binding.look_back
        if look_back.names is not None and parse_show_warnings(packet, start) is not None:
            binding.learn_conditions()  # a server would tell its own names of tables
        elif look_back.asked_early and binding.has_connection:
            past &= {b"row_count()"}  # to which asking did something
        if past and (binding.held is None or look_back.known):
            if not look_back.known and not binding.has_connection:
                binding.remember()
                if not look_back.known:
                    raise self._lost(past)
            if look_back.known:
                shown = parse_show_warnings(packet, start)
                if shown is not None:
                    return self._conditions(shown)
                if past & {b"diagnostics", b"show warnings", b"show errors"}:
                    raise self._lost(past)
                answers.update((each, each_is) for each, each_is in self._past() if each in past)
                if past - answers.keys():
                    raise self._lost(past - answers.keys())
        return self._with(packet, start, answers)

    @property
    def _insert_id_is_lost(self) -> bool:
        binding = self._binding
        if binding.insert_id_lost:
            return True
        return binding.look_back.insert_id is None and not (binding.held or binding.has_connection)

    def with_own_id(self, packet: bytes, start: int, asked: frozenset[bytes]) -> bytes:
        """The command with the session's own connection id in place of the function."""
        return self._with(packet, start, self._own(packet, asked))

    def prepared(
        self, packet: bytes, start: int, asked: frozenset[bytes], is_there: bool, means_same: bool
    ) -> bytes | None:
        """The framed command to prepare in place of ``packet``, which asks this when executed.

        ``None``: it can be executed as it is. ``is_there``: it is prepared on the connection of
        the session's last statement; ``means_same``: it can be prepared there without more ado,
        which changes nothing but the warnings. Raises SESSION_STATE_LOST when nobody knows the
        answer any more.
        """
        if asked & _INSERT_ID and self._insert_id_is_lost:
            raise self._lost(asked & _INSERT_ID)
        binding = self._binding
        past = asked - _OWN_ID - _INSERT_ID
        counts = past <= _COUNTS
        if not past or is_there or (counts and means_same and binding.can_ask_back):
            return None
        if binding.held is not None or (binding.look_back.asked_early and not counts):
            raise self._lost(past)
        text = self.answer(packet, start, past)
        if not isinstance(text, bytes):
            raise self._lost(past)
        return text

    def _own(self, packet: bytes, asked: frozenset[bytes]) -> dict[bytes, bytes]:
        if asked & _OWN_ID and _ABOUT_THREADS.search(packet) is not None:
            return {}  # compared with what the server says of its own connections
        return dict.fromkeys(asked & _OWN_ID, self._own_id)

    def _with(self, packet: bytes, start: int, answers: dict[bytes, bytes]) -> bytes:
        if not answers:
            return packet
        text = self._substituted(packet, start, answers)
        if text is None:
            past = answers.keys() - _OWN_ID
            if past:
                raise self._lost(frozenset(past))
            return packet
        return frame(packet[4:start] + text, 0)

    def _substituted(self, packet: bytes, start: int, answers: dict[bytes, bytes]) -> bytes | None:
        binding = self._binding
        if not binding.profile.is_readable:
            return None
        return substitute(
            packet,
            start,
            answers,
            no_backslash_escapes=bool(binding.status & SERVER_STATUS_NO_BACKSLASH_ESCAPES),
            ansi_quotes=binding.profile.ansi_quotes,
        )

    def _past(self) -> Iterator[tuple[bytes, bytes]]:
        look_back = self._binding.look_back
        errors_only = [row for row in look_back.conditions if row[0] == b"Error"]
        yield b"row_count()", _bigint(look_back.row_count)
        if look_back.found_rows is not None:
            yield b"found_rows()", _bigint(look_back.found_rows)
        yield b"@@warning_count", _bigint(look_back.warning_count, b"UNSIGNED")
        yield b"@@error_count", _bigint(len(errors_only), b"UNSIGNED")

    def _conditions(self, asked: ShowConditions) -> Answer:
        """What SHOW WARNINGS, SHOW ERRORS and their COUNT(*) say of the last statement."""
        self._binding.look_back.row_count = -1  # to a server it is a query like others
        found = [
            row
            for row in self._binding.look_back.conditions
            if not asked.errors_only or row[0] == b"Error"
        ]
        if asked.count:
            name = "error_count" if asked.errors_only else "warning_count"
            flags = UNSIGNED_FLAG | BINARY_FLAG
            column = _number(f"@@session.{name}", ColumnType.LONGLONG, 21, flags)
            count = len(found) if asked.errors_only else self._binding.look_back.warning_count
            return Answer((column,), ((count,),))
        stop = None if asked.limit is None else asked.offset + asked.limit
        columns = self._binding.look_back.condition_columns or (
            _text("Level", 7),
            _number("Code", ColumnType.LONG, 5, NOT_NULL_FLAG | UNSIGNED_FLAG | BINARY_FLAG),
            _text("Message", 512),
        )
        return Answer(
            columns,
            [(row[0], int(row[1] or 0), row[2]) for row in found[asked.offset : stop]],
        )

    def _lost(self, asked: frozenset[bytes]) -> errors.SqlError:
        endpoint = self._binding.pool.endpoint
        what = ", ".join(sorted(question.decode() for question in asked)).upper()
        return errors.SESSION_STATE_LOST(what=what, instance=endpoint.name, group=endpoint.group)


def _bigint(number: int, sign: bytes = b"SIGNED") -> bytes:
    """A BIGINT; MariaDB has smaller types for what is cast from fewer digits."""
    return b"CAST('%021d' AS %s)" % (number, sign)


def _text(name: str, characters: int) -> Column:
    return Column(
        name,
        ColumnType.VAR_STRING,
        collation_id=_UTF8MB4,
        length=4 * characters,
        flags=NOT_NULL_FLAG,
        decimals=31,
    )


def _number(name: str, kind: ColumnType, length: int, flags: int) -> Column:
    return Column(name, kind, collation_id=63, length=length, flags=flags)
