"""What a SET assigns is known exactly, or said not to be known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.assignments import Assignment, Scope, parse_set

SESSION, USER, GLOBAL = Scope.SESSION, Scope.USER, Scope.GLOBAL
NEXT, OTHER = Scope.NEXT_TRANSACTION, Scope.OTHER


def assigned(sql: str | bytes, **mode: bool) -> list[tuple[Scope, str, str | None]] | None:
    """The assignments as (scope, name, literal)."""
    packet = b"12345" + (sql.encode() if isinstance(sql, str) else sql)
    found = parse_set(packet, 5, **mode)
    if found is None:
        return None
    return [
        (each.kind, each.name.decode(), each.literal.decode() if each.literal is not None else None)
        for each in found
    ]


@pytest.mark.parametrize(
    ("sql", "scope", "name"),
    [
        ("SET a = 1", SESSION, "a"),
        ("set A:=1", SESSION, "a"),
        ("SET SESSION a = 1", SESSION, "a"),
        ("SET LOCAL a = 1", SESSION, "a"),
        ("SET @@a = 1", SESSION, "a"),
        ("SET @@session.a = 1", SESSION, "a"),
        ("SET @@LOCAL . a = 1", SESSION, "a"),
        ("SET `a` = 1", SESSION, "a"),
        ("SET @@`a` = 1", SESSION, "a"),
        ("SET session = 1", SESSION, "session"),
        ("SET hot.key_buffer_size = 1", SESSION, "hot.key_buffer_size"),
        ("SET default.key_buffer_size = 1", SESSION, "default.key_buffer_size"),
        ("SET GLOBAL a = 1", GLOBAL, "a"),
        ("SET PERSIST a = 1", GLOBAL, "a"),
        ("SET PERSIST_ONLY a = 1", GLOBAL, "a"),
        ("SET @@global.a = 1", GLOBAL, "a"),
        ("SET @@persist_only.a = 1", GLOBAL, "a"),
        ("SET GLOBAL hot.key_buffer_size = 1", GLOBAL, "hot.key_buffer_size"),
        ("SET @A = 1", USER, "a"),
        ("SET @a.b$c := 1", USER, "a.b$c"),
        ("SET @'a b' = 1", USER, "a b"),
        ('SET @"a" = 1', USER, "a"),
        ("SET @`a``b` = 1", USER, "a`b"),
        ("SET @@transaction_isolation = 1", NEXT, "transaction_isolation"),
        ("SET @@tx_isolation = 1", NEXT, "transaction_isolation"),
        ("SET @@transaction_read_only = 1", NEXT, "transaction_read_only"),
        ("SET @@tx_read_only = 1", NEXT, "transaction_read_only"),
        ("SET transaction_isolation = 1", SESSION, "transaction_isolation"),
        ("SET @@session.transaction_isolation = 1", SESSION, "transaction_isolation"),
        ("SET SESSION tx_read_only = 1", SESSION, "tx_read_only"),
        ("SET @@global.tx_isolation = 1", GLOBAL, "tx_isolation"),
        ("/* a */ SET -- b\n a = # c\n 1 /* d */ ; ", SESSION, "a"),
        ("SET charset = 1", SESSION, "charset"),
        ("SET role = 1", SESSION, "role"),
    ],
)
def test_each_form_names_its_scope_and_its_variable(sql: str, scope: Scope, name: str) -> None:
    assert assigned(sql) == [(scope, name, "1")]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("1", "1"),
        ("-1", "-1"),
        ("- 1.5e3", "-1.5e3"),
        ("+.5", "+.5"),
        ("'a'", "'a'"),
        ("'it''s; , ('", "'it''s; , ('"),
        (r"'a\'b'", r"'a\'b'"),
        ('"a"', "'a'"),
        ('"it\'s ""so"""', "'it''s \"so\"'"),
        ("ON", "ON"),
        ("utf8mb4", "utf8mb4"),
        ("NULL", "NULL"),
        ("DEFAULT", "DEFAULT"),
        ("0x41", "0x41"),
        ("x'41'", "x'41'"),
        ("b'01'", "b'01'"),
        (r'"a\nb"', None),
        ("n'a'", None),
        ("_utf8mb4'a'", None),
        ("'a' 'b'", None),
        ("-'1'", None),
        ("--1", None),
        ("1 + 1", None),
        ("@@global.a", None),
        ("@a", None),
        ("?", None),
        ("(1)", None),
        ("CONCAT(@@sql_mode, ',ANSI')", None),
        ("(SELECT 1, 2)", None),
        ("CURRENT_TIMESTAMP", None),
        ("current_user", None),
        ("`a`", None),
    ],
)
def test_a_value_is_given_where_it_is_one_literal(value: str, literal: str | None) -> None:
    assert assigned(f"SET a = {value}, b = 2") == [(SESSION, "a", literal), (SESSION, "b", "2")]


