"""Connections to the servers of several DB groups, for one statement of one session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

import gevent

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import LookBack
from athena_g.backend.profile import Profile
from athena_g.errors import SqlError
from athena_g.group.sharding import Sharding
from athena_g.net.stream import ConnectionClosed
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import MAX_PAYLOAD, SERVER_STATUS_IN_TRANS, Command
from athena_g.protocol.framing import frame, frames_in
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import ErrPacket, is_eof
from athena_g.protocol.wire import lenenc_int_at
from athena_g.session.binding import Binding

SENT_AT_ONCE: Final = 1 << 16
"""Bytes of commands that go out before the first reply is read: no server stops reading so few."""
DRAIN_TIMEOUT: Final = 0.5
"""Seconds for replies that nobody waits for any more, after which their statements are killed."""

_QUERY = bytes([0, Command.QUERY])
_OF_SERVERS: Final = frozenset(
    (
        1021, 1030, 1031, 1034, 1035, 1036, 1037, 1038, 1041, 1044, 1045, 1053, 1104, 1114, 1129,
        1142, 1143, 1146, 1153, 1194, 1195, 1205, 1206, 1213, 1226, 1227, 1290, 1296, 1297, 1317,
        1412, 1615, 1836, 1927, 1969, 3024, 3168, 3169, 4031,
    )
)  # fmt: skip
"""Errors that one server may give and another not, for the same statement: it has no such table or
privilege, no room, no time, is ending. Of these the client is told whose they are."""


class Refused(Exception):
    """A server answered a part with an error, which is the end of that part's reply."""

    def __init__(self, error: SqlError) -> None:
        super().__init__()
        self.error = error

    def taken(self) -> SqlError:
        """The error, to be raised in place of this: the two must not keep one another."""
        error = self.error
        del self.error
        return error


class _TimedOut(Exception):
    """A server gave nothing for too long."""


Asked = bytes | Callable[[BackendConnection], bytes]
"""A framed command, or what makes one for a connection: a prepared statement's."""


@dataclass(slots=True)
class Part:
    """What one shard is asked; ``where`` names the shard, for people, ``shard`` is its number.

    ``among_several``: others are asked the same. ``check`` asks behind a change which of the ids
    that were made for rows is the first that one has; it is empty where that is clear.
    """

    where: str
    command: Asked
    names: TableNames | None = None
    check: str = ""
    shard: int = 0
    among_several: bool = False


