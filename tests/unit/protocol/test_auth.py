from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.auth import (
    CACHING_SHA2,
    FAST_AUTH_SUCCESS,
    NATIVE,
    PERFORM_FULL_AUTHENTICATION,
    Accept,
    AuthStep,
    ClientAuth,
    Read,
    Reject,
    RsaKey,
    Send,
    ServerAuth,
    caching_sha2_scramble,
    native_scramble,
    new_scramble,
    rsa_encrypt,
    verify_caching_sha2,
    verify_native,
    xor_password,
)
from athena_g.protocol.handshake import AuthSwitchRequest

SCRAMBLE = bytes(range(65, 85))
PLUGINS = (NATIVE, CACHING_SHA2)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


@pytest.fixture(scope="module")
def rsa_key() -> RsaKey:
    return RsaKey()


def _server(
    rsa_key: RsaKey, password: bytes | None, plugin: str = CACHING_SHA2, secure: bool = False
) -> ServerAuth:
    return ServerAuth(
        password=password, plugin=plugin, scramble=SCRAMBLE, secure=secure, rsa_key=rsa_key
    )


def _client(
    password: bytes, plugin: str = CACHING_SHA2, secure: bool = False, full: bool = False
) -> ClientAuth:
    return ClientAuth(password=password, plugin=plugin, scramble=SCRAMBLE, secure=secure, full=full)


def _client_packets(client: ClientAuth, payload: bytes) -> Iterator[bytes]:
    step = client.feed(payload)
    if isinstance(step, Send):
        yield step.payload
    else:
        assert isinstance(step, Read)


def _converse(server: ServerAuth, client: ClientAuth, named: str | None = None) -> AuthStep:
    """The server's last step; what it sends before an OK has been shown to the client."""
    step = server.start(named or client.plugin, client.response())
    while isinstance(step, Send):
        (answer,) = _client_packets(client, step.payload)
        step = server.feed(answer)
    if isinstance(step, Accept) and step.payload:
        assert list(_client_packets(client, step.payload)) == []
    return step


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


# --- Scrambles ------------------------------------------------------------------------------------


def test_a_scramble_has_20_bytes_of_7_bits_without_nul_and_dollar() -> None:
    scrambles = [new_scramble() for _ in range(500)]
    assert {len(scramble) for scramble in scrambles} == {20}
    assert set(b"".join(scrambles)) == set(range(1, 128)) - {ord("$")}
    assert len(set(scrambles)) == 500


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=20, max_size=20))
def test_the_native_response_follows_the_documented_formula(
    password: bytes, scramble: bytes
) -> None:
    once = hashlib.sha1(password).digest()
    mask = hashlib.sha1(scramble + hashlib.sha1(once).digest()).digest()
    assert native_scramble(password, scramble) == _xor(once, mask)


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=20, max_size=20))
def test_the_sha2_response_follows_the_documented_formula(password: bytes, scramble: bytes) -> None:
    once = hashlib.sha256(password).digest()
    mask = hashlib.sha256(hashlib.sha256(once).digest() + scramble).digest()
    assert caching_sha2_scramble(password, scramble) == _xor(once, mask)


def test_an_empty_password_is_proved_by_nothing() -> None:
    assert native_scramble(b"", SCRAMBLE) == caching_sha2_scramble(b"", SCRAMBLE) == b""


@pytest.mark.parametrize(
    ("verify", "scramble"),
    [(verify_native, native_scramble), (verify_caching_sha2, caching_sha2_scramble)],
)
def test_only_the_response_of_the_same_password_and_scramble_is_proof(verify, scramble) -> None:  # type: ignore[no-untyped-def]
    proof = scramble(b"secret", SCRAMBLE)
    assert verify(b"secret", SCRAMBLE, proof)
    assert not verify(b"Secret", SCRAMBLE, proof)
    assert not verify(b"secret", SCRAMBLE[::-1], proof)
    assert not verify(b"secret", SCRAMBLE, b"")
    assert not verify(b"", SCRAMBLE, proof)


@given(st.binary(max_size=60))
def test_xor_with_the_scramble_is_its_own_inverse(password: bytes) -> None:
    hidden = xor_password(password, SCRAMBLE)
    assert hidden[:20] == _xor(password[:20], SCRAMBLE[: len(password)])
    assert xor_password(hidden, SCRAMBLE) == password


# --- RSA ------------------------------------------------------------------------------------------


def test_what_is_encrypted_for_the_key_can_be_decrypted(rsa_key: RsaKey) -> None:
    assert rsa_key.public_pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    assert rsa_key.decrypt(rsa_encrypt(b"secret\0", rsa_key.public_pem)) == b"secret\0"


