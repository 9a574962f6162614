"""Where a relayed reply ends: only packet headers and first bytes are looked at.

The scanner is fed what a server sends, in chunks of any split, and gives back what may go to the
client: whole packets, so that at every moment an ERR packet can take the place of what has not
come yet. Only a packet larger than :data:`HOLD_LIMIT` is let through in parts.

The server's side of the relay has CLIENT_SESSION_TRACK with trackers of the proxy's own: OK packets
are re-encoded on the way, and their session-state information is kept for the proxy.

Source: MySQL Source Code Documentation, "COM_QUERY Response" (page_protocol_com_query_response),
"Sending More Than 16Mb" (page_protocol_basic_packets).
"""

from __future__ import annotations

import struct

from athena_g.errors import SqlError
from athena_g.protocol.constants import (
    CLIENT_LOCAL_FILES,
    CLIENT_SESSION_TRACK,
    MAX_PAYLOAD,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_PS_OUT_PARAMS,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_CURSOR_EXISTS,
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
)
from athena_g.protocol.replies import (
    SessionChange,
    ok_for_tracking_client,
    ok_session_state,
    ok_without_session_track,
    session_changes,
)
from athena_g.protocol.wire import lenenc_int_at

HOLD_LIMIT = 256 * 1024
"""Bytes of one packet that are held back until it is whole."""
MAX_HEAD = 4096
"""Bytes of the head of a result set that are remembered to recognise the next one like it."""
MAX_CHANGES = 256
"""Changes of session state of one reply that are kept."""

_SESSION_KINDS = (
    SESSION_TRACK_SYSTEM_VARIABLES,
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
)

REPLY_COMMAND = 0
"""OK, ERR, or a result set; several of them while SERVER_MORE_RESULTS_EXISTS is set."""
REPLY_SINGLE = 1
"""One OK, ERR or EOF packet."""
REPLY_STRING = 2
"""One packet of any content (COM_STATISTICS)."""
REPLY_FIELDS = 3
"""Column definitions or rows up to an EOF, or ERR (COM_FIELD_LIST, COM_STMT_FETCH)."""
REPLY_EXECUTE = 4
"""Like :data:`REPLY_COMMAND`, with a cursor perhaps: then there are columns and no rows."""

_FIRST, _COLUMNS, _COLUMNS_END, _ROWS, _ANY = range(5)

_header_at = struct.Struct("<I").unpack_from
_header_and_first_at = struct.Struct("<IB").unpack_from
_eof_at = struct.Struct("<HH").unpack_from
_errno_at = struct.Struct("<H").unpack_from
_EOF_STARTS = frozenset(b"\5\0\0%c\xfe" % sequence_id for sequence_id in range(256))
_NOT_PLAIN = SERVER_MORE_RESULTS_EXISTS | SERVER_SESSION_STATE_CHANGED
_OK, _LOCAL_INFILE, _EOF, _ERR = 0x00, 0xFB, 0xFE, 0xFF
_EOF_SIZE = 5
_STATE_CHANGED_HIGH = SERVER_SESSION_STATE_CHANGED >> 8
_NO_PLAIN_HEAD = (SERVER_SESSION_STATE_CHANGED | SERVER_PS_OUT_PARAMS) >> 8


class ProtocolViolation(Exception):
    """The server sent what no MySQL server sends at this point."""