@dataclass(slots=True)
class Leased:
    """A connection to one DB group, and what it is asked.

    ``own``: it is the session's, which may have a transaction open there. ``outstanding`` are the
    replies that are still to be read, ``unsent`` the commands of the last of them.
    """

    pool: Pool
    connection: BackendConnection
    own: bool
    parts: list[Part]
    outstanding: int = 0
    unsent: list[bytes] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)
    """Of each outstanding reply how many packets its command is."""
    used: bool = False
    """Whether it was asked anything."""
    changed: bool = False
    """Whether the server reported a change of session state that no setting accounts for."""
    in_rows: bool = False
    """Whether the reply that is read is in its rows."""
    timeout: float | None = None
    """Seconds that it may take until there is more of a reply."""

    def commands(self) -> list[bytes]:
        """What the shards are asked, as this connection is to be told."""
        self.used = True
        connection = self.connection
        statements, closing = connection.statements, b""
        found = []
        for part in self.parts:
            command = part.command
            found.append(command if isinstance(command, bytes) else command(connection))
            # What had to make room for the others is still to be executed.
            closing += statements.closing
            statements.closing = b""
        statements.closing = closing
        return found

    def send(self, commands: list[bytes]) -> None:
        """Send these commands in one go, unless they are so long that the server has to reply."""
        self.used = True
        self.outstanding += len(commands)
        self.packets += map(frames_in, commands)
        if sum(map(len, commands)) > SENT_AT_ONCE:
            commands, self.unsent = commands[:1], commands[1:]
        self.connection.stream.send(b"".join(commands))

    def begin_reply(self) -> None:
        """Go on with the reply to the next command."""
        if self.unsent and self.outstanding == len(self.unsent):
            self.connection.stream.send(self.unsent.pop(0))
        self.connection.stream.sequence_id = self.packets.pop(0) & 0xFF

    def read(self) -> bytes:
        """The next payload."""
        try:
            if self.timeout is None:
                return self.connection.stream.read_packet()
            payload = self.connection.stream.buffered_packet()
            if payload is not None:
                return payload
            with gevent.Timeout(self.timeout, _TimedOut()):
                return self.connection.stream.read_packet()
        except _TimedOut:
            raise self._timed_out() from None
        except SqlError as error:  # which blames the client
            raise broke_protocol(self.connection, error.message) from None

    def read_rows(self) -> list[bytes]:
        """The next payloads, as many as came: rows, and what ends them at most."""
        try:
            with gevent.Timeout(self.timeout, _TimedOut()):
                return self.connection.stream.read_packets()
        except _TimedOut:
            raise self._timed_out() from None
        except SqlError as error:  # which blames the client
            raise broke_protocol(self.connection, error.message) from None

    def _timed_out(self) -> SqlError:
        milliseconds = round((self.timeout or 0) * 1000)
        name = self.connection.endpoint.name
        return errors.SCATTER_TIMEOUT(instance=name, timeout_ms=milliseconds)

    def note_touched(self) -> None:
        """What it is asked may do something to the server's session."""
        self.note_changed()
        self.note_insert_id()

    def note_changed(self) -> None:
        """The connection may hold what settings do not tell of: nobody else is to see it."""
        self.connection.dirty = True

    def note_insert_id(self) -> None:
        """What LAST_INSERT_ID() is there now is not what the session is told: it is set anew."""
        connection = self.connection
        connection.insert_id = None
        if connection.profile is not None:
            connection.profile = replace(connection.profile)

    def refuse(self, payload: bytes, part: Part | None = None) -> NoReturn:
        """Raise `Refused` for an ERR."""
        self.ended()
        raise Refused(refusal(payload, None if part is None else part.names))

    def refuse_here(self, payload: bytes, part: Part) -> NoReturn:
        """The same for an ERR of one of several shards that are read: it may be only this one's."""
        self.ended()
        error = refusal(payload, part.names)
        if part.among_several and error.errno in _OF_SERVERS:
            error.message += f" ({part.where}, {self.connection.endpoint.name})"
        raise Refused(error)

    def ended(self) -> None:
        """The reply that was read is over."""
        self.outstanding -= 1
        self.in_rows = False

    def drain(self) -> None:
        """Read what is outstanding, and forget it; send nothing more."""
        self.outstanding -= len(self.unsent)
        self.packets = self.packets[: self.outstanding]
        self.unsent.clear()
        while self.outstanding:
            if not self.in_rows:
                self.begin_reply()
                first = self.read()
                if first[:1] not in (b"\0", b"\xff"):
                    for _ in range(lenenc_int_at(first.ljust(9, b"\0"), 0)[0] + 1):
                        self.read()
                    self.in_rows = True
            while self.in_rows and not (is_eof(payload := self.read()) or payload[:1] == b"\xff"):
                pass
            self.ended()