@pytest.mark.parametrize("data", [b"", b"\x02", bytes(256), b"\xff" * 256, bytes(300)])
def test_what_is_no_message_decrypts_to_none(rsa_key: RsaKey, data: bytes) -> None:
    assert rsa_key.decrypt(data) is None


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_a_key_loaded_from_pem_decrypts_what_was_meant_for_it() -> None:
    private = rsa.generate_private_key(65537, 2048)
    key = RsaKey(_pem(private))
    hidden = private.public_key().encrypt(b"x", OAEP)
    assert key.decrypt(hidden) == b"x"
    assert key.decrypt(rsa_encrypt(b"y", key.public_pem)) == b"y"


def test_a_pem_text_that_is_no_rsa_key_is_a_value_error() -> None:
    for text in (b"nonsense", _pem(ec.generate_private_key(ec.SECP256R1()))):
        with pytest.raises(ValueError):  # noqa: PT011
            RsaKey(text)


# --- Server and client ----------------------------------------------------------------------------


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("client_plugin", PLUGINS)
@pytest.mark.parametrize("default", PLUGINS)
def test_the_right_password_is_accepted_and_a_wrong_one_rejected(
    rsa_key: RsaKey, default: str, client_plugin: str, full: bool, secure: bool
) -> None:
    for typed, expected in ((b"secret", Accept), (b"Secret", Reject), (b"", Reject)):
        server = _server(rsa_key, b"secret", default, secure)
        step = _converse(server, _client(typed, client_plugin, secure, full))
        assert isinstance(step, expected), typed


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("client_plugin", PLUGINS)
@pytest.mark.parametrize("default", PLUGINS)
def test_an_empty_password_is_accepted_only_where_it_is_the_password(
    rsa_key: RsaKey, default: str, client_plugin: str, secure: bool
) -> None:
    for typed, expected in ((b"", Accept), (b"guess", Reject)):
        server = _server(rsa_key, b"", default, secure)
        step = _converse(server, _client(typed, client_plugin, secure))
        assert isinstance(step, expected), typed


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("typed", [b"", b"guess"])
@pytest.mark.parametrize("client_plugin", [*PLUGINS, "dialog"])
@pytest.mark.parametrize("default", PLUGINS)
def test_no_account_looks_to_the_client_like_a_wrong_password(
    rsa_key: RsaKey, default: str, client_plugin: str, typed: bytes, secure: bool
) -> None:
    seen = []
    for password in (None, b"secret"):
        server = _server(rsa_key, password, default, secure)
        client = _client(typed, client_plugin, secure)
        step = server.start(client_plugin, client.response())
        packets = []
        while isinstance(step, Send):
            packets.append((step.payload[:1], len(step.payload)))
            (answer,) = _client_packets(client, step.payload)
            step = server.feed(answer)
        assert isinstance(step, Reject)
        seen.append(packets)
    assert seen[0] == seen[1]


def test_the_log_can_tell_no_account_from_a_wrong_password(rsa_key: RsaKey) -> None:
    unknown = _converse(_server(rsa_key, None, NATIVE), _client(b"x", NATIVE))
    wrong = _converse(_server(rsa_key, b"y", NATIVE), _client(b"x", NATIVE))
    assert (unknown, wrong) == (Reject("no such account"), Reject("wrong password"))


def test_the_right_sha2_scramble_is_answered_with_fast_success(rsa_key: RsaKey) -> None:
    step = _server(rsa_key, b"secret").start(
        CACHING_SHA2, caching_sha2_scramble(b"secret", SCRAMBLE)
    )
    assert step == Accept(FAST_AUTH_SUCCESS)
    assert FAST_AUTH_SUCCESS == b"\x01\x03"


def test_a_native_login_is_accepted_without_another_packet(rsa_key: RsaKey) -> None:
    step = _server(rsa_key, b"secret").start(NATIVE, native_scramble(b"secret", SCRAMBLE))
    assert step == Accept()


