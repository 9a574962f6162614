"""Settings as values: what is equal is one object, and what leads from one to another."""

from __future__ import annotations

import gc
import weakref

import pytest

from athena_g.backend.profile import (
    MAX_BYTES,
    Profile,
    assignments,
    can_move,
    literal,
    profile,
)

GENERAL_CI, LATIN1, UTF8MB4_0900, UCA1400 = 45, 8, 255, 2304
BARE = profile(GENERAL_CI)
NAMES = "NAMES utf8mb4 COLLATE utf8mb4_general_ci"


def having(changes: dict[str, str], before: Profile = BARE) -> Profile:
    changed = before.with_variables(changes)
    assert changed is not None
    return changed


def knowing(changes: dict[str, str], before: Profile = BARE) -> Profile:
    changed = before.with_user_variables(changes)
    assert changed is not None
    return changed


# --- Identity -------------------------------------------------------------------------------------


def test_equal_settings_are_one_object() -> None:
    assert profile(GENERAL_CI) is BARE
    assert having({"a": "1", "b": "2"}) is having({"b": "2"}, having({"a": "1"}))
    assert knowing({"x": "1"}) is knowing({"x": "1"})
    assert BARE.with_multi_statements(True) is profile(GENERAL_CI, True)


def test_what_is_set_to_what_it_was_gives_the_same_object() -> None:
    one = having({"a": "1"})
    assert having({"a": "1"}, one) is one
    assert having({"a": "2"}, one) is not one
    assert having({"a": "1"}, having({"a": "2"}, one)) is one


@pytest.mark.parametrize(
    "other",
    [
        profile(LATIN1),
        profile(GENERAL_CI, True),
        having({"a": "1"}),
        knowing({"a": "1"}),
    ],
    ids=["charset", "multi-statements", "variable", "user variable"],
)
def test_other_settings_are_another_object(other: Profile) -> None:
    assert other is not BARE
    assert other != BARE


def test_a_profile_that_nobody_has_is_not_kept() -> None:
    gone = weakref.ref(having({"nobody": "'has this'"}))
    gc.collect()
    assert gone() is None


def test_a_variable_that_was_not_set_has_no_value() -> None:
    assert having({"a": "1"}).value("a") == "1"
    assert having({"a": "1"}).value("b") is None


@pytest.mark.parametrize(
    "name", ["sql_mode", "character_set_client", "collation_connection", "time_zone", "any_other"]
)
def test_any_variable_may_decide_what_a_text_means(name: str) -> None:
    changed = having({name: "'x'"})
    assert changed.parsing_key != BARE.parsing_key
    assert having({"wait_timeout": "60"}, changed).parsing_key == changed.parsing_key


def test_waiting_and_transactions_decide_nothing_about_a_text() -> None:
    harmless = {"autocommit": "0", "lock_wait_timeout": "1", "transaction_isolation": "'x'"}
    assert having(harmless).parsing_key == BARE.parsing_key
    assert knowing({"a": "1"}).parsing_key == BARE.parsing_key
    assert profile(LATIN1).parsing_key != BARE.parsing_key


@pytest.mark.parametrize(
    ("changed", "readable"),
    [
        (BARE, True),
        (profile(LATIN1), True),
        (profile(13), False),  # sjis_japanese_ci
        (profile(28), False),  # gbk_chinese_ci
        (having({"character_set_client": "'gbk'"}), False),
        (having({"character_set_client": "'latin1'"}, profile(28)), True),
    ],
)
def test_a_text_cannot_be_read_where_a_quote_may_be_half_a_character(
    changed: Profile, readable: bool
) -> None:
    assert changed.is_readable is readable


@pytest.mark.parametrize(
    ("sql_mode", "quotes"),
    [("''", False), ("'STRICT_TRANS_TABLES'", False), ("'ANSI_QUOTES,STRICT_TRANS_TABLES'", True)],
)
def test_the_sql_mode_says_what_double_quotes_are(sql_mode: str, quotes: bool) -> None:
    assert having({"sql_mode": sql_mode}).ansi_quotes is quotes


# --- Size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["with_variables", "with_user_variables"])
def test_settings_beyond_the_limit_are_no_profile(method: str) -> None:
    fits = getattr(BARE, method)({"a": "'" + "x" * (MAX_BYTES - 3) + "'"})
    assert fits is not None
    assert getattr(BARE, method)({"a": "'" + "x" * (MAX_BYTES - 2) + "'"}) is None
    assert getattr(fits, method)({"b": ""}) is None