@pytest.mark.parametrize("word", ["ON", "DEFAULT", "foo"])
def test_a_user_variable_has_no_words_for_values(word: str) -> None:
    assert assigned(f"SET @a = {word}") == [(USER, "a", None)]
    assert assigned("SET @a = true, @b = NULL") == [(USER, "a", "true"), (USER, "b", "NULL")]


@pytest.mark.parametrize(
    ("sql", "scopes"),
    [
        ("SET GLOBAL a = 1, b = 1", [GLOBAL, GLOBAL]),
        ("SET GLOBAL a = 1, @@b = 1, c = 1", [GLOBAL, SESSION, GLOBAL]),
        ("SET GLOBAL a = 1, @@session.b = 1, c = 1", [GLOBAL, SESSION, GLOBAL]),
        ("SET @@global.a = 1, b = 1", [GLOBAL, SESSION]),
        ("SET GLOBAL a = 1, SESSION b = 1, c = 1", [GLOBAL, SESSION, SESSION]),
        ("SET GLOBAL a = 1, @b = 1, c = 1", [GLOBAL, USER, GLOBAL]),
        ("SET PERSIST a = 1, b = 1", [GLOBAL, GLOBAL]),
        ("SET SESSION a = 1, @@tx_isolation = 1", [SESSION, NEXT]),
    ],
)
def test_a_scope_holds_for_the_plain_names_behind_it(sql: str, scopes: list[Scope]) -> None:
    found = assigned(sql)
    assert found is not None
    assert [scope for scope, _, _ in found] == scopes


@pytest.mark.parametrize(
    ("sql", "scope", "literal"),
    [
        ("SET NAMES utf8mb4", Scope.NAMES, "utf8mb4"),
        ("SET NAMES 'UTF8MB4'", Scope.NAMES, "utf8mb4"),
        ("SET NAMES `latin1` COLLATE 'latin1_bin'", Scope.NAMES, "latin1 COLLATE latin1_bin"),
        ("set names default", Scope.NAMES, "DEFAULT"),
        ("SET CHARACTER SET latin1", Scope.CHARSET, "latin1"),
        ("SET CHAR SET 'latin1'", Scope.CHARSET, "latin1"),
        ("SET CHARSET DEFAULT", Scope.CHARSET, "DEFAULT"),
    ],
)
def test_character_sets_are_set_by_statements_of_their_own(
    sql: str, scope: Scope, literal: str
) -> None:
    name = "names" if scope is Scope.NAMES else "charset"
    assert assigned(sql) == [(scope, name, literal)]
    assert assigned(f"{sql}, @a = 1") == [(scope, name, literal), (USER, "a", "1")]


@pytest.mark.parametrize(
    ("scope", "kind"),
    [("", NEXT), ("SESSION", SESSION), ("LOCAL", SESSION), ("GLOBAL", GLOBAL)],
)
def test_set_transaction_sets_its_characteristics(scope: str, kind: Scope) -> None:
    sql = f"SET {scope} TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"
    assert assigned(sql) == [
        (kind, "transaction_isolation", "'READ-COMMITTED'"),
        (kind, "transaction_read_only", "1"),
    ]
    assert assigned(f"SET {scope} TRANSACTION READ WRITE") == [(kind, "transaction_read_only", "0")]


