"""A statement's text is cut into its literals and what stands between them."""

from __future__ import annotations

from itertools import product, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.digest import SLOT, Shape, comments, head_of, shape, shortened

LONG = 1 << 22

# What texts are made of: literals, and what is easily taken for one or hides one.
PIECES = (
    *(b"1", b"0x4", b"0b01", b"1.", b".5", b"1e5", b"1.5e-3", b"'a'", b'"a"', b"x'41'", b"b''"),
    *(b"n'a'", b"'a''b'", b"'\\''", b"'a\\\\'", b"'\0'", b"''", b'"\'"', b"_utf8mb4'a'"),
    *(b"a", b"t.1", b"a1", b"1a", b"$1", b"1e", b"1.5e", b"0xZZ", b"0x", b"x", b"n", b"b"),
    *(b"`a`", b"`1`", b"`", b"``", b"@x1", b"@'x'", b"@a..1", b"@@x1", b"@", b"?", b"\xc3\xa9"),
    *(
        b"/* 1 */",
        b"/*! 1 */",
        b"/*!50000 2",
        b"*/",
        b"/*",
        b"-- 1\n",
        b"--",
        b"# 1\n",
        b"#",
        b"\n",
    ),
    *(
        b" ",
        b",",
        b"(",
        b")",
        b"-",
        b"+",
        b"*",
        b"/",
        b".",
        b"=",
        b"'",
        b'"',
        b"\\",
        b"\0",
        b"\xa0",
    ),
)
LITERALS = (
    *("1", "007", "1.", ".5", "1.5", "1e5", "1E+5", "1.e5", ".5e-3", "0x4", "0x41", "0b0", "x''"),
    *("X'4aF0'", "b''", "B'01'", "''", "'a'", "'a''b'", r"'\''", r"'a\\'", '"a\'b"', '"a""b"'),
    *("n'a'", "N'it''s'", "'a\nb'", "'-- '", "'/*'", "'`'", "'é'", "'\0'"),
)
NO_LITERALS = (
    *(
        "a1",
        "t.1",
        "a.1b",
        "a.1e5",
        "a.1.5",
        "`t`.1",
        "1abc",
        "1e",
        "1$",
        "$1",
        "0xZZ",
        "0x",
        "0X41",
    ),
    *("0b", "0b012", "0B1", "é1", "1é", "`1`", "`'a'`", "`a``1`", "@x1", "@1", "@.1", "@a..1"),
    *("@'x'", '@"1"', "@`1`", "@@x1", "@@session.x1", "NULL", "TRUE", "FALSE", "?", "_utf8mb4"),
)
UNSURE = (
    *(
        b"'a 2",
        b"'a\\' 2",
        b"'a\\",
        b'"a 2',
        b"n'a 2",
        b"x'41 2",
        b"x'4' 2",
        b"`a 2",
        b"/* 2",
        b"/*+ 2",
    ),
    *(b"--\xa0it's 2\n3", b"\xa0x'41' 2", b"\xa0n'4' 2"),
)
MARKS = (b"/*!", b"/*M!", b"/*!50000", b"*/", b"/*", b"--", b"n'", b"x'", b"'", b"`", b"@", b"\xa0")
pieces = st.sampled_from(PIECES) | st.sampled_from(MARKS)
texts = st.lists(pieces).map(b"".join) | st.binary(max_size=40)
modes = st.fixed_dictionaries({"ansi_quotes": st.booleans(), "no_backslash_escapes": st.booleans()})


def literals(text: str, **mode: bool) -> list[str]:
    return [each.decode() for each in shape(text.encode(), **mode).literals]


def joined(found: Shape) -> bytes:
    pairs = zip_longest(found.segments, found.literals, fillvalue=b"")
    return b"".join(segment + literal for segment, literal in pairs)


@pytest.mark.parametrize("literal", LITERALS)
def test_a_literal_is_cut_out_whole(literal: str) -> None:
    found = shape(f"SELECT {literal} FROM t".encode())
    assert found.literals == [literal.encode()]
    assert found.segments == [b"SELECT ", b" FROM t"]
    assert found.key == b"SELECT " + SLOT + b" FROM t"


