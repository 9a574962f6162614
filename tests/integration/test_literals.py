"""What the parser takes literals for is what the servers take them for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from athena_g.parser.digest import shape
from athena_g.parser.literals import Hex, value_of
from tests.servers import Server

NUMBERS = (
    *("0", "007", "42", "9223372036854775808", "18446744073709551615", "18446744073709551616"),
    *("0" * 30 + "5", "9" * 65, "1.", ".5", "00.10", "1.50", "0." + "1" * 64),
    *("9" * 35 + "." + "9" * 30, "1e5", "1E+5", "1.e5", ".5e-3", "1.5e-3", "0e99999", "1e-999"),
    *("1e308", "1.7976931348623157e308", "2.2250738585072011e-308", "5e-324", "2.5e-324", "1e22"),
    *("9007199254740993e0", "123456789012345678901234567890e0", "0.1e0", "8.41e21", "1e23"),
)
STRINGS = (
    *("''", "'a'", "'a''b'", "'a\"\"b'", "'é中😀'", "n'é'", "N'it''s'", "'\0'", "'a\nb'", "'?'"),
    *(r"'\0\b\n\r\t\Z\\'", r"'\'\"'", r"'\%\_%_'", r"'\q\é\中'", "'\\\n'", r"'\\''n'", "'/*'"),
)
DOUBLE = ('""', '"a"', '"a""b"', "\"a''b\"", r'"\"\'\n"', '"`"')
BITS = (
    *("0x4", "0x41", "0x0041", "0xffffffffffffffff", "0x" + "41" * 20, "0x0000000000000000000005"),
    *("x''", "x'41'", "X'4aF0'", "b''", "b'101'", "B'000000001'", "0b0", "0b101", "0b" + "1" * 64),
)
REFUSED = (
    *("x'4'", "x'ZZ'", "b'2'", "'a", "'a\\'", "'a\\", "1e999", "1.5e", ".e5", "1..5", ".", "0x4.5"),
)
"""What has no value for a server either."""

TEXTS = (
    *("1e5abc", "1.5abc", "1.abc", "1'x'", "-5", "1--1", "1--\x01 7\n+2", "1#7\n+2", "1/*7*/+2"),
    *("'a' 'b'", "@'x' 'y'", "_utf8mb4'a'", "_utf8mb4 x'41'", "_latin1'a'", "_binary 0x41"),
    *("t.1 + 1 FROM (SELECT 7 `1`) t", "1e FROM (SELECT 7 `1e`) t", "`1` FROM (SELECT 7 `1`) t"),
    *("a.1e5 FROM (SELECT 7 `1e5`) a", "0xZZ FROM (SELECT 7 `0xZZ`) t", "@a..1", "@1"),
    *("$1 FROM (SELECT 7 `$1`) t", "0X41 FROM (SELECT 7 `0X41`) t", "é1 FROM (SELECT 7 `é1`) t"),
    *("1 /*!50000 + 2 */", "1 + /*!5*/", "1 /*! + 2 */*3", "2*/* it's */3 /*! + 4 */"),
    *("1/*!50000/*'*/+1*/", "1 --/*! 2 */", "IF(1=1,'a',\"b\")", "1abc FROM (SELECT 7 `1abc`) t"),
    *("DATE'2020-01-01'", "DATE '2020-01-01' + INTERVAL 1 DAY"),
)
"""Select lists in which it is doubtful what is a literal and what not."""


@pytest.fixture
def connection(server: Server) -> Iterator[Connection[Any]]:
    if server.kind == "embedded":
        pytest.skip("the embedded server is no measure of what MySQL takes for literals")
    with server.connect(charset="utf8mb4") as made:
        yield made


def ask(connection: Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + sql)
        [row] = cursor.fetchall()
        return row[0] if len(row) == 1 else row


def check(connection: Connection[Any], literal: str, **mode: bool) -> None:
    value = value_of(literal.encode(), "utf_8", **mode)
    assert shape(f"SELECT {literal}".encode(), **mode).literals == [literal.encode()]
    if isinstance(value, Hex):
        assert ask(connection, f"HEX({literal})") == value.hex().upper()
    else:
        answer = ask(connection, literal)
        assert (answer, type(answer)) == (value, type(value))


@pytest.mark.parametrize(
    "literals", [NUMBERS, STRINGS, DOUBLE, BITS], ids=["numbers", "strings", "double", "bits"]
)
def test_a_literal_has_the_value_it_has_for_the_server(
    connection: Connection[Any], literals: tuple[str, ...]
) -> None:
    for literal in literals:
        check(connection, literal)


def test_bits_are_the_number_they_are_for_the_server(connection: Connection[Any]) -> None:
    for literal in BITS:
        value = value_of(literal.encode(), "utf_8")
        assert isinstance(value, Hex)
        if value.number is not None:
            assert ask(connection, f"CAST({literal} AS UNSIGNED)") == value.number


def test_what_the_server_refuses_has_no_value(connection: Connection[Any]) -> None:
    for literal in REFUSED:
        with pytest.raises(pymysql.Error):
            ask(connection, literal)
        with pytest.raises(ValueError):  # noqa: PT011
            value_of(literal.encode(), "utf_8")


def test_sql_modes_decide_what_strings_are(connection: Connection[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
    for literal in (r"'\'", r"'a\n'", r"'\\''\%'", '"\\"', r'"a\"""', "n'\\'"):
        check(connection, literal, no_backslash_escapes=True)
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ANSI_QUOTES'")
    text = '"a\\" + 1, \'\\\'\', "b"".1" FROM (SELECT 7 `a\\`, 8 `b".1`) t'
    assert ask(connection, text) == (8, "'", 8)
    assert shape(text.encode(), ansi_quotes=True).literals == [b"1", b"'\\''", b"7", b"8"]


def test_national_strings_are_utf8_for_a_client_of_another_character_set(
    connection: Connection[Any],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET NAMES latin1")
        cursor.execute(
            b"SELECT N'\xc3\xa9' COLLATE utf8mb3_bin = _utf8mb3 x'C3A9', HEX('\xe9') AS h"
        )
        assert cursor.fetchone() == (1, "E9")
    assert value_of(b"N'\xc3\xa9'", "cp1252") == value_of(b"'\xe9'", "cp1252") == "é"


def written(value: Any) -> str:
    """Another literal for the same value."""
    if isinstance(value, Hex):
        return f"x'{value.hex()}'" if not value.numeric else f"0x{value.hex()}"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{value:.17e}" if isinstance(value, float) else f"{value}"


def test_nothing_but_literals_is_cut_out_of_a_text(connection: Connection[Any]) -> None:
    for text in TEXTS:
        found = shape(text.encode())
        values = [written(value_of(each, "utf_8")) for each in found.literals]
        parts = [each.decode() for each in found.segments]
        other = "".join(
            f"{part}/**/{value}/**/" for part, value in zip(parts, values, strict=False)
        )
        assert ask(connection, other + parts[-1]) == ask(connection, text), text


def test_random_strings_have_the_value_they_have_for_the_server(
    connection: Connection[Any],
) -> None:
    numbers = random.Random(7)
    for _ in range(300):
        inside = numbers.choices(r"\\\\''%_0bnrtZaé中😀" + '"`\0\n', k=numbers.randrange(12))
        literal = shape(f"'{''.join(inside)}'".encode()).literals
        if literal:
            check(connection, literal[0].decode())
            assert isinstance(value_of(literal[0], "utf_8"), str)


def test_random_decimals_have_the_value_they_have_for_the_server(
    connection: Connection[Any],
) -> None:
    numbers = random.Random(7)
    for _ in range(200):
        digits = [str(numbers.randrange(10)) for _ in range(numbers.randrange(2, 60))]
        digits.insert(numbers.randrange(len(digits)), ".")
        check(connection, "".join(digits))
        assert isinstance(value_of("".join(digits).encode(), "utf_8"), Decimal)
        check(connection, "".join(digits) + f"e{numbers.randrange(-340, 250)}")
