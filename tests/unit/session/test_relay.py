"""Replies on their way through the proxy: whatever their form, the client gets the same bytes."""

from __future__ import annotations

import pytest

from athena_g.protocol.constants import MAX_PAYLOAD, SERVER_STATUS_AUTOCOMMIT
from athena_g.protocol.framing import frames_used
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.replies import MORE
from tests.fakes.server import Conversation, FakeServer, Step

LIMIT = 64 << 20


def in_pieces(data: bytes, size: int) -> Step:
    """A step: send ``data`` in pieces of ``size`` bytes, each on its own."""

    def send(conversation: Conversation) -> None:
        for start in range(0, len(data), size):
            conversation.wire.send(data[start : start + size])

    return send


def exchange(client: Client, backend: FakeServer, *steps: Step, size: int) -> bytes:
    """What a client gets that asks for the reply of ``size`` bytes made of ``steps``."""
    backend.say("ask", *steps)
    client.send_query("ask")
    got = bytearray()
    while len(got) < size:
        got += client.wire.read_some()
    return bytes(got)


RESULTS = {
    "ok": replies.ok(affected_rows=3, last_insert_id=70_000, info=b"Rows matched: 3"),
    "err": replies.err(1064, "You have an error", "42000"),
    "no rows": replies.result([]),
    "rows": replies.result([["a", None], ["", "b" * 300]], columns=["x", "y"]),
    "like an OK": replies.result([[""], [b"\0" * 8]]),
    "like an ERR": replies.result([[b"\xff" * 9]]),
    "like an EOF": replies.result([[b"\xfe\0\0\2\0"], ["\xfe"]]),
    "many columns": replies.result([["v"] * 300], columns=[f"c{n}" for n in range(300)]),
    "many rows": replies.result([[str(n)] for n in range(1000)]),
    "err after rows": replies.packets(
        *replies.result_payloads([["a"], ["b"]])[:-1], replies.err(1317, "interrupted")[4:]
    ),
    "two results": replies.result([["a"]], status=MORE) + replies.result([["b"]], first=6),
    "result and ok": replies.result([["a"]], status=MORE) + replies.ok(first=6),
    "ok and result": replies.ok(status=MORE) + replies.result([["b"]], first=2),
    "result and err": replies.result([["a"]], status=MORE) + replies.err(1146, "no", first=6),
    "three oks": b"".join(
        replies.ok(status=status, first=n + 1)
        for n, status in enumerate([MORE, MORE, SERVER_STATUS_AUTOCOMMIT])
    ),
}


@pytest.mark.parametrize("size", [1, 7, 1000, LIMIT])
@pytest.mark.parametrize("reply", RESULTS.values(), ids=RESULTS.keys())
def test_a_reply_in_pieces_of_any_size_arrives_as_it_is(
    client: Client, backend: FakeServer, reply: bytes, size: int
) -> None:
    assert exchange(client, backend, in_pieces(reply, size), size=len(reply)) == reply
    assert client.query("SELECT 1").value == b"SELECT 1"


def test_every_answer_of_a_multi_statement_arrives(client: Client, backend: FakeServer) -> None:
    backend.say("ask", RESULTS["two results"])
    client.send_query("ask")
    assert [answer.value for answer in client.replies()] == [b"a", b"b"]


def test_sequence_ids_run_through_255_and_begin_again(client: Client, backend: FakeServer) -> None:
    backend.say("ask", replies.result([[str(n)] for n in range(600)]))
    assert len(client.query("ask").rows) == 600


def test_session_state_is_not_shown_to_a_client_that_did_not_ask(
    client: Client, backend: FakeServer
) -> None:
    ok = replies.ok(info=b"done", session_state=replies.STATE_CHANGED)
    expected = replies.ok(info=b"done")
    assert exchange(client, backend, ok, size=len(expected)) == expected


def test_session_state_in_pieces_is_not_shown_either(client: Client, backend: FakeServer) -> None:
    sent = replies.ok(status=MORE, session_state=replies.STATE_CHANGED)
    expected = replies.ok(status=MORE)
    rows = replies.result([["a"]], first=2)
    got = exchange(client, backend, in_pieces(sent + rows, 1), size=len(expected + rows))
    assert got == expected + rows


@pytest.mark.parametrize(
    "size", [MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 2 * MAX_PAYLOAD],
    ids=["below 16 MiB", "at 16 MiB - 1", "at 16 MiB", "twice"],
)  # fmt: skip
def test_a_statement_of_many_mib_arrives_whole(
    client: Client, backend: FakeServer, size: int
) -> None:
    client.query("SELECT 1")
    backend.say(None, replies.ok(first=frames_used(size)))
    assert client.query(b"x" * (size - 1)).ok
    assert backend.seen[-1] == "x" * (size - 1)


@pytest.mark.parametrize(
    "size", [MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 2 * MAX_PAYLOAD],
    ids=["below 16 MiB", "at 16 MiB - 1", "at 16 MiB", "twice"],
)  # fmt: skip
def test_a_row_of_many_mib_arrives_whole(client: Client, backend: FakeServer, size: int) -> None:
    length_size = 4 if size < MAX_PAYLOAD + 4 else 9
    reply = replies.result([[b"x" * (size - length_size)], ["y"]])
    assert exchange(client, backend, reply, size=len(reply)) == reply
    assert client.query("SELECT 1").value == b"SELECT 1"


def test_a_server_that_refuses_a_statement_at_its_first_packet_is_understood(
    client: Client, backend: FakeServer
) -> None:
    """It answers the packet it has read; the client has sent them all."""
    client.query("SELECT 1")
    backend.say(None, replies.err(1153, "Got a packet bigger", first=1))
    assert client.query(b"x" * MAX_PAYLOAD).errno == 1153


def test_a_statement_above_the_limit_is_refused_and_not_sent(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    client = make_proxy(listen={"max_allowed_packet": 1000}).client()
    assert client.query("x" * 999).ok
    backend.record.clear()
    assert client.query("x" * 1000).errno == 1153
    assert client.wire.read_to_end() == b""
    assert backend.seen == []
