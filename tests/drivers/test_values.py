"""Every type of column, and every type that a driver takes as a parameter."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.drivers.conftest import MEGABYTE, Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

COLUMNS = {
    "tiny": "TINYINT",
    "tiny_u": "TINYINT UNSIGNED",
    "small": "SMALLINT",
    "medium": "MEDIUMINT",
    "plain": "INT UNSIGNED",
    "large": "BIGINT",
    "large_u": "BIGINT UNSIGNED",
    "dec_": "DECIMAL(30, 10)",
    "flt": "FLOAT",
    "dbl": "DOUBLE",
    "bits": "BIT(10)",
    "yr": "YEAR",
    "day_": "DATE",
    "tm": "TIME(6)",
    "dt": "DATETIME(6)",
    "ts": "TIMESTAMP(3) NULL",
    "ch": "CHAR(10)",
    "vc": "VARCHAR(100)",
    "bn": "BINARY(4)",
    "vb": "VARBINARY(100)",
    "tx": "TEXT",
    "bl": "LONGBLOB",
    "en": "ENUM('small', 'large')",
    "st": "SET('x', 'y', 'z')",
    "js": "JSON",
}
MOMENT = datetime(2024, 2, 29, 23, 59, 58, 123456)
ROWS: dict[str, dict[str, Any]] = {
    "usual": {
        "tiny": -5,
        "tiny_u": 5,
        "small": -300,
        "medium": 70_000,
        "plain": 4_000_000_000,
        "large": -(1 << 40),
        "large_u": 1 << 63,
        "dec_": Decimal("12345678901234567890.0123456789"),
        "flt": 1.5,
        "dbl": 0.1,
        "bits": b"\x02\xaa",
        "yr": 2024,
        "day_": MOMENT.date(),
        "tm": timedelta(hours=-12, minutes=-34, microseconds=-5),
        "dt": MOMENT,
        "ts": MOMENT.replace(microsecond=123000),
        "ch": "abc  ",
        "vc": "naïve 🐬 'quoted' \\ \"x\" % %s",
        "bn": b"\x00\xff",
        "vb": bytes(range(100)),
        "tx": "line\nline\x00\x1a\r",
        "bl": bytes(range(256)),
        "en": "large",
        "st": "x,z",
        "js": json.dumps({"a": [1, 2.5, None, "ü"], "b": True}),
    },
    "nulls": dict.fromkeys(COLUMNS),
    "edges": {
        "tiny": True,
        "tiny_u": 255,
        "small": 32767,
        "medium": -8388608,
        "plain": 0,
        "large": (1 << 63) - 1,
        "large_u": (1 << 64) - 1,
        "dec_": Decimal("-0.0000000001"),
        "flt": -3.25,
        "dbl": 1.7976931348623157e308,
        "bits": b"\x00\x01",
        "yr": 2155,
        "day_": date(1000, 1, 1),
        "tm": timedelta(hours=838, minutes=59, seconds=59),
        "dt": datetime(9999, 12, 31, 23, 59, 59),
        "ts": datetime(1970, 1, 2, 0, 0, 0),
        "ch": "",
        "vc": "",
        "bn": b"",
        "vb": b"",
        "tx": "",
        "bl": b"",
        "en": "small",
        "st": "",
        "js": "null",
    },
}


def store_and_read(place: Place, driver: Driver, seen: Notes) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, f"CREATE TABLE every (id INT PRIMARY KEY, {columns})")
        insert = f"INSERT INTO every VALUES ({marks})"
        for number, (name, row) in enumerate(ROWS.items()):
            values = (number, *(row[column] for column in COLUMNS))
            seen(f"inserted {name}", driver.ask(connection, insert, values))
        cursor = driver.cursor(connection)
        cursor.execute("SELECT * FROM every ORDER BY id")
        seen("description", [tuple(column) for column in cursor.description])
        for name in ROWS:
            seen(name, list(cursor.fetchone()))
        cursor.close()


@pytest.mark.real_servers("it has no BIGINT UNSIGNED above 2^63 - 1")
def test_values_of_all_column_types_come_back(compare: Compare, driver: Driver) -> None:
    seen = compare(store_and_read, driver)
    usual = dict(zip(COLUMNS, seen["usual"][1:], strict=True))
    assert usual["dec_"] == ROWS["usual"]["dec_"]
    assert usual["dt"] == MOMENT
    assert usual["vc"] == ROWS["usual"]["vc"]
    assert usual["bl"] == bytes(range(256))
    assert usual["large_u"] == 1 << 63
    assert seen["nulls"][1:] == [None] * len(COLUMNS)


TEXTS = ["", "plain", "Ünïcödé", "日本語", "🐬🐬", "a\\b'c\"d`e", "\x00\n\r\x1a", "%", "؀‮"]


def store_texts(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True, charset="utf8mb4") as connection:
        driver.run(
            connection,
            "CREATE TABLE texts (id INT, body VARCHAR(50)) DEFAULT CHARSET utf8mb4",
            "CREATE TABLE `naïve 表` (`ключ` INT)",
            "INSERT INTO `naïve 表` VALUES (1)",
        )
        for number, text in enumerate(TEXTS):
            driver.ask(connection, "INSERT INTO texts VALUES (%s, %s)", (number, text))
        seen("texts", driver.ask(connection, "SELECT body FROM texts ORDER BY id"))
        seen("lengths", driver.ask(connection, "SELECT CHAR_LENGTH(body) FROM texts ORDER BY id"))
        with driver.cursor(connection, mapping=True) as cursor:
            cursor.execute("SELECT * FROM `naïve 表`")
            seen("names", cursor.fetchall())


def test_texts_of_all_scripts_come_back(compare: Compare, driver: Driver) -> None:
    seen = compare(store_texts, driver)
    assert [text for (text,) in seen["texts"]] == TEXTS
    assert list(seen["names"][0]) == ["ключ"]


def store_blobs(place: Place, driver: Driver, seen: Notes) -> None:
    blobs = [b"\x00\xff\\'" * (5 * MEGABYTE // 4), b"x" * 17 * MEGABYTE, b"z" * ((1 << 24) - 50)]
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE blobs (id INT PRIMARY KEY, body LONGBLOB)")
        for number, blob in enumerate(blobs):
            driver.ask(connection, "INSERT INTO blobs VALUES (%s, %s)", (number, blob))
        for number, blob in enumerate(blobs):
            sql = "SELECT LENGTH(body), body FROM blobs WHERE id = %s"
            ((length, body),) = driver.ask(connection, sql, (number,))
            seen(f"blob {number}", body)
            seen(f"blob {number} is whole", (length == len(blob), body == blob))


@pytest.mark.real_servers("the embedded server parses long statements in Python")
def test_blobs_longer_than_a_packet_come_back(compare: Compare, driver: Driver) -> None:
    seen = compare(store_blobs, driver)
    assert [seen[f"blob {number} is whole"] for number in range(3)] == [(True, True)] * 3


def move_between_time_zones(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(
            connection,
            "SET time_zone = '+00:00'",
            "CREATE TABLE moments (t TIMESTAMP NULL, d DATETIME)",
            "INSERT INTO moments VALUES ('2024-06-01 12:00:00', '2024-06-01 12:00:00')",
        )
        for zone in ("-08:00", "+05:30", "+00:00"):
            driver.ask(connection, "SET time_zone = %s", (zone,))
            with driver.session(place) as other:
                driver.ask(other, "SELECT 1")
            seen(zone, driver.ask(connection, "SELECT t, d FROM moments"))


@pytest.mark.real_servers("it keeps TIMESTAMP in UTC only")
def test_a_timestamp_is_shown_in_the_sessions_time_zone(compare: Compare, driver: Driver) -> None:
    seen = compare(move_between_time_zones, driver)
    noon = datetime(2024, 6, 1, 12)
    assert seen["-08:00"] == [(noon - timedelta(hours=8), noon)]
    assert seen["+05:30"] == [(noon + timedelta(hours=5, minutes=30), noon)]
