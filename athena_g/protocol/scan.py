"""Where a relayed reply ends: only packet headers and first bytes are looked at.

The scanner is fed what a server sends, in chunks of any split, and gives back what may go to the
client: whole packets, so that at every moment an ERR packet can take the place of what has not
come yet. Only a packet larger than :data:`HOLD_LIMIT` is let through in parts.

The server's side of the relay has CLIENT_SESSION_TRACK, the client's has not: OK packets are
re-encoded on the way, and their session-state information is kept for the proxy.

Source: MySQL Source Code Documentation, "COM_QUERY Response" (page_protocol_com_query_response),
"Sending More Than 16Mb" (page_protocol_basic_packets).
"""

from __future__ import annotations

from struct import Struct

from athena_g.protocol.constants import (
    MAX_PAYLOAD,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_SESSION_STATE_CHANGED,
)
from athena_g.protocol.replies import ok_session_state, ok_without_session_track
from athena_g.protocol.wire import lenenc_int_at

HOLD_LIMIT = 256 * 1024
"""Bytes of one packet that are held back until it is whole."""
MAX_SESSION_STATES = 64
"""OK packets of one reply whose session-state information is kept."""

REPLY_COMMAND = 0
"""OK, ERR, or a result set; several of them while SERVER_MORE_RESULTS_EXISTS is set."""
REPLY_SINGLE = 1
"""One OK, ERR or EOF packet."""
REPLY_STRING = 2
"""One packet of any content (COM_STATISTICS)."""
REPLY_FIELDS = 3
"""Column definitions up to an EOF, or ERR (COM_FIELD_LIST)."""

_FIRST, _COLUMNS, _COLUMNS_END, _ROWS, _ANY = range(5)

_header_at = Struct("<I").unpack_from
_eof_at = Struct("<HH").unpack_from
_errno_at = Struct("<H").unpack_from
_status_at = Struct("<H").unpack_from
_EOF_STARTS = frozenset(b"\5\0\0%c\xfe" % sequence_id for sequence_id in range(256))
_NOT_PLAIN = SERVER_MORE_RESULTS_EXISTS | SERVER_SESSION_STATE_CHANGED
_OK, _LOCAL_INFILE, _EOF, _ERR = 0x00, 0xFB, 0xFE, 0xFF


class ProtocolViolation(Exception):
    """The server sent what no MySQL server sends at this point."""


