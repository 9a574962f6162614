"""Prepared statements of one session: its own ids, on whichever connection it has.

A statement is prepared on a server connection when it is first used there. Connections keep what
was prepared on them, for every session whose settings give the text the same meaning; only a
statement with a cursor or with long data is its session's alone.

Source: MySQL Source Code Documentation, "Prepared Statements" with its pages "COM_STMT_PREPARE",
"COM_STMT_EXECUTE", "COM_STMT_SEND_LONG_DATA", "COM_STMT_FETCH", "COM_STMT_RESET", "COM_STMT_CLOSE".
"""

from __future__ import annotations

from collections.abc import Sequence

from athena_g import errors
from athena_g.backend.connection import BackendConnection, Prepare
from athena_g.backend.statements import Prepared
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import command_name
from athena_g.protocol.constants import (
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_LAST_ROW_SENT,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import OkPacket, is_eof
from athena_g.protocol.resultset import PrepareOk
from athena_g.protocol.scan import REPLY_EXECUTE, REPLY_FIELDS, REPLY_SINGLE
from athena_g.router.route import Reach
from athena_g.session import own_rows
from athena_g.session.binding import Binding, Effect
from athena_g.session.effects import FOUND_ROWS
from athena_g.session.recall import Recall
from athena_g.session.sharded_prepared import PreparedText
from athena_g.session.sharding import ShardedStatements
from athena_g.session.statement import PARAMETERS, Statement

# Where things are in a framed command: behind four bytes of header and the command's number.
_HEADER = 4
_ID = slice(5, 9)
_FLAGS = 9
_PARAMETER = slice(9, 11)
_LONG_DATA_HEAD = 11
_PREPARE_HEAD = 5

_CURSOR = "cursor"
_LONG_DATA = "long data"


class Statements:
    """The statements of one session and the commands that are about them.

    ``limit`` is how many there may be at once; their texts together are at most as large as a
    packet of the client may be. ``sharded`` sends them where their rows are, if the group has
    several DB groups.
    """

    def __init__(
        self,
        binding: Binding,
        recall: Recall,
        client: PacketStream,
        limit: int,
        sharded: ShardedStatements | None = None,
    ) -> None:
        self._sharded = sharded
        self._binding = binding
        self._recall = recall
        self._client = client
        self._limit = limit
        self._bytes = 0
        self._long_bytes = 0
        self._last_id = 0
        self._by_id: dict[bytes, Statement] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def use(self, client: PacketStream) -> None:
        """Answer over ``client`` from now on."""
        self._client = client

    def forget(self) -> None:
        """The session was reset."""
        self._by_id.clear()
        self._bytes = self._long_bytes = 0

    # -- COM_STMT_PREPARE --------------------------------------------------------------------------

    def prepare(self, packet: bytes) -> Statement | None:
        """Prepare a statement and answer the client; ``None`` when the answer was an error."""
        size = len(packet)
        if len(self._by_id) >= self._limit or self._bytes + size > self._client.max_allowed_packet:
            raise errors.TOO_MANY_STATEMENTS(limit=self._limit)
        binding = self._binding
        text = None if self._sharded is None else PreparedText(self._sharded, packet)
        if text is not None and text.columns is not None:
            return self._prepare_own(text, text.columns)
        if text is not None and text.elsewhere is not None:
            return self._prepare_elsewhere(text, text.elsewhere, packet)
        connection = binding.take()
        try:
            payloads, prepared = connection.prepare(packet if text is None else text.command)
            if prepared is not None:
                binding.note_prepared(connection)
        except BaseException as error:
            binding.failed(connection, error)
        if prepared is None:
            self._refuse(connection, payloads)
            return None
        if text is not None:
            payloads = text.told(payloads)
        ok = PrepareOk.decode(payloads[0])
        statement = Statement(self._next_id(), packet, ok.parameters, binding.profile)
        if text is not None:
            text.adopt(statement)
        connection.statements.add(statement.current.key, prepared)
        self._by_id[statement.id] = statement
        self._bytes += size
        payloads[0] = b"\0" + statement.id + payloads[0][_PREPARE_HEAD:]
        self._answer(connection, payloads)
        return statement

    def _prepare_own(self, text: PreparedText, columns: Sequence[Column]) -> Statement:
        """Prepare a statement whose rows the proxy itself gives."""
        binding = self._binding
        statement = Statement(self._next_id(), text.command, 0, binding.profile)
        statement.sharded = text
        self._by_id[statement.id] = statement
        self._bytes += len(text.command)
        codec, status = text.sharding.reading().codec, binding.local_status
        for payload in own_rows.prepared(self._last_id, columns, codec, status):
            self._client.write_packet(payload)
        self._client.flush()
        return statement

    def _prepare_elsewhere(
        self, text: PreparedText, payloads: list[bytes], packet: bytes
    ) -> Statement:
        """Prepare a statement that no server keeps: each execution makes what it needs."""
        ok = PrepareOk.decode(payloads[0])
        statement = Statement(self._next_id(), packet, ok.parameters, self._binding.profile)
        text.adopt(statement)
        self._by_id[statement.id] = statement
        self._bytes += len(packet)
        self._send([b"\0" + statement.id + payloads[0][_PREPARE_HEAD:], *payloads[1:]])
        return statement

    def _refuse(self, connection: BackendConnection, payloads: list[bytes]) -> None:
        """Tell the client why a statement cannot be prepared."""
        self._binding.note_refused(connection)
        if connection.finished():
            self._answer(connection, payloads)
        else:
            self._binding.drop(connection)
            self._send(payloads)

    def _answer(self, connection: BackendConnection, payloads: list[bytes]) -> None:
        """Give back the connection, then send what it answered."""
        self._binding.done(connection)
        self._send(payloads)

    def _send(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            if self._binding.begin and is_eof(payload):
                payload = payload[:3] + self._binding.local_status.to_bytes(2, "little")
            self._client.write_packet(payload)
        self._client.flush()

    def _next_id(self) -> bytes:
        while True:
            self._last_id = self._last_id % 0xFFFFFFFF + 1
            id_ = self._last_id.to_bytes(4, "little")
            if id_ not in self._by_id:
                return id_

    # -- COM_STMT_EXECUTE --------------------------------------------------------------------------

    def find(self, packet: bytes) -> Statement:
        """The statement that a command is about; raises NO_SUCH_STATEMENT."""
        statement = self._by_id.get(packet[_ID])
        if statement is None:
            raise errors.NO_SUCH_STATEMENT(
                statement=int.from_bytes(packet[_ID], "little"), command=_function(packet[4])
            )
        return statement

    def execute(self, packet: bytes) -> None:
        """Execute a statement, with a cursor if the client wants one."""
        statement = self._by_id.get(packet[5:9])
        if statement is None:
            statement = self.find(packet)
        if statement.sharded is None:
            self._execute(statement, packet)
        else:
            self._execute_where_rows_are(statement, statement.sharded, packet)

    def _execute_where_rows_are(
        self, statement: Statement, text: PreparedText, packet: bytes
    ) -> None:
        """Execute a statement on the shards that its parameters say."""
        if len(packet) < PARAMETERS:
            raise errors.MALFORMED_EXECUTE(command=_function(Command.STMT_EXECUTE))
        if statement.error is not None:
            error, statement.error = statement.error, None
            self._forget_long_data(statement)
            raise error
        if self._binding.pins:
            self._close_cursor(statement)
        if (
            statement.parameters
            and packet[statement.types_at : statement.types_end] != statement.types
        ):
            packet, _ = self._read_types(packet, statement)
        if not self._client.continues:
            on_shard = text.at_point(packet, statement)
            if on_shard is not None:
                self._execute(on_shard, packet, text.names)
                return
        packet, payload = text.sharding.whole(packet)
        if text.columns is not None:
            text.sharding.send(text.own_answer(), binary=True)
            return
        try:
            execution = text.execution(payload, statement)
        finally:
            self._forget_long_data(statement)
        routed, found = execution.routed, execution.routed.route
        text.current = None
        if execution.parameters is not None:
            self._client.reframed = True
            packet = frame(execution.payload, 0)
        if routed.plan.shards or (execution.made and not routed.plan.returning):
            text.execute_everywhere(execution, statement)
            return
        match found.reach:
            case Reach.ONE:
                shard = found.shards[0]
                text.sharding.go_to_shard(shard)
                text.current = text.on_shard(shard, statement, routed, execution.types)
                connection = self._execute(text.current, packet, routed.names(shard))
                if execution.made and connection is not None and not connection.scanner.errno:
                    self._binding.set_insert_id(execution.made[0])
            case Reach.HOME | Reach.ANYWHERE:
                text.go_home(found.reach)
                self._execute(text.at_home(statement, execution.types), packet, text.names)
            case _:
                text.execute_everywhere(execution, statement)

    def _execute(
        self, statement: Statement, packet: bytes, names: TableNames | None = None
    ) -> BackendConnection | None:
        """Have a server execute a statement; over which connection, if it could be prepared."""
        binding = self._binding
        effect = statement.effect
        private, says_types, text = False, True, None
        if (
            len(packet) < PARAMETERS
            or packet[_FLAGS]
            or binding.pins
            or statement.error
            or statement.questions
        ):
            effect = _Executed(statement, effect)
            private = self._is_private(statement, packet)
            text = self._with_answers(statement, private) if statement.questions else None
            if text is not None and private:  # no cursor for what is gone after its execution
                packet, private = packet[:_FLAGS] + b"\0" + packet[_FLAGS + 1 :], False
        if (
            statement.parameters
            and packet[statement.types_at : statement.types_end] != statement.types
        ):
            packet, says_types = self._read_types(packet, statement)
        connection = binding.take(statement.reads_variables)
        cache = connection.statements
        prepared = cache.get_private(statement) if private else cache.get(statement.key)
        if prepared is None or text is not None:
            prepared = self._prepare_again(connection, statement, private, text)
            if prepared is None:
                return None
        if not says_types and prepared.types != statement.types:
            packet = self._with_types(packet, statement)
        prepared.types = statement.types
        packet = packet[:5] + prepared.id + packet[9:]
        return binding.run(connection, packet, REPLY_EXECUTE, effect, statement.packet, names)

    def _is_private(self, statement: Statement, packet: bytes) -> bool:
        """Whether an execution is with a cursor or long data; raises what hinders it."""
        if len(packet) < PARAMETERS:
            raise errors.MALFORMED_EXECUTE(command=_function(Command.STMT_EXECUTE))
        if statement.error is not None:
            error, statement.error = statement.error, None
            raise error
        binding = self._binding
        if b"found_rows()" not in statement.questions:
            binding.unpin(FOUND_ROWS)
        return bool(packet[_FLAGS]) or (_LONG_DATA, statement.name) in binding.pins

    def _with_answers(self, statement: Statement, private: bool) -> bytes | None:
        """What to prepare in place of a statement whose questions its connection cannot answer."""
        binding = self._binding
        means_same = binding.profile.reading_as(statement.profile) is binding.profile
        return self._recall.prepared(
            statement.packet,
            _PREPARE_HEAD,
            statement.questions,
            binding.has_prepared(statement.key),
            means_same and not private,
        )

    def _read_types(self, packet: bytes, statement: Statement) -> tuple[bytes, bool]:
        """The execution as far as its types are in it, and whether they are: clients say them once.

        Raises MALFORMED_EXECUTE when they never were, or are only begun.
        """
        at, end = statement.types_at, statement.types_end
        while len(packet) < end and self._client.continues:
            packet += self._client.read_more()
        if packet[at : at + 1] == b"\1" and len(packet) >= end:
            statement.learn_types(packet[at:end])
            return packet, True
        if statement.types is None or packet[at : at + 1] != b"\0":
            raise errors.MALFORMED_EXECUTE(command=_function(Command.STMT_EXECUTE))
        return packet, False

    def _prepare_again(
        self,
        connection: BackendConnection,
        statement: Statement,
        private: bool,
        text: bytes | None = None,
    ) -> Prepared | None:
        """Prepare a statement on a connection that has not seen it; ``None``: the error is out.

        ``text`` is the command to prepare for this execution only.
        """
        cache = connection.statements
        once = text is not None
        for known in () if private or once else (statement.earlier_key, statement.untyped_key):
            if cache.get(known) is not None:  # it is about to become what the key says
                cache.rename(known, statement.key)
                return cache.get(statement.key)
        try:
            payloads, prepared = self._prepare_on(connection, statement, text or statement.packet)
        except BaseException as error:
            self._binding.failed(connection, error)
        if prepared is None:
            self._refuse(connection, payloads)
        elif once:
            cache.close_after_use(prepared)
        elif private:
            cache.add_private(statement, prepared)
        else:
            cache.add(statement.key, prepared)
        return prepared

    def _prepare_on(
        self, connection: BackendConnection, statement: Statement, text: bytes
    ) -> Prepare:
        """Prepare a statement so that it means what it meant when the client prepared it."""
        binding = self._binding
        own = binding.profile
        then = own.reading_as(statement.profile)
        if then is own:
            return connection.prepare(text)
        connection.settle(then, binding.look_back, b"")
        answer = connection.prepare(text)
        connection.settle(own, binding.look_back, b"")
        return answer

    def _with_types(self, packet: bytes, statement: Statement) -> bytes:
        """The execution with the types of its parameters, which this connection was not told."""
        assert statement.types is not None
        flag = statement.types_at - _HEADER
        return self._client.replace(packet, flag, flag + 1, statement.types)

    # -- COM_STMT_FETCH, COM_STMT_RESET, COM_STMT_SEND_LONG_DATA, COM_STMT_CLOSE -----------------

    def fetch(self, packet: bytes) -> None:
        """Pass on rows of an open cursor."""
        statement = self.find(packet)
        if statement.sharded is not None and (_CURSOR, statement.name) not in self._binding.pins:
            raise errors.NO_OPEN_CURSOR(statement=int.from_bytes(statement.id, "little"))
        statement = statement.current
        self._on_server(statement, packet, REPLY_FIELDS, _Fetched(statement))

    def reset(self, packet: bytes) -> None:
        """Forget long data and close the cursor, if there are any."""
        statement = self.find(packet)
        statement.error = None
        self._forget_long_data(statement)
        statement = statement.current
        held = self._binding.held
        if held is None or held.statements.get_private(statement) is None:
            ok = OkPacket(status=self._binding.local_status)
            self._client.write_packet(ok.encode(0))
            self._client.flush()
            return
        self._on_server(statement, packet, REPLY_SINGLE, _Executed(statement, None))

    def _on_server(self, statement: Statement, packet: bytes, kind: int, effect: Effect) -> None:
        binding = self._binding
        connection = binding.take()
        prepared = connection.statements.get_private(statement)
        if prepared is None:
            prepared = self._prepare_again(connection, statement, private=True)
        if prepared is not None:
            packet = packet[:5] + prepared.id + packet[9:]
            binding.run(connection, packet, kind, effect, statement.packet)

    def send_long_data(self, packet: bytes) -> None:
        """Pass on a part of a parameter; has no answer, so errors wait for the execution."""
        statement = self._by_id.get(packet[_ID])
        if statement is None or statement.error is not None:
            self._client.skip_rest()
            return
        if len(packet) < _LONG_DATA_HEAD:
            command = _function(Command.STMT_SEND_LONG_DATA)
            statement.error = errors.MALFORMED_EXECUTE(command=command)
            return
        try:
            self._send_long_data(statement, packet)
        except SqlError as error:
            self._client.skip_rest()
            statement.error = error

    def _send_long_data(self, statement: Statement, packet: bytes) -> None:
        binding = self._binding
        if statement.sharded is not None:
            if int.from_bytes(packet[_PARAMETER], "little") >= statement.parameters:
                command = _function(Command.STMT_SEND_LONG_DATA)
                raise errors.MALFORMED_EXECUTE(command=command)
            if statement.sharded.keeps_long_data():
                self._keep_long_data(statement, packet, statement.sharded.sharding)
                return
        connection = binding.take()
        try:
            prepared = connection.statements.get_private(statement)
            if prepared is None:
                prepared = self._prepare_on(connection, statement, statement.packet).prepared
                if prepared is not None:
                    connection.statements.add_private(statement, prepared)
            if prepared is None:
                raise errors.NO_SUCH_STATEMENT(
                    statement=int.from_bytes(statement.id, "little"),
                    command=_function(Command.STMT_SEND_LONG_DATA),
                )
            connection.stream.send(packet[:5] + prepared.id + packet[9:])
            while self._client.continues:
                connection.stream.send(self._client.read_more())
        except BaseException as error:
            binding.failed(connection, error)
        binding.pin(_LONG_DATA, statement.name)
        binding.done(connection)

    def _keep_long_data(
        self, statement: Statement, packet: bytes, sharded: ShardedStatements
    ) -> None:
        """Keep a part of a parameter until its execution tells where it goes."""
        number = int.from_bytes(packet[_PARAMETER], "little")
        _, payload = sharded.whole(packet)
        data = payload[_LONG_DATA_HEAD - _HEADER :]
        self._long_bytes += len(data)
        if self._long_bytes > self._client.max_allowed_packet:
            self._long_bytes -= len(data)
            self._forget_long_data(statement)
            raise errors.LONG_DATA_TOO_LONG(limit=self._client.max_allowed_packet)
        statement.long_data.setdefault(number, bytearray()).extend(data)

    def _forget_long_data(self, statement: Statement) -> None:
        self._long_bytes -= sum(map(len, statement.long_data.values()))
        statement.long_data.clear()

    def _close_cursor(self, statement: Statement) -> None:
        """Close the cursor of a statement that is about to be executed again, wherever it goes."""
        binding, current = self._binding, statement.current
        own = binding.own
        if own is None or (_CURSOR, statement.name) not in binding.pins:
            return
        if own.statements.remove_private(current):
            binding.pins.free(_CURSOR, statement.name)
            self._flush(own)

    def close(self, packet: bytes) -> None:
        """Forget a statement; has no answer."""
        statement = self._by_id.pop(packet[_ID], None)
        if statement is None:
            return
        self._bytes -= len(statement.packet)
        self._forget_long_data(statement)
        statement = statement.current
        own = self._binding.own
        if own is not None and own.statements.remove_private(statement):
            _unpin(self._binding, statement)
            self._flush(own)

    def _flush(self, connection: BackendConnection) -> None:
        """Close on the server what is to be closed there; has no answer."""
        closing, connection.statements.closing = connection.statements.closing, b""
        try:
            connection.stream.send(closing)
        except ConnectionClosed:
            connection.stream.shutdown()  # the next statement finds it closed and says so
        if connection is self._binding.held:
            self._binding.done(connection)


class _Executed:
    """What an execution, or COM_STMT_RESET, does to what only one connection has."""

    def __init__(self, statement: Statement, effect: Effect | None) -> None:
        self._statement = statement
        self._effect = effect

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Long data is used up; a cursor may be there, another one is not."""
        statement, scanner = self._statement, connection.scanner
        _unpin(binding, statement)
        if scanner.status & SERVER_STATUS_CURSOR_EXISTS and not scanner.errno:
            binding.pin(_CURSOR, statement.name)
        return self._effect is not None and self._effect.apply(binding, connection)


class _Fetched:
    """What COM_STMT_FETCH does: the cursor closes itself behind its last row."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Unpin the session from a cursor that is done."""
        scanner = connection.scanner
        if scanner.errno or scanner.status & SERVER_STATUS_LAST_ROW_SENT:
            binding.pins.free(_CURSOR, self._statement.name)
        return False


def _unpin(binding: Binding, statement: Statement) -> None:
    binding.pins.free(_CURSOR, statement.name)
    binding.pins.free(_LONG_DATA, statement.name)


def _function(command: int) -> str:
    """What MySQL calls the command in its errors."""
    return command_name(command).replace("COM_STMT_", "mysqld_stmt_").lower()
