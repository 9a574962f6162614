"""Executable comments: which are white space to every server, and what is in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.executable import contents, executed, unwrapped

HEAD = b"12345"
"""What stands in front of the text in a packet."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/*!40101 SET NAMES utf8 */", "         SET NAMES utf8   "),
        ("/*!40000 ALTER TABLE t DISABLE KEYS */;", "         ALTER TABLE t DISABLE KEYS   ;"),
        ("CREATE TABLE t (a INT) /*!50100 PARTITION BY KEY (a) */",
         "CREATE TABLE t (a INT)          PARTITION BY KEY (a)   "),
        ("/*M!999999\\- for the client */ /*!40101 SET a=1 */", " " * 31 + "         SET a=1   "),
        ("-- a dump\n/* it */ /*!40101 SET a=1 */", "-- a dump\n/* it */          SET a=1   "),
    ],
)  # fmt: skip
def test_marks_that_all_servers_take_for_text_become_spaces(text: str, expected: str) -> None:
    assert executed(text.encode()) == expected.encode()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "/*!50700 SET a=1 */",
        "/*!80000 SET a=1 */",
        "/*!100100 SET a=1 */",
        "/*!040101 SET a=1 */",
        "/*! SET a=1 */",
        "/*M!40101 SET a=1 */",
        "/*!40101 SELECT 1 */ /*!80000 + 1 */",
        "/*!40101 SELECT /* 1 */ 2 */",
        "SELECT '/*!40101 ' */",
        "SELECT 1 /* */ /*!40101 + 1 */",
    ],
)
def test_others_stay(text: str) -> None:
    assert executed(text.encode()) == text.encode() or text.startswith("SELECT '")


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("/*!40101 SET NAMES utf8 */", "SET NAMES utf8"),
        ("/*!80000 SET a=1 */;\n", "SET a=1"),
        ("/*!100100 SET @@MAX_STATEMENT_TIME=0*/", "SET @@MAX_STATEMENT_TIME=0"),
        ("/*M!100616 SET @a=@@b, b=0 */", "SET @a=@@b, b=0"),
        ("/*! SET a=1 */", "SET a=1"),
        ("/*M!999999 for the client */ \n\n/*!40101 SET a=1 */", "SET a=1"),
        ("# a dump\n/* of it */ /*!40101 SET a=1 */", "SET a=1"),
    ],
)
def test_what_is_in_the_only_comment_is_found(text: str, inside: str) -> None:
    found = contents(HEAD + text.encode(), len(HEAD))
    assert found is not None
    assert found[: len(HEAD)] == HEAD
    assert found[len(HEAD) :].strip() == inside.encode()


@pytest.mark.parametrize(
    "text",
    [
        "SET a=1",
        "/* SET a=1 */",
        "/*!40101 SET a=1 */, b=2",
        "/*!40101 SET a=1 */ /*!40101 , b=2 */",
        "/*!40101 SET a='*/' */",
        "/*!40101 SET a=1",
        "SET /*!40101 a=1 */",
        "/*!40101 SET a=1 */ -- x",
    ],
)
def test_what_is_not_one_comment_is_none(text: str) -> None:
    packet = HEAD + text.encode()
    assert contents(packet, len(HEAD)) is None
    assert unwrapped(packet, len(HEAD)) == packet


pieces = st.sampled_from(
    [
        b"/*",
        b"*/",
        b"/*!",
        b"/*M!",
        b"40101",
        b"999999",
        b" ",
        b"\n",
        b"-- ",
        b"#",
        b"SET a=1",
        b"'",
    ]
)


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_nothing_moves(text: bytes) -> None:
    changed = executed(text)
    assert len(changed) == len(text)
    assert all(new in (old, 32) for new, old in zip(changed, text, strict=True))
    assert len(unwrapped(HEAD + text, len(HEAD))) == len(HEAD + text)
