"""The command loop of one client of the proxy: which command is answered where."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gevent import get_hub, getcurrent

from athena_g import errors
from athena_g.backend.profile import profile
from athena_g.errors import SqlError
from athena_g.group.group import Group
from athena_g.net.handshake import Login
from athena_g.net.server import Client
from athena_g.net.stream import ConnectionClosed, SocketStream
from athena_g.parser.connections import Kill, parse_kill, parse_show_processlist
from athena_g.parser.executable import unwrapped
from athena_g.parser.recognise import LONG_TEXT, Recognised, Special, recognise
from athena_g.protocol.charsets import codec_of
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import command_name
from athena_g.protocol.constants import (
    CLIENT_MULTI_STATEMENTS,
    SERVER_STATUS_NO_BACKSLASH_ESCAPES,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import OkPacket
from athena_g.protocol.resultset import encode_result_set
from athena_g.protocol.scan import (
    REPLY_COMMAND,
    REPLY_FIELDS,
    REPLY_SINGLE,
    REPLY_STRING,
)
from athena_g.protocol.text_values import Value
from athena_g.session import processlist
from athena_g.session.binding import Binding, Effect
from athena_g.session.effects import FOUND_ROWS, NEXT_TRANSACTION, Looked, UsedUp, effect_of
from athena_g.session.long_work import LONG, in_thread
from athena_g.session.prepared import Statements
from athena_g.session.recall import Recall
from athena_g.session.sharding import ShardedStatements
from athena_g.session.transactions import Transactions

_NOT_PREPARABLE = (Special.USE, Special.REFUSE, Special.KILL)
_PAYLOAD = 4
_BODY = 5
_PING = frame(bytes((Command.PING,)), 0)
_DO_NOTHING = frame(bytes((Command.QUERY,)) + b"DO 0", 0)
# An enumeration's members cost a call each to look up.
_QUERY, _EXECUTE = int(Command.QUERY), int(Command.STMT_EXECUTE)


class Quit(Exception):
    """The client wants no more, or was told all it will be told."""


class ProxySession:
    """Answers one client with what its group's servers say."""

    def __init__(self, client: Client, login: Login, group: Group, max_statements: int) -> None:
        self._client = client
        self._stream = client.stream
        self._max_statements = max_statements
        self._greenlet: Any = None
        self._ended = False
        self._command: bytes | None = None
        self._since = time.monotonic()
        self._enter(login, group)

    def _enter(self, login: Login, group: Group, *, after_reset: bool = False) -> None:
        """Start as a new session of an account."""
        self._login = login
        self._group = group
        self.account = group.account
        multi_statements = bool(login.capabilities & CLIENT_MULTI_STATEMENTS)
        self._binding = Binding(
            self._client.id,
            self._stream,
            group.home.master.pool,
            login.capabilities,
            profile(login.collation_id, multi_statements, after_reset=after_reset),
        )
        self._transactions = Transactions(self._binding)
        self._recall = Recall(self._binding, self._client.id)
        self._sharded: ShardedStatements | None = None
        self._run: Callable[[bytes, int, Effect | None], object] = self._binding.execute
        if group.sharding is not None:
            self._sharded = ShardedStatements(self._binding, group.sharding, self._stream)
            self._run = self._sharded.execute
        self._statements = Statements(
            self._binding, self._recall, self._stream, self._max_statements, self._sharded
        )

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Answer commands until the client quits."""
        stream = self._stream = self._client.stream
        self._use(stream)
        self._greenlet = getcurrent()
        stream.on_gone = self.end
        watch = type(stream) is not SocketStream  # which watches itself
        while not self._ended:
            self._command = None
            packet = stream.read_command()
            if len(packet) < _BODY:
                raise errors.MALFORMED_PACKET(reason="an empty packet is no command")
            self._command = packet
            self._since = time.monotonic()
            command = packet[_PAYLOAD]
            if watch:
                stream.watch()
            try:
                if command == _QUERY:
                    self._query(packet)
                elif command == _EXECUTE and not self._binding.transaction_lost:
                    self._statements.execute(packet)
                else:
                    self._other_command(command, packet)
            except SqlError as error:
                if stream.continues:
                    stream.skip_rest()
                if error.fatal:
                    raise
                self._binding.refused(error)
                stream.write_error(error)
                stream.flush()
            except Quit:
                return
            finally:
                if watch:
                    stream.unwatch()

    def _use(self, stream: Any) -> None:
        """Talk over the stream that the login ended with (compression begins behind it)."""
        self._binding.use(stream)
        self._statements.use(stream)
        if self._sharded is not None:
            self._sharded.use(stream)

    @property
    def status(self) -> int:
        """The server status flags for an answer of the proxy's own."""
        return self._binding.local_status

    def close(self) -> None:
        """Give back everything."""
        self._stream.on_gone = None
        self._binding.close()

    # -- as others see it --------------------------------------------------------------------------

    def describe(self, full: bool) -> tuple[str, int, str | None]:
        """What SHOW PROCESSLIST says: the command, for how many seconds, its text."""
        seconds = int(time.monotonic() - self._since)
        packet = self._command
        if packet is None:
            return "Sleep", seconds, None
        command = packet[_PAYLOAD]
        name = command_name(command).removeprefix("COM_").removeprefix("STMT_")
        name = name.replace("_", " ").capitalize()
        if command not in (Command.QUERY, Command.STMT_PREPARE):
            return name, seconds, None
        text = packet[_BODY:].decode(codec_of(self._login.collation_id), "replace")
        return name, seconds, text if full else text[: processlist.INFO_SIZE]

    def kill_statement(self) -> None:
        """Have the server stop the statement that runs, if one does."""
        if self._binding.waiting:
            get_hub().loop.run_callback(self._interrupt)
        elif self._command is not None:
            self._binding.interrupted = True
            running = self._binding.running
            for _, connection in running:
                # A KILL that comes late would hit whoever has the connection by then.
                connection.retired = True
            for pool, connection in running:
                pool.killer.kill(connection.thread_id, query=True)

    def _interrupt(self) -> None:
        """End the wait for a connection, in the hub; a statement that runs by now goes on."""
        if self._binding.waiting:
            self._greenlet.throw(errors.QUERY_INTERRUPTED())

    def end(self) -> None:
        """End the session, wherever it is: its client is gone, or somebody killed it."""
        self._ended = True  # should it be where nothing may interrupt it
        if self._greenlet is not None:
            gone = ConnectionClosed(self._stream, "the client is gone, or was killed")
            self._greenlet.kill(gone, block=False)

    # -- statements --------------------------------------------------------------------------------

    def _query(self, packet: bytes) -> None:
        binding = self._binding
        multi_statements = binding.profile.multi_statements
        if len(packet) < LONG:
            found = recognise(packet, _BODY, multi_statements)
        else:
            outline = packet
            if self._sharded is not None:  # which reads all of it anyway
                packet, payload = self._sharded.whole(packet)
                outline = self._sharded.outline(packet[:_PAYLOAD] + payload)
            found = in_thread(recognise, outline, _BODY, multi_statements)
        if found is None and not self._stream.continues and not binding.pins:
            self._run(packet, REPLY_COMMAND, None)
        else:
            self._special(found, packet)

    def _special(self, found: Recognised | None, packet: bytes) -> None:
        """A statement that needs attention, or one of a session that does."""
        binding = self._binding
        if self._stream.continues:
            found = self._beginning_of_long(found)
        elif packet.find(b"/*!", _BODY) >= 0:
            packet = unwrapped(packet, _BODY)
            found = recognise(packet, _BODY, binding.profile.multi_statements)
        asked = found.questions if found is not None else frozenset()
        if b"found_rows()" not in asked:
            binding.unpin(FOUND_ROWS)
        if found is None:
            used_up = (NEXT_TRANSACTION, None) in binding.pins
            self._run(packet, REPLY_COMMAND, UsedUp(packet, _BODY) if used_up else None)
            return
        if self._answered(found, packet):
            return
        effect = self._effect(found, packet)
        if asked:
            answer = self._recall.answer(packet, _BODY, asked)
            if not isinstance(answer, bytes):
                self._send_rows(answer.columns, answer.rows)
                return
            packet = answer
            if found.special is Special.SHOW:
                effect = Looked(binding.has_conditions)
        self._run(packet, REPLY_COMMAND, effect)

    def _beginning_of_long(self, found: Recognised | None) -> Recognised:
        """What a statement is taken for of which only the beginning was looked at."""
        if found is not None and found.special in _NOT_PREPARABLE:
            raise errors.NOT_SUPPORTED_YET(construct="USE or KILL in a text of more than 1 MiB")
        return Recognised(Special.PIN, LONG_TEXT)

    def _effect(self, found: Recognised, packet: bytes) -> Effect | None:
        no_backslash_escapes = bool(self._binding.status & SERVER_STATUS_NO_BACKSLASH_ESCAPES)
        return effect_of(packet, _BODY, found, self._binding.profile, no_backslash_escapes)

    def _answered(self, found: Recognised, packet: bytes) -> bool:
        """Do what the proxy itself does with such a statement; true when that was the answer."""
        match found.special:
            case Special.REFUSE:
                raise errors.NOT_SUPPORTED_YET(construct=found.detail)
            case Special.USE:
                self._use_database(found.detail, packet)
            case Special.TRANSACTION:
                return self._transaction(packet)
            case Special.KILL:
                asked = parse_kill(packet, _BODY)
                if asked is None:
                    raise errors.NOT_SUPPORTED_YET(construct="KILL of other than a connection id")
                self._kill(asked)
            case Special.SHOW:
                full = parse_show_processlist(packet, _BODY)
                if full is None:
                    return False
                self._show_processlist(full)
            case _:
                return False
        return True

    def _use_database(self, database: str, packet: bytes) -> None:
        if b";" in packet.rstrip(b"; \t\r\n\0"):
            raise errors.NOT_SUPPORTED_YET(construct="USE among several statements in one text")
        self._choose(database, _DO_NOTHING)

    def _transaction(self, packet: bytes, *, only_rollback: bool = False) -> bool:
        done = self._transactions.control(packet, _BODY, only_rollback)
        if done.answered:
            self._answer_ok()
        if done.over:
            raise Quit
        return done.answered or done.sent

    # -- other commands ----------------------------------------------------------------------------

    def _other_command(self, command: int, packet: bytes) -> None:
        binding = self._binding
        match command:
            case Command.QUIT:
                raise Quit
            case Command.PING if binding.held is None and binding.nothing_ran(statement=False):
                self._answer_ok()
            case Command.PING | Command.DEBUG:
                binding.execute(packet, REPLY_SINGLE, Looked(binding.has_conditions))
            case Command.INIT_DB:
                self._choose(packet[_BODY:].decode("utf-8", "replace"), _PING)
            case Command.STATISTICS:
                binding.execute(packet, REPLY_STRING)
            case Command.FIELD_LIST if self._sharded is not None:
                self._sharded.field_list(packet)
            case Command.FIELD_LIST:
                binding.execute(packet, REPLY_FIELDS)
            case Command.PROCESS_INFO:
                self._show_processlist(full=False)
            case Command.SET_OPTION:
                self._set_option(packet)
            case Command.RESET_CONNECTION:
                self._reset()
            case Command.CHANGE_USER:
                self._change_user(packet)
            case Command.PROCESS_KILL if len(packet) >= _BODY + 4:
                self._kill(Kill(False, int.from_bytes(packet[_BODY : _BODY + 4], "little")))
            case _:
                self._statement_command(command, packet)

    def _statement_command(self, command: int, packet: bytes) -> None:
        match command:
            case Command.STMT_PREPARE:
                self._prepare(packet)
            case Command.STMT_EXECUTE:
                self._execute_after_loss(packet)
            case Command.STMT_CLOSE:
                self._statements.close(packet)
            case Command.STMT_SEND_LONG_DATA:
                self._statements.send_long_data(packet)
            case Command.STMT_RESET:
                self._statements.reset(packet)
            case Command.STMT_FETCH:
                self._statements.fetch(packet)
            case _:
                raise errors.UNKNOWN_COMMAND(command=command_name(command))

    def _execute_after_loss(self, packet: bytes) -> None:
        """Execute a statement in a transaction that was lost: ROLLBACK ends it, as text does."""
        statement = self._statements.find(packet)
        if not self._transaction(statement.packet, only_rollback=True):
            self._statements.execute(packet)

    def _prepare(self, packet: bytes) -> None:
        packet = self._whole(packet)
        found = recognise(packet, _BODY, False)
        if found is not None:
            shows = found.special is Special.SHOW
            if found.special in _NOT_PREPARABLE or (
                shows and parse_show_processlist(packet, _BODY) is not None
            ):
                raise errors.NOT_PREPARABLE()
            packet = self._recall.with_own_id(packet, _BODY, found.questions)
        statement = self._statements.prepare(packet)
        if statement is not None and found is not None:
            statement.effect = self._effect(found, packet)
            statement.questions = found.questions

    def _whole(self, packet: bytes) -> bytes:
        """All of a command that is to be kept."""
        parts = [packet]
        while self._stream.continues:
            parts.append(self._stream.read_more())
        return b"".join(parts)

    def _choose(self, database: str, instead: bytes) -> None:
        """Answer a USE: there is one database, and the connections are in it.

        Unless a statement took the held one out of it (DROP DATABASE does): it is put back.
        ``instead`` is the framed command that has the same effect on what can be asked about the
        last statement.
        """
        if not self._group.is_called(database):
            raise errors.OTHER_DATABASE(database=database, group=self._group.name)
        held = self._binding.held
        if held is not None and held.schema_changed and held.endpoint.database is not None:
            command = bytes([Command.INIT_DB]) + held.endpoint.database.encode()
            self._binding.execute(frame(command, 0), REPLY_SINGLE)
        elif instead is _PING:
            self._other_command(Command.PING, instead)
        elif held is None and self._binding.nothing_ran(statement=True):
            self._answer_ok()
        else:
            self._binding.execute(instead, REPLY_SINGLE)

    def _set_option(self, packet: bytes) -> None:
        """Turn multi-statements on (0) or off (1), for all connections to come."""
        option = packet[_BODY:]
        if option not in (b"\0\0", b"\1\0"):
            raise errors.UNKNOWN_COMMAND(command=f"COM_SET_OPTION {option.hex()}")
        self._binding.allow_multi_statements(option == b"\0\0")
        self._stream.write_packet(b"\xfe\0\0" + self._binding.local_status.to_bytes(2, "little"))
        self._stream.flush()

    def _reset(self) -> None:
        """Forget the session's state, on the server too."""
        multi_statements = self._binding.profile.multi_statements
        self._binding.close()
        self._statements.forget()
        self._enter(self._login, self._group, after_reset=True)
        self._binding.allow_multi_statements(multi_statements)
        self._use(self._stream)
        self._answer_ok()

    def _change_user(self, packet: bytes) -> None:
        """Become another user, perhaps of another group, as if newly connected."""
        self._binding.close()
        login = self._client.change_user(packet[_PAYLOAD:])
        group = login.account.owner
        assert isinstance(group, Group)
        self._client.login = login
        self._enter(login, group)
        self._use(self._stream)
        self._answer_ok()

    def _kill(self, asked: Kill) -> None:
        processlist.kill(self._client.registry, self, self._client.id, asked)
        self._answer_ok()

    # -- answers -----------------------------------------------------------------------------------

    def _show_processlist(self, full: bool) -> None:
        shown = processlist.rows(
            self._client.registry, self, self.account.user, self._group.name, full
        )
        self._send_rows(processlist.columns(self._login.collation_id), shown)

    def _send_rows(self, columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> None:
        for payload in encode_result_set(columns, rows, 0, status=self._binding.local_status):
            self._stream.write_packet(payload)
        self._stream.flush()

    def _answer_ok(self) -> None:
        self._stream.write_packet(OkPacket(status=self._binding.local_status).encode(0))
        self._stream.flush()
