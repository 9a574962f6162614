"""A packet stream whose packets travel compressed over another stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.net.packets import ConnectionClosed, PacketStream
from athena_g.protocol.compression import CompressedCodec
from athena_g.protocol.framing import Deframer


class CompressedStream(PacketStream):
    """A stream over ``carrier``, in clear up to :meth:`begin` and compressed from there on.

    Timeouts and ``on_gone`` are the carrier's, which nobody else uses any more.
    """

    _numbered = False

    def __init__(self, carrier: PacketStream) -> None:
        super().__init__(carrier.max_allowed_packet)
        carrier.flush()  # the end of the authentication may be queued there
        self.sequence_id = carrier.sequence_id
        self.secure = carrier.secure
        self._carrier = carrier
        self._codec = CompressedCodec()
        self._compressing = False

    def begin(self) -> None:
        """Send and expect compressed packets from here on."""
        self._compressing = True
        self._codec.feed(self._carrier.take_unread())

    def _new_deframer(self) -> Deframer:
        return _UnnumberedDeframer(self.max_allowed_packet)

    # -- carried bytes ---------------------------------------------------------------------------

    def read_command(self) -> bytes:
        if not self._deframer.pending:
            self._codec.restart()
        return super().read_command()

    def recv(self) -> bytes:
        codec, carrier = self._codec, self._carrier
        while not (data := self._unpack()):
            with self._blamed():
                came = carrier.recv_in_packet() if codec.in_packet else carrier.recv()
            if not came:
                break
            codec.feed(came)
        return data

    def _unpack(self) -> bytes:
        try:
            return self._codec.unpack()
        except SqlError:
            self.sequence_id = self._codec.sequence_id
            raise

    def send(self, data: bytes) -> None:
        with self._blamed():
            if not self._compressing:
                self._carrier.send(data)
                return
            if packets := self._codec.pack(data):
                self._carrier.send(packets)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Closing of the carrier is closing of this stream."""
        try:
            yield
        except ConnectionClosed as error:
            raise ConnectionClosed(self, str(error)) from None

    def discard(self) -> int:
        with self._blamed():
            return self._carrier.discard()

    @property
    def stale(self) -> bool:
        return self._codec.in_packet or self._carrier.stale

    def shutdown(self) -> None:
        self._carrier.shutdown()

    def shutdown_write(self) -> None:
        self._carrier.shutdown_write()

    def close(self) -> None:
        self._carrier.close()

    # -- the carrier's settings ------------------------------------------------------------------

    def watch(self) -> None:
        self._carrier.watch()

    def unwatch(self) -> None:
        self._carrier.unwatch()

    @property
    def on_gone(self) -> Callable[[], None] | None:
        return self._carrier.on_gone

    @on_gone.setter
    def on_gone(self, value: Callable[[], None] | None) -> None:
        self._carrier.on_gone = value

    @property
    def write_timeout(self) -> float | None:
        return self._carrier.write_timeout

    @write_timeout.setter
    def write_timeout(self, value: float | None) -> None:
        self._carrier.write_timeout = value

    @property
    def read_timeout(self) -> float | None:
        return self._carrier.read_timeout

    @read_timeout.setter
    def read_timeout(self, value: float | None) -> None:
        self._carrier.read_timeout = value


class _UnnumberedDeframer(Deframer):
    """Takes each packet's sequence id for the one due.

    With compression MySQL lets the ids within follow those of the compressed packets now and then
    (a file sent for LOAD DATA repeats some), so only the compressed packets' ids mean anything.
    """

    def next_payload(self) -> bytes | None:
        while True:
            try:
                return super().next_payload()
            except SqlError as error:
                if error.errno != errors.PACKETS_OUT_OF_ORDER.errno:
                    raise
                self.sequence_id = (self.sequence_id - 1) & 0xFF
