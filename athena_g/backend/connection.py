"""One connection to one MySQL server, and whose session state it holds."""

from __future__ import annotations

import time
from typing import NamedTuple

import gevent

from athena_g import errors
from athena_g.backend.endpoint import Endpoint
from athena_g.backend.login import log_in
from athena_g.backend.look_back import Answer, LookBack
from athena_g.backend.profile import Profile, assignments, can_move
from athena_g.backend.statements import Prepared, StatementCache
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_IN_TRANS,
    SESSION_TRACK_SCHEMA,
    Command,
)
from athena_g.protocol.framing import frame, frames_in
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket, is_eof
from athena_g.protocol.resultset import PrepareOk
from athena_g.protocol.scan import ReplyScanner
from athena_g.protocol.wire import lenenc_int_at, nullable_cell_at

RESET_TIMEOUT = 5.0
"""Seconds a server may take to reset a connection."""
MAX_ACCEPTED = 10_000
"""Assignments that a server is remembered to have accepted."""

_PING = frame(bytes([Command.PING]), 0)
_RESET = frame(bytes([Command.RESET_CONNECTION]), 0)

# A server that answers one of these is closing the connection (shutdown, KILL, idle for too long).
_ENDING_ERRNOS = frozenset((1053, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031))
_TOO_MANY_STATEMENTS = 1461

_TRACKED = (
    "autocommit,character_set_client,character_set_connection,character_set_results,"
    "group_concat_max_len,innodb_lock_wait_timeout,lock_wait_timeout,sql_mode,sql_safe_updates,"
    "sql_select_limit,time_zone,"
)
_TRACKED_MYSQL = _TRACKED + "max_execution_time,transaction_isolation,transaction_read_only"
_TRACKED_MARIADB = _TRACKED + "max_statement_time,tx_isolation,tx_read_only"


class Prepare(NamedTuple):
    """What a server answered to COM_STMT_PREPARE, as payloads: an ERR, or OK and definitions."""

    payloads: list[bytes]
    prepared: Prepared | None


