"""The compressed form of the protocol: bytes into compressed packets, and out of them.

A compressed packet is a 3-byte length, a 1-byte sequence id of its own, the 3-byte length before
compression, and a zlib stream; a length of 0 before compression says that the bytes are as they
were. What the packets carry is the ordinary stream, cut anywhere. Source: dev.mysql.com, MySQL
Source Code Documentation, "Compression" (page_protocol_basic_compression).
"""

from __future__ import annotations

import zlib
from typing import Final

from athena_g import errors
from athena_g.protocol.constants import MAX_PAYLOAD

HEADER_SIZE: Final = 7
MIN_COMPRESS_LENGTH: Final = 50
"""Bytes below which compression is not worth it."""
BLOCK: Final = 1 << 16
"""Most bytes that are inflated at once."""
LARGEST: Final = MAX_PAYLOAD - (1 << 13)
"""Most bytes that one packet made here carries: deflating may make them a little more."""
LEVEL: Final = 1
"""The fastest: a proxy is sooner short of processor time than of bandwidth."""


def compressed_packet(data: bytes, sequence_id: int) -> bytes:
    """The packet that carries ``data``, compressed where that makes it shorter."""
    if len(data) >= MIN_COMPRESS_LENGTH:
        deflated = zlib.compress(data, LEVEL)
        if len(deflated) < len(data):
            return _packet(deflated, sequence_id, len(data))
    return _packet(data, sequence_id, 0)


def _packet(body: bytes, sequence_id: int, length: int) -> bytes:
    head = len(body).to_bytes(3, "little"), sequence_id, length.to_bytes(3, "little")
    return b"%b%c%b%b" % (*head, body)


