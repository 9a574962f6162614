"""What a scanner tells of a reply besides its end: rows, warnings, cursors, files, state."""

from __future__ import annotations

import pytest

from athena_g.protocol.constants import (
    CLIENT_LOCAL_FILES,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_PS_OUT_PARAMS,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_LAST_ROW_SENT,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import EofPacket
from athena_g.protocol.scan import (
    HOLD_LIMIT,
    REPLY_COMMAND,
    REPLY_EXECUTE,
    REPLY_FIELDS,
    ProtocolViolation,
    ReplyScanner,
)
from tests.fakes import replies

MORE = replies.MORE


def scanned(reply: bytes, kind: int = REPLY_COMMAND, size: int = 1 << 30) -> ReplyScanner:
    """A scanner that was fed a whole reply in pieces of ``size`` bytes."""
    scanner = ReplyScanner()
    scanner.begin(kind)
    done = False
    for start in range(0, len(reply), size):
        assert not done
        done = scanner.feed(reply[start : start + size])
    assert done
    return scanner


def with_warnings(reply: bytes, warnings: int) -> bytes:
    """A result set whose last EOF tells of warnings."""
    return reply[:-4] + warnings.to_bytes(2, "little") + reply[-2:]


SIZES = pytest.mark.parametrize("size", [1, 7, 1 << 30])

# --- Counts ---------------------------------------------------------------------------------------


@SIZES
@pytest.mark.parametrize(
    ("reply", "rows", "affected", "warnings"),
    [
        (replies.ok(affected_rows=3), 0, 3, 0),
        (replies.ok(affected_rows=250, warnings=2), 0, 250, 2),
        (replies.ok(affected_rows=251), 0, 251, 0),
        (
            replies.ok(affected_rows=1 << 40, last_insert_id=1 << 50, warnings=65535),
            0, 1 << 40, 65535,
        ),
        (replies.result([]), 0, -1, 0),
        (replies.result([["a"], [""], [None]]), 3, -1, 0),
        (with_warnings(replies.result([["a"]]), 5), 1, -1, 5),
        (replies.result([[str(n)] for n in range(1000)]), 1000, -1, 0),
        (replies.err(1064, "no"), 0, -1, 0),
    ],
    ids=["ok", "warnings", "two bytes", "large", "no rows", "rows", "rows and warnings", "many",
         "err"],
)  # fmt: skip
def test_rows_and_warnings_are_counted(
    reply: bytes, rows: int, affected: int, warnings: int, size: int
) -> None:
    scanner = scanned(reply, size=size)
    assert (scanner.rows, scanner.affected, scanner.warnings) == (rows, affected, warnings)


@pytest.mark.parametrize(
    ("reply", "rows", "affected", "warnings"),
    [
        (replies.ok(affected_rows=3, warnings=1), 0, 3, 1),
        (with_warnings(replies.result([["a"], ["b"]]), 5), 2, -1, 5),
        (replies.result([]), 0, -1, 0),
    ],
)
def test_what_passes_unwalked_is_counted_alike(
    reply: bytes, rows: int, affected: int, warnings: int
) -> None:
    scanner = ReplyScanner()
    for _ in range(2):  # the second time its head is known
        assert scanner.is_whole(reply)
        assert (scanner.rows, scanner.affected, scanner.warnings) == (rows, affected, warnings)
        assert (scanner.errno, scanner.inserted) == (0, False)


def test_an_error_before_is_forgotten_by_what_passes_unwalked() -> None:
    scanner = scanned(replies.err(1064, "no"))
    assert scanner.is_whole(replies.ok())
    assert scanner.errno == 0


@SIZES
def test_the_last_of_several_results_counts(size: int) -> None:
    reply = replies.result([["a"]] * 5, status=MORE) + replies.result([["b"]] * 2, first=10)
    assert scanned(reply, size=size).rows == 2
    reply = replies.result([["a"]] * 5, status=MORE) + replies.ok(affected_rows=4, first=10)
    scanner = scanned(reply, size=size)
    assert (scanner.affected, scanner.rows) == (4, 5)


@SIZES
def test_rows_before_an_error_are_counted(size: int) -> None:
    payloads = replies.result_payloads([["a"], ["b"]])[:-1]
    reply = replies.packets(*payloads, replies.err(1317, "interrupted")[4:])
    scanner = scanned(reply, size=size)
    assert (scanner.rows, scanner.errno, scanner.affected) == (2, 1317, -1)


def test_a_row_of_several_packets_is_one() -> None:
    reply = replies.result([[b"x" * (1 << 24)], ["y"]])
    for size in (1 << 16, 1 << 30):
        assert scanned(reply, size=size).rows == 2


def test_a_large_row_that_passes_in_parts_is_one() -> None:
    reply = replies.result([["a"], [b"x" * (2 * HOLD_LIMIT)], ["b"]])
    assert scanned(reply, size=1000).rows == 3


@SIZES
@pytest.mark.parametrize("insert_id", [1, 250, 70_000, 1 << 40])
def test_an_id_that_was_made_is_noticed(insert_id: int, size: int) -> None:
    assert scanned(replies.ok(last_insert_id=insert_id), size=size).inserted
    assert not scanned(replies.ok(affected_rows=insert_id), size=size).inserted


def test_an_id_made_by_an_earlier_of_several_statements_is_noticed() -> None:
    reply = replies.ok(last_insert_id=7, status=MORE) + replies.ok(first=2)
    assert scanned(reply).inserted


# --- Executions and cursors -----------------------------------------------------------------------


def cursor(status: int = 2 | SERVER_STATUS_CURSOR_EXISTS, rows: int = 0) -> bytes:
    """What COM_STMT_EXECUTE gives that opened a cursor: columns only."""
    return replies.packets(*replies.result_payloads([], status=status)[:3])


@SIZES
def test_an_execution_with_a_cursor_ends_behind_the_columns(size: int) -> None:
    scanner = scanned(cursor(), REPLY_EXECUTE, size)
    assert scanner.status & SERVER_STATUS_CURSOR_EXISTS
    assert scanner.errno == 0


@SIZES
def test_an_execution_without_a_cursor_has_its_rows(size: int) -> None:
    row = b"\0\0\1x"
    head = replies.result_payloads([])
    scanner = scanned(replies.packets(*head[:3], row, row, head[3]), REPLY_EXECUTE, size)
    assert (scanner.rows, scanner.status) == (2, 2)


def test_a_query_has_no_cursor_whatever_its_flags_say() -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    assert not scanner.feed(cursor())


def test_a_cursor_is_never_taken_for_a_whole_result_set() -> None:
    assert not ReplyScanner().is_whole(cursor())


@SIZES
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_fetched_rows_end_with_an_eof(rows: int, size: int) -> None:
    end = EofPacket(0, 2 | SERVER_STATUS_LAST_ROW_SENT).encode()
    reply = replies.packets(*[b"\0\0\1x"] * rows, end)
    scanner = scanned(reply, REPLY_FIELDS, size)
    assert scanner.status & SERVER_STATUS_LAST_ROW_SENT


def test_results_of_a_procedure_behind_a_cursor_are_waited_for() -> None:
    status = 2 | SERVER_STATUS_CURSOR_EXISTS | SERVER_MORE_RESULTS_EXISTS
    scanner = ReplyScanner()
    scanner.begin(REPLY_EXECUTE)
    assert not scanner.feed(cursor(status))
    assert scanner.feed(replies.ok(first=4))


@SIZES
def test_the_row_of_out_parameters_is_followed_by_an_ok(size: int) -> None:
    head = replies.result_payloads([], status=2 | SERVER_PS_OUT_PARAMS)
    row = replies.packets(*head[:3], b"\0\0\1x", EofPacket(0, 2).encode())
    reply = row + replies.ok(affected_rows=1, first=6)
    scanner = scanned(reply, REPLY_EXECUTE, size)
    assert scanner.affected == 1
    assert not ReplyScanner().is_whole(row)


# --- LOAD DATA LOCAL ------------------------------------------------------------------------------


@SIZES
def test_a_request_for_a_file_is_noticed_and_the_reply_goes_on(size: int) -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND, capabilities=CLIENT_LOCAL_FILES)
    request = frame(b"\xfb/tmp/data.csv", 1)
    got = b""
    for start in range(0, len(request), size):
        assert not scanner.feed(request[start : start + size])
        got += scanner.output
    assert scanner.local_infile
    assert got == request
    scanner.local_infile = False
    assert scanner.feed(replies.ok(affected_rows=2, first=4))
    assert (scanner.affected, scanner.local_infile) == (2, False)


