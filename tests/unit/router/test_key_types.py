from __future__ import annotations

import pytest

from athena_g.router.key_types import Key, KeyType, key_of_column


@pytest.mark.parametrize(
    "data_type, column_type, low, high",
    [
        ("tinyint", "tinyint(1)", -128, 127),
        ("INT", "INT(10) UNSIGNED ZEROFILL", 0, 2**32 - 1),
        ("bigint", "bigint", -(2**63), 2**63 - 1),
        ("bigint", "bigint(20) unsigned", 0, 2**64 - 1),
    ],
)
def test_an_integer_has_a_range(data_type: str, column_type: str, low: int, high: int) -> None:
    assert key_of_column(data_type, column_type) == Key(KeyType.INTEGER, low=low, high=high)


@pytest.mark.parametrize(
    "column_type, key",
    [
        ("decimal(10,2)", Key(KeyType.DECIMAL, precision=10, scale=2)),
        ("decimal(5)", Key(KeyType.DECIMAL, precision=5, scale=0)),
        ("decimal(5,1) unsigned", Key(KeyType.DECIMAL, low=0, precision=5, scale=1)),
        ("decimal", Key(KeyType.DECIMAL, precision=10, scale=0)),
        ("date", Key(KeyType.DATE)),
        ("datetime", Key(KeyType.DATETIME, scale=0)),
        ("datetime(3)", Key(KeyType.DATETIME, scale=3)),
    ],
)
def test_a_column_has_the_digits_that_its_type_says(column_type: str, key: Key) -> None:
    assert key_of_column(column_type.partition("(")[0].split()[0], column_type) == key


def test_the_length_of_a_text_is_in_characters() -> None:
    collation = "utf8mb4_bin"
    varchar = key_of_column("varchar", "varchar(20)", collation, 20)
    assert varchar == Key(KeyType.STRING, collation, length=20)
    text = key_of_column("text", "text", collation, 65535)
    assert text == Key(KeyType.STRING, collation, length=16383)


def test_a_binary_column_has_a_length_in_bytes() -> None:
    assert key_of_column("varbinary", "varbinary(9)", None, 9) == Key(KeyType.BINARY, length=9)


@pytest.mark.parametrize("name", ["float", "double", "enum", "set", "timestamp", "time", "json"])
def test_a_column_of_another_type_decides_nothing(name: str) -> None:
    assert key_of_column(name, name).type is None


@pytest.mark.parametrize(
    "collation, codec",
    [
        ("utf8mb4_bin", "utf_8"),
        ("latin1_bin", "cp1252"),
        ("armscii8_bin", "ascii"),
        (None, "ascii"),
    ],
)
def test_a_key_has_the_codec_of_its_collation(collation: str | None, codec: str) -> None:
    assert Key(KeyType.STRING, collation).codec == codec