class ReplyScanner:
    """Follows one reply at a time.

    After :meth:`feed`: ``output`` is what may be sent to the client now, ``status`` the server
    status flags of the last OK or EOF, ``errno`` the number of the ERR that ended the reply (0:
    none), ``warnings`` how many the last OK or EOF told of, ``affected`` the rows that the last OK
    told of (-1: the reply ended otherwise), ``rows`` how many the last result set had,
    ``inserted`` whether an OK told of an id it made, ``state_changed`` whether the server
    reported a change of session state, ``changes`` what it said of it (nothing, when a result set
    ended with the flag), ``local_infile`` whether the server now waits for a file of the client,
    ``sequence_id`` the id of the packet that would come next, ``mid_packet`` whether ``output``
    ends within a packet.
    """

    __slots__ = (
        "_ahead",
        "_carry",
        "_columns",
        "_continued",
        "_cursor",
        "_for_client",
        "_head",
        "_may_ask_for_file",
        "_out_parameters",
        "_patches",
        "_single",
        "_skip",
        "_state",
        "affected",
        "changes",
        "errno",
        "inserted",
        "local_infile",
        "output",
        "rows",
        "sequence_id",
        "state_changed",
        "status",
        "warnings",
    )

    def __init__(self) -> None:
        self.status = 0
        self.rows = 0
        self._head = b"\xff" * 5  # begins no reply
        self.begin(REPLY_COMMAND)

    def is_whole(self, chunk: bytes) -> bool:
        """Whether ``chunk`` is all of a reply that may go to the client as it is.

        ``status``, ``warnings``, ``affected``, ``rows`` and ``inserted`` are then what it said, and
        ``errno`` is 0. False for all others: those are to be walked, by :meth:`begin` and
        :meth:`feed`. Most replies are one result set or one OK that came in
        one read. Looking at them here takes a fifth of the time, since the head of a result set,
        up to its rows, is mostly the same as that of the one before on this connection.
        """
        if chunk.startswith(self._head):
            pos = len(self._head)
        elif chunk[4:5] == b"\0":
            return self._is_whole_ok(chunk)
        else:
            pos = self._skip_head(chunk)
            if not pos:
                return False
        last = len(chunk) - 9
        rows = 0
        while pos < last and chunk[pos + 4] < _EOF:
            pos += 4 + chunk[pos] + (chunk[pos + 1] << 8) + (chunk[pos + 2] << 16)
            rows += 1
        if pos != last or chunk[pos:-4] not in _EOF_STARTS:
            return False
        status = chunk[-2] | chunk[-1] << 8
        if status & _NOT_PLAIN:
            return False
        self.status = status
        self.warnings = chunk[-4] | chunk[-3] << 8
        self.rows = rows
        self.affected = -1
        self.errno = 0
        self.inserted = False
        return True

    def _is_whole_ok(self, chunk: bytes) -> bool:
        size = len(chunk)
        if size < 11 or chunk[0] != size - 4 or chunk[1] or chunk[2]:
            return False
        if chunk[5] >= 0xFB or chunk[6] >= 0xFB:
            return False
        status = chunk[7] | chunk[8] << 8
        if status & _NOT_PLAIN:
            return False
        self.status = status
        self.warnings = chunk[9] | chunk[10] << 8
        self.affected = chunk[5]
        self.errno = 0
        self.inserted = chunk[6] != 0
        return True

    def _skip_head(self, chunk: bytes) -> int:
        """Where the rows of a result set begin; 0 when that is not in ``chunk``."""
        last = len(chunk) - 9
        if last < 5 or chunk[0] != 1 or chunk[1] or chunk[2]:
            return 0
        columns = chunk[4]
        if columns >= _LOCAL_INFILE:
            return 0
        pos = 5
        while columns and pos < last and chunk[pos + 4] != _ERR:
            pos += 4 + chunk[pos] + (chunk[pos + 1] << 8) + (chunk[pos + 2] << 16)
            columns -= 1
        if columns or pos >= last or chunk[pos : pos + 5] not in _EOF_STARTS:
            return 0
        if chunk[pos + 8] & _NO_PLAIN_HEAD:
            return 0
        pos += 9
        if pos <= MAX_HEAD:
            self._head = chunk[:pos]
        return pos

    def begin(self, kind: int, sequence_id: int = 1, capabilities: int = 0, ahead: int = 0) -> None:
        """Expect a reply of ``kind``, one of the ``REPLY_`` constants.

        ``sequence_id`` is that of its first packet, for whoever answers in its place;
        ``capabilities`` are the client's: CLIENT_SESSION_TRACK and CLIENT_LOCAL_FILES matter. The
        server's sequence ids are ``ahead`` of the client's; ``output`` has the client's.
        """
        tracks = capabilities & CLIENT_SESSION_TRACK
        self._for_client = ok_for_tracking_client if tracks else ok_without_session_track
        self._may_ask_for_file = bool(capabilities & CLIENT_LOCAL_FILES)
        self._state = _ANY if kind == REPLY_STRING else _ROWS if kind == REPLY_FIELDS else _FIRST
        self._single = kind == REPLY_SINGLE
        self._ahead = ahead
        self._cursor = kind == REPLY_EXECUTE
        self._carry = b""
        self._columns = 0
        self._continued = False
        self._patches: list[tuple[int, int, bytes]] = []
        self._skip = 0
        self._out_parameters = False
        self.affected = -1
        self.errno = 0
        self.inserted = False
        self.local_infile = False
        self.output = b""
        self.sequence_id = sequence_id
        self.state_changed = False
        self.warnings = 0
        self.changes: list[SessionChange] = []

    @property
    def mid_packet(self) -> bool:
        """Whether part of a payload went out and the rest is still to come."""
        return self._skip > 0 or self._continued

    def feed(self, chunk: bytes) -> bool:
        """Whether the reply ended with ``chunk``; raises :class:`ProtocolViolation`.

        An error relayed as it is: a server's ERR ends the reply like any other end. After a
        violation ``output`` is empty, ``sequence_id`` that of the next packet to the client, and
        ``mid_packet`` as it was.
        """
        within = self.mid_packet
        start = self._skip
        try:
            done = self._feed_rest(chunk) if start or self._carry else self._walk(chunk, 0)
            if self._ahead:
                self._renumber(start)
            return done
        except (IndexError, struct.error, SqlError) as error:
            self._broken(within)
            raise ProtocolViolation(f"a damaged packet: {error}") from None
        except ProtocolViolation:
            self._broken(within)
            raise

    def _renumber(self, start: int) -> None:
        """Give the packets that begin in ``output``, from ``start`` on, the client's ids."""
        output = bytearray(self.output)
        while start < len(output):
            output[start + 3] = (output[start + 3] - self._ahead) & 0xFF
            start += 4 + (_header_at(output, start)[0] & MAX_PAYLOAD)
        self.output = bytes(output)

    def _broken(self, within: bool) -> None:
        """Nothing more is passed on; the client has part of a packet if it had before."""
        self.output = b""
        self._skip = 0
        self._continued = within

    def _feed_rest(self, chunk: bytes) -> bool:
        """Go on with a packet of which a part was held back or passed on."""
        if self._skip:
            size = len(chunk)
            if size <= self._skip:
                self._skip -= size
                self.output = chunk
                return False
            start, self._skip = self._skip, 0
            return self._walk(chunk, start)
        buffer = self._carry + chunk
        self._carry = b""
        return self._walk(buffer, 0)

    def _walk(self, buffer: bytes, pos: int) -> bool:
        size = len(buffer)
        last = -1
        done = False
        while pos + 4 < size and not done:
            length = _header_at(buffer, pos)[0] & MAX_PAYLOAD
            end = pos + 4 + length
            if end > size:
                break
            first = buffer[pos + 4]
            if self._continued or length == MAX_PAYLOAD or not length:
                self._continue_packet(length)
            elif self._state == _ROWS and first < _EOF:
                last, pos = self._pass_rows(buffer, pos)
                continue
            elif self._state == _FIRST and first == _OK:
                done = self._ok(buffer, pos, end)
            else:
                done = self._packet(buffer, pos, first, length)
            last = pos
            pos = end
        if pos + 4 == size and self._continued and not _header_at(buffer, pos)[0] & MAX_PAYLOAD:
            # The empty packet that ends a payload of a multiple of 16 MiB - 1, and the chunk.
            self._continued = False
            last, pos = pos, size
        return self._finish(buffer, pos, last, done)

    def _pass_rows(self, buffer: bytes, pos: int) -> tuple[int, int]:
        """The start of the last row passed, and the position behind it; a row is at ``pos``.

        The hot loop of bulk reads. It stops before whatever may be no plain row.
        """
        last = before = pos
        stop = len(buffer) - 5
        rows = self.rows
        while pos <= stop:
            header, first = _header_and_first_at(buffer, pos)
            length = header & MAX_PAYLOAD
            if first >= _EOF or not 0 < length < MAX_PAYLOAD:
                self.rows = rows
                return last, pos
            before = last
            last = pos
            pos += length + 4
            rows += 1
        if pos > len(buffer):
            self.rows = rows - 1
            return before, last
        self.rows = rows
        return last, pos

    def _finish(self, buffer: bytes, pos: int, last: int, done: bool) -> bool:
        """Set ``output`` and keep what is not whole."""
        if done and pos < len(buffer):
            raise ProtocolViolation("bytes after the end of the reply")
        if last >= 0:
            self.sequence_id = (buffer[last + 3] + 1 - self._ahead) & 0xFF
        stop = pos if pos == len(buffer) else self._hold(buffer, pos)
        if self._patches:
            self.output = self._patched(buffer, stop)
        else:
            self.output = buffer if stop == len(buffer) else buffer[:stop]
        return done

    def _patched(self, buffer: bytes, stop: int) -> bytes:
        parts: list[bytes] = []
        copied = 0
        for start, end, packet in self._patches:
            parts += (buffer[copied:start], packet)
            copied = end
        parts.append(buffer[copied:stop])
        self._patches.clear()
        return b"".join(parts)

    def _hold(self, buffer: bytes, pos: int) -> int:
        """Keep the packet that starts at ``pos``, or let its first part pass if it is large."""
        size = len(buffer)
        if size - pos > 4 and self._state == _ROWS:
            length = _header_at(buffer, pos)[0] & MAX_PAYLOAD
            if length > HOLD_LIMIT:
                if not self._continued:
                    self.rows += 1
                self._continued = length == MAX_PAYLOAD
                self.sequence_id = (buffer[pos + 3] + 1 - self._ahead) & 0xFF
                self._skip = pos + 4 + length - size
                return size
        self._carry = buffer[pos:]
        return pos

    def _continue_packet(self, length: int) -> None:
        """Note whether the next packet goes on with this one; a continuation has no first byte."""
        if not self._continued and (not length or self._state not in (_ROWS, _ANY)):
            raise ProtocolViolation(f"a packet of {length} bytes outside rows")
        if self._state == _ROWS and not self._continued:
            self.rows += 1
        self._continued = length == MAX_PAYLOAD

    def _packet(self, buffer: bytes, pos: int, first: int, length: int) -> bool:
        """Whether the reply ends with this packet, which is neither a plain row nor a first OK."""
        state = self._state
        if state == _ANY:
            return True
        if first == _ERR:
            self.errno = _errno_at(buffer, pos + 5)[0]
            self.affected = -1
            return True
        if state == _COLUMNS:
            self._columns -= 1
            if not self._columns:
                self._state = _COLUMNS_END
            return False
        if first == _EOF and length < 9:
            return self._eof(buffer, pos, length)
        if state == _COLUMNS_END:
            raise ProtocolViolation("no EOF after the column definitions")
        if state == _ROWS:
            self.rows += 1
            return False
        return self._start_columns(buffer, pos + 4, first)

    def _start_columns(self, buffer: bytes, at: int, first: int) -> bool:
        if self._single or (first == _LOCAL_INFILE and not self._may_ask_for_file):
            raise ProtocolViolation(f"a packet starting {first:#04x} that was not asked for")
        if first == _LOCAL_INFILE:
            self.local_infile = True
            return False
        self._columns = lenenc_int_at(buffer, at)[0]
        self._state = _COLUMNS
        return False

    def _ok(self, buffer: bytes, pos: int, end: int) -> bool:
        """Whether the OK ends the reply; it is patched if the client must not see all of it."""
        payload = buffer[pos + 4 : end]
        status_at = 3
        affected, insert_id = payload[1], payload[2]
        if affected >= 251 or insert_id >= 251:
            affected, insert_at = lenenc_int_at(payload, 1)
            insert_id, status_at = lenenc_int_at(payload, insert_at)
        if insert_id:
            self.inserted = True
        self.affected = affected
        status = payload[status_at] | payload[status_at + 1] << 8
        self.warnings = payload[status_at + 2] | payload[status_at + 3] << 8
        done = self._set_status(status & ~SERVER_SESSION_STATE_CHANGED)
        state = ok_session_state(payload)
        if state:
            self._keep(session_changes(state))
        plain = self._for_client(payload)
        if plain is not payload:
            header = len(plain).to_bytes(3, "little") + buffer[pos + 3 : pos + 4]
            self._patches.append((pos, end, header + plain))
        return done

    def _keep(self, changes: list[SessionChange]) -> None:
        """Note what changed; the state of the transaction is in the status flags already."""
        for change in changes:
            if change.kind in _SESSION_KINDS:
                self.state_changed = True
                if len(self.changes) < MAX_CHANGES:
                    self.changes.append(change)

    def _eof(self, buffer: bytes, pos: int, length: int) -> bool:
        """Whether the EOF ends the reply; one after column definitions does not."""
        if length != _EOF_SIZE:
            raise ProtocolViolation(f"an EOF packet of {length} bytes")
        high = buffer[pos + 8]
        if high & _STATE_CHANGED_HIGH:
            self._patches.append((pos + 8, pos + 9, bytes((high & ~_STATE_CHANGED_HIGH,))))
        warnings, status = _eof_at(buffer, pos + 5)
        if self._state == _COLUMNS_END and not (
            self._cursor and status & SERVER_STATUS_CURSOR_EXISTS
        ):
            self._state = _ROWS
            self.rows = 0
            # Only here is it said that an OK follows the row of OUT parameters.
            self._out_parameters = bool(status & SERVER_PS_OUT_PARAMS)
            return False
        self.warnings = warnings
        self.affected = -1
        return self._set_status(status) and not self._out_parameters

    def _set_status(self, status: int) -> bool:
        self.status = status
        if status & SERVER_SESSION_STATE_CHANGED:
            self.state_changed = True
        self._state = _FIRST
        return not status & SERVER_MORE_RESULTS_EXISTS
