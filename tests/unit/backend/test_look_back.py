"""What a session remembers of its last statement when its connection is somebody else's."""

from __future__ import annotations

import gevent
import pytest

from athena_g.backend import look_back as look_backs
from athena_g.backend.look_back import ASK_CONDITIONS, ASK_INSERT_ID, Answer, LookBack
from athena_g.protocol.scan import REPLY_COMMAND, ReplyScanner
from tests.fakes import replies

WARNING, ERROR = [b"Warning", b"1264", b"Out of range"], [b"Error", b"1062", b"Duplicate entry"]


def after(reply: bytes) -> ReplyScanner:
    """A scanner that has seen a reply."""
    scanner = ReplyScanner()
    scanner.begin(REPLY_COMMAND)
    assert scanner.feed(reply)
    return scanner


@pytest.mark.parametrize(
    ("reply", "insert_id", "questions"),
    [
        (replies.ok(), 0, []),
        (replies.ok(), 7, []),
        (replies.ok(warnings=2), 0, [ASK_CONDITIONS]),
        (replies.err(1062, "Duplicate entry"), 0, [ASK_CONDITIONS]),
        (replies.ok(last_insert_id=7), None, [ASK_INSERT_ID]),
        (replies.ok(warnings=1), None, [ASK_CONDITIONS, ASK_INSERT_ID]),
    ],
)
def test_only_what_the_reply_did_not_tell_is_asked(
    reply: bytes, insert_id: int | None, questions: list[str]
) -> None:
    """The conditions first: asking for the id replaces them."""
    assert LookBack(insert_id).questions(after(reply)) == questions


@pytest.mark.parametrize(
    ("reply", "row_count", "found_rows"),
    [
        (replies.ok(affected_rows=3), 3, None),
        (replies.ok(affected_rows=70_000), 70_000, None),
        (replies.result([["a"], ["b"]]), -1, 2),
        (replies.result([]), -1, 0),
        (replies.err(1062, "no"), -1, None),
    ],
    ids=["ok", "many", "rows", "no rows", "err"],
)
def test_what_the_reply_told_is_remembered(
    reply: bytes, row_count: int, found_rows: int | None
) -> None:
    """How many rows a query before had found an OK does not tell."""
    look_back = LookBack(known=False)
    look_back.remember(after(reply))
    assert (look_back.row_count, look_back.known) == (row_count, True)
    assert look_back.found_rows == found_rows


def test_what_is_known_already_is_not_replaced() -> None:
    """By then the scanner tells of a question of the proxy's own, or of another session."""
    look_back = LookBack(known=False)
    look_back.remember(after(replies.ok(affected_rows=3)))
    look_back.remember(after(replies.ok(affected_rows=9)))
    assert look_back.row_count == 3


def test_conditions_of_the_statement_before_are_forgotten() -> None:
    look_back = LookBack(known=False)
    look_back.answered(ASK_CONDITIONS, Answer([], [WARNING]))
    look_back.remember(after(replies.ok()))
    assert look_back.conditions == []


def test_answers_are_kept() -> None:
    look_back = LookBack(insert_id=None)
    look_back.answered(ASK_CONDITIONS, Answer([], [WARNING, ERROR]))
    look_back.answered(ASK_INSERT_ID, Answer([], [[b"18446744073709551615"]]))
    assert look_back.conditions == [WARNING, ERROR]
    assert look_back.insert_id == 18446744073709551615


def test_no_more_conditions_are_kept_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_backs, "MAX_CONDITIONS", 2)
    look_back = LookBack()
    look_back.answered(ASK_CONDITIONS, Answer([], [WARNING, ERROR, WARNING]))
    assert look_back.conditions == [WARNING, ERROR]


@pytest.mark.parametrize("rows", [[], [[None]]])
def test_an_insert_id_that_was_not_told_stays_unknown(rows: list[list[bytes | None]]) -> None:
    look_back = LookBack(insert_id=None)
    look_back.answered(ASK_INSERT_ID, Answer([], rows))
    assert look_back.insert_id is None


@pytest.mark.parametrize("cell", [b"", b"seven"])
def test_an_insert_id_that_is_no_number_makes_no_sense(cell: bytes | None) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        LookBack(insert_id=None).answered(ASK_INSERT_ID, Answer([], [[cell]]))


def test_who_waits_for_the_parting_goes_on_when_it_is_over() -> None:
    look_back = LookBack()
    waiting = [gevent.spawn(look_back.wait_for_parting, 60) for _ in range(2)]
    gevent.idle()
    assert not any(greenlet.ready() for greenlet in waiting)
    look_back.part()
    gevent.joinall(waiting, raise_error=True)
    again = gevent.spawn(look_back.wait_for_parting, 60)
    gevent.idle()
    assert not again.ready()
    look_back.part()
    again.get()


def test_a_parting_that_does_not_come_is_not_waited_for_for_ever() -> None:
    LookBack().wait_for_parting(0.01)


def test_a_new_session_has_nothing_to_ask_for() -> None:
    look_back = LookBack()
    assert (look_back.insert_id, look_back.row_count, look_back.found_rows) == (0, 0, 0)
    assert look_back.known


def test_every_memory_is_its_own_whatever_it_holds() -> None:
    assert LookBack() != LookBack()


def test_an_error_of_the_proxys_own_is_what_became_of_the_last_statement() -> None:
    """Its connection, which has not seen the statement, is not asked about an earlier one."""
    look_back = LookBack(known=False)
    scanner = after(replies.ok(affected_rows=3, warnings=2))
    look_back.refuse(1094, "Unknown thread id: 5")
    assert look_back.questions(scanner) == []
    look_back.answered(ASK_CONDITIONS, Answer([], [WARNING, WARNING]))
    assert look_back.conditions == [(b"Error", b"1094", b"Unknown thread id: 5")]
    assert (look_back.row_count, look_back.warning_count) == (-1, 1)


def test_an_error_of_the_proxys_own_goes_with_the_next_statement() -> None:
    look_back = LookBack()
    look_back.refuse(1094, "Unknown thread id: 5")
    look_back.known = False
    assert look_back.questions(after(replies.ok(warnings=1))) == [ASK_CONDITIONS]
    look_back.remember(after(replies.ok()))
    assert (look_back.conditions, look_back.warning_count) == ([], 0)
