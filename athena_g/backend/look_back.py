"""What a session may still ask about its last statement, wherever that ran.

The connection that ran it can answer, as long as it is this session's. Before another session gets
it the connection is asked what it cannot be asked later (:meth:`LookBack.questions`).

Source: MySQL Reference Manual, "Information Functions", "SHOW WARNINGS Statement".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gevent.event import Event

from athena_g.protocol.columns import Column
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.scan import ReplyScanner

MAX_CONDITIONS = 1024
"""Warnings and errors of one statement that are remembered; servers keep 64 or 1,024 by default."""

# Each with a limit: without one they obey the session's sql_select_limit.
ASK_CONDITIONS = f"SHOW WARNINGS LIMIT {MAX_CONDITIONS}"
ASK_INSERT_ID = "SELECT LAST_INSERT_ID() LIMIT 1"


class Answer(NamedTuple):
    """A small result set: its columns, and its rows as the text protocol has them."""

    columns: list[Column]
    rows: list[list[bytes | None]]


@dataclass(slots=True, eq=False)
class LookBack:
    """One session's memory, and by its identity the name of that session for its connection.

    ``insert_id`` is what LAST_INSERT_ID() answers, ``None`` while only the connection knows.
    The others tell of the last statement: ``row_count`` and ``found_rows`` what ROW_COUNT() and
    FOUND_ROWS() answer (``None``: it was no query, and only the connection knew), ``conditions``
    level, number and text of its warnings and errors, with their columns where there are any,
    ``warning_count`` how many there were before the server's limit, and ``known`` whether they are
    to be answered from here; ``asked_early`` says that its connection had to be asked while it is
    still the session's, and ``refused`` that its connection tells of an earlier statement: this one
    was refused by the proxy itself, or answered by several servers. ``had_conditions``: an earlier
    statement left some, which a MariaDB server shows until another one does.
    """

    insert_id: int | None = 0
    row_count: int = 0
    found_rows: int | None = 0
    conditions: list[Sequence[bytes | None]] = field(default_factory=list)
    condition_columns: Sequence[Column] = ()
    warning_count: int = 0
    had_conditions: bool = False
    known: bool = True
    asked_early: bool = False
    refused: bool = False
    names: TableNames | None = None
    """What tables are called in the texts of conditions, other than their server calls them."""
    _parted: Event | None = None

    def questions(self, scanner: ReplyScanner) -> list[str]:
        """What the connection of the session's last reply is to be asked, in this order."""
        asks = [ASK_CONDITIONS] if self.may_have_conditions(scanner) else []
        return [*asks, ASK_INSERT_ID] if self.insert_id is None else asks

    def may_have_conditions(self, scanner: ReplyScanner) -> bool:
        """Whether the connection of the session's last reply may have warnings or an error."""
        if self.known and self.refused:
            return False
        return bool(self.had_conditions or scanner.warnings or scanner.errno)

    def remember(self, scanner: ReplyScanner) -> None:
        """Keep what the last reply itself told."""
        if not self.known:
            self.row_count = scanner.affected
            self.found_rows = None if scanner.affected >= 0 or scanner.errno else scanner.rows
            self.conditions = []
            self.warning_count = scanner.warnings
            self.known = True
            self.asked_early = self.refused = False

    def refuse(self, errno: int, message: str) -> None:
        """Keep an error of the proxy's own: what became of the last statement."""
        if not self.known:
            self.found_rows = None
        self.row_count = -1
        self.conditions = [(b"Error", b"%d" % errno, message.encode())]
        self.warning_count = 1
        self.known = self.refused = True
        self.asked_early = self.had_conditions = False

    def answered(self, question: str, answer: Answer) -> None:
        """Keep the answer to one of :meth:`questions`; ValueError when it makes no sense."""
        if question == ASK_CONDITIONS and self.known and self.refused:
            return  # it is about an earlier statement
        if question == ASK_CONDITIONS:
            self.conditions = [self._renamed(row) for row in answer.rows[:MAX_CONDITIONS]]
            self.condition_columns = answer.columns
            self.warning_count = max(self.warning_count, len(answer.rows))
            self.had_conditions = False
        else:
            told = answer.rows[0][0] if answer.rows else None
            self.insert_id = None if told is None else int(told)

    def _renamed(self, row: Sequence[bytes | None]) -> Sequence[bytes | None]:
        names = self.names
        if names is None:
            return row
        return [None if cell is None else names.text(cell) for cell in row]

    def wait_for_parting(self, timeout: float) -> None:
        """Wait until the connection that another session took was asked, or is gone."""
        if self._parted is None:
            self._parted = Event()
        self._parted.wait(timeout)

    def part(self) -> None:
        """The connection is another session's now, or nobody's, or closed."""
        if self._parted is not None:
            self._parted.set()
            self._parted = None
