from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.protocol import scan
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_SESSION_TRACK,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    SESSION_TRACK_SYSTEM_VARIABLES,
    ColumnType,
)
from athena_g.protocol.framing import frame, frames_used
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket, SessionChange
from athena_g.protocol.resultset import encode_field_list
from athena_g.protocol.scan import (
    REPLY_COMMAND,
    REPLY_FIELDS,
    REPLY_SINGLE,
    REPLY_STRING,
    ProtocolViolation,
    ReplyScanner,
)
from athena_g.protocol.wire import lenenc_bytes, lenenc_int

from .mutation import mutations

FULL = 0xFFFFFF
AUTOCOMMIT_OFF = b"\x00\x0f\x0aautocommit\x03OFF"
COLUMN = Column("c", ColumnType.VAR_STRING).encode()
EOF = EofPacket().encode()


@dataclass
class Reply:
    """A reply as a server sends it and as the client must get it, built packet by packet."""

    sent: list[bytes] = field(default_factory=list)
    expected: list[bytes] = field(default_factory=list)
    status: int = 0
    errno: int = 0
    changes: int = 0
    sequence_id: int = 1

    def add(self, payload: bytes, shown: bytes | None = None) -> None:
        self.sent.append(frame(payload, self.sequence_id))
        self.expected.append(frame(payload if shown is None else shown, self.sequence_id))
        self.sequence_id = (self.sequence_id + frames_used(len(payload))) & 0xFF

    def add_ok(self, ok: OkPacket, more: int = 0) -> None:
        self.changes += bool(ok.session_state)
        ok.status |= more
        self.status = ok.status
        self.add(ok.encode(CLIENT_SESSION_TRACK), ok.encode(0))

    def add_eof(self, status: int, changed: int = 0) -> None:
        self.status = status
        self.add(EofPacket(0, status | changed).encode(), EofPacket(0, status).encode())

    def add_err(self, errno: int, message: str = "no") -> None:
        self.errno = errno
        self.add(ErrPacket(errno, "HY000", message).encode())

    @property
    def wire(self) -> bytes:
        return b"".join(self.sent)

    @property
    def relayed(self) -> bytes:
        return b"".join(self.expected)


def _result_set(rows: Iterable[bytes], status: int = SERVER_STATUS_AUTOCOMMIT) -> Reply:
    reply = Reply()
    for payload in (b"\x01", COLUMN, EOF, *rows):
        reply.add(payload)
    reply.add_eof(status)
    return reply


def _scan(chunks: Iterable[bytes], kind: int = REPLY_COMMAND) -> tuple[ReplyScanner, bytes]:
    """The scanner after the last chunk, which must be the one that ends the reply."""
    scanner = ReplyScanner()
    scanner.begin(kind)
    output, done = b"", False
    for chunk in chunks:
        assert not done
        done = scanner.feed(chunk)
        output += scanner.output
    assert done
    return scanner, output


def _cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


# --- Any reply, cut anywhere ----------------------------------------------------------------------

_states = st.sampled_from([b"", b"", AUTOCOMMIT_OFF, b"\x01\x02\x01d", b"\x02\x02\x011"])
_counts = st.sampled_from([0, 1, 250, 251, 70_000, 2**40])
_oks = st.builds(
    OkPacket,
    affected_rows=_counts,
    last_insert_id=_counts,
    status=st.sampled_from([SERVER_STATUS_AUTOCOMMIT, SERVER_STATUS_IN_TRANS]),
    warnings=st.integers(0, 0xFFFF),
    info=st.binary(max_size=20),
    session_state=_states,
)
_cells = st.sampled_from([b"", b"\xfe" * 4, b"\xff\x00", b"x" * 9, b"y" * 300]) | st.none()
_text_rows = st.lists(_cells, min_size=1, max_size=4).map(
    lambda cells: b"".join(b"\xfb" if cell is None else lenenc_bytes(cell) for cell in cells)
)
_binary_rows = st.binary(max_size=12).map(lambda cells: b"\x00" + cells)
_flags = st.sampled_from([0, SERVER_SESSION_STATE_CHANGED])
_statuses = st.sampled_from([SERVER_STATUS_AUTOCOMMIT, SERVER_STATUS_IN_TRANS])


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    reply = Reply()
    for _ in range(draw(st.integers(0, 2))):
        _add_result(reply, draw, SERVER_MORE_RESULTS_EXISTS)
    if draw(st.booleans()):
        _add_result(reply, draw, 0)
    else:
        reply.add_err(draw(st.integers(1, 0xFFFF)), draw(st.text(max_size=20)))
    return reply


