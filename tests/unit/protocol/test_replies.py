from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.protocol.constants import (
    CLIENT_PROTOCOL_41,
    CLIENT_SESSION_TRACK,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    SESSION_TRACK_GTIDS,
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
    SESSION_TRACK_TRANSACTION_STATE,
)
from athena_g.protocol.replies import (
    EofPacket,
    ErrPacket,
    LocalInfileRequest,
    OkPacket,
    SessionChange,
    encode_error,
    is_eof,
    ok_session_state,
    ok_without_session_track,
    session_changes,
)

TRACKED = CLIENT_PROTOCOL_41 | CLIENT_SESSION_TRACK
UNTRACKED = CLIENT_PROTOCOL_41

# What MySQL 9.7 answered, once with CLIENT_SESSION_TRACK and once without.
SET_AUTOCOMMIT = b"\x00\x00\x00\x00\x40\x00\x00\x00\x11\x00\x0f\x0aautocommit\x03OFF"
SET_AUTOCOMMIT_UNTRACKED = b"\x00\x00\x00\x00\x00\x00\x00"
UPDATE = b"\x00\x02\x00\x21\x00\x00\x00(Rows matched: 2  Changed: 2  Warnings: 0"

oks = st.builds(
    OkPacket,
    affected_rows=st.integers(0, 2**64 - 1),
    last_insert_id=st.integers(0, 2**64 - 1),
    status=st.integers(0, 0xFFFF).map(lambda status: status & ~SERVER_SESSION_STATE_CHANGED),
    warnings=st.integers(0, 0xFFFF),
    info=st.binary(max_size=300),
    session_state=st.binary(max_size=300),
)


def _with_flag(ok: OkPacket) -> OkPacket:
    if ok.session_state:
        ok.status |= SERVER_SESSION_STATE_CHANGED
    return ok


def test_the_documented_ok_packet() -> None:
    payload = bytes.fromhex("00000002000000")
    assert OkPacket().encode(UNTRACKED) == payload
    assert OkPacket.decode(payload, UNTRACKED) == OkPacket(status=SERVER_STATUS_AUTOCOMMIT)


def test_an_update_of_a_real_server_is_read_and_written_alike() -> None:
    for capabilities in (TRACKED, UNTRACKED):
        ok = OkPacket.decode(UPDATE, capabilities)
        assert ok.affected_rows == 2
        assert ok.info == b"Rows matched: 2  Changed: 2  Warnings: 0"
        assert ok.encode(capabilities) == UPDATE


def test_info_without_a_length_is_the_rest_of_the_packet() -> None:
    assert (
        OkPacket.decode(b"\x00\x00\x00\x02\x00\x00\x00Records: 2", UNTRACKED).info == b"Records: 2"
    )


def test_session_state_is_read_and_written_only_for_clients_that_track_it() -> None:
    ok = OkPacket.decode(SET_AUTOCOMMIT, TRACKED)
    assert ok.session_state == b"\x00\x0f\x0aautocommit\x03OFF"
    assert ok.encode(TRACKED) == SET_AUTOCOMMIT
    assert ok.encode(UNTRACKED) == SET_AUTOCOMMIT_UNTRACKED


def test_an_ok_may_close_a_result_set() -> None:
    payload = OkPacket(warnings=1).encode(UNTRACKED, header=0xFE)
    assert payload == b"\xfe\x00\x00\x02\x00\x01\x00"
    assert OkPacket.decode(payload, UNTRACKED) == OkPacket(warnings=1)


@given(oks)
def test_an_ok_round_trips_with_session_track(ok: OkPacket) -> None:
    assert OkPacket.decode(ok.encode(TRACKED), TRACKED) == _with_flag(ok)


@given(oks)
def test_an_ok_is_rewritten_as_if_it_had_been_made_without_session_track(ok: OkPacket) -> None:
    assert ok_without_session_track(ok.encode(TRACKED)) == ok.encode(UNTRACKED)


@given(oks)
def test_the_session_state_is_found_without_decoding_the_rest_by_hand(ok: OkPacket) -> None:
    assert ok_session_state(ok.encode(TRACKED)) == ok.session_state


@pytest.mark.parametrize("payload", [SET_AUTOCOMMIT_UNTRACKED, UPDATE])
def test_an_ok_without_session_state_is_passed_as_the_same_object(payload: bytes) -> None:
    assert ok_without_session_track(payload) is payload


@pytest.mark.parametrize("ok", [OkPacket(300, 2**40, info=b"x", session_state=b"\x02\x02\x011")])
def test_an_ok_that_ends_early_is_malformed_in_every_reader(ok: OkPacket) -> None:
    whole = ok.encode(TRACKED)
    for size in range(1, len(whole)):
        for read in (ok_without_session_track, ok_session_state):
            try:
                read(whole[:size])
            except SqlError as error:
                assert error.errno == 1835


def test_another_packet_is_not_decoded_as_ok() -> None:
    for payload in (b"", b"\xff\x00\x00", b"\x01"):
        with pytest.raises(SqlError):
            OkPacket.decode(payload, UNTRACKED)