class Leases:
    """Leases connections for one session."""

    def __init__(self, binding: Binding, sharding: Sharding) -> None:
        self._binding = binding
        self._sharding = sharding
        self.extra: Mapping[str, str] = {}
        """Settings for the statement that runs, besides the session's."""

    def check(self, pools: list[Pool], *, writes: bool) -> None:
        """Refuse a statement on several DB groups where a transaction would have to span them.

        A query without autocommit takes part in no transaction, unless one is open already.
        """
        binding = self._binding
        binding.check()
        if len(pools) > 1 and (
            binding.held is not None or binding.begin or (writes and not binding.autocommit)
        ):
            targets = ", ".join(self._sharding.called(pool) for pool in pools)
            if binding.pins and not binding.status & SERVER_STATUS_IN_TRANS:
                bound = self._sharding.called(binding.pool)
                raise errors.SESSION_BOUND(bound=bound, target=targets, reason=binding.pins)
            raise errors.SCATTER_IN_TRANSACTION(targets=targets)

    def all(self, asked: dict[Pool, list[Part]]) -> Iterator[Leased]:
        """A connection to each server: the session's own if it is only one.

        They are leased in one order for all sessions: else two could wait for each other's.
        """
        if len(asked) == 1:
            [(pool, parts)] = asked.items()
            yield self.own(pool, parts)
            return
        for pool in sorted(asked, key=_order):
            yield self.other(pool, asked[pool])

    def spread(
        self, asked: dict[Pool, list[Part]], changes: Mapping[str, str] | None = None
    ) -> Iterator[Leased]:
        """Connections for a query, as many to a server as it may have and are there.

        The session's own is the only one in a transaction, and where one part is all there is.
        ``changes`` are settings that they are to have besides the session's.
        """
        binding = self._binding
        changes = changes or {}
        several = [part for parts in asked.values() for part in parts]
        for part in several:
            part.among_several = len(several) > 1
        bound = binding.held is not None or binding.begin or not binding.autocommit
        if len(asked) == 1:
            [(pool, parts)] = asked.items()
            if bound or len(parts) == 1:
                leased = self.own(pool, parts)
                leased.timeout = self._sharding.merging.scatter_timeout
                yield leased
                self._settle_own(leased, _changed(binding.profile, {**changes, **self.extra}))
                return
        profile = self.settings(changes)
        found = []
        for pool in sorted(asked, key=_order):
            found.append(self.other(pool, asked[pool], profile))
            yield found[-1]
        for each in found:
            yield from self._spares(each, profile)

    def _spares(self, first: Leased, profile: Profile) -> Iterator[Leased]:
        """Further connections to a server, which take some of the parts of the first one."""
        most = min(len(first.parts), self._sharding.merging.connections_per_scatter)
        found = [first]
        while len(found) < most:
            spare = self._spare(first.pool, profile)
            if spare is None:
                break
            found.append(spare)
            yield spare
        parts = first.parts
        for number, each in enumerate(found):
            each.parts = parts[number :: len(found)]

    def _settle_own(self, leased: Leased, profile: Profile) -> None:
        if profile is self._binding.profile:
            return
        try:
            leased.connection.settle(profile, self._binding.look_back, b"")
        except BaseException as error:
            raise told(leased.connection, error) from None

    def own(self, pool: Pool, parts: list[Part]) -> Leased:
        """The session's connection, in its transaction if there is one."""
        self._binding.go_to(pool)
        return Leased(pool, self._binding.take_begun(), True, parts)

    def settings(self, changes: Mapping[str, str]) -> Profile:
        """The session's settings outside a transaction, with changes; raises for too many."""
        return _changed(self._profile, {**changes, **self.extra})

    def other(self, pool: Pool, parts: list[Part], profile: Profile | None = None) -> Leased:
        """A connection with the session's settings that takes part in no transaction."""
        binding, profile = self._binding, profile or self._profile
        binding.waiting = True
        try:
            connection = pool.acquire(binding.flags, profile)
        finally:
            binding.waiting = False
        return self._settled(pool, connection, profile, parts)

    def _spare(self, pool: Pool, profile: Profile) -> Leased | None:
        """The same if nobody has to wait for it."""
        binding = self._binding
        binding.waiting = True
        try:
            connection = pool.spare(binding.flags, profile)
        except SqlError as error:
            if error.errno == errors.QUERY_INTERRUPTED.errno:
                raise
            return None  # the server has no more: those that there are do
        finally:
            binding.waiting = False
        return None if connection is None else self._settled(pool, connection, profile, [])

    def _settled(
        self, pool: Pool, connection: BackendConnection, profile: Profile, parts: list[Part]
    ) -> Leased:
        insert_id = self._binding.look_back.insert_id or 0
        try:
            connection.settle(profile, LookBack(insert_id), b"")
        except BaseException as error:
            pool.discard(connection)
            raise told(connection, error) from None
        self._binding.lent.append((pool, connection))
        timeout = self._sharding.merging.scatter_timeout
        return Leased(pool, connection, False, parts, timeout=timeout)

    @property
    def _profile(self) -> Profile:
        own = self._binding.profile
        if self._binding.autocommit:
            return own
        return own.with_variables({"autocommit": "1"}) or own

    def give_back(self, leased: Leased) -> None:
        """End the use of a connection of which all has been read."""
        if leased.own:
            if leased.changed:
                self._binding.pin("session state")
            self._binding.done(leased.connection)
        else:
            self._binding.lent.remove((leased.pool, leased.connection))
            # A server that refused to end what was begun for one statement may still have it open.
            is_open = leased.connection.in_transaction
            (leased.pool.discard if is_open else leased.pool.release)(leased.connection)

    def clear(self, leased: Leased) -> None:
        """Give back a connection, not the session's own, without what was made on it."""
        connection = leased.connection
        clean = connection.reset()
        self._binding.lent.remove((leased.pool, connection))
        (leased.pool.release if clean else leased.pool.discard)(connection)

    def abandon(self, leased: Leased) -> None:
        """Close a connection, not the session's own, of whose rows no more are wanted."""
        self._binding.lent.remove((leased.pool, leased.connection))
        leased.pool.killer.kill_soon(leased.connection.thread_id)
        leased.pool.discard(leased.connection)

    def end(self, leased: list[Leased], error: BaseException) -> NoReturn:
        """End the use of all after an error; raises what the client is to be told."""
        try:
            for each in leased:
                self._end(each, error)
            for each in leased:
                error = told(each.connection, error)
            if isinstance(error, Refused):
                error = error.taken()
            raise error from None
        finally:
            del error  # else it and the frames that it went through would keep one another

    def _end(self, leased: Leased, error: BaseException) -> None:
        try:
            if leased.own:
                self._end_own(leased, error)
            elif not leased.used or (isinstance(error, Refused) and self._drained(leased)):
                self.give_back(leased)
            elif leased.outstanding or isinstance(error, ConnectionClosed):
                self.abandon(leased)
            else:
                self._binding.lent.remove((leased.pool, leased.connection))
                leased.pool.discard(leased.connection)
        finally:
            del error

    @staticmethod
    def _drained(leased: Leased) -> bool:
        """Whether nothing is outstanding any more, so that the connection can be used further."""
        try:
            with gevent.Timeout(DRAIN_TIMEOUT, TimeoutError("drain")):
                leased.drain()
        except (ConnectionClosed, SqlError, TimeoutError):
            return False  # if it is the client that is gone, the session knows
        return True

    def _end_own(self, leased: Leased, error: BaseException) -> None:
        """A session's connection is kept if it can be: a transaction may be open on it."""
        connection = leased.connection
        try:
            if not isinstance(error, Refused):
                connection.scanner.sequence_id = 1
                self._binding.failed(connection, error)
        finally:
            del error
        try:
            leased.drain()
            connection.ping()  # an error does not tell what became of the transaction
        except BaseException as further:
            self._binding.failed(connection, further)
        self._binding.done(connection)


