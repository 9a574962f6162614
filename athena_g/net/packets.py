"""Packets over one connection: what all streams have in common, whatever carries their bytes."""

from __future__ import annotations

from collections.abc import Callable

from gevent import Timeout

from athena_g.errors import SqlError
from athena_g.net.long_command import LongCommand
from athena_g.net.reframing import Reframing
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import Deframer, frame, frames_used
from athena_g.protocol.replies import encode_error

READ_SIZE = 64 * 1024
"""Bytes asked for at once. Python allocates them for each read; beyond 128 KiB malloc would ask
the system for fresh pages each time."""
FLUSH_AT = 64 * 1024
STREAM_AT = 1 << 20
"""Bytes of payload up to which a command is read whole; the rest of a longer one is streamed."""
BEGINNING = 64 * 1024
"""Bytes that the beginning of a longer one has at least."""


class ConnectionClosed(Exception):
    """The other side of ``stream`` is gone: it closed, reset, or was shut down from here."""

    def __init__(self, stream: PacketStream | None, reason: str = "closed") -> None:
        super().__init__(reason)
        self.stream = stream


class PacketStream:
    """Whole payloads in, payloads out; one sequence id for both directions, as the protocol has it.

    ``max_allowed_packet`` is in bytes. Reading raises :class:`ConnectionClosed` at the end of the
    stream and :class:`~athena_g.errors.SqlError` (1153, 1156) for what breaks the protocol.
    """

    secure = False
    """Whether the bytes travel encrypted."""

    on_gone: Callable[[], None] | None = None
    """Called once, by the hub, when the connection ended while no greenlet was reading: closed or
    reset by the other side, or shut down from here. It must not wait. Bytes that came before the
    end hide it until they are read."""

    write_timeout: float | None = None
    """Seconds for which the other side may take no byte while we wait to send, ``None``: for ever.
    Then sending ends in :class:`ConnectionClosed`."""

    read_timeout: float | None = None
    """Seconds of silence in the middle of a packet, never between packets, ``None``: for ever.
    Then reading ends in :class:`ConnectionClosed`."""

    continues = False
    """Whether the command that :meth:`read_command` gave goes on in :meth:`read_more`."""

    packets_added = 0
    """Packets that a long command has more than came, since :meth:`replace`; known at its end."""

    reframed = False
    """Whether what is sent in place of the command may have another number of packets. Whoever
    sends it sees to it, and takes this back."""

    _numbered = True
    """Whether the other side's sequence ids must be the ones due."""

    def __init__(self, max_allowed_packet: int) -> None:
        self.max_allowed_packet = max_allowed_packet
        self._deframer = self._new_deframer()
        self._buffered = False
        self._command: LongCommand | None = None
        self._reframing: Reframing | None = None
        self._out: list[bytes] = []
        self._out_size = 0

    def _new_deframer(self) -> Deframer:
        return Deframer(self.max_allowed_packet)

    # -- carried bytes: what subclasses provide ------------------------------------------------

    def recv(self) -> bytes:
        """The next bytes, at least one, waiting for them; ``b""`` at the end of the stream."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Send all of ``data``, waiting while the other side does not take it."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """End the conversation from any greenlet: whoever waits on the stream sees it closed."""
        raise NotImplementedError

    def shutdown_write(self) -> None:
        """Tell the other side that nothing more comes; reading goes on."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back the socket. Closing twice is harmless."""
        raise NotImplementedError

    @property
    def stale(self) -> bool:
        """Whether bytes or the end came while nobody waited for them."""
        raise NotImplementedError

    def watch(self) -> None:
        """See to it that ``on_gone`` is called: for the time of a wait for somebody else."""

    def unwatch(self) -> None:
        """End of the time that :meth:`watch` began."""

    def recv_at_most(self, size: int) -> bytes:
        """Like :meth:`recv`, no more than ``size`` bytes where the rest may not be read yet."""
        return self.recv()

    def discard(self) -> int:
        """Wait for bytes, whatever they are, and forget them: how many, 0 at the end."""
        return len(self.recv())

    def recv_in_packet(self) -> bytes:
        """Like :meth:`recv` in the middle of a packet: within ``read_timeout``."""
        if self.read_timeout is None:
            return self.recv()
        reason = f"reading timed out: silence for {self.read_timeout} s in the middle of a packet"
        with Timeout(self.read_timeout, ConnectionClosed(self, reason)):
            return self.recv()

    def _writing_timed_out(self) -> ConnectionClosed:
        reason = f"writing timed out: nothing was taken for {self.write_timeout} s"
        return ConnectionClosed(self, reason)

    def _call_on_gone(self) -> None:
        on_gone, self.on_gone = self.on_gone, None
        if on_gone is not None:
            on_gone()

    # -- packets ---------------------------------------------------------------------------------

    @property
    def sequence_id(self) -> int:
        """The sequence id of the next packet, in either direction."""
        return self._deframer.sequence_id

    @sequence_id.setter
    def sequence_id(self, value: int) -> None:
        self._deframer.sequence_id = value

    def allow_packets(self, max_allowed_packet: int) -> None:
        """Change the largest payload that is read, in bytes."""
        self.max_allowed_packet = max_allowed_packet
        self._deframer.max_allowed_packet = max_allowed_packet

    def feed(self, data: bytes) -> None:
        """Take ``data`` as read from the connection."""
        if not data:
            raise ConnectionClosed(self)
        self._deframer.feed(data)
        self._buffered = True

    def buffered_packet(self) -> bytes | None:
        """The payload of the next packet if it was read already."""
        return self._deframer.next_payload()

    def read_packet(self) -> bytes:
        """The payload of the next packet, continuations joined."""
        deframer = self._deframer
        while (payload := deframer.next_payload()) is None:
            self.feed(self.recv_in_packet() if deframer.pending else self.recv())
        return payload

    def read_packets(self) -> list[bytes]:
        """The payloads of the next packets, as many as came: rows, with their end at most."""
        while True:
            found = self._deframer.next_payloads()
            if found:
                return found
            payload = self._deframer.next_payload()
            if payload is not None:
                return [payload]
            self.feed(self.recv_in_packet() if self._deframer.pending else self.recv())

    def take_unread(self) -> bytes:
        """The bytes read from the connection and not yet returned as packets."""
        return self._deframer.take_all()

    # -- commands --------------------------------------------------------------------------------

    def read_command(self) -> bytes:
        """The next command as it travels: header(s) and payload, starting a new sequence.

        The usual command arrives whole in one read and is returned as it was read. Of one with
        more than :data:`STREAM_AT` bytes of payload only the beginning is returned, unless it
        had all come; ``continues`` is then true, and :meth:`read_more` gives the rest.
        """
        deframer = self._deframer
        deframer.sequence_id = 0
        if not self._buffered:
            data = self.recv()
            size = len(data) - 4
            if (
                0 < size <= self.max_allowed_packet
                and data[3] == 0
                and size == data[0] | data[1] << 8 | data[2] << 16
                and size != MAX_PAYLOAD
            ):
                deframer.sequence_id = 1
                return data
            self.feed(data)
        return self._read_buffered_command()

    def read_more(self) -> bytes:
        """The next bytes of a command that continues, as they travel; ``b""`` after its end.

        ``continues`` is false with the last of them, and ``sequence_id`` the reply's. After
        :meth:`replace` there may be none of them yet.
        """
        if not self.continues:
            return b""
        taken = self._walk(self.recv_in_packet())
        return taken if self._reframing is None else self._reframed(taken)

    def replace(self, command: bytes, start: int, end: int, data: bytes) -> bytes:
        """The command read last with ``data`` in place of some bytes of its payload.

        ``command`` is what was read of it; of one that continues :meth:`read_more` gives the rest
        to match. ``data`` must be no shorter than what it replaces, which must have been read.
        """
        self._reframing = Reframing(command, start, end, data)
        return self._reframed(b"")

    def _reframed(self, data: bytes) -> bytes:
        reframing = self._reframing
        assert reframing is not None
        packets = reframing.take(data)
        if not self.continues:
            self._reframing = None
            self.packets_added = (reframing.sequence_id - self.sequence_id) & 0xFF
        return packets

    def skip_rest(self) -> None:
        """Read the rest of a command that continues, and forget it."""
        while self.continues:
            self.read_more()

    def _read_buffered_command(self) -> bytes:
        if self.continues:
            raise RuntimeError("the command before was not read to its end")
        self.packets_added = 0
        deframer = self._deframer
        if not deframer.pending:
            self.feed(self.recv())
        payload = deframer.next_payload()
        if payload is None:
            return self._read_split_command()
        self._buffered = deframer.pending > 0
        return frame(payload, 0)

    def _read_split_command(self) -> bytes:
        """A command of which the first bytes are there: all of it, or its beginning."""
        held = self._deframer.take_all()
        # A fresh one: this one has counted what the header announced.
        self._deframer = self._new_deframer()
        self._command = command = LongCommand(self.max_allowed_packet, numbered=self._numbered)
        self.continues = True
        parts = [self._walk(held)]
        size = len(held)
        while self.continues and not (command.announced > STREAM_AT and size >= BEGINNING):
            parts.append(self._walk(self.recv_in_packet()))
            size += len(parts[-1])
        return b"".join(parts)

    def _walk(self, data: bytes) -> bytes:
        """The bytes at the beginning of ``data`` that belong to the command being read."""
        if not data:
            raise ConnectionClosed(self)
        command = self._command
        assert command is not None
        try:
            taken = command.take(data)
        finally:
            self.sequence_id = command.sequence_id
        if command.finished:
            self._command = None
            self.continues = False
            self._buffered = len(taken) < len(data)
            if self._buffered:
                self._deframer.feed(data[len(taken) :])
        return taken

    # -- replies ---------------------------------------------------------------------------------

    def write_packet(self, payload: bytes) -> None:
        """Queue one packet; what is queued is sent at 64 KiB or by :meth:`flush`."""
        deframer = self._deframer
        data = frame(payload, deframer.sequence_id)
        deframer.sequence_id = (deframer.sequence_id + frames_used(len(payload))) & 0xFF
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size >= FLUSH_AT:
            self.flush()

    def write_packets(self, payloads: list[bytes]) -> None:
        """Queue several packets."""
        deframer, out = self._deframer, self._out
        sequence_id, size = deframer.sequence_id, 0
        for payload in payloads:
            length = len(payload)
            if length >= MAX_PAYLOAD:
                out.append(frame(payload, sequence_id))
                sequence_id = (sequence_id + frames_used(length)) & 0xFF
            else:
                out.append((length | sequence_id << 24).to_bytes(4, "little"))
                out.append(payload)
                sequence_id = (sequence_id + 1) & 0xFF
            size += length + 4
        deframer.sequence_id = sequence_id
        self._out_size += size
        if self._out_size >= FLUSH_AT:
            self.flush()

    def write_error(self, error: SqlError) -> None:
        """Queue ``error`` as an ERR packet."""
        self.write_packet(encode_error(error))

    def flush(self) -> None:
        """Send what is queued."""
        if self._out:
            data = b"".join(self._out) if len(self._out) > 1 else self._out[0]
            self._out.clear()
            self._out_size = 0
            self.send(data)
