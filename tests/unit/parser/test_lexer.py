"""A statement is cut into tokens as the servers cut it, or not at all."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser import lexer
from athena_g.parser.lexer import (
    MAX_TEXT,
    MAX_TOKENS,
    Cursor,
    Kind,
    NotUnderstood,
    first_word,
    statements,
    system_variable,
    tokens,
)

NO_ESCAPES = {"no_backslash_escapes": True}
ANSI = {"ansi_quotes": True}


def cut(text: str | bytes, **mode: bool) -> list[tuple[Kind, bytes]]:
    packet = b"\x03" + (text.encode() if isinstance(text, str) else text)
    return [(token.kind, token.text) for token in tokens(packet, 1, **mode)]


def is_cut(text: bytes, **mode: bool) -> bool:
    try:
        tokens(text, 0, **mode)
    except NotUnderstood:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("word", Kind.WORD),
        ("$a_1", Kind.WORD),
        ("größe", Kind.WORD),
        ("à", Kind.WORD),
        ("1a", Kind.WORD),
        ("1e", Kind.WORD),
        ("0X41", Kind.WORD),
        ("0xG", Kind.WORD),
        ("`a``b`", Kind.NAME),
        ("`a\\`", Kind.NAME),
        ("'a''b'", Kind.STRING),
        ("'a\\'b'", Kind.STRING),
        ("'\\\\'", Kind.STRING),
        ('"a""b"', Kind.STRING),
        ("n'a'", Kind.STRING),
        ("'a\nb'", Kind.STRING),
        ("'/*!'", Kind.STRING),
        ("1", Kind.NUMBER),
        ("1.", Kind.NUMBER),
        (".5", Kind.NUMBER),
        ("1.5e-3", Kind.NUMBER),
        ("1e5", Kind.NUMBER),
        ("0x41", Kind.HEX),
        ("x'41'", Kind.HEX),
        ("X''", Kind.HEX),
        ("0b01", Kind.HEX),
        ("B'01'", Kind.HEX),
        ("@a.b$c", Kind.USER_VARIABLE),
        ("@'a b'", Kind.USER_VARIABLE),
        ('@"a"', Kind.USER_VARIABLE),
        ("@`a`", Kind.USER_VARIABLE),
        ("@@session", Kind.SYSTEM_VARIABLE),
        ("@@`a`", Kind.SYSTEM_VARIABLE),
        (":=", Kind.PUNCTUATION),
        ("?", Kind.PUNCTUATION),
    ],
)
def test_a_single_token_is_known_by_its_form(text: str, kind: Kind) -> None:
    assert cut(text) == [(kind, text.encode())]


def test_under_ansi_quotes_double_quotes_are_those_of_a_name() -> None:
    assert cut('"a\\"', **ANSI) == [(Kind.NAME, b'"a\\"')]
    assert cut("'a\\'b'", **ANSI) == [(Kind.STRING, b"'a\\'b'")]


def test_without_backslash_escapes_a_backslash_ends_no_string_later() -> None:
    assert cut("'a\\' 'b'", **NO_ESCAPES) == [(Kind.STRING, b"'a\\'"), (Kind.STRING, b"'b'")]
    assert cut("'a\\' 'b'".replace("b'", "b")) == [
        (Kind.STRING, b"'a\\' '"),
        (Kind.WORD, b"b"),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a /* b */ c", ["a", "c"]),
        ("a-- b", ["a"]),
        ("a--b", ["a", "-", "-", "b"]),
        ("a --\nb", ["a", "b"]),
        ("a --\x01c\nb", ["a", "b"]),
        ("a # b\nc", ["a", "c"]),
        ("a /* /*! */ b", ["a", "b"]),
        ("a/**/b", ["a", "b"]),
        ("a/b", ["a", "/", "b"]),
        ("5FROM", ["5FROM"]),
        ("1.5abc", ["1.5", "abc"]),
        ("1e5abc", ["1e5", "abc"]),
        ("a.b", ["a", ".", "b"]),
        ("@@session.x", ["@@session", ".", "x"]),
        ("u@h", ["u", "@h"]),
        ("a\x0bb", ["a", "b"]),
        ("a;b", ["a", ";", "b"]),
        ("a; ;", ["a"]),
        ("a; -- b", ["a", ";"]),
        ("", []),
        (" ; ", []),
    ],
)
def test_tokens_end_where_the_servers_end_them(text: str, parts: list[str]) -> None:
    assert [token.decode() for _, token in cut(text)] == parts


@pytest.mark.parametrize(
    "text",
    [
        b"/*! a */",
        b"a /*!50000 b*/",
        b"a /*M! b */",
        b"'a",
        b'"a',
        b"`a",
        b"'a\\'",
        b"a /* b",
        b"x'4'",
        b"x'zz'",
        b"b'2'",
        b"@",
        b"@ a",
        b"@@ a",
        b"@'a",
        b"a \x00 b",
        b"a \\N",
        b"a\xa0b",
    ],
)
def test_what_cannot_be_cut_surely_has_no_tokens(text: bytes) -> None:
    assert not is_cut(text)


def test_texts_that_are_too_long_are_left_alone() -> None:
    assert is_cut(b"'" + b"a" * (MAX_TEXT - 2) + b"'")
    assert not is_cut(b"'" + b"a" * (MAX_TEXT - 1) + b"'")
    assert is_cut(b"," * (MAX_TOKENS - 1))
    assert not is_cut(b"," * (MAX_TOKENS + 1))


def test_spans_point_into_the_packet() -> None:
    packet = b"12345SELECT /* x */ 'a' , `b`"
    assert [packet[token.start : token.end] for token in tokens(packet, 5)] == [
        token.text for token in tokens(packet, 5)
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a; b", ["a", " b"]),
        ("a;", ["a"]),
        ("';' ; \";\" ; `;`", ["';' ", ' ";" ', " `;`"]),
        ("a /* ; */ ; b -- ;", ["a /* ; */ ", " b --"]),
        ("a # ;\n; b", ["a # ;\n", " b"]),
        ("a;;b", ["a", "", "b"]),
        ("a-b/c;d", ["a-b/c", "d"]),
        ("", [""]),
    ],
)
def test_statements_end_at_semicolons_outside_of_quotes(text: str, parts: list[str]) -> None:
    packet = text.encode()
    assert [packet[start:end].decode() for start, end in statements(packet, 0)] == parts


@pytest.mark.parametrize("text", [b"a; /*! b */", b"a; 'b", b"a /* ;", b";" * 2000 + b"a"])
def test_a_text_that_cannot_be_cut_has_no_statements(text: bytes) -> None:
    with pytest.raises(NotUnderstood):
        list(statements(text, 0))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"SET x", b"set"),
        (b"\n/* a */ -- b\n# c\nSet", b"set"),
        (b"/*! SET */", b""),
        (b"(SELECT", b""),
        (b"'SET'", b""),
        (b"", b""),
        (b"/* SET", b""),
    ],
)
def test_the_first_word_stands_behind_space_and_comments(text: bytes, word: bytes) -> None:
    assert first_word(text, 0) == word


@pytest.mark.parametrize(
    ("text", "scope", "name"),
    [
        ("@@X", b"", b"x"),
        ("@@Session.X", b"session", b"x"),
        ("@@session /**/ . x", b"session", b"x"),
        ("@@session.`x`", b"session", b"x"),
        ("@@`x`", b"", b"x"),
        ("@@hot.key_buffer_size", b"", b"hot.key_buffer_size"),
        ("@@global.hot.key_buffer_size", b"global", b"hot.key_buffer_size"),
        ("@@persist_only.x", b"persist_only", b"x"),
    ],
)
def test_a_system_variable_has_a_scope_and_a_name(text: str, scope: bytes, name: bytes) -> None:
    cursor = Cursor(tokens(text.encode(), 0))
    assert system_variable(cursor) == (scope, name)
    assert cursor.peek() is None


PIECES = st.lists(
    st.sampled_from(
        [*"a1.'\"`\\#@;(),é\xa0\0\n ", *["/*", "*/", "/*!", "--", "@@", "x'", ":=", "0x"]]
    )
)


@given(st.one_of(st.binary(), PIECES.map(lambda pieces: "".join(pieces).encode())))
def test_nothing_else_than_a_refusal_comes_of_any_bytes(text: bytes) -> None:
    for no_escapes in (False, True):
        for ansi in (False, True):
            is_cut(text, no_backslash_escapes=no_escapes, ansi_quotes=ansi)
    try:
        list(statements(text, 0))
    except NotUnderstood:
        pass
    first_word(text, 0)


@given(PIECES.map("".join))
def test_tokens_and_what_is_between_them_are_the_text(text: str) -> None:
    packet = text.encode()
    try:
        found = tokens(packet, 0)
    except NotUnderstood:
        return
    assert all(a.end <= b.start for a, b in pairwise(found))
    between, place = [], 0
    for token in found:
        between.append(packet[place : token.start])
        place = token.end
    for gap in between:
        assert cut(gap.rstrip(b"; ")) == []


@given(PIECES.map("".join))
def test_cutting_into_statements_agrees_with_the_semicolons_among_the_tokens(text: str) -> None:
    packet = text.encode()
    try:
        semicolons = [token.start for token in tokens(packet, 0) if token.is_(b";")]
    except NotUnderstood:
        return
    ends = [end for _, end in statements(packet, 0)]
    assert ends == [*semicolons, lexer.text_end(packet, 0)]


@pytest.mark.parametrize(
    "piece",
    [b"/*", b"'", b'"', b"`", b"-", b"/", b"\\'", b"''", b"a ", b"@", b"1.", b"x'", b"--\n"],
)
def test_a_text_is_walked_once_however_often_a_piece_is_repeated(piece: bytes) -> None:
    """A megabyte: walked twice for each piece, it would not end before the run's time limit."""
    text = piece * (MAX_TEXT // len(piece))
    is_cut(text)
    is_cut(text, no_backslash_escapes=True, ansi_quotes=True)
    with contextlib.suppress(NotUnderstood):
        list(statements(text, 0))
    assert len(first_word(text, 0)) <= 1
