from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from athena_g.errors import SqlError
from athena_g.protocol.commands import (
    AnyCommand,
    Bare,
    FieldList,
    InitDb,
    ProcessKill,
    Query,
    QueryAttribute,
    SetOption,
    StmtClose,
    StmtExecute,
    StmtFetch,
    StmtPrepare,
    StmtReset,
    StmtSendLongData,
    parse_command,
)
from athena_g.protocol.constants import (
    CLIENT_PLUGIN_AUTH,
    CLIENT_PROTOCOL_41,
    CLIENT_QUERY_ATTRIBUTES,
    CLIENT_SECURE_CONNECTION,
    Command,
)
from athena_g.protocol.handshake import ChangeUserRequest

from .mutation import assert_only_sql_errors

PLAIN = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH
WITH_ATTRIBUTES = PLAIN | CLIENT_QUERY_ATTRIBUTES

# Two attributes: an unsigned BIGINT "n" of 2**64-1 and a DATETIME without a name, then a NULL.
ATTRIBUTES = (
    b"\x03\x03\x01"
    b"\x04\x01"
    b"\x08\x80\x01n"
    b"\x0c\x00\x00"
    b"\xfe\x00\x04last"
    + b"\xff" * 8
    + b"\x04\xe8\x07\x02\x1d"
    + b"SELECT 1"
)  # fmt: skip

COMMANDS: list[tuple[bytes, AnyCommand]] = [
    (b"\x01", Bare(Command.QUIT)),
    (b"\x02shop", InitDb(b"shop")),
    (b"\x03SELECT 1", Query(b"SELECT 1")),
    (b"\x03", Query(b"")),
    (b"\x04orders\0%", FieldList(b"orders", b"%")),
    (b"\x04orders\0", FieldList(b"orders", b"")),
    (b"\x09", Bare(Command.STATISTICS)),
    (b"\x0c\x05\x00\x00\x00", ProcessKill(5)),
    (b"\x0e", Bare(Command.PING)),
    (b"\x11pam\0\x00shop\0", ChangeUserRequest("pam", b"", "shop")),
    (b"\x16SELECT ?", StmtPrepare(b"SELECT ?")),
    (b"\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00rest", StmtExecute(1, 1, 1, b"rest")),
    (b"\x18\x01\x00\x00\x00\x02\x00data", StmtSendLongData(1, 2, b"data")),
    (b"\x19\x01\x00\x00\x00", StmtClose(1)),
    (b"\x1a\x01\x00\x00\x00", StmtReset(1)),
    (b"\x1b\x01\x00", SetOption(1)),
    (b"\x1c\x01\x00\x00\x00\x64\x00\x00\x00", StmtFetch(1, 100)),
    (b"\x1f", Bare(Command.RESET_CONNECTION)),
]


@pytest.mark.parametrize(("payload", "command"), COMMANDS)
def test_a_payload_becomes_its_command(payload: bytes, command: AnyCommand) -> None:
    assert parse_command(payload, PLAIN) == command


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b"\x08", "COM_SHUTDOWN"),
        (b"\x12", "COM_BINLOG_DUMP"),
        (b"\x05db", "COM_CREATE_DB"),
        (b"\x2a", "command 0x2a"),
        (b"\xff", "command 0xff"),
    ],
)
def test_what_is_not_supported_is_an_unknown_command(payload: bytes, name: str) -> None:
    with pytest.raises(SqlError, match=name) as caught:
        parse_command(payload, PLAIN)
    assert (caught.value.errno, caught.value.fatal) == (1047, False)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x04orders", b"\x0c\x05", b"\x11pam", b"\x17\x01\x00\x00\x00", b"\x19", b"\x1b\x01"],
)
def test_a_command_that_ends_early_is_malformed(payload: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        parse_command(payload, PLAIN)
    assert caught.value.errno == 1835


def test_a_query_without_attributes_says_so_when_they_were_negotiated() -> None:
    assert parse_command(b"\x03\x00\x01SELECT 1", WITH_ATTRIBUTES) == Query(b"SELECT 1")


def test_the_attributes_of_a_query_are_read() -> None:
    assert parse_command(ATTRIBUTES, WITH_ATTRIBUTES) == Query(
        b"SELECT 1",
        (
            QueryAttribute("n", 2**64 - 1),
            QueryAttribute("", datetime(2024, 2, 29)),
            QueryAttribute("last", None),
        ),
    )


def test_attributes_that_were_not_negotiated_are_sql() -> None:
    assert parse_command(b"\x03\x00\x01SELECT 1", PLAIN) == Query(b"\x00\x01SELECT 1")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x03\x00\x02SELECT 1", "one set"),
        (ATTRIBUTES[:4] + b"\x00" + ATTRIBUTES[5:], "without their types"),
        (ATTRIBUTES[:5] + b"\xc8" + ATTRIBUTES[6:], "unknown type 200"),
        (b"\x03\xfe" + b"\xff" * 8 + b"\x01", "ends within"),
    ],
)
def test_damaged_attributes_are_malformed(payload: bytes, reason: str) -> None:
    with pytest.raises(SqlError, match=reason) as caught:
        parse_command(payload, WITH_ATTRIBUTES)
    assert caught.value.errno == 1835


def test_damaged_commands_give_sql_errors_only() -> None:
    samples = [payload for payload, _ in COMMANDS] + [ATTRIBUTES] * 10
    for capabilities, seed in ((PLAIN, 61), (WITH_ATTRIBUTES, 62)):
        parse = partial(parse_command, capabilities=capabilities)
        assert_only_sql_errors(parse, samples, seed=seed)