@pytest.mark.parametrize("text", NO_LITERALS)
def test_names_and_words_are_no_literals(text: str) -> None:
    assert literals(f"SELECT {text} + 7") == ["7"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-5", ["5"]),
        ("a-1", ["1"]),
        ("1--1", ["1", "1"]),
        ("1e5abc", ["1e5"]),
        ("1.5abc", ["1.5"]),
        ("1.abc", ["1."]),
        ("1'x'", ["1", "'x'"]),
        ("1.5e, 2", ["2"]),
        ("a AND(1)", ["1"]),
        ("'a' 'b'", ["'a'", "'b'"]),
        ("_utf8mb4'a'", ["'a'"]),
        ("_utf8mb4 x'41'", ["x'41'"]),
        ("DATE'2020-01-01'", ["'2020-01-01'"]),
        ("x 'a'", ["'a'"]),
        ("abcn'a'", ["'a'"]),
        ('n"a"', ['"a"']),
        ("a.x'41'", ["'41'"]),
        ("LIMIT 5,10", ["5", "10"]),
        ("'u'@'1'", ["'u'"]),
        ("@a 1", ["1"]),
        ("@ 'x'", ["'x'"]),
    ],
)
def test_what_is_next_to_a_literal_is_not_taken_for_it(text: str, expected: list[str]) -> None:
    assert literals(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 /* 2 */ 3", ["1", "3"]),
        ("1 /*+ X(2) */ 3", ["1", "3"]),
        ("1 -- it's 2\n+ 3", ["1", "3"]),
        ("1 --\t2\n+ 3", ["1", "3"]),
        ("1 --2\n+ 3", ["1", "2", "3"]),
        ("1 --", ["1"]),
        ("1 # it's 2\n+ 3", ["1", "3"]),
        ("1 /* /*! 2 */ 3", ["1", "3"]),
        ("1 /*athena: shard=3 */", ["1"]),
        ("2*/* c' */3", ["2", "3"]),
        ("'/*' 1 '*/'", ["'/*'", "1", "'*/'"]),
    ],
)
def test_comments_are_skipped_whole(text: str, expected: list[str]) -> None:
    assert literals(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 /*! + 2 */", ["1", "2"]),
        ("1 /*!50000 + 2 */", ["1", "2"]),
        ("1 /*!080000 + 2*/", ["1", "2"]),
        ("1 /*M!100100 + 2 */", ["1", "2"]),
        ("1 + /*!5*/", ["1"]),
        ("1 + /*! 5*/", ["1", "5"]),
        ("1 /*!500001.5 + 2 */", ["1", "2"]),
        ("1 + /*!n'5'*/", ["1", "n'5'"]),
        ("1 /*! /* it's */ + 2 */ * 3", ["1", "2", "3"]),
        ("1 /*! + 2 */*3", ["1", "2", "3"]),
        ("1 /*! + 2 */*/* it's */3", ["1", "2", "3"]),
        ("2*/* it's */3 /*! + 4 */", ["2", "3", "4"]),
        ("1--1 /*! + 2 */*3", ["1", "1", "2", "3"]),
        ("1 --/*! 2 */", ["1", "2"]),
        ("n'a' /*! + 2 */*3", ["n'a'", "2", "3"]),
        ("'/*!' + 1", ["'/*!'", "1"]),
        ("'*/' /*! '*/' */*1", ["'*/'", "'*/'", "1"]),
    ],
)
def test_what_stands_in_an_executable_comment_is_text(text: str, expected: list[str]) -> None:
    found = shape(text.encode())
    assert [each.decode() for each in found.literals] == expected
    assert joined(found) == text.encode()


def test_under_ansi_quotes_double_quotes_are_those_of_a_name() -> None:
    assert literals('"a1"."b\\" = \'\\\'\'', ansi_quotes=True) == ["'\\''"]


def test_without_backslash_escapes_a_backslash_is_nothing_special() -> None:
    assert literals("'a\\' 'b'", no_backslash_escapes=True) == ["'a\\'", "'b'"]
    assert literals('"a\\" 1', no_backslash_escapes=True) == ['"a\\"', "1"]


@pytest.mark.parametrize("rest", UNSURE)
def test_where_it_is_not_sure_how_a_text_goes_on_there_are_no_more_literals(rest: bytes) -> None:
    assert shape(b"1 " + rest).literals == [b"1"]


@pytest.mark.parametrize("text", [b"", b" ", b"a"])
def test_a_text_without_literals_is_its_own_key(text: bytes) -> None:
    assert shape(text) == Shape(text, [], [text])


def test_a_parameter_is_told_apart_from_a_literal() -> None:
    assert shape(b"SELECT ?").key != shape(b"SELECT 1").key


@given(texts, modes)
def test_segments_and_literals_make_up_the_text(text: bytes, mode: dict[str, bool]) -> None:
    found = shape(text, **mode)
    assert joined(found) == text
    assert len(found.segments) == len(found.literals) + 1


@given(texts, modes)
def test_a_literal_is_one_also_by_itself(text: bytes, mode: dict[str, bool]) -> None:
    for literal in shape(text, **mode).literals:
        assert shape(literal, **mode) == Shape(SLOT, [literal], [b"", b""])


