"""Other clients of the proxy, who take the server connections away between the steps of a script.

Each has its own session state and its own last statement, so that whatever the proxy forgets to
restore shows in the script's answers. A turn ends with nothing held. One that has to wait for a
connection stays in line while the script goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

from gevent.event import Event
from gevent.greenlet import Greenlet

from .answers import errno_of
from .talker import CLOSED, Talker

SECONDS_FOR_A_TURN = 0.1
SECONDS_TO_COME_HOME = 15.0
WAITED_IN_VAIN = 1040
AT_HOME = "SELECT 'all others left'"

TURNS = [
    ["SET NAMES latin1", "SELECT 1 FROM noise WHERE id < 5"],
    ["SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', time_zone = '+11:00'", "SELECT 1"],
    ["INSERT INTO noise (v) VALUES ('a'), ('b')"],
    ["SELECT 1 FROM noise WHERE id < 9", "SET @v = 'noise', @w = 66, @x = 67"],
    ["BEGIN", "INSERT INTO noise (v) VALUES ('c')", "ROLLBACK"],
    ["SELECT nosuch", "SELECT 'still here'"],
    ["SET autocommit = 0", "SELECT 1 FROM noise", "COMMIT", "SET autocommit = 1"],
    ["SELECT CAST('1x' AS SIGNED)", "SELECT COUNT(*) FROM noise"],
    ["SET sql_select_limit = 1", "SET SESSION TRANSACTION READ ONLY", "SELECT 1 FROM noise"],
    ["SET SESSION TRANSACTION READ WRITE", "DELETE FROM noise", "SET sql_select_limit = DEFAULT"],
    [".prepare n SELECT ?", ".execute n | LONG 1", ".close n"],
    ["SET NAMES utf8mb4", "SET last_insert_id = 99", "SELECT 1"],
    ["CREATE TEMPORARY TABLE noise_2 (a INT)", "DROP TEMPORARY TABLE noise_2"],
    ["SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "SELECT 1"],
    [".ping", ".reset_connection", "SELECT 1"],
    ["START TRANSACTION READ ONLY", "SELECT 1 FROM noise", "COMMIT"],
]


def _turns_from(start: int) -> Iterator[list[str]]:
    return islice(cycle(TURNS), start, None)


class NoisyClient:
    """One such client, in a greenlet of its own."""

    def __init__(self, talker: Talker, start: int) -> None:
        self._talker = talker
        self._turns = _turns_from(start * 7)
        self._wanted = Event()
        self._done = Event()
        self._ended = False
        self.surprises: list[str] = []
        self._greenlet = Greenlet.spawn(self._run)

    def start_turn(self) -> bool:
        """Have it do something; whether it does, or is still waiting for a connection."""
        if self._wanted.is_set():
            return False
        self._done.clear()
        self._wanted.set()
        return True

    def end_turn(self) -> None:
        """Return when it is done or has to wait."""
        self._done.wait(SECONDS_FOR_A_TURN)

    def end(self) -> list[str]:
        """Let it end what it does; what it saw that it should not have."""
        self._ended = True
        self._wanted.set()
        self._greenlet.join(SECONDS_TO_COME_HOME)
        if not self._greenlet.ready():
            self._greenlet.kill()
            self.surprises.append("noise: waits for a connection after all others left")
        self._talker.close()
        return self.surprises

    def _run(self) -> None:
        while not self._ended:
            if not self.surprises:
                self._take(next(self._turns))
            self._wanted.clear()
            self._done.set()
            if not self._ended:
                self._wanted.wait()
        self._note(AT_HOME, self._talker.do(AT_HOME))

    def _take(self, turn: list[str]) -> None:
        for step in turn:
            answer = self._talker.do(step)
            if errno_of(answer) == WAITED_IN_VAIN:
                self._talker.do(".reset_connection")  # the script holds all connections for long
                return
            self._note(step, answer)

    def _note(self, step: str, answer: list[str]) -> None:
        failed = [line for line in answer if line.startswith(("ERR", CLOSED, "no answer", "not "))]
        if failed and step != "SELECT nosuch":
            self.surprises.append(f"noise: {step}: {failed[0]}")


def have_turns(clients: list[NoisyClient]) -> None:
    """Have all of them do something at the same time, so that each takes a connection."""
    for client in [client for client in clients if client.start_turn()]:
        client.end_turn()