@pytest.mark.parametrize(
    ("words", "literal"),
    [
        ("READ UNCOMMITTED", "'READ-UNCOMMITTED'"),
        ("repeatable read", "'REPEATABLE-READ'"),
        ("SERIALIZABLE", "'SERIALIZABLE'"),
    ],
)
def test_isolation_levels_are_given_as_the_variable_has_them(words: str, literal: str) -> None:
    sql = f"SET TRANSACTION ISOLATION LEVEL {words}"
    assert assigned(sql) == [(NEXT, "transaction_isolation", literal)]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SET PASSWORD = 'x'", "PASSWORD"),
        ("SET PASSWORD FOR 'u'@'h' = 'x'", "PASSWORD"),
        ("SET PASSWORD TO RANDOM", "PASSWORD"),
        ("SET ROLE NONE", "ROLE"),
        ("SET ROLE a, 'b'@'%'", "ROLE"),
        ("SET DEFAULT ROLE a, b TO u", "DEFAULT ROLE"),
        ("SET RESOURCE GROUP g FOR 1, 2", "RESOURCE GROUP"),
        ("SET STATEMENT max_statement_time = 1, a = 2 FOR SELECT 1", "STATEMENT"),
    ],
)
def test_what_only_begins_with_set_is_named(sql: str, name: str) -> None:
    assert assigned(sql) == [(OTHER, name, None)]


def test_a_role_may_come_with_other_assignments_on_mariadb() -> None:
    assert assigned("SET @a = 1, ROLE NONE") == [(USER, "a", "1"), (OTHER, "ROLE", None)]
    assert assigned("SET ROLE NONE, @a = 1") is None


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SET",
        "SET a",
        "SET a =",
        "SET a = ,",
        "SET a = 1,",
        "SET = 1",
        "SELECT 1",
        "SET a = 1; SELECT 1",
        "SET a = 1; -- and an answer of its own",
        "SET a = (1",
        "SET a = 1)",
        "SET /*!40101 a = */ 1",
        "/*!40101 SET NAMES utf8 */",
        "SET NAMES",
        "SET NAMES = utf8",
        "SET NAMES utf8 utf8",
        "SET NAMES DEFAULT COLLATE utf8mb4_bin",
        "SET SESSION NAMES utf8",
        "SET SESSION @a = 1",
        "SET SESSION @@a = 1",
        "SET @@`session`.a.b = 1",
        "SET @ a = 1",
        "SET @@ a = 1",
        "SET @`` = 1",
        "SET @'a ' = 1",
        "SET @'a\\'b' = 1",
        "SET @ä = 1",
        "SET TRANSACTION",
        "SET TRANSACTION READ ONLY, READ WRITE",
        "SET TRANSACTION READ ONLY, a = 1",
        "SET a = 1, TRANSACTION READ ONLY",
        "SET PERSIST TRANSACTION READ ONLY",
        "SET TRANSACTION ISOLATION LEVEL READ",
        "SETA = 1",
        "(SET a = 1)",
        "SET a = 'x",
    ],
)
def test_anything_else_is_not_known(sql: str) -> None:
    assert assigned(sql) is None


def test_the_sql_mode_decides_what_a_backslash_and_a_quote_mean() -> None:
    sql = r"SET a = 'x\', b = 'y'"
    assert assigned(sql) is None
    assert assigned(sql, no_backslash_escapes=True) == [
        (SESSION, "a", r"'x\'"),
        (SESSION, "b", "'y'"),
    ]
    assert assigned('SET a = "x"', ansi_quotes=True) == [(SESSION, "a", None)]


def test_long_texts_are_not_known() -> None:
    assert assigned(f"SET @a = '{'x' * 1000}'") is not None
    assert assigned(f"SET @a = '{'x' * (1 << 20)}'") is None


WORDS = [
    "SET",
    "NAMES",
    "SESSION",
    "GLOBAL",
    "TRANSACTION",
    "READ",
    "ONLY",
    "ROLE",
    "@@",
    ":=",
    "/*",
    "*/",
    "--",
]
PIECES = st.lists(st.sampled_from([*WORDS, *"aA1=,;().`'\"\\@?-+é\0"]))


@given(st.one_of(st.binary(), PIECES.map(lambda pieces: " ".join(pieces).encode())))
def test_any_text_is_read_or_not_known(text: bytes) -> None:
    for sql in (text, b"SET " + text, b"SET a = " + text):
        for found in parse_set(sql, 0) or ():
            assert isinstance(found, Assignment)
            assert found.name


@given(st.text(alphabet="a,;=@()/*-# \n", max_size=30))
def test_what_stands_in_a_string_assigns_nothing(text: str) -> None:
    assert assigned(f"SET a = '{text}', b = \"{text}\"") == [
        (SESSION, "a", f"'{text}'"),
        (SESSION, "b", f"'{text}'"),
    ]
    assert assigned(f"SET a = 1 /* {text.replace('/', '')} */, b = 2") == [
        (SESSION, "a", "1"),
        (SESSION, "b", "2"),
    ]
