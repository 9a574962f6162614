"""A packet stream over a plain socket.

:class:`SocketStream` waits first and reads then: ``recv`` on a socket without data costs a failed
system call and an exception, and starting and stopping a watcher costs an ``epoll_ctl`` each. So
its read watcher lives as long as the stream and stays started between request and reply; only
when bytes come while nobody waits for them is it stopped.
"""

from __future__ import annotations

import _socket
import contextlib
import select
import socket
from typing import Any

from gevent import get_hub, getcurrent
from gevent.monkey import get_original
from greenlet import greenlet

from athena_g.net.packets import READ_SIZE, ConnectionClosed, PacketStream
from athena_g.net.waiting import READ, WRITE, Waits

LOOK_AGAIN = 1.0
"""Seconds between two looks at a connection whose unread bytes may hide its end."""


class SocketStream(PacketStream):
    """A stream over a plain TCP or UNIX socket.

    Takes over ``fd``, the file descriptor of a connected socket.
    """

    stale = False

    def __init__(self, fd: int, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        self._sock = _socket.socket(fileno=fd)
        self._sock.settimeout(0)
        self._sock_recv = self._sock.recv
        self._sock_send = self._sock.send
        self._hub = get_hub()
        # Not Hub.switch: that asks each greenlet for a switch_out method, which none has here.
        self._switch_to_hub = greenlet.switch.__get__(self._hub)
        self._read_watcher: Any = self._hub.loop.io(fd, READ)
        self._read_started = False
        self._reader: Any = None
        self._writers = Waits(fd)
        self._lookout: Any = None
        self._read_size = READ_SIZE
        self._closed = False
        self._start_reading()

    def recv(self) -> bytes:
        while True:
            self._reader = getcurrent()
            if not self._read_started:
                self._start_reading()
            try:
                self._switch_to_hub()
            except BaseException:  # also a TimeoutError thrown in here, which is an OSError
                self._reader = None
                raise
            try:
                data = self._sock_recv(self._read_size)
            except BlockingIOError:
                continue
            except OSError as error:
                raise ConnectionClosed(self, str(error)) from None
            return data

    def _start_reading(self) -> None:
        if self._closed:
            self._reader = None
            raise ConnectionClosed(self)
        self._read_watcher.start(self._on_readable)
        self._read_started = True
        self.stale = False
        if self._lookout is not None:
            self._stop_looking()

    def _on_readable(self) -> None:
        """Called by the hub: switch to the reader, or remember that there was none."""
        reader = self._reader
        if reader is not None:
            self._reader = None
            reader.switch()
        else:
            self.stale = True
            self._read_watcher.stop()
            self._read_started = False
            if self.on_gone is not None:
                self._see_whether_gone()

    def _see_whether_gone(self) -> None:
        """Tell that the other side is gone, or look again from time to time: bytes hide the end."""
        if not self._bytes_wait() or _hung_up(self._sock.fileno()):
            self._stop_looking()
            self._call_on_gone()
        elif self._lookout is None:
            self._lookout = self._hub.loop.timer(LOOK_AGAIN, LOOK_AGAIN)
            self._lookout.start(self._see_whether_gone)

    def _stop_looking(self) -> None:
        lookout, self._lookout = self._lookout, None
        if lookout is not None:
            lookout.stop()
            lookout.close()

    def _bytes_wait(self) -> bool:
        """Whether there is something to be read, or may yet be: not the end."""
        try:
            return self._sock_recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def watch(self) -> None:
        if not (self._read_started or self._closed or self._bytes_wait()):
            self._start_reading()

    def _on_closed(self) -> None:
        """Called by the hub: let the reader, if there still is one, find the stream closed."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.switch()

    def recv_at_most(self, size: int) -> bytes:
        self._read_size = size
        try:
            return self.recv()
        finally:
            self._read_size = READ_SIZE

    def send(self, data: bytes) -> None:
        try:
            sent = self._sock_send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise ConnectionClosed(self, str(error)) from None
        if sent != len(data):
            self._send_rest(data, sent)

    def _send_rest(self, data: bytes, sent: int) -> None:
        view = memoryview(data)
        while sent < len(data):
            if not self._writers.wait(WRITE, self.write_timeout):
                raise self._writing_timed_out()
            try:
                sent += self._sock_send(view[sent:])
            except BlockingIOError:
                continue
            except OSError as error:
                raise ConnectionClosed(self, str(error)) from None

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def shutdown_write(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def detach(self) -> int:
        """The file descriptor, no longer this stream's."""
        self._stop_watching()
        return int(self._sock.detach())

    def close(self) -> None:
        if not self._closed:
            self._stop_watching()
            self._sock.close()

    def _stop_watching(self) -> None:
        self._closed = True
        self._stop_looking()
        self._read_watcher.stop()
        self._read_watcher.close()
        self._read_started = False
        if self._reader is not None:
            self._hub.loop.run_callback(self._on_closed)
        self._writers.end()


def _hung_up(fd: int) -> bool:
    """Whether the other side ended the connection, behind whatever bytes are still to be read."""
    poll = get_original("select", "poll")()
    poll.register(fd, getattr(select, "POLLRDHUP", 0))  # POLLERR and POLLHUP are always told
    return bool(poll.poll(0))
