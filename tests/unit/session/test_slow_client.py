"""A client that reads slowly, or not at all: it waits, its server waits, and nobody else."""

from __future__ import annotations

import gevent
from gevent.event import Event

from athena_g.protocol.constants import MAX_PAYLOAD
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import Conversation, FakeServer, Step, hang_up

ROW = replies.packets(replies.row(["x" * 1000]))
MIB = 1 << 20
TOTAL = 48 * MIB
BUFFERS = 16 * MIB
"""More than what the kernel keeps for the four sockets between server and client."""


def flood(total: int) -> Step:
    """A step: a result set of about ``total`` bytes, made as it is sent."""
    chunk = ROW * (MIB // len(ROW))
    head = replies.packets(*replies.result_payloads([])[:3])
    end = replies.packets(replies.result_payloads([])[-1])

    def send(conversation: Conversation) -> None:
        conversation.wire.send(head)
        while conversation.wire.sent < total:
            conversation.wire.send(chunk)
        conversation.wire.send(end)

    return send


def stalled(backend: FakeServer) -> int:
    """The bytes the first connection of the server has sent, once it cannot send more."""
    backend.wait_for("flood")
    wire = backend.connections[0].wire
    before = -1
    while wire.sent != before or wire.sent < MIB:
        before = wire.sent
        gevent.sleep(0.05)
    return wire.sent


def read_result(client: Client, total: int) -> None:
    while client.wire.received < total:
        client.wire.read_some()


def start(proxy: Proxy, backend: FakeServer) -> Client:
    """A client that asked for more than it reads."""
    backend.say("flood", flood(TOTAL))
    client = proxy.client(receive_buffer=64 << 10)
    client.send_query("flood")
    return client


def test_a_client_that_does_not_read_stops_its_server(proxy: Proxy, backend: FakeServer) -> None:
    start(proxy, backend)
    assert stalled(backend) < BUFFERS


def test_a_client_that_goes_on_reading_gets_everything(proxy: Proxy, backend: FakeServer) -> None:
    client = start(proxy, backend)
    stalled(backend)
    read_result(client, TOTAL)
    until(lambda: proxy.pool.idle == 1, "the reply did not end")
    client.wire.deframer.take_all()


def test_a_server_that_waits_for_its_client_keeps_nobody_else_waiting(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=2)
    start(proxy, backend)
    stalled(backend)
    other = proxy.client()
    for number in range(50):
        assert other.query(f"SELECT {number}").value == b"SELECT %d" % number


def test_a_client_that_never_reads_can_be_stopped(proxy: Proxy, backend: FakeServer) -> None:
    start(proxy, backend)
    stalled(backend)
    proxy.server.stop(grace=5)
    assert (len(proxy.server.clients), proxy.pool.out) == (0, 0)


def test_a_large_row_that_is_not_read_is_not_collected(proxy: Proxy, backend: FakeServer) -> None:
    def send(conversation: Conversation) -> None:
        conversation.wire.send(replies.packets(*replies.result_payloads([])[:3]))
        for sequence_id in (4, 5, 6):
            conversation.wire.send(b"\xff\xff\xff" + bytes((sequence_id,)))
            conversation.wire.send(b"\xfe" + (3 * MAX_PAYLOAD).to_bytes(8, "little"))
            conversation.wire.send(bytes(MAX_PAYLOAD - 9))
        hang_up(conversation)

    backend.say("flood", send)
    client = proxy.client(receive_buffer=64 << 10)
    client.send_query("flood")
    assert stalled(backend) < BUFFERS
    read_result(client, 3 * MAX_PAYLOAD)


def test_a_statement_its_server_does_not_read_waits_without_disturbing_others(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=2)
    gate = Event()
    backend.say("SELECT 1", gate, replies.result([["1"]]))
    client, other = proxy.client(), proxy.client()
    client.send_query("SELECT 1")
    backend.wait_for("SELECT 1")
    sending = gevent.spawn(client.send_query, b"x" * (12 * MIB))
    assert other.query("SELECT 2").rows
    gate.set()
    sending.get()
    client.wire.deframer.sequence_id = 1
    assert client.reply().value == b"1"
    client.wire.deframer.sequence_id = 1
    assert client.reply().ok
