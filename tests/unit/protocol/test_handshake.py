from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_LONG_PASSWORD,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SSL,
)
from athena_g.protocol.handshake import (
    MAX_ATTRIBUTES_BYTES,
    AuthMoreData,
    AuthSwitchRequest,
    ChangeUserRequest,
    Greeting,
    HandshakeResponse,
    SslRequest,
    is_ssl_request,
)
from athena_g.protocol.wire import lenenc_bytes, lenenc_int

from .mutation import assert_only_sql_errors

# The examples of the documentation: Protocol::HandshakeV10 and Protocol::HandshakeResponse41.
GREETING = bytes.fromhex(
    "0a352e352e322d6d32000b00000064764840492d434a00fff7080200000000000000"
    "000000000000002a34647c635a776b345e5d3a00"
)
RESPONSE = (
    bytes.fromhex("8da60f00 00000001 08")
    + bytes(23)
    + b"pam\0\x14"
    + bytes.fromhex("ab09eef6bcb1323e61143865c0991d957d75d447")
    + b"test\0mysql_native_password\0"
)

ALL = (
    CLIENT_LONG_PASSWORD
    | CLIENT_PROTOCOL_41
    | CLIENT_SECURE_CONNECTION
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_PLUGIN_AUTH
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | CLIENT_CONNECT_ATTRS
)
SCRAMBLE = b"01234567890123456789"

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def test_the_documented_greeting_is_read() -> None:
    assert len(GREETING) == 0x36
    greeting = Greeting.decode(GREETING)
    assert greeting.server_version == "5.5.2-m2"
    assert greeting.connection_id == 11
    assert greeting.scramble == b"dvH@I-CJ*4d|cZwk4^]:"
    assert (greeting.capabilities, greeting.collation_id, greeting.status) == (0xF7FF, 8, 2)
    assert greeting.auth_plugin == ""


def test_a_greeting_is_laid_out_as_documented() -> None:
    greeting = Greeting("8.0.0", 7, SCRAMBLE, 0xDEADBEEF | CLIENT_PLUGIN_AUTH, 255, 2, "plug")
    assert greeting.encode() == (
        b"\x0a8.0.0\0\x07\0\0\0" + SCRAMBLE[:8] + b"\0\xef\xbe\xff\x02\0\xad\xde\x15" + bytes(10)
        + SCRAMBLE[8:] + b"\0plug\0"
    )  # fmt: skip


@given(names, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 255), names)
def test_a_greeting_round_trips(
    version: str, connection_id: int, capabilities: int, collation_id: int, plugin: str
) -> None:
    capabilities |= CLIENT_PLUGIN_AUTH
    greeting = Greeting(version, connection_id, SCRAMBLE, capabilities, collation_id, 2, plugin)
    assert Greeting.decode(greeting.encode()) == greeting


def test_a_greeting_without_the_last_nul_is_read() -> None:
    greeting = Greeting("8", 7, SCRAMBLE, CLIENT_PLUGIN_AUTH, 8, 2, "mysql_native_password")
    assert Greeting.decode(greeting.encode()[:-1]) == greeting


def test_a_greeting_of_another_protocol_is_refused() -> None:
    with pytest.raises(SqlError) as caught:
        Greeting.decode(b"\x09" + GREETING[1:])
    assert caught.value.errno == 1043


def test_the_documented_response_is_read() -> None:
    response = HandshakeResponse.decode(RESPONSE)
    assert (response.user, response.database) == ("pam", "test")
    assert response.auth_response.hex() == "ab09eef6bcb1323e61143865c0991d957d75d447"
    assert response.plugin == "mysql_native_password"
    assert (response.max_packet_size, response.collation_id) == (1 << 24, 8)
    assert response.encode() == RESPONSE


