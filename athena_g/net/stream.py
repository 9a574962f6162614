"""The streams, by the names that other rooms use.

:class:`PacketStream` is the whole interface. The subclasses differ only in how bytes come and go
(:meth:`~PacketStream.recv`, :meth:`~PacketStream.send`). A stream belongs to one greenlet at a
time; :meth:`~PacketStream.shutdown` may be called by any other.
"""

from athena_g.net.packets import READ_SIZE, STREAM_AT, ConnectionClosed, PacketStream
from athena_g.net.socket_stream import SocketStream
from athena_g.net.tls_stream import TlsStream

__all__ = [
    "READ_SIZE",
    "STREAM_AT",
    "ConnectionClosed",
    "PacketStream",
    "SocketStream",
    "TlsStream",
]
