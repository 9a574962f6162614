"""What real servers call equal has one canonical value, and their CRC32 is ours."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import pytest
from pymysql.cursors import Cursor
from pymysql.err import OperationalError

from athena_g.protocol.charsets import collation_named
from athena_g.router import foldings
from athena_g.router.algorithms import Hash
from athena_g.router.collations import is_ordered
from athena_g.router.keys import (
    NEVER,
    Key,
    KeyType,
    Undecidable,
    comparand,
    endpoint,
    key_of_column,
    stored,
)
from tests.servers import Server

SHARDS = 1024
COLUMNS = {
    "tinyint": ["-128", "-1", "0", "1", "5", "6", "53", "127"],
    "int unsigned": ["0", "1", "5", "6", "53", "4294967295"],
    "bigint": ["-9223372036854775808", "-5", "0", "5", "6", "9007199254740993",
               "9223372036854775807"],
    "bigint unsigned": ["0", "5", "6", "9007199254740992", "18446744073709551615"],
    "decimal(10,2)": ["-5.5", "0", "5", "5.5", "5.55", "5.56", "53", "99999999.99"],
    "decimal(30,10)": ["0", "5", "5.5", "5.0000000001", "12345678901234567890.1234567891"],
    "decimal(12,0) unsigned": ["0", "5", "6", "999999999999"],
    "date": ["'2020-01-01'", "'2020-01-02'", "'2019-12-31'", "'9999-12-31'"],
    "datetime": ["'2020-01-01'", "'2020-01-01 10:00:00'", "'2020-01-01 10:00:01'"],
    "datetime(3)": ["'2020-01-01'", "'2020-01-01 10:00:00.500'", "'2020-01-01 10:00:01'"],
    "varbinary(9)": ["'5'", "'a'", "'a '", "x'6100'", "x'05'", "x'ff'"],
    "binary(4)": ["'5'", "'a'", "'a '", "x'05'", "x'ff'"],
    "varchar(9) collate utf8mb4_bin": ["'5'", "'05'", "'a'", "'A'", "'a  '", "'5.50'"],
    "char(9) collate utf8mb4_unicode_ci": ["'5'", "'05'", "'a'", "'ä'", "'ae'", "'5.50'"],
}  # fmt: skip
FIXED = [
    "0", "-0", "TRUE", "FALSE", "5", "-5", "+5", "5.0", "5.5", "5.55", "5.555", "-5.5", "5e0",
    "5.5e0", "5.56e0", "6.5e0", "5e-1", "300", "-129", "126.6",
    "9007199254740992", "9007199254740993",
    "9007199254740993.0", "9007199254740993e0", "9223372036854775808", "18446744073709551616",
    "5.00000000000000000001", "1234567890123456789012345678901234567890", "1e40",
    "'5'", "' 5'", "'5 '", "'05'", "'+5'", "'-5'", "'5.0'", "'5.5'", "'5.55'", "'5.555'", "'5e0'",
    "'50e-1'", "'5.5e0'", "'-5.5'", "'5a'", "'a'", "''", "' '", "'0x05'", "'9007199254740993'",
    "'5.00000000000000000001'", "'9223372036854775807'", "'5.50'", "'\\t5'", "'\\n5'", "'5\\n'",
    "0x05", "0x35", "0x61", "0x6100", "0xff", "0x0000000000000005", "0x000000000000000005",
    "'2020-01-01'", "'2020-01-02'", "'2020-1-1'", "'2020-01-01 00:00:00'", "'2020-01-01 10:00:00'",
    "'2020-01-01T10:00:00.5'", "'2020-01-01 10:00:00.4999'", "'2020-01-01 10:00:00.000001'",
    "'2020-01-01 23:59:59.999999'", "'2020-01-32'", "'0000-00-00'", "'2020-00-00'", "20200101",
    "'2020-01-01 10:00:00+01:00'", "DATE'2020-01-01'", "TIMESTAMP'2020-01-01 10:00:00'",
    "'A'", "'a '", "'ä'", "'AE'", "'Ä'", "'aaaaaaaaaaaa'",
]  # fmt: skip


class Hex(bytes):
    """A hexadecimal literal: a number among numbers, bytes among texts."""


@pytest.fixture
def cursor(server: Server, database: str) -> Iterator[Cursor]:
    if server.kind == "embedded":
        pytest.skip("real servers are what is compared with")
    connection = server.connect(database=database, charset="utf8mb4", autocommit=True)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        yield cursor


def value_of(sql: str) -> Any:
    """What a literal is worth in Python."""
    if sql in ("TRUE", "FALSE"):
        return sql == "TRUE"
    if sql.startswith("0x"):
        return Hex(bytes.fromhex(sql[2:]))
    if sql.startswith("DATE"):
        return date.fromisoformat(sql[5:-1])
    if sql.startswith("TIMESTAMP"):
        return datetime.fromisoformat(sql[10:-1])
    if sql.startswith("'"):
        return sql[1:-1].replace("\\t", "\t").replace("\\n", "\n")
    if "e" in sql:
        return float(sql)
    return Decimal(sql) if "." in sql else int(sql)


def random_literals(chance: random.Random) -> list[str]:
    """Numbers and times near to each other, in any form."""
    literals = []
    for _ in range(60):
        number = chance.choice([chance.randint(-200, 200), chance.randint(-(2**64), 2**65)])
        point = str(number) + "." + "".join(chance.choices("0059", k=chance.randint(1, 4)))
        moment = datetime(2020, 1, 1) + timedelta(seconds=chance.randint(-9, 9) * 1800)
        literals += [str(number), f"'{number}'", point, f"'{point}'", f"{point}e0"]
        literals += [f"'{moment}'", f"'{moment}.{chance.randint(0, 9)}'", f"'{moment.date()}'"]
    return literals


def key_of_type(cursor: Cursor, column_type: str, index: str = "") -> Key:
    cursor.execute("DROP TABLE IF EXISTS t")
    cursor.execute(f"CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k {column_type} {index})")
    cursor.execute(
        "SELECT DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, CHARACTER_MAXIMUM_LENGTH FROM "
        "information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'k'"
    )
    row: Any = cursor.fetchone()
    return key_of_column(*row)


def decided(reading: Any, key: Key, value: object) -> Any:
    try:
        return reading(key, value)
    except Undecidable as error:
        return error


@pytest.mark.parametrize("index", ["", ", KEY (k)"], ids=["scanned", "indexed"])
def test_a_value_is_canonically_what_it_equals(cursor: Cursor, index: str) -> None:
    literals = [*FIXED, *random_literals(random.Random(7))]
    decisions = 0
    for column_type, values in COLUMNS.items():
        key = key_of_type(cursor, column_type, index)
        for each in values:
            cursor.execute(f"INSERT INTO t (k) VALUES ({each})")
        for literal in [*literals, *values]:
            canonical = decided(comparand, key, value_of_any(literal))
            if isinstance(canonical, Undecidable):
                continue
            decisions += 1
            cursor.execute(f"SELECT k FROM t WHERE k = {literal}")
            equal = {decided(comparand, key, k) for (k,) in cursor.fetchall()}
            assert equal <= {canonical} - {NEVER}, f"{column_type} = {literal}"
    assert decisions > 1500


def value_of_any(literal: str) -> Any:
    return bytes.fromhex(literal[2:-1]) if literal.startswith("x'") else value_of(literal)


def test_a_value_is_canonically_what_is_stored(cursor: Cursor) -> None:
    literals = [*FIXED, *random_literals(random.Random(8))]
    decisions = 0
    for column_type in COLUMNS:
        key = key_of_type(cursor, column_type)
        wanted = {literal: decided(stored, key, value_of(literal)) for literal in literals}
        kept = [each for each in literals if not isinstance(wanted[each], Undecidable)]
        decisions += len(kept)
        for number, literal in enumerate(kept, start=1):
            cursor.execute(f"INSERT INTO t VALUES ({number}, {literal})")
        cursor.execute("SELECT id, k FROM t ORDER BY id")
        for number, k in cursor.fetchall():
            literal = kept[number - 1]
            assert decided(comparand, key, k) == wanted[literal], f"{column_type}: {literal}"
    assert decisions > 1500


def test_a_range_has_what_is_between_its_canonical_ends(cursor: Cursor) -> None:
    for column_type, values in COLUMNS.items():
        key = key_of_type(cursor, column_type, ", KEY (k)")
        for each in values:
            cursor.execute(f"INSERT INTO t (k) VALUES ({each})")
        for literal in [*FIXED, *random_literals(random.Random(9))[:100]]:
            end = decided(endpoint, key, value_of(literal))
            if isinstance(end, Undecidable):
                continue
            cursor.execute(f"SELECT k FROM t WHERE k <= {literal}")
            assert all(decided(comparand, key, k) <= end for (k,) in cursor.fetchall()), literal
            cursor.execute(f"SELECT k FROM t WHERE k >= {literal}")
            assert all(decided(comparand, key, k) >= end for (k,) in cursor.fetchall()), literal


COLLATIONS = [
    "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_ci", "utf8mb4_0900_as_cs", "utf8mb4_0900_bin",
    "utf8mb4_bin", "utf8mb4_nopad_bin", "utf8mb4_general_ci", "utf8mb4_general_nopad_ci",
    "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "utf8mb4_uca1400_ai_ci",
    "utf8mb4_uca1400_as_cs", "utf8mb4_uca1400_nopad_as_ci", "utf8mb3_general_ci",
    "utf8mb3_unicode_ci", "utf8mb4_swedish_ci", "utf8mb4_hungarian_ci", "utf8mb4_danish_ci",
    "utf8mb4_ja_0900_as_cs", "latin1_swedish_ci", "latin1_bin", "latin1_german2_ci",
    "ascii_general_ci", "cp1251_general_ci", "cp1257_lithuanian_ci", "latin2_hungarian_ci",
]  # fmt: skip


def texts(codec: str, chance: random.Random) -> list[str]:
    """Each character of the tables by itself, and texts of which many are equal."""
    tables = (foldings.UNICODE, foldings.GENERAL, foldings.SWEDISH)
    alike = [[to, *members] for table in tables for to, members in table.items()]
    found = {char for group in alike for char in group} | {chr(code) for code in range(32, 127)}
    found |= {*"\x00\t\u00ad\u200b\u0e01\u0e40·ŀỺ中文한글\U0001f600"}
    found |= {"ss", "ae", "OE", "ij", "th", "dz", "o", "d", "1/2", "ＳＳ"}
    found |= {"L·", "e\u0301", "и\u0306", "ccs", "cscs", "aa", "å", "中文", "한글", "\u1112\u1161"}
    small = [each for each in foldings.UNICODE_DECIDED if each[1] - each[0] < 2000]
    found |= {chr(code) for first, last in small for code in range(first, last + 1)}
    found |= {chr(chance.randint(*each)) for each in foldings.UNICODE_DECIDED for _ in range(20)}
    found |= {normalize("NFKD", each) for each in found}
    common = [group for group in alike if any(each.isascii() for each in group)]
    for _ in range(300):
        groups = chance.choices(common, k=chance.randint(1, 3)) + chance.choices(alike, k=2)
        for _ in range(4):
            text = "".join(map(chance.choice, groups[: chance.randint(1, 5)]))
            found.add(text + chance.choice(["", " ", "  ", "\u00a0", "\t", "\x01"]))
    return sorted(each for each in found if each.encode(codec, "ignore").decode(codec) == each)


def filled(cursor: Cursor, collation: str) -> tuple[Key, list[str]]:
    known = collation_named(collation)
    assert known is not None
    cursor.execute("DROP TABLE IF EXISTS t")
    cursor.execute(
        f"CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(40) COLLATE {collation}) "
        f"CHARSET {known.charset}"
    )
    rows = texts(str(known.codec), random.Random(collation))
    if known.charset == "utf8mb3":
        rows = [each for each in rows if max(each) <= "\uffff"]
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", list(enumerate(rows)))
    return Key(KeyType.STRING, collation), rows


def existing(cursor: Cursor) -> list[str]:
    """Those of ``COLLATIONS`` that the server has."""
    found = []
    for collation in COLLATIONS:
        known = collation_named(collation)
        assert known is not None
        try:
            cursor.execute(f"SELECT CONVERT('a' USING {known.charset}) COLLATE {collation}")
        except OperationalError:
            continue
        found.append(collation)
    assert len(found) > 15
    return found


def test_texts_that_are_equal_have_one_canonical_text(cursor: Cursor) -> None:
    decisions = {}
    for collation in existing(cursor):
        key, rows = filled(cursor, collation)
        cursor.execute("SELECT id, DENSE_RANK() OVER (ORDER BY k) FROM t")
        canonical: dict[int, set[Any]] = defaultdict(set)
        for number, rank in cursor.fetchall():
            for reading in (comparand, stored):
                found = decided(reading, key, rows[number])
                if not isinstance(found, Undecidable):
                    canonical[rank].add(found)
        assert {rank: each for rank, each in canonical.items() if len(each) > 1} == {}, collation
        decisions[collation] = len(canonical)
    assert sum(each > 100 for each in decisions.values()) > 10, decisions


def test_canonical_texts_are_in_the_order_of_their_collation(cursor: Cursor) -> None:
    ordered = [each for each in existing(cursor) if is_ordered(each)]
    for collation in ordered:
        key, rows = filled(cursor, collation)
        cursor.execute("SELECT id FROM t ORDER BY k")
        texts = [rows[number] for (number,) in cursor.fetchall()]
        found = [decided(endpoint, key, each) for each in texts]
        decisions = [each for each in found if not isinstance(each, Undecidable)]
        assert decisions == sorted(decisions), collation
        assert len(decisions) > 60
    assert len(ordered) >= 4


def test_a_hash_is_that_of_crc32_in_sql(cursor: Cursor) -> None:
    hashed = 0
    for collation in existing(cursor):
        key, rows = filled(cursor, collation)
        algorithm = Hash(SHARDS, codec=key.codec)
        cursor.execute(f"SELECT id, CRC32(k) % {SHARDS} FROM t")
        for number, shard in cursor.fetchall():
            if decided(stored, key, rows[number]) == rows[number]:  # it is its own canonical text
                assert algorithm.shard_of(rows[number]) == shard, (collation, rows[number])
                hashed += 1
    assert hashed > 2000


def test_a_hash_of_integers_is_that_of_crc32_in_sql(cursor: Cursor) -> None:
    chance = random.Random(1)
    key = key_of_type(cursor, "bigint")
    values = [
        0,
        -1,
        *(chance.randint(-(2**62), 2**62) >> chance.randint(0, 62) for _ in range(500)),
    ]
    cursor.executemany("INSERT INTO t (k) VALUES (%s)", [(each,) for each in values])
    cursor.execute(f"SELECT k, CRC32(k) % {SHARDS} FROM t")
    rows = cursor.fetchall()
    assert [shard for _, shard in rows] == [Hash(SHARDS).shard_of(stored(key, k)) for k, _ in rows]