@given(texts, modes)
def test_other_literals_of_the_same_form_give_the_same_key(
    text: bytes, mode: dict[str, bool]
) -> None:
    def other(literal: bytes) -> bytes:
        strings = {b"'": b"'''x'", b'"': b'"y"""', b"n": b"n'z'"}
        number = b".2" + literal[1:] if literal[:1] == b"." else literal + b"0" * literal.isdigit()
        return strings.get(literal[:1], number)

    found = shape(text, **mode)
    changed = found._replace(literals=[other(each) for each in found.literals])
    assert shape(joined(changed), **mode).key == found.key


def test_texts_with_one_key_have_the_same_segments() -> None:
    known: dict[bytes, list[bytes]] = {}
    for length in range(6):
        for pieces in product((b"\0", b"1", b",", b"'a'", b"a", b"/*\0*/"), repeat=length):
            found = shape(b"".join(pieces))
            assert known.setdefault(found.key, found.segments) == found.segments
    assert len(known) > 1000


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b"'" + b"a" * LONG + b"'", 1),
        (b"'\\" * (LONG // 2), 0),
        (b"1" * LONG + b"a", 0),
        (b"1" * LONG, 1),
        (b"x'" + b"41" * (LONG // 2), 0),
        (b"/*" * (LONG // 2), 0),
        (b"/*!" * (LONG // 3), 0),
        (b"/*!" + b"*/" * (LONG // 2), 0),
        (b"`'\"" * (LONG // 3), LONG // 6),
        (b"a." * (LONG // 2), 0),
        (b"-" * LONG, 0),
        (b"(1,'a')," * (LONG // 8), LONG // 4),
    ],
    ids=lambda value: value[:8].decode() if isinstance(value, bytes) else "",
)
def test_long_texts_are_read_once(text: bytes, count: int) -> None:
    assert len(shape(text).literals) == count


def test_comments_are_found_outside_of_strings_and_names() -> None:
    text = b"/*a*/ '/*b*/' `/*c*/` -- /*d*/\n/*! 1 /*e*/ */ 2*/*f*/3 # /*g*/\n /*h"
    assert [each for each in comments(text) if each.endswith(b"*/")] == [
        b"/*a*/",
        b"/*e*/",
        b"/*f*/",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 ",
        "SELECT 1, 2",
        "SELECT 1e5",
        "SELECT 1.5",
        "SELECT .5",
        "SELECT '5'",
        "a5",
        "0x5",
    ],
)
def test_only_a_text_that_ends_with_its_only_number_has_a_head(text: str) -> None:
    assert head_of(shape(text.encode())) is None


def test_a_head_is_what_stands_in_front_of_the_number() -> None:
    assert head_of(shape(b"SELECT /* 1 */ a1 = -5")) == b"SELECT /* 1 */ a1 = -"


numbers = st.text("0123456789", min_size=1, max_size=30).map(str.encode)


@given(texts, numbers, numbers, modes)
def test_texts_with_one_head_are_cut_alike(
    text: bytes, number: bytes, other: bytes, mode: dict[str, bool]
) -> None:
    cut = shape(text + number, **mode)
    head = head_of(cut)
    if head is not None:
        again = shape(head + other, **mode)
        assert again == Shape(cut.key, [other], cut.segments)


LONG = [
    (b"'" + b"x" * 100 + b"'", b"''"),
    (b'"' + b"it''s" * 100 + b'"', b'""'),
    (b"N'" + b"x" * 100 + b"'", b"N''"),
    (b"x'" + b"41" * 100 + b"'", b"x''"),
    (b"b'" + b"01" * 100 + b"'", b"b''"),
    (b"0x" + b"41" * 100, b"0x00"),
    (b"0b" + b"01" * 100, b"0b00"),
    (b"9" * 100, b"9" * 100),
    (b"'short'", b"'short'"),
]


@pytest.mark.parametrize(("literal", "short"), LONG)
def test_a_long_literal_may_be_a_short_one(literal: bytes, short: bytes) -> None:
    cut = shape(b"SELECT 1, " + literal + b" FROM t")
    text, found = shortened(cut)
    assert text == b"SELECT 1, " + short + b" FROM t"
    assert found == shape(text) == Shape(cut.key, [b"1", short], cut.segments)


@given(texts, modes)
def test_a_shortened_text_has_the_same_shape(text: bytes, mode: dict[str, bool]) -> None:
    text = text.replace(b"a", b"a" * 70)
    cut = shape(text, **mode)
    short, found = shortened(cut)
    assert (found.key, found.segments) == (cut.key, cut.segments)
    if b"!" not in text:
        assert shape(short, **mode) == found