class CompressedCodec:
    """Both directions of one connection's compression.

    ``sequence_id`` is that of the next packet in either direction. Of what comes, nothing but the
    bytes fed and :data:`BLOCK` inflated ones is held, whatever a packet claims to become; of what
    goes, one packet, deflated.
    """

    __slots__ = (
        "_announced",
        "_body",
        "_buffer",
        "_inflater",
        "_outgoing",
        "_position",
        "sequence_id",
    )

    def __init__(self) -> None:
        self.sequence_id = 0
        self._outgoing = _Outgoing()
        self._buffer = b""
        self._position = 0
        self._body = 0  # bytes of the packet's body that are still to come
        self._announced = 0  # bytes that are still to come out of it
        self._inflater: zlib._Decompress | None = None

    def restart(self) -> None:
        """Count from 0: a command begins, in a packet of its own or in the one being unpacked."""
        if not (self._announced if self._inflater else self._body):
            self.sequence_id = 0

    # -- out -------------------------------------------------------------------------------------

    def pack(self, data: bytes) -> bytes:
        """The compressed packets for ``data``, which is packets or, in order, parts of one.

        What ends within a packet is held until the packet's rest has come: Connector/Python
        finds neither a packet in more than two compressed ones nor a header cut in two.
        """
        outgoing = self._outgoing
        whole = outgoing.ends_whole(data)
        if whole and not outgoing.size and len(data) <= LARGEST:
            return compressed_packet(data, self._next_id())
        packets = b""
        for start in range(0, len(data), BLOCK):
            if body := outgoing.deflate(data[start : start + BLOCK]):
                packets += _packet(body, self._next_id(), LARGEST)
        if whole and outgoing.size:
            size = outgoing.size
            packets += _packet(outgoing.close(), self._next_id(), size)
        return packets

    def _next_id(self) -> int:
        sequence_id = self.sequence_id
        self.sequence_id = (sequence_id + 1) & 0xFF
        return sequence_id

    # -- in --------------------------------------------------------------------------------------

    @property
    def in_packet(self) -> bool:
        """Whether a packet has begun and not ended."""
        return bool(self._body or self._inflater) or self._position < len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes as they came from the peer."""
        held = self._buffer[self._position :]
        self._buffer = held + data if held else data
        self._position = 0

    def unpack(self) -> bytes:
        """The next bytes that were carried, ``b""`` when more must be fed first.

        Raises PACKETS_OUT_OF_ORDER, and UNCOMPRESS_FAILED for a body that is not what its header
        says. ``sequence_id`` is then the one with which the peer can be answered.
        """
        while True:
            if not (self._body or self._inflater) and not self._read_header():
                return b""
            data = self._inflate() if self._inflater else self._take_body()
            if data or (self._body and self._position == len(self._buffer)):
                return data

    def _read_header(self) -> bool:
        """Take the next packet's header; whether it had all come."""
        header = self._buffer[self._position : self._position + HEADER_SIZE]
        if len(header) < HEADER_SIZE:
            return False
        expected = self.sequence_id
        self.sequence_id = (header[3] + 1) & 0xFF
        if header[3] != expected:
            raise errors.PACKETS_OUT_OF_ORDER(got=header[3], expected=expected)
        self._position += HEADER_SIZE
        self._body = int.from_bytes(header[:3], "little")
        self._announced = int.from_bytes(header[4:], "little")
        if self._announced:
            self._inflater = zlib.decompressobj()
        return True

    def _take_body(self) -> bytes:
        """At most :data:`BLOCK` bytes of the packet's body, of those that have come."""
        start = self._position
        data = self._buffer[start : start + min(BLOCK, self._body)]
        self._position += len(data)
        self._body -= len(data)
        return data

    def _inflate(self) -> bytes:
        """The next bytes out of the packet's zlib stream, ``b""`` when it needs more or ended."""
        inflater = self._inflater
        assert inflater is not None
        source = inflater.unconsumed_tail or self._take_body()
        try:
            data = inflater.decompress(source, BLOCK)
        except zlib.error as error:
            raise errors.UNCOMPRESS_FAILED(reason=error) from None
        self._announced -= len(data)
        if self._announced < 0:
            raise errors.UNCOMPRESS_FAILED(reason="it is longer than its header says")
        if inflater.eof:
            self._end(inflater)
        elif not (data or self._body or inflater.unconsumed_tail):
            raise errors.UNCOMPRESS_FAILED(reason="it is cut short")
        return data

    def _end(self, inflater: zlib._Decompress) -> None:
        if self._announced:
            raise errors.UNCOMPRESS_FAILED(reason="it is shorter than its header says")
        if self._body or inflater.unused_data:
            raise errors.UNCOMPRESS_FAILED(reason="something follows its end")
        self._inflater = None


class _Outgoing:
    """A compressed packet in the making, and where in the stream of packets its data ends.

    ``size`` is how many bytes it carries so far.
    """

    __slots__ = ("_deflated", "_deflater", "_due", "_header", "size")

    def __init__(self) -> None:
        self.size = 0
        self._deflated: list[bytes] = []
        self._deflater: zlib._Compress | None = None
        self._due = 0  # bytes up to the next header
        self._header = b""  # what came of one

    def ends_whole(self, data: bytes) -> bool:
        """Whether ``data``, which is next in the stream, ends where a packet ends."""
        if self._header:
            data = self._header + data
            self._header = b""
        position, size = self._due, len(data)
        while position + 4 <= size:
            position += 4 + int.from_bytes(data[position : position + 3], "little")
        self._due = max(position - size, 0)
        self._header = data[position:]
        return position == size

    def deflate(self, data: bytes) -> bytes:
        """Add ``data``; gives the body that is full by that, else ``b""``."""
        room = LARGEST - self.size
        self._add(data[:room])
        if self.size < LARGEST:
            return b""
        body = self.close()
        self._add(data[room:])
        return body

    def _add(self, data: bytes) -> None:
        if data:
            if self._deflater is None:
                self._deflater = zlib.compressobj(LEVEL)
            self._deflated.append(self._deflater.compress(data))
            self.size += len(data)

    def close(self) -> bytes:
        """The body of all that was added, and a fresh start."""
        assert self._deflater is not None
        self._deflated.append(self._deflater.flush())
        body = b"".join(self._deflated)
        self._deflated.clear()
        self._deflater = None
        self.size = 0
        return body