def test_both_kinds_of_variables_count_together() -> None:
    half = having({"a": "x" * (MAX_BYTES // 2)})
    assert half.with_user_variables({"a": "x" * (MAX_BYTES // 2)}) is None


# --- From one to another --------------------------------------------------------------------------


def test_from_a_profile_to_itself_nothing_is_assigned() -> None:
    one = knowing({"x": "1"}, having({"a": "1"}))
    assert assignments(one, one, mariadb=False) == []


def test_a_connection_as_it_was_opened_is_told_everything() -> None:
    after = knowing({"x": "5"}, having({"time_zone": "'+01:00'"}))
    assert assignments(None, after, mariadb=False) == [
        NAMES, "SESSION time_zone = '+01:00'", "@`x` = 5",
    ]  # fmt: skip


def test_only_the_difference_is_assigned() -> None:
    before = knowing({"x": "1", "y": "1"}, having({"a": "1", "b": "1"}))
    after = knowing({"y": "2"}, having({"b": "2"}, before))
    assert assignments(before, after, mariadb=False) == ["SESSION b = 2", "@`y` = 2"]


def test_what_the_next_session_has_not_set_goes_back_to_its_default() -> None:
    before = having({"a": "1", "b": "1"})
    assert assignments(before, having({"b": "1"}), mariadb=False) == ["SESSION a = DEFAULT"]


def test_the_names_come_first_and_defaults_before_values() -> None:
    after = profile(LATIN1).with_variables({"b": "1"})
    assert after is not None
    assert assignments(having({"a": "1"}), after, mariadb=False) == [
        "NAMES latin1 COLLATE latin1_swedish_ci", "SESSION a = DEFAULT", "SESSION b = 1",
    ]  # fmt: skip


def test_the_variables_of_the_character_set_are_set_together() -> None:
    """SET NAMES changes all of them, so each that differs has to follow it."""
    before = having({"character_set_client": "'latin1'", "character_set_results": "NULL"})
    after = having({"character_set_results": "NULL"})
    assert assignments(before, after, mariadb=False) == [
        NAMES, "SESSION character_set_results = NULL",
    ]  # fmt: skip
    assert assignments(before, BARE, mariadb=False) == [NAMES]


def test_the_same_character_set_is_not_named_again() -> None:
    before = having({"character_set_results": "NULL"})
    assert assignments(before, having({"a": "1"}, before), mariadb=False) == ["SESSION a = 1"]


def test_multi_statements_are_nothing_to_assign() -> None:
    assert assignments(BARE, BARE.with_multi_statements(True), mariadb=False) == []


@pytest.mark.parametrize(
    ("collation_id", "mariadb", "names"),
    [
        (UTF8MB4_0900, False, "NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci"),
        (UTF8MB4_0900, True, "NAMES utf8mb4"),
        (UCA1400, False, "NAMES utf8mb4"),
        (GENERAL_CI, True, NAMES),
        (33, False, "NAMES utf8mb3 COLLATE utf8mb3_general_ci"),
        (63, False, "NAMES binary COLLATE binary"),
        (0, False, "NAMES DEFAULT"),
    ],
)
def test_a_collation_is_named_where_the_server_knows_it(
    collation_id: int, mariadb: bool, names: str
) -> None:
    assert assignments(None, profile(collation_id), mariadb) == [names]


# --- What cannot be taken away --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (None, knowing({"x": "1"}), True),
        (BARE, knowing({"x": "1"}), True),
        (knowing({"x": "1"}), knowing({"x": "2", "y": "1"}), True),
        (knowing({"x": "1"}), BARE, False),
        (knowing({"x": "1"}), knowing({"y": "1"}), False),
        (having({"a": "1"}), BARE, True),
    ],
)
def test_user_variables_of_another_session_cannot_be_taken_away(
    before: Profile | None, after: Profile, moves: bool
) -> None:
    assert can_move(before, after) is moves


# --- Literals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "NULL"),
        ("", "''"),
        ("0", "0"),
        ("-1", "-1"),
        ("+7", "+7"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.5", "1.5"),
        ("1e10", "1e10"),
        ("2.5E-3", "2.5E-3"),
        ("ON", "'ON'"),
        ("READ-COMMITTED", "'READ-COMMITTED'"),
        ("STRICT_TRANS_TABLES,NO_ZERO_DATE", "'STRICT_TRANS_TABLES,NO_ZERO_DATE'"),
        ("+01:00", "'+01:00'"),
        ("1.", "'1.'"),
        (".5", "'.5'"),
        ("1 2", "'1 2'"),
        ("--", "'--'"),
        ("a`b", "'a`b'"),
        ("it's", "_utf8mb4 0x69742773"),
        ('say "x"', "_utf8mb4 0x7361792022782200"[:-2]),
        ("back\\slash", "_utf8mb4 0x6261636b5c736c617368"),
        ("100%", "'100%'"),
        ("line\n", "_utf8mb4 0x6c696e650a"),
        ("nul\0", "_utf8mb4 0x6e756c00"),
        ("é", "_utf8mb4 0xc3a9"),
        ("٣", "_utf8mb4 0xd9a3"),
        ("1\n", "_utf8mb4 0x310a"),
    ],
)
def test_a_value_is_written_so_that_no_mode_or_charset_reads_it_otherwise(
    value: str | None, sql: str
) -> None:
    assert literal(value) == sql
