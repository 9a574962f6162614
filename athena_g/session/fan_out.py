"""Changes on several shards or in several DB groups, each of which does its part by itself.

What one server has to do it does as a whole or not at all, but for data definition, which cannot be
taken back. What was done on one server stays done when another one fails: the error tells.

Source: MySQL Reference Manual, "Statements That Cause an Implicit Commit", "SAVEPOINT Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final, NamedTuple

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import (
    CLIENT_SESSION_TRACK,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_IN_TRANS,
)
from athena_g.protocol.replies import OkPacket
from athena_g.session.binding import Binding
from athena_g.session.leases import Leased, Leases, Part, Refused, broke_protocol, query

_BEGIN = query(b"BEGIN")
# Whatever completion_type is.
_COMMIT = query(b"COMMIT AND NO CHAIN NO RELEASE")
_ROLLBACK = query(b"ROLLBACK AND NO CHAIN NO RELEASE")
_MARK: Final = query(b"SAVEPOINT athena_g_statement")
_BACK_TO_MARK: Final = query(b"ROLLBACK TO SAVEPOINT athena_g_statement")
_UNMARK: Final = query(b"RELEASE SAVEPOINT athena_g_statement")
_NUMBER = re.compile(rb"[0-9]+")


class Rows(Enum):
    """What is known of the rows that a change inserts."""

    ANY = auto()
    """Nothing: several, or none, or they may replace others."""
    DIVIDED = auto()
    """Each shard gets some of several."""
    DIVIDED_IGNORE = auto()
    """The same where rows may be left out."""


@dataclass(slots=True)
class Sum:
    """What the servers' answers come to."""

    affected: int = 0
    insert_id: int = 0
    warnings: int = 0
    info: bytes = b""
    done: list[str] = field(default_factory=list)
    inserted: list[int] = field(default_factory=list)
    """Ids that were made for rows, and that rows have: the first of each shard that was asked."""

    def add(self, ok: OkPacket) -> None:
        """Count what one shard did."""
        self.affected += ok.affected_rows
        self.insert_id = self.insert_id or ok.last_insert_id
        self.warnings += ok.warnings
        self.info = _added(self.info, ok.info) if self.info else ok.info


class Outcome(NamedTuple):
    """What a server said of one part."""

    where: str
    outcome: OkPacket | SqlError


class FanOut:
    """Does one session's changes on several shards."""

    def __init__(self, binding: Binding, leases: Leases, client: PacketStream) -> None:
        self._binding = binding
        self._leases = leases
        self._client = client

    def change(
        self,
        construct: str,
        asked: dict[Pool, list[Part]],
        *,
        alike: bool,
        rows: Rows = Rows.ANY,
        made: Sequence[int] = (),
    ) -> None:
        """Change rows on several shards, and answer how many they were together.

        ``alike``: all servers do the same, so the first one's numbers are the answer. ``made`` are
        the ids that the proxy made for rows.
        """
        self._leases.check(list(asked), writes=True)
        total = Sum()
        left = self._all(asked)
        try:
            while left:
                leased = left.pop(0)
                try:
                    found = self._change_one(leased, rows, total)
                except SqlError as error:
                    raise _partly(construct, error, leased.parts, total.done) from None
                if not (alike and total.done):
                    total.add(found)
                total.done += [part.where for part in leased.parts]
        finally:
            for leased in left:
                self._leases.give_back(leased)
        if made:
            checked = any(part.check for parts in asked.values() for part in parts)
            total.insert_id = _told(total, made[0], checked)
        self._answer(total)

    def _all(self, asked: dict[Pool, list[Part]]) -> list[Leased]:
        """A connection to each server: nothing is changed as long as one is not to be had."""
        leased: list[Leased] = []
        try:
            leased.extend(self._leases.all(asked))
        except BaseException as error:
            self._leases.end(leased, error)
        return [one for pool in asked for one in leased if one.pool is pool]

    def _change_one(self, leased: Leased, rows: Rows, total: Sum) -> OkPacket:
        """Have one server do all its parts, or none; what it inserted is noted in ``total``."""
        parts = leased.parts
        before, after, back = self._bracket(leased)
        found = Sum()
        try:
            try:
                for command in before:
                    _do(leased, command)
                # One after the other: an error may have ended the transaction, and what comes after
                # it would be a change by itself.
                for part, command in zip(parts, leased.commands(), strict=True):
                    leased.send([command])
                    ok = _read_ok(leased, part)
                    info = ok.info or _info_of_row(ok, rows)
                    found.add(replace(ok, info=info))
                for ending in after:
                    _end(leased, ending)
                for part in parts:
                    total.inserted += _inserted(leased, part)
            except Refused:
                leased.note_insert_id()
                for undoing in back:
                    _try(leased, undoing)
                raise
        except BaseException as error:
            # The client has begun no transaction, and loses none with the connection.
            if before == [_BEGIN] and not isinstance(error, Refused):
                leased.connection.scanner.status &= ~SERVER_STATUS_IN_TRANS
            self._leases.end([leased], error)
        self._leases.give_back(leased)
        return OkPacket(found.affected, found.insert_id, 0, found.warnings, found.info)

    def _bracket(self, leased: Leased) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """What makes several statements one: to be sent before them, after them, or to undo."""
        if len(leased.parts) == 1:
            return [], [], []
        is_open = bool(leased.connection.scanner.status & SERVER_STATUS_IN_TRANS)
        if is_open or (leased.own and not self._binding.autocommit):
            return [_MARK], [_UNMARK], [_BACK_TO_MARK]
        return [_BEGIN], [_COMMIT], [_ROLLBACK]

    def define(self, construct: str, asked: dict[Pool, list[Part]], *, alike: bool) -> None:
        """Do a data definition everywhere, also where it failed elsewhere.

        ``alike`` is as in `change`.
        """
        self._leases.check(list(asked), writes=True)
        total = Sum()
        failed: list[str] = []
        first: SqlError | None = None
        for pool, parts in asked.items():
            undone = [part.where for part in parts]
            try:
                for part in self._defined(pool, parts, len(asked) == 1):
                    if isinstance(part.outcome, SqlError):
                        first = first or part.outcome
                        continue
                    undone.remove(part.where)
                    if not (alike and total.done):
                        total.add(part.outcome)
                    total.done.append(part.where)
            except SqlError as error:
                first = first or error
            failed += undone
        if first is not None and total.done:
            raise errors.PARTLY_DONE(
                construct=construct,
                failed=", ".join(failed),
                reason=first.message,
                done=", ".join(total.done),
            )
        if first is not None:
            raise first
        self._answer(total)

    def _defined(self, pool: Pool, parts: list[Part], own: bool) -> Iterator[Outcome]:
        """What becomes of each part on one server, as soon as that is known."""
        leased = self._leases.own(pool, parts) if own else self._leases.other(pool, parts)
        try:
            for part, command in zip(parts, leased.commands(), strict=True):
                try:
                    leased.send([command])
                    yield Outcome(part.where, _read_ok(leased, part))
                except Refused as refused:
                    yield Outcome(part.where, refused.error)
        except BaseException as error:
            self._leases.end([leased], error)
        self._leases.give_back(leased)

    def _answer(self, total: Sum) -> None:
        binding = self._binding
        binding.note_scattered(total.affected, 0, total.warnings)
        if total.insert_id:
            binding.set_insert_id(total.insert_id)
        ok = OkPacket(
            total.affected,
            total.insert_id,
            binding.local_status,
            min(total.warnings, 0xFFFF),
            total.info,
        )
        self._client.write_packet(ok.encode(0))
        self._client.flush()