def test_with_tls_full_authentication_takes_the_clear_password(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret", secure=True)
    assert server.start(CACHING_SHA2, bytes(32)) == Send(PERFORM_FULL_AUTHENTICATION)
    assert server.feed(b"secret\0") == Accept()


def test_without_tls_the_clear_password_is_not_taken(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret", secure=False)
    server.start(CACHING_SHA2, bytes(32))
    assert isinstance(server.feed(b"secret\0"), Reject)


def test_without_tls_the_public_key_is_given_and_the_password_decrypted(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret")
    server.start(CACHING_SHA2, bytes(32))
    assert server.feed(b"\x02") == Send(b"\x01" + rsa_key.public_pem)
    assert server.feed(rsa_encrypt(_xor(b"secret\0", SCRAMBLE[:7]), rsa_key.public_pem)) == Accept()


def test_a_client_that_has_the_key_already_need_not_ask(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret")
    server.start(CACHING_SHA2, bytes(32))
    hidden = rsa_encrypt(_xor(b"secret\0", SCRAMBLE[:7]), rsa_key.public_pem)
    assert server.feed(hidden) == Accept()


def test_the_key_is_given_once(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret")
    server.start(CACHING_SHA2, bytes(32))
    server.feed(b"\x02")
    assert isinstance(server.feed(b"\x02"), Reject)


@pytest.mark.parametrize("payload", [b"", b"secret", b"\0", b"secret\0\0", b"\0secret\0"])
def test_a_password_must_be_terminated_and_exact(rsa_key: RsaKey, payload: bytes) -> None:
    server = _server(rsa_key, b"secret", secure=True)
    server.start(CACHING_SHA2, bytes(32))
    assert isinstance(server.feed(payload), Reject)


@pytest.mark.parametrize(
    ("plugin", "response"),
    [("sha256_password", b"x" * 32), ("", b""), (NATIVE, b"x" * 32), (CACHING_SHA2, b"x" * 20)],
)
def test_another_plugin_or_length_is_switched_once_with_a_fresh_scramble(
    rsa_key: RsaKey, plugin: str, response: bytes
) -> None:
    server = _server(rsa_key, b"secret", CACHING_SHA2)
    step = server.start(plugin, response)
    assert isinstance(step, Send)
    request = AuthSwitchRequest.decode(step.payload)
    assert request.plugin == CACHING_SHA2
    assert request.scramble != SCRAMBLE
    assert len(request.scramble) == 20
    assert isinstance(server.feed(b"x" * 21), Reject)


def test_a_plugin_named_without_a_proof_is_asked_again(rsa_key: RsaKey) -> None:
    """libmysqlclient answers so when the greeting's scramble was for another plugin."""
    server = _server(rsa_key, b"secret", NATIVE)
    step = server.start(CACHING_SHA2, b"")
    assert isinstance(step, Send)
    request = AuthSwitchRequest.decode(step.payload)
    assert request.plugin == CACHING_SHA2
    proof = caching_sha2_scramble(b"secret", request.scramble)
    assert server.feed(proof) == Accept(FAST_AUTH_SUCCESS)


def test_the_scramble_of_the_greeting_is_void_after_a_switch(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret", NATIVE)
    server.start("dialog", b"")
    assert isinstance(server.feed(native_scramble(b"secret", SCRAMBLE)), Reject)


def test_a_client_without_plugins_is_taken_at_its_native_response(rsa_key: RsaKey) -> None:
    proof = native_scramble(b"secret", SCRAMBLE)
    assert _server(rsa_key, b"secret").start(None, proof) == Accept()
    assert isinstance(_server(rsa_key, b"secret").start(None, b"short"), Reject)


def test_sha2_clients_say_empty_password_with_a_nul(rsa_key: RsaKey) -> None:
    assert _server(rsa_key, b"").start(CACHING_SHA2, b"\0") == Accept()
    assert isinstance(_server(rsa_key, b"secret").start(CACHING_SHA2, b"\0"), Reject)


def test_a_packet_after_the_end_is_the_callers_fault(rsa_key: RsaKey) -> None:
    server = _server(rsa_key, b"secret")
    server.start(NATIVE, native_scramble(b"secret", SCRAMBLE))
    with pytest.raises(RuntimeError):
        server.feed(b"")


def test_a_server_greets_only_with_a_plugin_it_has(rsa_key: RsaKey) -> None:
    with pytest.raises(ValueError, match="sha256_password"):
        _server(rsa_key, b"", "sha256_password")


# --- The client alone -----------------------------------------------------------------------------


def test_the_client_sees_ok_and_err() -> None:
    client = _client(b"secret", NATIVE)
    assert client.feed(b"\x00\x00\x00\x02\x00\x00\x00") == Accept()
    step = client.feed(b"\xff\x15\x04#28000Access denied")
    assert step == Reject("1045 (28000): Access denied")
    assert client.error is not None
    assert client.error.errno == 1045


def test_the_client_rejects_a_plugin_it_has_not() -> None:
    switch = AuthSwitchRequest("dialog", SCRAMBLE).encode()
    assert isinstance(_client(b"secret").feed(switch), Reject)


def test_the_client_takes_its_own_plugin_when_the_greeting_names_a_strange_one() -> None:
    assert _client(b"secret", "dialog").plugin == CACHING_SHA2


def test_the_client_rejects_a_public_key_that_is_none() -> None:
    client = _client(b"secret")
    assert client.feed(PERFORM_FULL_AUTHENTICATION) == Send(b"\x02")
    assert isinstance(client.feed(b"\x01no key"), Reject)


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x01\x09", b"\x01"])
def test_a_damaged_packet_of_the_server_is_malformed(payload: bytes) -> None:
    with pytest.raises(SqlError):
        _client(b"secret").feed(payload)


def test_more_data_for_the_native_plugin_is_malformed() -> None:
    with pytest.raises(SqlError):
        _client(b"secret", NATIVE).feed(FAST_AUTH_SUCCESS)