def _add_result(reply: Reply, draw: st.DrawFn, more: int) -> None:
    if draw(st.booleans()):
        reply.add_ok(draw(_oks), more)
        return
    columns = draw(st.sampled_from([1, 2, 255]))
    reply.add(lenenc_int(columns))
    for _ in range(columns):
        reply.add(COLUMN)
    status = draw(_statuses)
    reply.add_eof(status, draw(_flags))
    for row in draw(st.lists(_text_rows | _binary_rows, max_size=5)):
        reply.add(row)
    reply.add_eof(status | more, draw(_flags))


@settings(max_examples=100, deadline=None)
@given(replies(), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_reply_in_any_chunks_is_relayed_alike(reply: Reply, cuts: list[int]) -> None:
    scanner, output = _scan(_cut(reply.wire, cuts))
    assert output == reply.relayed
    assert scanner.errno == reply.errno
    assert scanner.sequence_id == reply.sequence_id
    assert scanner.status & ~SERVER_SESSION_STATE_CHANGED == reply.status
    assert len(scanner.changes) == reply.changes


@settings(max_examples=40, deadline=None)
@given(replies(), st.lists(st.integers(0, 10_000), max_size=20))
def test_the_same_holds_where_packets_are_too_large_to_be_held(
    reply: Reply, cuts: list[int]
) -> None:
    with mock.patch.object(scan, "HOLD_LIMIT", 8):
        _, output = _scan(_cut(reply.wire, cuts))
    assert output == reply.relayed


@settings(max_examples=40, deadline=None)
@given(replies())
def test_the_end_is_not_seen_before_the_last_byte(reply: Reply) -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    assert not scanner.feed(reply.wire[:-1])
    assert scanner.feed(reply.wire[-1:])


@settings(max_examples=40, deadline=None)
@given(replies(), st.binary(min_size=5, max_size=20), st.integers(0, 10_000))
def test_bytes_after_the_end_break_the_protocol(reply: Reply, trailing: bytes, cut: int) -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    *before, last = _cut(reply.wire, [cut])
    for chunk in before:
        assert not scanner.feed(chunk)
    due = scanner.sequence_id
    with pytest.raises(ProtocolViolation, match="after the end"):
        scanner.feed(last + trailing)
    assert (scanner.output, scanner.sequence_id) == (b"", due)


@settings(max_examples=40, deadline=None)
@given(replies())
def test_byte_by_byte_is_relayed_alike(reply: Reply) -> None:
    wire = reply.wire
    _, output = _scan([wire[at : at + 1] for at in range(len(wire))])
    assert output == reply.relayed


@settings(max_examples=40, deadline=None)
@given(replies(), st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 255))
def test_a_server_whose_ids_are_ahead_of_the_clients_is_relayed_with_the_clients(
    reply: Reply, cuts: list[int], ahead: int
) -> None:
    scanner, output = ReplyScanner(), b""
    scanner.begin(REPLY_COMMAND, 1, 0, ahead)
    with mock.patch.object(scan, "HOLD_LIMIT", 100):
        for chunk in _cut(_with_ids(reply.wire, 1 + ahead), cuts):
            scanner.feed(chunk)
            output += scanner.output
    assert output == reply.relayed
    assert scanner.sequence_id == reply.sequence_id


def _with_ids(packets: bytes, first: int) -> bytes:
    numbered, position = bytearray(packets), 0
    while position < len(packets):
        numbered[position + 3] = first & 0xFF
        position += 4 + int.from_bytes(packets[position : position + 3], "little")
        first += 1
    return bytes(numbered)


# --- What is what ---------------------------------------------------------------------------------


def test_a_reply_without_session_state_is_passed_as_the_same_object() -> None:
    for reply in (_result_set([b"\x01x", b"\x00"]).wire, frame(OkPacket(1).encode(0), 1)):
        scanner, _ = _scan([reply])
        assert scanner.output is reply