def _changed(profile: Profile, changes: Mapping[str, str]) -> Profile:
    if not changes:
        return profile
    found = profile.with_variables(changes)
    if found is None:
        raise errors.NOT_SUPPORTED_YET(construct="so many session variables over shards")
    return found


def _order(pool: Pool) -> tuple[str, int]:
    """In which order pools are asked for connections."""
    return pool.endpoint.name, id(pool)


def refusal(payload: bytes, names: TableNames | None) -> SqlError:
    """The error in an ERR packet, as the client is to see it."""
    if names is not None:
        payload = names.error(frame(payload, 0))[4:]
    packet = ErrPacket.decode(payload)
    return SqlError(packet.errno, packet.sqlstate, packet.message)


def query(text: bytes) -> bytes:
    """A framed COM_QUERY."""
    size = len(text) + 1
    if size < MAX_PAYLOAD:
        return size.to_bytes(3, "little") + _QUERY + text
    return frame(_QUERY[1:] + text, 0)


def broke_protocol(connection: BackendConnection, reason: str) -> SqlError:
    """The error for a server whose reply makes no sense."""
    endpoint = connection.endpoint
    return errors.BACKEND_PROTOCOL(reason=reason, instance=endpoint.name, group=endpoint.group)


def told(connection: BackendConnection, error: BaseException) -> BaseException:
    """What the client is told of an error of an exchange with a server."""
    if isinstance(error, ConnectionClosed) and error.stream is connection.stream:
        endpoint = connection.endpoint
        return errors.BACKEND_LOST(instance=endpoint.name, group=endpoint.group, consequence="")
    return error
