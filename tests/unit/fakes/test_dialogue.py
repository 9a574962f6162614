"""Who says what in a MySQL conversation: the roles that the relay goes by."""

from __future__ import annotations

import struct

from athena_g.protocol.constants import (
    CLIENT_SSL,
    MAX_PAYLOAD,
    SERVER_STATUS_CURSOR_EXISTS,
    Command,
)
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.dialogue import Dialogue, Packet, Role

OK = replies.ok()
RESULT = replies.result([["a"], ["b"]])


def split(data: bytes) -> list[bytes]:
    packets = []
    while data:
        size = 4 + int.from_bytes(data[:3], "little")
        packets.append(data[:size])
        data = data[size:]
    return packets


def logged_in() -> Dialogue:
    dialogue = Dialogue()
    dialogue.next(True, frame(b"\x0a8.4.0", 0))
    dialogue.next(False, frame(bytes(40), 1))
    dialogue.next(True, frame(b"\0\0\0\2\0\0\0", 2))
    return dialogue


def ask(dialogue: Dialogue, command: Command, body: bytes = b"") -> Packet:
    return dialogue.next(False, frame(bytes([command]) + body, 0))


def answered(dialogue: Dialogue, data: bytes) -> list[tuple[str, bool]]:
    packets = [dialogue.next(True, raw) for raw in split(data)]
    return [(packet.role.name, packet.last) for packet in packets]


def test_a_login_has_its_steps() -> None:
    dialogue = Dialogue()
    steps = [
        (True, b"\x0a8.4.0"),
        (False, bytes(40)),
        (True, b"\xfecaching_sha2_password"),
        (False, b"scrambled"),
        (True, b"\1\3"),
        (True, b"\0\0\0\2\0\0\0"),
    ]
    roles = [dialogue.next(side, frame(payload, n)).role for n, (side, payload) in enumerate(steps)]
    assert roles == [
        Role.GREETING,
        Role.LOGIN,
        Role.AUTHENTICATION,
        Role.AUTHENTICATION,
        Role.AUTHENTICATION,
        Role.WELCOME,
    ]


def test_tls_makes_the_rest_unreadable() -> None:
    dialogue = Dialogue()
    dialogue.next(True, frame(b"\x0a8.4.0", 0))
    dialogue.next(False, frame(struct.pack("<I28x", CLIENT_SSL), 1))
    assert dialogue.encrypted


def test_a_result_set_ends_with_the_packet_behind_its_rows() -> None:
    dialogue = logged_in()
    assert ask(dialogue, Command.QUERY, b"SELECT 1").command == "QUERY SELECT 1"
    assert answered(dialogue, RESULT) == [
        ("COLUMN_COUNT", False),
        ("COLUMN", False),
        ("COLUMNS_END", False),
        ("ROW", False),
        ("ROW", False),
        ("ROWS_END", True),
    ]


def test_pipelined_commands_are_answered_in_their_order() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.RESET_CONNECTION)
    ask(dialogue, Command.QUERY, b"SET x = 1")
    ask(dialogue, Command.QUERY, b"SELECT 1")
    packets = [dialogue.next(True, raw) for raw in split(OK + OK + RESULT)]
    assert [packet.command for packet in packets[:3]] == [
        "RESET_CONNECTION",
        "QUERY SET x = 1",
        "QUERY SELECT 1",
    ]
    assert [packet.number for packet in packets if packet.role is Role.ROW] == [0, 1]


def test_several_results_are_one_reply() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.QUERY, b"CALL p()")
    data = replies.result([["a"]], status=replies.MORE) + OK
    assert [last for _, last in answered(dialogue, data)] == [False] * 5 + [True]


def test_an_error_ends_a_result_set_in_the_middle() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.QUERY, b"SELECT 1")
    data = b"".join(split(RESULT)[:4]) + replies.err(1317, "interrupted", first=5)
    assert answered(dialogue, data)[-1] == ("ERR", True)


def test_what_has_no_answer_waits_for_none() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.STMT_CLOSE, b"\1\0\0\0")
    ask(dialogue, Command.QUERY, b"DO 1")
    assert dialogue.next(True, OK).command == "QUERY DO 1"


def test_a_prepared_statement_is_described() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.STMT_PREPARE, b"SELECT ?, ?")
    _, column, end, *_ = split(RESULT)
    described = frame(b"\0" + struct.pack("<IHHBH", 1, 1, 2, 0, 0), 1)
    names = [name for name, _ in answered(dialogue, described + column * 2 + end + column + end)]
    assert names == [
        "PREPARED",
        *["PARAMETER"] * 2,
        "COLUMNS_END",
        "COLUMN",
        "COLUMNS_END",
    ]
    ask(dialogue, Command.PING)
    assert answered(dialogue, OK) == [("OK", True)]


def test_a_cursor_sends_its_rows_when_they_are_fetched() -> None:
    dialogue = logged_in()
    count, column, _, *rows = split(RESULT)
    opened = frame(struct.pack("<BHH", 0xFE, 0, SERVER_STATUS_CURSOR_EXISTS), 3)
    ask(dialogue, Command.STMT_EXECUTE)
    assert answered(dialogue, count + column + opened)[-1] == ("COLUMNS_END", True)
    ask(dialogue, Command.STMT_FETCH)
    assert answered(dialogue, b"".join(rows))[-1] == ("ROWS_END", True)


def test_a_file_goes_to_the_server_up_to_its_empty_packet() -> None:
    dialogue = logged_in()
    ask(dialogue, Command.QUERY, b"LOAD DATA LOCAL INFILE 'x' INTO TABLE t")
    assert dialogue.next(True, frame(b"\xfbx", 1)).role is Role.FILE_REQUEST
    parts = [dialogue.next(False, frame(part, n)) for n, part in enumerate((b"1\n", b"2\n", b""))]
    assert [(part.role, part.number) for part in parts] == [(Role.FILE, n) for n in range(3)]
    assert answered(dialogue, OK) == [("OK", True)]
    assert ask(dialogue, Command.PING).role is Role.COMMAND


def test_a_long_statement_is_one_command() -> None:
    dialogue = logged_in()
    first, rest = split(frame(b"\3" + bytes(MAX_PAYLOAD), 0))
    assert dialogue.next(False, first).role is Role.COMMAND
    assert dialogue.next(False, rest).role is Role.REST
    assert answered(dialogue, OK) == [("OK", True)]


def test_what_a_server_says_unasked_is_told_apart() -> None:
    dialogue = logged_in()
    assert dialogue.next(True, replies.err(4031, "idle for too long", first=0)).role is Role.UNASKED