def test_the_trackers_of_real_servers_are_decoded() -> None:
    set_names = (
        b"\x00\x1c\x14character_set_client\x06latin1"
        b"\x00\x20\x18character_set_connection\x06latin1"
        b"\x00\x1d\x15character_set_results\x06latin1"
    )
    names = ("character_set_client", "character_set_connection", "character_set_results")
    assert session_changes(set_names) == [
        SessionChange(SESSION_TRACK_SYSTEM_VARIABLES, name, "latin1") for name in names
    ]
    assert session_changes(b"\x05\x09\x08T_______") == [
        SessionChange(SESSION_TRACK_TRANSACTION_STATE, "", "T_______")
    ]
    assert session_changes(b"\x01\x02\x01d\x02\x02\x011") == [
        SessionChange(SESSION_TRACK_SCHEMA, "", "d"),
        SessionChange(SESSION_TRACK_STATE_CHANGE, "", "1"),
    ]


def test_several_variables_in_one_entry_and_gtids_are_decoded() -> None:
    assert session_changes(b"\x00\x08\x01a\x011\x01b\x012") == [
        SessionChange(SESSION_TRACK_SYSTEM_VARIABLES, "a", "1"),
        SessionChange(SESSION_TRACK_SYSTEM_VARIABLES, "b", "2"),
    ]
    assert session_changes(b"\x03\x07\x00\x05u:1-2") == [
        SessionChange(SESSION_TRACK_GTIDS, "", "u:1-2")
    ]


@pytest.mark.parametrize("blob", [b"\x02\x011", b"\x02\x02\x011"])
def test_a_state_change_is_told_with_and_without_a_length_of_its_own(blob: bytes) -> None:
    assert session_changes(blob) == [SessionChange(SESSION_TRACK_STATE_CHANGE, "", "1")]


def test_a_tracker_not_known_yet_is_kept_whole() -> None:
    assert session_changes(b"\x09\x03abc") == [SessionChange(9, "", "abc")]


@pytest.mark.parametrize("blob", [b"\x00", b"\x00\x05\x01a", b"\x01\x00", b"\x03\x01\x00"])
def test_a_damaged_tracker_is_malformed(blob: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        session_changes(blob)
    assert caught.value.errno == 1835


def test_the_documented_err_packet() -> None:
    payload = bytes.fromhex("ff48042348593030304e6f207461626c65732075736564")
    packet = ErrPacket(1096, "HY000", "No tables used")
    assert packet.encode() == payload
    assert ErrPacket.decode(payload) == packet


def test_an_error_before_the_handshake_has_no_sqlstate() -> None:
    payload = b"\xff\x10\x04Too many connections"
    assert ErrPacket.decode(payload) == ErrPacket(1040, "HY000", "Too many connections")
    assert ErrPacket(1040, "08004", "Too many connections").encode(0) == payload


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\xff\x10", b"\x00\x10\x04"])
def test_a_damaged_err_packet_is_malformed(payload: bytes) -> None:
    with pytest.raises(SqlError):
        ErrPacket.decode(payload)


def test_an_entry_of_the_registry_becomes_an_err_packet() -> None:
    payload = encode_error(errors.UNKNOWN_DATABASE(database="shöp"))
    assert payload == b"\xff\x19\x04#42000" + "Unknown database 'shöp'".encode()


@given(st.text(min_size=100, max_size=600))
def test_a_message_is_cut_to_the_buffer_of_clients_between_two_characters(message: str) -> None:
    text = encode_error(SqlError(1105, "HY000", message))[9:]
    whole = message.encode("utf-8", "replace")
    assert len(text) <= 511
    assert whole.startswith(text)
    assert text == whole or len(text) > 507
    text.decode()


def test_the_documented_eof_packet() -> None:
    payload = bytes.fromhex("fe00000200")
    assert EofPacket().encode() == payload
    assert EofPacket.decode(payload) == EofPacket(0, SERVER_STATUS_AUTOCOMMIT)


def test_eof_has_warnings_before_status() -> None:
    payload = EofPacket(warnings=3, status=SERVER_STATUS_IN_TRANS).encode()
    assert payload == b"\xfe\x03\x00\x01\x00"
    assert EofPacket.decode(payload) == EofPacket(3, SERVER_STATUS_IN_TRANS)


def test_only_a_short_packet_is_eof() -> None:
    assert is_eof(b"\xfe\x00\x00\x02\x00")
    assert not is_eof(b"\xfe" + bytes(8))
    assert not is_eof(b"\x00")
    assert not is_eof(b"")
    with pytest.raises(SqlError):
        EofPacket.decode(b"\xfe")


def test_a_request_for_a_file_names_it() -> None:
    request = LocalInfileRequest(b"/tmp/load.csv")
    assert request.encode() == b"\xfb/tmp/load.csv"
    assert LocalInfileRequest.decode(request.encode()) == request
    with pytest.raises(SqlError):
        LocalInfileRequest.decode(b"\x00")