class ReplyScanner:
    """Follows one reply at a time.

    After :meth:`feed`: ``output`` is what may be sent to the client now, ``status`` the server
    status flags of the last OK or EOF, ``errno`` the number of the ERR that ended the reply (0:
    none), ``state_changed`` whether the server reported a change of session state,
    ``session_state`` what it said of it (tracker blobs), ``sequence_id`` the id of the packet
    that would come next, ``mid_packet`` whether the last packet in ``output`` is not whole.
    """

    __slots__ = (
        "_carry",
        "_columns",
        "_continued",
        "_single",
        "_skip",
        "_state",
        "errno",
        "output",
        "sequence_id",
        "session_state",
        "state_changed",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.begin(REPLY_COMMAND)

    def begin(self, kind: int) -> None:
        """Expect a reply of ``kind``, one of the ``REPLY_`` constants."""
        self._state = _ANY if kind == REPLY_STRING else _ROWS if kind == REPLY_FIELDS else _FIRST
        self._single = kind == REPLY_SINGLE
        self._carry = b""
        self._columns = 0
        self._continued = False
        self._skip = 0
        self.errno = 0
        self.output = b""
        self.sequence_id = 1
        self.state_changed = False
        self.session_state: list[bytes] = []

    @property
    def mid_packet(self) -> bool:
        """Whether part of a packet went out and the rest is still to come."""
        return self._skip > 0

    def feed(self, chunk: bytes) -> bool:
        """Whether the reply ended with ``chunk``; raises :class:`ProtocolViolation`.

        An error relayed as it is: a server's ERR ends the reply like any other end.
        """
        if self._skip or self._carry:
            return self._feed_rest(chunk)
        if self._state == _FIRST and chunk[-9:-4] in _EOF_STARTS and self._is_whole(chunk):
            return True
        return self._walk(chunk, 0)

    def _is_whole(self, chunk: bytes) -> bool:
        """Whether ``chunk`` is one whole result set and the last; nothing is changed if not.

        Most replies are: this walks one in a third of the time of the general way.
        """
        size = len(chunk)
        status: int = _status_at(chunk, size - 2)[0]
        if chunk[0] != 1 or status & _NOT_PLAIN or size > HOLD_LIMIT:
            return False
        last = size - 9
        columns = chunk[4]
        pos = 5
        while columns and pos < last and chunk[pos + 4] != _ERR:
            pos += 4 + chunk[pos] + (chunk[pos + 1] << 8) + (chunk[pos + 2] << 16)
            columns -= 1
        if columns or pos >= last or chunk[pos + 4] != _EOF or chunk[pos] != 5:
            return False
        pos += 9
        while pos < last and chunk[pos + 4] < _EOF:
            pos += 4 + chunk[pos] + (chunk[pos + 1] << 8) + (chunk[pos + 2] << 16)
        if pos != last or self._single:
            return False
        self.status = status
        self.output = chunk
        self.sequence_id = (chunk[pos + 3] + 1) & 0xFF
        return True

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
        replaced: list[bytes] | None = None
        copied = 0
        while pos + 4 < size:
            length = _header_at(buffer, pos)[0] & MAX_PAYLOAD
            end = pos + 4 + length
            if end > size:
                break
            first = buffer[pos + 4]
            if self._continued or length == MAX_PAYLOAD or not length:
                self._continue_packet(length)
            elif self._state == _ROWS:
                # The hot loop: rows until a packet that may end them.
                while first < _EOF or (first == _EOF and length >= 9):
                    last = pos
                    pos = end
                    if pos + 4 >= size:
                        break
                    length = _header_at(buffer, pos)[0] & MAX_PAYLOAD
                    end = pos + 4 + length
                    if end > size or length == MAX_PAYLOAD or not length:
                        break
                    first = buffer[pos + 4]
                else:
                    done = self._end_rows(buffer, pos + 4, first)
                    last = pos
                    pos = end
                    if done:
                        break
                continue
            elif self._state == _FIRST and first == _OK:
                done, packet = self._ok(buffer, pos, end)
                if packet is not None:
                    replaced = replaced if replaced is not None else []
                    replaced += (buffer[copied:pos], packet)
                    copied = end
            else:
                done = self._packet(buffer, pos + 4, first, length)
            last = pos
            pos = end
            if done:
                break
        if pos + 4 == size and self._continued and not _header_at(buffer, pos)[0] & MAX_PAYLOAD:
            # The empty packet that ends a payload of a multiple of 16 MiB - 1, and the chunk.
            self._continued = False
            last, pos = pos, size
        return self._finish(buffer, pos, last, done, replaced, copied)

    def _finish(
        self,
        buffer: bytes,
        pos: int,
        last: int,
        done: bool,
        replaced: list[bytes] | None,
        copied: int,
    ) -> bool:
        """Set ``output`` and keep what is not whole."""
        if last >= 0:
            self.sequence_id = (buffer[last + 3] + 1) & 0xFF
        size = len(buffer)
        stop = pos
        if pos < size:
            if done:
                raise ProtocolViolation("bytes after the end of the reply")
            stop = self._hold(buffer, pos)
        if replaced is not None:
            replaced.append(buffer[copied:stop])
            self.output = b"".join(replaced)
        else:
            self.output = buffer if stop == size else buffer[:stop]
        return done

    def _hold(self, buffer: bytes, pos: int) -> int:
        """Keep the packet that starts at ``pos``, or let its first part pass if it is large."""
        size = len(buffer)
        if size - pos > 4 and self._state in (_ROWS, _ANY):
            length = _header_at(buffer, pos)[0] & MAX_PAYLOAD
            if length > HOLD_LIMIT:
                self._continued = length == MAX_PAYLOAD
                self.sequence_id = (buffer[pos + 3] + 1) & 0xFF
                self._skip = pos + 4 + length - size
                return size
        self._carry = buffer[pos:]
        return pos

    def _continue_packet(self, length: int) -> None:
        """Note whether the next packet goes on with this one; a continuation has no first byte."""
        if not self._continued and (not length or self._state not in (_ROWS, _ANY)):
            raise ProtocolViolation(f"a packet of {length} bytes outside rows")
        self._continued = length == MAX_PAYLOAD

    def _packet(self, buffer: bytes, at: int, first: int, length: int) -> bool:
        """Whether the reply ends with this packet, which is neither a row nor a first OK."""
        state = self._state
        if state == _ANY:
            return True
        if first == _ERR:
            return self._end_rows(buffer, at, first)
        if state == _COLUMNS:
            self._columns -= 1
            if not self._columns:
                self._state = _COLUMNS_END
            return False
        if first == _EOF and length < 9:
            if state == _FIRST:
                return self._end_rows(buffer, at, first)
            self._state = _ROWS
            return False
        if state == _COLUMNS_END:
            raise ProtocolViolation("no EOF after the column definitions")
        return self._start_columns(buffer, at, first)

    def _start_columns(self, buffer: bytes, at: int, first: int) -> bool:
        if self._single or first == _LOCAL_INFILE:
            raise ProtocolViolation(f"a packet starting {first:#04x} that was not asked for")
        self._columns = lenenc_int_at(buffer, at)[0]
        self._state = _COLUMNS
        return False

    def _ok(self, buffer: bytes, pos: int, end: int) -> tuple[bool, bytes | None]:
        """Whether the OK ends the reply, and the packet to send instead of it, if any."""
        payload = buffer[pos + 4 : end]
        status_at = 3
        if payload[1] >= 251 or payload[2] >= 251:
            status_at = lenenc_int_at(payload, lenenc_int_at(payload, 1)[1])[1]
        done = self._set_status(payload[status_at] | payload[status_at + 1] << 8)
        plain = ok_without_session_track(payload)
        if plain is payload:
            return done, None
        if len(self.session_state) < MAX_SESSION_STATES:
            self.session_state.append(ok_session_state(payload))
        return done, len(plain).to_bytes(3, "little") + buffer[pos + 3 : pos + 4] + plain

    def _end_rows(self, buffer: bytes, at: int, first: int) -> bool:
        if first == _ERR:
            self.errno = _errno_at(buffer, at + 1)[0]
            return True
        return self._set_status(_eof_at(buffer, at + 1)[1])

    def _set_status(self, status: int) -> bool:
        self.status = status
        if status & SERVER_SESSION_STATE_CHANGED:
            self.state_changed = True
        self._state = _FIRST
        return not status & SERVER_MORE_RESULTS_EXISTS