def _read_ok(leased: Leased, part: Part | None) -> OkPacket:
    leased.begin_reply()
    payload = leased.read()
    if payload[:1] == b"\xff":
        leased.refuse(payload, part)
    if payload[:1] != b"\0":
        raise broke_protocol(leased.connection, "rows in answer to a change")
    leased.outstanding -= 1
    ok = OkPacket.decode(payload, CLIENT_SESSION_TRACK if leased.connection.tracks_session else 0)
    leased.connection.scanner.status = ok.status & ~SERVER_SESSION_STATE_CHANGED
    if part is not None and ok.status & SERVER_SESSION_STATE_CHANGED:  # BEGIN reports it, too
        leased.note_changed()
        leased.changed = True
    if ok.last_insert_id:
        leased.note_insert_id()
    return ok


def _info_of_row(ok: OkPacket, rows: Rows) -> bytes:
    """What a server would say of one row if it were not the only one of the INSERT."""
    if rows not in (Rows.DIVIDED, Rows.DIVIDED_IGNORE):
        return b""
    left_out = not ok.affected_rows and rows is Rows.DIVIDED_IGNORE
    again = max(ok.affected_rows - 1, 0) or left_out
    return b"Records: 1  Duplicates: %d  Warnings: %d" % (again, ok.warnings)


def _inserted(leased: Leased, part: Part) -> list[int]:
    """The first of the ids made for rows that a row of a shard has; empty if it is not asked."""
    answer = leased.connection.ask(part.check) if part.check else None
    return [int(row[0] or 0) for row in answer.rows] if answer is not None else []


def _told(total: Sum, first: int, checked: bool) -> int:
    """The insert id of a change for whose rows ids were made, ``first`` the first; 0 for none.

    Where it was not clear which rows are inserted, and none was, it is what the server tells: an id
    that the statement chose, as by LAST_INSERT_ID(id).
    """
    if checked:
        return min(total.inserted, default=total.insert_id)
    return first if total.affected else 0


def _do(leased: Leased, command: bytes) -> None:
    leased.send([command])
    _read_ok(leased, None)


def _end(leased: Leased, command: bytes) -> None:
    """End what makes several statements one, which may be to commit them."""
    try:
        _do(leased, command)
    except ConnectionClosed as error:
        connection = leased.connection
        if command != _COMMIT or error.stream is not connection.stream:
            raise
        raise errors.BACKEND_LOST(
            instance=connection.endpoint.name,
            group=connection.endpoint.group,
            consequence="; it is not known whether it was committed",
        ) from None


def _try(leased: Leased, command: bytes) -> None:
    """Do what a server may refuse: a deadlock took the savepoint with the transaction."""
    try:
        _do(leased, command)
    except Refused:
        return


def _added(one: bytes, other: bytes) -> bytes:
    """The texts of two servers, such as ``Rows matched: 2  Changed: 1``, their numbers added."""
    if _NUMBER.sub(b"", one) != _NUMBER.sub(b"", other):
        return one
    numbers = iter([int(number) for number in _NUMBER.findall(other)])
    return _NUMBER.sub(lambda found: b"%d" % (int(found[0]) + next(numbers)), one)


def _partly(construct: str, error: SqlError, parts: list[Part], done: list[str]) -> SqlError:
    if not done:
        return error
    return errors.PARTLY_DONE(
        construct=construct,
        failed=", ".join(part.where for part in parts),
        reason=error.message,
        done=", ".join(done),
    )