def test_session_state_is_cut_out_of_an_ok_and_kept() -> None:
    wire = frame(OkPacket(session_state=AUTOCOMMIT_OFF).encode(CLIENT_SESSION_TRACK), 1)
    scanner, output = _scan([wire])
    assert output == frame(OkPacket().encode(0), 1)
    assert scanner.state_changed
    assert scanner.changes == [SessionChange(SESSION_TRACK_SYSTEM_VARIABLES, "autocommit", "OFF")]


def test_the_state_of_the_transaction_is_no_change_of_the_session() -> None:
    ok = OkPacket(status=SERVER_STATUS_IN_TRANS, session_state=b"\x05\x09\x08T_______")
    scanner, output = _scan([frame(ok.encode(CLIENT_SESSION_TRACK), 1)])
    assert output == frame(ok.encode(0), 1)
    assert (scanner.state_changed, scanner.changes) == (False, [])


def test_an_eof_may_say_that_state_changed_and_the_client_does_not_see_it() -> None:
    reply = Reply()
    for payload in (b"\x01", COLUMN):
        reply.add(payload)
    reply.add_eof(SERVER_STATUS_AUTOCOMMIT)
    reply.add_eof(SERVER_STATUS_AUTOCOMMIT, SERVER_SESSION_STATE_CHANGED)
    scanner, output = _scan([reply.wire])
    assert output == reply.relayed
    assert scanner.state_changed


def test_changes_kept_of_one_reply_are_bounded() -> None:
    reply = Reply()
    for number in range(400):
        more = SERVER_MORE_RESULTS_EXISTS if number < 399 else 0
        reply.add_ok(OkPacket(session_state=AUTOCOMMIT_OFF), more)
    scanner, output = _scan([reply.wire])
    assert output == reply.relayed
    assert len(scanner.changes) == scan.MAX_CHANGES


@pytest.mark.parametrize(
    "row",
    [b"\x00", b"\x00\x00\x00\x02\x00\x00\x00", b"\xfb\x00", b"\xfd\x00\x00\x01" + bytes(0x10000)],
)
def test_a_row_that_looks_like_another_packet_is_a_row(row: bytes) -> None:
    reply = _result_set([row, row])
    _, output = _scan([reply.wire])
    assert output == reply.wire


def test_a_row_that_ends_like_an_eof_packet_is_not_the_end() -> None:
    reply = _result_set([lenenc_bytes(b"x" * 20 + frame(EOF, 5)), b"\x01x"])
    end = reply.wire.index(frame(EOF, 5)) + 9
    _, output = _scan([reply.wire[:end], reply.wire[end:]])
    assert output == reply.wire


def test_an_error_among_the_rows_ends_the_reply_and_keeps_the_status() -> None:
    reply = _result_set([], SERVER_STATUS_IN_TRANS | SERVER_MORE_RESULTS_EXISTS)
    for payload in (b"\x01", COLUMN, EOF, b"\x01x"):
        reply.add(payload)
    reply.add_err(1317, "Query execution was interrupted")
    scanner, output = _scan([reply.wire])
    assert output == reply.wire
    assert scanner.errno == 1317
    assert scanner.status & SERVER_STATUS_IN_TRANS


def test_an_error_may_take_the_place_of_a_column_definition() -> None:
    reply = Reply()
    reply.add(b"\x02")
    reply.add(COLUMN)
    reply.add_err(1105)
    assert _scan([reply.wire])[0].errno == 1105


def test_a_long_ok_that_reads_like_a_result_set_is_an_ok() -> None:
    """Where only the lowest byte of its length is looked at, that is 1; the rest is made to fit."""
    text = b"\x00\x00" + frame(b"\x01" + bytes(233), 0) + frame(EOF, 0)
    payload = b"\x00\x05\x00\x00\x01\xfe\x00\x00" + text
    assert len(payload) == 0x101
    scanner, output = _scan([frame(payload, 1)])
    assert output == frame(payload, 1)
    assert scanner.status == 0x0100


@pytest.mark.parametrize(
    ("payload", "errno"),
    [
        (OkPacket().encode(0), 0),
        (EOF, 0),
        (ErrPacket(1049, "42000", "Unknown database").encode(), 1049),
    ],
)
def test_a_single_packet_is_a_whole_reply(payload: bytes, errno: int) -> None:
    scanner, output = _scan([frame(payload, 1)], REPLY_SINGLE)
    assert (output, scanner.errno) == (frame(payload, 1), errno)