@pytest.mark.parametrize(
    "capabilities",
    [
        CLIENT_PROTOCOL_41,
        CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION,
        CLIENT_PROTOCOL_41 | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
        CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_CONNECT_WITH_DB,
        CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH,
        ALL,
    ],
)
@given(user=names, database=names, plugin=names, proof=st.binary(max_size=200))
def test_a_response_round_trips_in_each_form(
    capabilities: int, user: str, database: str, plugin: str, proof: bytes
) -> None:
    response = HandshakeResponse(
        capabilities,
        1 << 24,
        45,
        user,
        proof.replace(b"\0", b"0"),
        database if capabilities & CLIENT_CONNECT_WITH_DB else None,
        plugin if capabilities & CLIENT_PLUGIN_AUTH else None,
        {"_os": "linux", plugin: user} if capabilities & CLIENT_CONNECT_ATTRS else {},
    )
    assert HandshakeResponse.decode(response.encode()) == response


def test_a_response_cut_anywhere_gives_an_sql_error_or_fewer_fields() -> None:
    whole = HandshakeResponse(ALL, 1, 45, "u", b"proof", "d", "p", {"a": "b"}).encode()
    for size in range(len(whole)):
        try:
            assert HandshakeResponse.decode(whole[:size]) != HandshakeResponse.decode(whole)
        except SqlError as error:
            assert error.errno in (1043, 1835)


def test_names_are_read_in_the_charset_of_the_collation() -> None:
    response = HandshakeResponse(CLIENT_PROTOCOL_41, 1, 8, "müller", b"")
    assert b"m\xfcller\0" in response.encode()
    assert HandshakeResponse.decode(response.encode()).user == "müller"


def test_two_users_whose_names_are_not_of_the_charset_stay_two() -> None:
    start = HandshakeResponse(CLIENT_PROTOCOL_41, 1, 45, "", b"").encode()[:32]
    users = {HandshakeResponse.decode(start + name + b"\0\0").user for name in (b"\xff", b"\xfe")}
    assert len(users) == 2


def test_the_last_field_may_lack_its_nul() -> None:
    assert HandshakeResponse.decode(RESPONSE[:-1]) == HandshakeResponse.decode(RESPONSE)
    without_plugin = HandshakeResponse(
        CLIENT_PROTOCOL_41 | CLIENT_CONNECT_WITH_DB, 1, 45, "u", b"", "shop"
    )
    assert HandshakeResponse.decode(without_plugin.encode()[:-1]) == without_plugin


def test_capabilities_of_mariadb_in_the_reserved_bytes_are_passed_over() -> None:
    payload = RESPONSE[:28] + b"\x1d\x00\x00\x00" + RESPONSE[32:]
    assert HandshakeResponse.decode(payload) == HandshakeResponse.decode(RESPONSE)