class BackendConnection:
    """A connection that is logged in; it serves one session at a time.

    ``accepted`` are the settings that this server is known to accept, shared by the connections
    to it. ``owner`` is the memory of the session that used the connection last, ``profile`` the
    settings it has (``None``: as opened), ``dirty`` whether it may hold what settings do not tell
    of, ``insert_id`` what LAST_INSERT_ID() would answer (``None``: only the server knows).
    ``idle``, ``kept``, ``handing_over`` (to another session, which has not settled it yet) and
    ``retired`` (to be closed when given back) are the pool's.
    """

    def __init__(self, endpoint: Endpoint, flags: int, accepted: set[str]) -> None:
        login = log_in(endpoint, flags)
        self.endpoint = endpoint
        self.fresh_status = login.status
        self.flags = flags
        self.stream = login.stream
        self.server_version = login.server_version
        self.is_mariadb = "MariaDB" in login.server_version
        self.thread_id = login.thread_id
        self.tracks_session = login.tracks_session
        self.scanner = ReplyScanner()
        self.statements = StatementCache()
        self.owner: LookBack | None = None
        self.profile: Profile | None = None
        self.dirty = False
        self.insert_id: int | None = 0
        self.opened_at = self.idle_since = time.monotonic()
        self._accepted = accepted
        self._multi_statements = False
        self.retired = self.schema_changed = False
        self.idle = False
        self.kept = False
        self.handing_over = False

    def __repr__(self) -> str:
        holds = "nobody's state" if self.owner is None else "a session's state"
        return f"<connection {self.thread_id} to {self.endpoint.name}, {holds}>"

    @property
    def in_transaction(self) -> bool:
        """Whether the last reply said that a transaction is open."""
        return bool(self.scanner.status & SERVER_STATUS_IN_TRANS)

    # -- one session's state to another's --------------------------------------------------------

    def settle(
        self,
        profile: Profile,
        owner: LookBack,
        command: bytes,
        begin: bytes = b"",
        reads_variables: bool = False,
    ) -> bytes:
        """Bring the connection to a session's state and send ``command``, in one go if it is safe.

        ``begin`` is a framed command that opens a transaction, to go in front. A server runs a
        command whatever became of what was sent in front of it, so settings go alone until this
        server has accepted them once. ``reads_variables`` says that the command may read user
        variables, of which no other session's may be there. Gives the bytes of the command's reply
        that were read already. Raises :class:`~athena_g.errors.SqlError` when the server refuses.
        """
        if reads_variables and self._has_something_to_report(owner):
            self.dirty = self.ping()
        questions = self._part(owner)
        lead, settings = self._lead(profile, owner)
        together = settings <= self._accepted
        if begin and together:
            lead.append(begin)
        packets = [*map(_query, questions), *lead]
        data = b"".join([*packets, command] if together else packets)
        if data:
            self.stream.send(data)
        self._hear(questions)
        for _ in lead:
            self._read_ok()
        self._hand_over(owner)
        self.handing_over = False
        self.profile, self.insert_id = profile, owner.insert_id
        self._multi_statements = profile.multi_statements
        if not together:
            self._accept(settings)
            if begin or command:
                self.stream.send(begin + command)
            if begin:
                self._read_ok()
        return self.stream.take_unread()

    def _has_something_to_report(self, owner: LookBack) -> bool:
        """Whether the statements of the session before may have set variables unnoticed.

        A function within a view can. MySQL tells of it in the next OK packet, and statements with
        rows have none.
        """
        used = self.profile is not None and self.owner is not owner
        return used and not (self.is_mariadb or self.dirty) and self.scanner.affected < 0

    def farewell(self) -> None:
        """Ask what its session may still want to know, before the connection is closed."""
        questions = self._part(None)
        try:
            with gevent.Timeout(RESET_TIMEOUT, TimeoutError("farewell")):
                if questions:
                    self.stream.send(b"".join(map(_query, questions)))
                self._hear(questions)
        except ConnectionClosed as error:
            if error.stream is not self.stream:  # whoever closes it is being ended
                raise
        except (SqlError, TimeoutError):
            return

    def _hand_over(self, owner: LookBack | None) -> None:
        former, self.owner = self.owner, owner
        if former is not None and former is not owner:
            former.part()

    def disown(self) -> None:
        """The session that used the connection last is gone."""
        self._hand_over(None)

    def _part(self, owner: LookBack | None) -> list[str]:
        """What is to be asked for the session that had the connection before."""
        former = self.owner
        if former is None or former is owner:
            return []
        former.remember(self.scanner)
        return former.questions(self.scanner)

    def _hear(self, questions: list[str]) -> None:
        """Read the answers for the session that had the connection before."""
        former = self.owner
        for question in questions:
            answer = self._read_answer()
            if former is not None and answer is not None:
                try:
                    former.answered(question, answer)
                except ValueError as error:
                    raise self._broke_protocol(f"{question}: {error}") from None

    def _lead(self, profile: Profile, owner: LookBack) -> tuple[list[bytes], set[str]]:
        """The packets that bring the state, and the settings in them that may be refused."""
        before, packets, settings = self.profile, [], set[str]()
        if self.owner is not owner and (self.dirty or not can_move(before, profile)):
            packets.append(_RESET)
            settings.add("COM_RESET_CONNECTION")
            self._was_reset()
            before = None
        changes = [] if before is profile else assignments(before, profile, self.is_mariadb)
        if before is None and self.tracks_session:
            changes.append(self._tracking())
        settings.update(change for change in changes if not change.startswith("@"))
        if self.insert_id != owner.insert_id:
            changes.append(f"SESSION last_insert_id = {owner.insert_id}")
        if changes:
            packets.append(_query("SET " + ", ".join(changes)))
        if profile.multi_statements != self._multi_statements:
            settings.add("COM_SET_OPTION")
            option = 0 if profile.multi_statements else 1
            packets.append(frame(bytes([Command.SET_OPTION, option, 0]), 0))
        return packets, settings

    def _tracking(self) -> str:
        variables = _TRACKED_MARIADB if self.is_mariadb else _TRACKED_MYSQL
        return (
            "SESSION session_track_state_change = 1, SESSION session_track_schema = 1, "
            f"SESSION session_track_system_variables = '{variables}'"
        )

    def _accept(self, settings: set[str]) -> None:
        if len(self._accepted) > MAX_ACCEPTED:
            self._accepted.clear()
        self._accepted |= settings

    def _was_reset(self) -> None:
        self.profile = None
        self.dirty = False
        self.insert_id = 0
        self.statements.forget()
        self.scanner.status = 0

    # -- small exchanges ---------------------------------------------------------------------------

    def ask(self, question: str) -> Answer | None:
        """The rows a query of the proxy's own gives, which must be few; ``None``: it is refused.

        Raises :class:`~athena_g.errors.SqlError` for what breaks the protocol, and
        :class:`ConnectionClosed`.
        """
        self.stream.send(_query(question))
        return self._read_answer()

    def tell(self, command: bytes) -> ErrPacket | None:
        """Have the server run a framed command that gives no rows; its refusal, if it refuses.

        Raises what :meth:`ask` raises.
        """
        self.stream.send(command)
        self.stream.sequence_id = frames_in(command) & 0xFF
        try:
            payload = self.stream.read_packet()
            if payload[:1] == b"\xff":
                return ErrPacket.decode(payload)
            self.scanner.status = OkPacket.decode(payload, 0).status
        except SqlError as error:  # which blames the client
            raise self._broke_protocol(error.message) from None
        return None

    def ping(self) -> bool:
        """Have the server say its status flags; whether it reports a change of session state.

        A change that a statement with rows made MySQL reports in the next OK packet only. Warnings
        stay, ROW_COUNT() is 0 afterwards.
        """
        self.stream.send(_PING)
        return self._read_ok()

    def roll_back(self) -> None:
        """Roll back what is open, whatever completion_type is; raises what :meth:`ask` raises."""
        self.stream.send(_query("ROLLBACK AND NO CHAIN NO RELEASE"))
        self._read_ok()

    def prepare(self, command: bytes) -> Prepare:
        """Prepare a statement from a framed COM_STMT_PREPARE; who asked keeps it."""
        payloads = self._prepare(command)
        if self.scanner.errno == _TOO_MANY_STATEMENTS and len(self.statements):
            self.statements.close_all()
            payloads = self._prepare(command)
        if self.scanner.errno:
            return Prepare(payloads, None)
        return Prepare(payloads, Prepared(payloads[0][1:5]))

    def _prepare(self, command: bytes) -> list[bytes]:
        closing, self.statements.closing = self.statements.closing, b""
        self.stream.send(closing + command)
        self.stream.sequence_id = frames_in(command) & 0xFF
        return self.read_prepared()

    def read_prepared(self) -> list[bytes]:
        """The payloads that answer a COM_STMT_PREPARE that was sent."""
        try:
            payloads = [self.stream.read_packet()]
            self.scanner.errno = 0
            if payloads[0][:1] == b"\xff":
                self.scanner.errno = ErrPacket.decode(payloads[0]).errno
                self.scanner.affected = -1
                return payloads
            ok = PrepareOk.decode(payloads[0])
            self.scanner.warnings = ok.warnings
            for count in (ok.parameters, ok.columns):
                # Definitions and an EOF behind them.
                payloads += [self.stream.read_packet() for _ in range(count + 1 if count else 0)]
                if count:
                    self.scanner.status = EofPacket.decode(payloads[-1]).status
        except SqlError as error:  # which blames the client
            raise self._broke_protocol(error.message) from None
        return payloads

    def _read_ok(self) -> bool:
        """Read one OK or EOF; whether session state changed. Raises what comes instead."""
        self.stream.sequence_id = 1
        payload = self._read_payload()
        if payload[:1] == b"\0":
            status = OkPacket.decode(payload, 0).status
        elif is_eof(payload):
            status = EofPacket.decode(payload).status
        else:
            raise self._broke_protocol("neither OK nor EOF")
        self.scanner.status = status & ~SERVER_SESSION_STATE_CHANGED
        return bool(status & SERVER_SESSION_STATE_CHANGED)

    def _read_payload(self) -> bytes:
        try:
            payload = self.stream.read_packet()
            refusal = ErrPacket.decode(payload) if payload[:1] == b"\xff" else None
        except SqlError as error:  # which blames the client
            raise self._broke_protocol(error.message) from None
        if refusal is not None:
            reason = f"{refusal.message} ({refusal.errno})"
            raise errors.BACKEND_SETUP_REFUSED(
                reason=reason, instance=self.endpoint.name, group=self.endpoint.group
            )
        return payload

    def _read_answer(self) -> Answer | None:
        """Read a result set; ``None`` for an ERR in its place."""
        self.stream.sequence_id = 1
        try:
            first = self.stream.read_packet()
            if first[:1] == b"\xff":
                return None
            count = lenenc_int_at(first, 0)[0]
            columns = [Column.decode(self._read_payload()) for _ in range(count)]
            self._read_payload()
            rows = []
            while not is_eof(payload := self._read_payload()):
                rows.append(_cells(payload, count))
        except (IndexError, ValueError, SqlError) as error:
            raise self._broke_protocol(f"a damaged packet: {error}") from None
        return Answer(columns, rows)

    def _broke_protocol(self, reason: str) -> SqlError:
        return errors.BACKEND_PROTOCOL(
            reason=reason, instance=self.endpoint.name, group=self.endpoint.group
        )

    # -- the end of a statement, of a session, of the connection -----------------------------------

    def finished(self) -> bool:
        """Take note of the reply just relayed; whether the connection can be used further."""
        scanner = self.scanner
        if any(change.kind == SESSION_TRACK_SCHEMA for change in scanner.changes):
            self.schema_changed = self.retired = True
        return scanner.errno not in _ENDING_ERRNOS

    def reset(self) -> bool:
        """Roll back and free everything the session held; whether the connection is clean now."""
        if self.retired:
            return False
        try:
            with gevent.Timeout(RESET_TIMEOUT, TimeoutError("reset")):
                self.stream.send(_RESET)
                self._read_ok()
                if self.stream.take_unread():
                    return False  # that was the answer to something else
        except (ConnectionClosed, SqlError, TimeoutError):
            return False
        self._was_reset()
        return True

    def close(self) -> None:
        """Close the socket; the server rolls back what was open."""
        self.stream.close()
        self._hand_over(None)


def _query(sql: str) -> bytes:
    return frame(bytes([Command.QUERY]) + sql.encode(), 0)


def _cells(row: bytes, count: int) -> list[bytes | None]:
    cells: list[bytes | None] = []
    position = 0
    for _ in range(count):
        cell, position = nullable_cell_at(row, position)
        cells.append(cell)
    return cells