@pytest.mark.parametrize("payload", [b"Uptime: 5", b"\x00", b"\xfe\x00", b"\xff\x00\x00"])
def test_a_string_is_a_whole_reply_whatever_it_says(payload: bytes) -> None:
    wire = frame(payload, 1)
    for chunks in ([wire], [wire[:3], wire[3:]]):
        scanner, output = _scan(chunks, REPLY_STRING)
        assert (output, scanner.errno) == (wire, 0)


def test_a_field_list_is_definitions_up_to_an_eof() -> None:
    reply = Reply()
    columns = [Column("a", ColumnType.LONG, default="7"), Column("b", ColumnType.BLOB)]
    for payload in encode_field_list(columns, 0):
        reply.add(payload)
    _, output = _scan([reply.wire], REPLY_FIELDS)
    assert output == reply.wire


def test_a_field_list_may_be_refused() -> None:
    reply = Reply()
    reply.add_err(1146)
    assert _scan([reply.wire], REPLY_FIELDS)[0].errno == 1146


def test_a_scanner_begins_again_after_an_error_or_half_a_reply() -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    scanner.feed(frame(ErrPacket(1064, "42000", "near").encode(), 1))
    scanner.begin(REPLY_COMMAND)
    assert not scanner.feed(_result_set([b"\x01x"]).wire[:-3])
    scanner.begin(REPLY_COMMAND)
    assert scanner.feed(frame(OkPacket().encode(0), 1))
    assert (scanner.errno, scanner.output) == (0, frame(OkPacket().encode(0), 1))


# --- More than 16 MiB -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "filling"),
    [
        (FULL - 1, b"\xfe"),
        (FULL, b"\xfe"),
        (FULL + 1, b"\xfe"),
        (FULL + 10, b"\xff"),
        (FULL + 10, b"\x00"),
        (2 * FULL, b"\xfe"),
    ],
)
def test_a_continuation_is_not_looked_at(length: int, filling: bytes) -> None:
    row = b"\xfd" + filling * (length - 1)
    wire = _result_set([row, b"\x01x"]).wire
    size = 1 << 20
    _, output = _scan([wire[start : start + size] for start in range(0, len(wire), size)])
    assert output == wire


def test_a_large_row_is_not_held_back_and_a_small_one_is() -> None:
    small, large = lenenc_bytes(bytes(1000)), lenenc_bytes(bytes(FULL + 1000))
    wire = _result_set([small, large]).wire
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    start = len(_result_set([]).wire) - 9
    scanner.feed(wire[: start + 500])
    assert (len(scanner.output), scanner.mid_packet) == (start, False)
    scanner.feed(wire[start + 500 : start + 400_000])
    assert (len(scanner.output), scanner.mid_packet) == (400_000, True)


def test_between_two_fragments_the_payload_is_not_whole() -> None:
    wire = _result_set([lenenc_bytes(bytes(FULL))]).wire
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    first_fragment_end = len(_result_set([]).wire) - 9 + 4 + FULL
    assert not scanner.feed(wire[:first_fragment_end])
    assert len(scanner.output) == first_fragment_end
    assert scanner.mid_packet


def test_a_long_string_is_a_whole_reply_too() -> None:
    wire = frame(b"x" * 300_000, 1)
    _, output = _scan([wire[:270_000], wire[270_000:]], REPLY_STRING)
    assert output == wire


@pytest.mark.parametrize("rest", [10, 0])
def test_a_violation_right_behind_a_large_row_leaves_the_client_within_it(rest: int) -> None:
    row = lenenc_bytes(bytes(300_000))
    start = len(_result_set([]).wire) - 9
    wire = _result_set([row]).wire[: start + 4 + len(row)]
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    scanner.feed(wire[: len(wire) - rest])
    assert scanner.mid_packet is bool(rest)
    with pytest.raises(ProtocolViolation):
        scanner.feed(wire[len(wire) - rest :] + frame(b"", 5) + b"x")
    assert (scanner.output, scanner.mid_packet) == (b"", bool(rest))


