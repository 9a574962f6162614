"""What a connection that is leased for several shards is sent, and when."""

from __future__ import annotations

from typing import Any, cast
from unittest.mock import Mock

import pytest

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.statements import MAX_PREPARED, Prepared, StatementCache
from athena_g.errors import SqlError
from athena_g.session.leases import SENT_AT_ONCE, Leased, Leases, Part, query

OK = b"\0\0\0\2\0\0\0"
LONG = [query(letter * SENT_AT_ONCE) for letter in (b"a", b"b", b"c")]


class FakeStream:
    """Gives the payloads it was made with, and keeps what is sent."""

    def __init__(self, *replies: bytes) -> None:
        self.sent: list[bytes] = []
        self.sequence_id = 0
        self._replies = list(replies)

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def read_packet(self) -> bytes:
        return self._replies.pop(0)


class FakeConnection:
    """As much of a connection as a lease needs."""

    def __init__(self, *replies: bytes) -> None:
        self.stream = FakeStream(*replies)
        self.statements = StatementCache()


def leased(connection: FakeConnection, parts: list[Part] | None = None) -> Leased:
    return Leased(cast(Any, None), cast(BackendConnection, connection), False, parts or [])


def test_short_commands_go_out_in_one_go() -> None:
    connection = FakeConnection()
    leased(connection).send([query(b"a"), query(b"b")])
    assert connection.stream.sent == [query(b"a") + query(b"b")]


def test_a_long_command_waits_for_the_reply_to_the_one_before() -> None:
    connection = FakeConnection()
    one = leased(connection)
    one.send(LONG)
    for number in (1, 2, 3):
        one.begin_reply()
        assert connection.stream.sent == LONG[:number]
        one.outstanding -= 1


def test_what_was_not_sent_is_never_sent_behind_an_error() -> None:
    connection = FakeConnection(OK)
    one = leased(connection)
    one.send(LONG)
    one.drain()
    assert connection.stream.sent == LONG[:1]
    assert not one.outstanding


@pytest.mark.parametrize("count", [2, MAX_PREPARED + 3])
def test_no_statement_is_closed_before_it_is_executed(count: int) -> None:
    connection = FakeConnection()
    statements = connection.statements
    closed_in_between = []

    def prepare(number: int) -> bytes:
        closed_in_between.append(statements.closing)
        statements.add(number, Prepared(number.to_bytes(4, "little")))
        return b"execute %d" % number

    parts = [Part(str(n), lambda _, n=n: prepare(n)) for n in range(count)]
    assert leased(connection, parts).commands() == [b"execute %d" % n for n in range(count)]
    assert set(closed_in_between) == {b""}
    assert len(statements.closing) == 9 * max(0, count - MAX_PREPARED)


# --- further connections to a server --------------------------------------------------------------


def spared(refusal: SqlError) -> list[Leased]:
    """The further connections of a lease with two parts, whose pool refuses to spare one."""
    pool = Mock()
    pool.spare.side_effect = refusal
    sharding = Mock()
    sharding.merging.connections_per_scatter = 2
    binding = Mock(waiting=False)
    first = leased(FakeConnection(), [Part("shard 0", LONG[0]), Part("shard 1", LONG[1])])
    first.pool = pool
    try:
        return list(Leases(binding, sharding)._spares(first, Mock()))
    finally:
        assert not binding.waiting


def test_a_server_that_has_no_more_connections_is_asked_over_the_one_there_is() -> None:
    assert spared(SqlError(1040, "08004", "Too many connections")) == []


def test_a_statement_that_is_killed_while_one_is_opened_goes_no_further() -> None:
    with pytest.raises(SqlError) as caught:
        spared(errors.QUERY_INTERRUPTED())
    assert caught.value.errno == 1317