def test_a_request_for_a_file_may_be_followed_by_an_error() -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND, capabilities=CLIENT_LOCAL_FILES)
    scanner.feed(frame(b"\xfb/tmp/data.csv", 1))
    assert scanner.feed(replies.err(1290, "not allowed", first=3))
    assert scanner.errno == 1290


def test_a_request_for_a_file_of_a_client_that_does_not_allow_it_breaks_the_protocol() -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    with pytest.raises(ProtocolViolation):
        scanner.feed(frame(b"\xfb/etc/passwd", 1))
    assert (scanner.output, scanner.local_infile) == (b"", False)


def test_a_row_of_null_is_no_request_for_a_file() -> None:
    assert not scanned(replies.result([[None], [None]])).local_infile


def test_a_request_for_a_file_is_never_taken_for_a_whole_reply() -> None:
    assert not ReplyScanner().is_whole(frame(b"\xfb/tmp/data.csv", 1))


# --- State ----------------------------------------------------------------------------------------


def test_the_state_is_forgotten_with_the_next_reply() -> None:
    scanner = scanned(replies.ok(session_state=replies.STATE_CHANGED))
    assert scanner.state_changed
    scanner.begin(REPLY_COMMAND)
    assert (scanner.state_changed, scanner.changes) == (False, [])


def test_a_result_set_that_changed_the_state_is_walked() -> None:
    reply = replies.result([["a"]], status=2 | SERVER_SESSION_STATE_CHANGED)
    assert not ReplyScanner().is_whole(reply)
    scanner = scanned(reply)
    assert scanner.state_changed


@pytest.mark.parametrize("kind", [REPLY_COMMAND, REPLY_EXECUTE])
def test_an_empty_reply_breaks_the_protocol(kind: int) -> None:
    scanner = ReplyScanner()
    scanner.begin(kind)
    with pytest.raises(ProtocolViolation):
        scanner.feed(frame(b"", 1) + replies.ok(first=2))