# --- What no server sends -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payloads"),
    [
        (REPLY_SINGLE, [b"\xfb/etc/passwd"]),
        (REPLY_COMMAND, [b"\x01", COLUMN, COLUMN]),
        (REPLY_COMMAND, [b"\x01", COLUMN, b"\xfe"]),
        (REPLY_COMMAND, [b"\x00\x00"]),
        (REPLY_COMMAND, [b"\x00\xfd\x00\x00"]),
        (REPLY_COMMAND, [b"\xff"]),
        (REPLY_COMMAND, [b"\xfe"]),
        (REPLY_COMMAND, [b"\xfc\x01"]),
        (REPLY_COMMAND, [b"\x00\x00\x00\x00\x40\x00\x00\x00\x02\x00\x05"]),
        (REPLY_SINGLE, [b"\x01"]),
    ],
)
def test_nonsense_breaks_the_protocol(kind: int, payloads: list[bytes]) -> None:
    scanner = ReplyScanner()
    scanner.begin(kind)
    wire = b"".join(frame(payload, number + 1) for number, payload in enumerate(payloads))
    with pytest.raises(ProtocolViolation):
        scanner.feed(wire)
    assert (scanner.output, scanner.sequence_id) == (b"", 1)


def test_an_empty_packet_breaks_the_protocol() -> None:
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    with pytest.raises(ProtocolViolation):
        scanner.feed(frame(b"", 1) + frame(OkPacket().encode(0), 2))


def test_damaged_replies_give_protocol_violations_only() -> None:
    ok = Reply()
    ok.add_ok(OkPacket(300, 2**40, info=b"info", session_state=AUTOCOMMIT_OFF))
    samples = [ok.wire, _result_set([b"\x01x", b"\xfb"]).wire]
    for payload in mutations(samples, 5000, seed=71):
        scanner = ReplyScanner()
        scanner.begin(REPLY_COMMAND)
        try:
            scanner.feed(payload)
        except ProtocolViolation:
            pass


# --- Replies that are whole in one read -----------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(replies(), min_size=1, max_size=4))
def test_what_passes_unwalked_is_what_walking_would_pass_as_it_is(several: list[Reply]) -> None:
    """One after the other on one connection, each twice: heads are remembered."""
    fast = ReplyScanner()
    for reply in [*several, *several]:
        walked, output = _scan([reply.wire])
        if fast.is_whole(reply.wire):
            assert (output, walked.errno, walked.state_changed) == (reply.wire, 0, False)
            assert fast.status == walked.status


@settings(max_examples=40, deadline=None)
@given(replies(), st.integers(0, 10_000))
def test_a_part_of_a_reply_is_never_taken_for_the_whole(reply: Reply, cut: int) -> None:
    scanner = ReplyScanner()
    scanner.is_whole(reply.wire)
    assert not scanner.is_whole(reply.wire[: cut % len(reply.wire)])


@pytest.mark.parametrize("row", [b"\x04ab\x02\x00", b"\x04ab\x00\x00"])
def test_no_part_of_a_result_set_is_taken_for_the_whole(row: bytes) -> None:
    """Rows as long as an EOF packet are among them."""
    wire = _result_set([row] * 3).wire
    for head in (b"", wire):
        scanner = ReplyScanner()
        scanner.is_whole(head)
        assert [cut for cut in range(len(wire)) if scanner.is_whole(wire[:cut])] == []


@pytest.mark.parametrize("flag", [SERVER_MORE_RESULTS_EXISTS, SERVER_SESSION_STATE_CHANGED])
def test_what_is_to_be_walked_is_not_taken_for_a_usual_result_set(flag: int) -> None:
    scanner = ReplyScanner()
    for _ in range(2):
        assert not scanner.is_whole(_result_set([b"\x01x"], flag).wire)
        assert not scanner.is_whole(frame(OkPacket(info=b"x" * 9).encode(0)[:3] + _short(flag), 1))


def _short(flag: int) -> bytes:
    return flag.to_bytes(2, "little") + bytes(4)


@pytest.mark.parametrize(
    "reply", [_result_set([]), _result_set([b"\x01x"] * 300), _result_set([b"\x00", b"\xfb"])]
)
def test_a_usual_result_set_passes_unwalked(reply: Reply) -> None:
    scanner = ReplyScanner()
    for _ in range(2):
        assert scanner.is_whole(reply.wire)
        assert scanner.status == SERVER_STATUS_AUTOCOMMIT


def test_damaged_replies_are_whole_or_not_and_nothing_else() -> None:
    ok = frame(OkPacket(300, 7, info=b"info").encode(0), 1)
    scanner = ReplyScanner()
    for chunk in mutations([ok, _result_set([b"\x01x", b"\xfb"]).wire], 5000, seed=72):
        assert scanner.is_whole(chunk) in (True, False)
