from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType

# As MySQL 9.7 and MariaDB 10.11 define a column "dcz" of type DECIMAL(10,2) ZEROFILL.
ZEROFILLED = (
    b"\x03def\x01d\x01f\x01f\x03dcz\x03dcz\x0c\x3f\x00\x0b\x00\x00\x00\xf6\x60\x00\x02\x00\x00"
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
columns = st.builds(
    Column,
    name=texts,
    type=st.sampled_from(ColumnType),
    collation_id=st.integers(0, 0xFFFF),
    length=st.integers(0, 2**32 - 1),
    flags=st.integers(0, 0xFFFF),
    decimals=st.integers(0, 255),
    schema=texts,
    table=texts,
    org_table=texts,
    org_name=texts,
    default=st.none() | texts,
)


def test_a_definition_of_a_real_server_is_read_and_written_alike() -> None:
    column = Column.decode(ZEROFILLED)
    assert (column.schema, column.table, column.org_table) == ("d", "f", "f")
    assert (column.name, column.org_name, column.type) == ("dcz", "dcz", ColumnType.NEWDECIMAL)
    assert (column.collation_id, column.length, column.decimals) == (63, 11, 2)
    assert column.flags & UNSIGNED_FLAG
    assert column.encode() == ZEROFILLED


@given(columns)
def test_a_definition_round_trips_with_its_default(column: Column) -> None:
    assert Column.decode(column.encode(field_list=True)) == column


def test_the_default_is_told_only_for_a_field_list() -> None:
    column = Column("a", ColumnType.LONG, default="7")
    assert Column.decode(column.encode()).default is None
    assert column.encode(field_list=True) == column.encode() + b"\x017"
    assert Column("a", ColumnType.LONG).encode(field_list=True)[-1:] == b"\xfb"


def test_names_are_in_the_codec_of_the_results() -> None:
    column = Column("größe", ColumnType.LONG)
    assert b"gr\xf6\xdfe" in column.encode("cp1252")
    assert Column.decode(column.encode("cp1252"), "cp1252") == column


def test_a_name_outside_the_codec_is_written_with_question_marks() -> None:
    assert b"\x02\x3f\x3f" in Column("数量", ColumnType.LONG).encode("cp1252")


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    payload = ZEROFILLED.replace(b"dcz", b"\xffcz")
    assert Column.decode(payload).encode() == payload


def test_a_definition_that_ends_early_is_malformed_at_every_length() -> None:
    for size in range(len(ZEROFILLED)):
        with pytest.raises(SqlError) as caught:
            Column.decode(ZEROFILLED[:size])
        assert caught.value.errno == 1835


def test_a_type_that_does_not_exist_is_malformed() -> None:
    with pytest.raises(SqlError, match="unknown column type 200"):
        Column.decode(ZEROFILLED.replace(b"\xf6", b"\xc8"))
