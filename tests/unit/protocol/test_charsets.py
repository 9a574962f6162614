from __future__ import annotations

import codecs

import pytest

from athena_g.protocol.charsets import (
    charset_named,
    codec_of,
    collation,
    collation_named,
)


@pytest.mark.parametrize(
    ("id_", "charset", "name", "codec"),
    [
        (8, "latin1", "latin1_swedish_ci", "cp1252"),
        (28, "gbk", "gbk_chinese_ci", "gbk"),
        (33, "utf8mb3", "utf8mb3_general_ci", "utf_8"),
        (45, "utf8mb4", "utf8mb4_general_ci", "utf_8"),
        (46, "utf8mb4", "utf8mb4_bin", "utf_8"),
        (47, "latin1", "latin1_bin", "cp1252"),
        (63, "binary", "binary", "latin_1"),
        (83, "utf8mb3", "utf8mb3_bin", "utf_8"),
        (87, "gbk", "gbk_bin", "gbk"),
        (192, "utf8mb3", "utf8mb3_unicode_ci", "utf_8"),
        (224, "utf8mb4", "utf8mb4_unicode_ci", "utf_8"),
        (246, "utf8mb4", "utf8mb4_unicode_520_ci", "utf_8"),
        (248, "gb18030", "gb18030_chinese_ci", "gb18030"),
        (255, "utf8mb4", "utf8mb4_0900_ai_ci", "utf_8"),
        (278, "utf8mb4", "utf8mb4_0900_as_cs", "utf_8"),
        (300, "utf8mb4", "utf8mb4_vi_0900_as_cs", "utf_8"),
        (309, "utf8mb4", "utf8mb4_0900_bin", "utf_8"),
        (608, "utf8mb4", "utf8mb4_croatian_ci", "utf_8"),
        (1069, "utf8mb4", "utf8mb4_general_nopad_ci", "utf_8"),
        (1070, "utf8mb4", "utf8mb4_nopad_bin", "utf_8"),
        (2304, "utf8mb4", "utf8mb4_uca1400_ai_ci", "utf_8"),
        (2501, "utf8mb4", "utf8mb4_uca1400_croatian_nopad_ai_cs", "utf_8"),
    ],
)
def test_an_id_gives_charset_name_and_codec(id_: int, charset: str, name: str, codec: str) -> None:
    found = collation(id_)
    assert found is not None
    assert (found.id, found.charset, found.name, found.codec) == (id_, charset, name, codec)


@pytest.mark.parametrize("id_", [0, 17, 100, 125, 251, 254, 276, 4000, -1])
def test_an_id_that_no_server_has_gives_nothing(id_: int) -> None:
    assert collation(id_) is None


@pytest.mark.parametrize("id_", [35, 54, 56, 60, 90, 101, 128, 159, 160])
def test_wide_charsets_are_not_permitted_to_clients(id_: int) -> None:
    found = collation(id_)
    assert found is not None
    assert not found.permitted_client


def test_every_collation_is_found_by_its_name_and_has_a_codec_that_exists() -> None:
    known = [found for id_ in range(3400) if (found := collation(id_)) is not None]
    assert len(known) > 1000
    for found in known:
        named = collation_named(found.name)
        assert named is not None
        assert (named.name, named.charset) == (found.name, found.charset)
    for codec in {found.codec for found in known if found.codec is not None}:
        assert codecs.lookup(codec)


def test_a_name_that_two_servers_give_to_two_ids_means_mysql() -> None:
    assert collation_named("utf8mb4_croatian_ci") == collation(245)
    assert collation(608) != collation(245)


def test_names_are_read_in_any_case_and_utf8_as_utf8mb3() -> None:
    assert collation_named("UTF8_General_CI") == collation(33)
    assert charset_named("utf8") == charset_named("UTF8MB3")
    assert charset_named("klingon") is None


def test_a_collation_without_a_codec_is_read_as_utf8() -> None:
    assert codec_of(92) == "utf_8"
    assert codec_of(100) == "utf_8"
    assert codec_of(8) == "cp1252"