@pytest.mark.parametrize(
    "payload", [b"", b"\x05", b"\x05\xa6\x00\x00\x00root\0", RESPONSE[:31], b"\xff" * 31]
)
def test_a_client_before_4_1_or_a_stub_is_a_bad_handshake(payload: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        HandshakeResponse.decode(payload)
    assert caught.value.errno == 1043


def test_attributes_beyond_64_kib_are_not_kept() -> None:
    pairs = b"".join(
        lenenc_bytes(b"key%d" % number) + lenenc_bytes(bytes(1000)) for number in range(100)
    )
    start = HandshakeResponse(ALL & ~CLIENT_CONNECT_ATTRS, 1, 45, "u", b"", "d", "p").encode()
    payload = ALL.to_bytes(4, "little") + start[4:] + lenenc_int(len(pairs)) + pairs
    attributes = HandshakeResponse.decode(payload).attributes
    kept = sum(len(key) + len(value) for key, value in attributes.items())
    assert MAX_ATTRIBUTES_BYTES - 2000 < kept <= MAX_ATTRIBUTES_BYTES


def test_an_ssl_request_is_the_start_of_a_response() -> None:
    request = SslRequest(CLIENT_PROTOCOL_41, 1 << 24, 45)
    payload = request.encode()
    assert len(payload) == 32
    assert is_ssl_request(payload)
    decoded = SslRequest.decode(payload)
    assert decoded.capabilities == CLIENT_PROTOCOL_41 | CLIENT_SSL
    assert (decoded.max_packet_size, decoded.collation_id) == (1 << 24, 45)


def test_a_response_is_no_ssl_request_even_with_the_flag() -> None:
    response = HandshakeResponse(ALL | CLIENT_SSL, 1, 45, "u", b"", "d", "p")
    for payload in (response.encode(), SslRequest(ALL, 1, 45).encode()[:-1], b""):
        assert not is_ssl_request(payload)
        with pytest.raises(SqlError):
            SslRequest.decode(payload)


def test_an_auth_switch_names_plugin_and_scramble() -> None:
    request = AuthSwitchRequest("mysql_native_password", SCRAMBLE)
    assert request.encode() == b"\xfemysql_native_password\0" + SCRAMBLE + b"\0"
    assert AuthSwitchRequest.decode(request.encode()) == request


def test_a_switch_to_the_authentication_before_4_1_is_refused() -> None:
    with pytest.raises(SqlError) as caught:
        AuthSwitchRequest.decode(b"\xfe")
    assert caught.value.errno == 1043
    with pytest.raises(SqlError):
        AuthSwitchRequest.decode(b"\x00")


def test_more_data_is_a_one_and_the_data() -> None:
    assert AuthMoreData(b"\x03").encode() == b"\x01\x03"
    assert AuthMoreData.decode(b"\x01key") == AuthMoreData(b"key")
    with pytest.raises(SqlError):
        AuthMoreData.decode(b"\x02")


@given(user=names, database=names, plugin=names, proof=st.binary(max_size=255))
def test_a_change_of_user_round_trips(user: str, database: str, plugin: str, proof: bytes) -> None:
    request = ChangeUserRequest(user, proof, database, 255, plugin, {"a": user})
    assert ChangeUserRequest.decode(request.encode(ALL), ALL) == request


def test_a_change_of_user_may_end_after_the_database() -> None:
    payload = b"\x11pam\0\x03abcshop\0"
    request = ChangeUserRequest.decode(payload, CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION)
    assert request == ChangeUserRequest("pam", b"abc", "shop")
    assert request.encode(CLIENT_SECURE_CONNECTION) == payload


def test_another_command_is_no_change_of_user() -> None:
    with pytest.raises(SqlError):
        ChangeUserRequest.decode(b"\x0e", ALL)


def test_damaged_packets_of_the_connection_phase_give_sql_errors_only() -> None:
    responses = [
        RESPONSE,
        HandshakeResponse(ALL, 1, 45, "user", bytes(32), "shop", "p", {"k": "v" * 300}).encode(),
        HandshakeResponse(CLIENT_PROTOCOL_41, 1, 28, "user", b"proof").encode(),
        HandshakeResponse(ALL, 1, 35, "ab", b"", "cd", "p").encode(),
        SslRequest(ALL, 1, 45).encode(),
    ]
    assert_only_sql_errors(HandshakeResponse.decode, responses, seed=41)
    change = ChangeUserRequest("user", bytes(20), "shop", 45, "plugin", {"k": "v"}).encode(ALL)
    assert_only_sql_errors(
        lambda payload: ChangeUserRequest.decode(payload, ALL), [change], count=3000, seed=42
    )


def test_damaged_packets_of_a_server_give_sql_errors_only() -> None:
    greetings = [GREETING, Greeting("9", 1, SCRAMBLE, ALL, 255, 2, "plugin").encode()]
    assert_only_sql_errors(Greeting.decode, greetings, count=3000, seed=43)
    switch = AuthSwitchRequest("plugin", SCRAMBLE).encode()
    assert_only_sql_errors(AuthSwitchRequest.decode, [switch], count=1000, seed=44)
