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

HEADER_SIZE: Final = 7
MIN_COMPRESS_LENGTH: Final = 50
"""Bytes below which compression is not worth it."""
BLOCK: Final = 1 << 16
"""Most bytes that one packet made here carries, and most that are inflated at once."""
LEVEL: Final = 1
"""The fastest: a proxy is sooner short of processor time than of bandwidth."""


def compressed_packet(data: bytes, sequence_id: int) -> bytes:
    """The packet that carries ``data``, compressed where that makes it shorter."""
    body, length = data, 0
    if len(data) >= MIN_COMPRESS_LENGTH:
        deflated = zlib.compress(data, LEVEL)
        if len(deflated) < len(data):
            body, length = deflated, len(data)
    return b"%b%c%b%b" % (
        len(body).to_bytes(3, "little"),
        sequence_id,
        length.to_bytes(3, "little"),
        body,
    )


class CompressedCodec:
    """Both directions of one connection's compression.

    ``sequence_id`` is that of the next packet in either direction. Nothing but what was fed and
    :data:`BLOCK` inflated bytes is held, whatever a packet claims to become.
    """

    __slots__ = ("_announced", "_body", "_buffer", "_inflater", "_position", "sequence_id")

    def __init__(self) -> None:
        self.sequence_id = 0
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
        """The next packet for at most :data:`BLOCK` bytes."""
        packet = compressed_packet(data, self.sequence_id)
        self.sequence_id = (self.sequence_id + 1) & 0xFF
        return packet

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
