"""The statements about the whole transaction are known in each of their forms, and only they."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.transactions import Begin, End, begins_transaction, transaction_control


def of(sql: str) -> Begin | End | None:
    return transaction_control(b"12345" + sql.encode(), 5)


@pytest.mark.parametrize(
    ("sql", "begin"),
    [
        ("BEGIN", Begin()),
        ("begin work;", Begin()),
        ("START TRANSACTION", Begin()),
        ("/* a */ START -- b\n TRANSACTION # c", Begin()),
        ("BEGIN ; ;\n", Begin()),
        ("START TRANSACTION READ ONLY", Begin(read_only=True)),
        ("START TRANSACTION READ WRITE", Begin(read_only=False)),
        ("START TRANSACTION WITH CONSISTENT SNAPSHOT", Begin(snapshot=True)),
        ("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", Begin(True, True)),
        ("START TRANSACTION READ WRITE, WITH CONSISTENT SNAPSHOT", Begin(True, False)),
        ("START TRANSACTION READ ONLY, READ ONLY", Begin(read_only=True)),
    ],
)
def test_a_transaction_is_begun(sql: str, begin: Begin) -> None:
    assert of(sql) == begin


@pytest.mark.parametrize(
    ("rest", "chain", "release"),
    [
        ("", None, None),
        ("WORK", None, None),
        ("AND CHAIN", True, None),
        ("AND NO CHAIN", False, None),
        ("RELEASE", None, True),
        ("NO RELEASE", None, False),
        ("WORK AND NO CHAIN RELEASE", False, True),
        ("AND CHAIN NO RELEASE ;", True, False),
    ],
)
def test_a_transaction_is_ended(rest: str, chain: bool | None, release: bool | None) -> None:
    assert of(f"COMMIT {rest}") == End(True, chain, release)
    assert of(f"rollback {rest}") == End(False, chain, release)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "BEGIN NOT ATOMIC SELECT 1; END",
        "BEGIN; SELECT 1",
        "BEGIN; -- and an answer of its own",
        "BEGIN READ ONLY",
        "START WORK",
        "START REPLICA",
        "START TRANSACTION READ ONLY, READ WRITE",
        "START TRANSACTION READ ONLY WITH CONSISTENT SNAPSHOT",
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "START TRANSACTION READ ONLY,",
        "START /*!50600 TRANSACTION */",
        "(BEGIN)",
        "`BEGIN`",
        "COMMIT AND CHAIN RELEASE",
        "COMMIT RELEASE AND CHAIN",
        "COMMIT TRANSACTION",
        "ROLLBACK TO a",
        "ROLLBACK WORK TO SAVEPOINT a",
        "XA COMMIT 'a'",
        "COMMITTED",
        "BEGIN 'x",
    ],
)
def test_other_statements_are_not_taken_for_one(sql: str) -> None:
    assert of(sql) is None


WORDS = st.lists(
    st.sampled_from(
        [
            "BEGIN",
            "START",
            "TRANSACTION",
            "COMMIT",
            "WORK",
            "AND",
            "CHAIN",
            "RELEASE",
            "READ",
            ",",
            ";",
            "'",
            "/*",
        ]
    )
)


@given(st.one_of(st.binary(), WORDS.map(lambda words: " ".join(words).encode())))
def test_any_text_is_read_or_not_known(text: bytes) -> None:
    found = transaction_control(text, 0)
    assert found is None or text.upper().split()[0] in (b"BEGIN", b"START", b"COMMIT", b"ROLLBACK")


@pytest.mark.parametrize(
    ("sql", "begins"),
    [
        ("INSERT INTO t VALUES (1)", True),
        ("SELECT a FROM t", True),
        ("SELECT (SELECT a FROM `t`)", True),
        ("SELECT * FROM (SELECT a FROM t) AS d", True),
        ("SELECT 1", False),
        ("SELECT 1 FROM DUAL", False),
        ("SELECT a FROM (SELECT 1 AS a) AS d", False),
        ("SELECT table_name FROM information_schema.tables", False),
        ("SELECT TRIM(LEADING a FROM b), EXTRACT(YEAR FROM c)", False),
        ("SELECT 'from t'", False),
        ("SELECT a FROM t /*! FOR UPDATE */", False),
        ("SET @a = 1", False),
    ],
)
def test_a_transaction_is_begun_by_what_surely_uses_a_table(sql: str, begins: bool) -> None:
    assert begins_transaction(b"12345" + sql.encode(), 5) is begins
