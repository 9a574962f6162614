"""Plays scripts: once on the server itself, and then through proxies, and compares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any

import gevent
from gevent.greenlet import Greenlet
from pymysql.connections import Connection

from .answers import Answer, cells_of, errno_of, without_cells
from .masks import masked
from .noise import NoisyClient, have_turns
from .script import Script, Step
from .talker import Talker

SECONDS_TO_LOCK = 20.0
SECONDS_BETWEEN_LISTS = 0.01
SECONDS_BETWEEN_LOOKS = 0.12
"""InnoDB shows what it showed before to one who asks more often than every 100 ms."""
_LOCK_WAITS = """
    SELECT (SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT')
         + (SELECT COUNT(*) FROM information_schema.processlist
            WHERE state LIKE 'Waiting for%lock' OR state LIKE 'User%lock')"""
_RUNNING = "SELECT COUNT(*) FROM information_schema.processlist WHERE LEFT(info, %s) = %s"


_NAMING = re.compile(r"ERR \d+ .*|  column (['\"]).*?\1 ")


@dataclass
class Record:
    """What each step of a script was answered, in one place."""

    answers: list[tuple[Step, Answer]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    """What the noise saw and should not have."""

    def lines(self) -> list[str]:
        return [line for step, answer in self.answers for line in (f"{step}", *answer)] + (
            self.surprises
        )


class Stage:
    """The database in which scripts are played, emptied before each."""

    def __init__(self, connection: Connection[Any], database: str) -> None:
        self._connection = connection
        self.database = database
        self._do(f"CREATE DATABASE IF NOT EXISTS `{database}_2`")
        self._do("DROP TABLE IF EXISTS noise")
        self._do("CREATE TABLE noise (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(10))")
        self._do("SET SESSION lock_wait_timeout = 10, sql_log_bin = 0, foreign_key_checks = 0")

    def prepare(self, setup: Sequence[str]) -> None:
        """Drop what is there, but for the noise, and make what the scripts start with."""
        for statement in self._drops():
            self._do(statement)
        self._do("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(50))")
        self._do("INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')")
        self._do("CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
        for statement in setup:
            self._do(statement)

    def wait_for_locks(self, count: int) -> None:
        """Return when that many statements wait for a lock."""
        waits = 0  # a look at once may show those of the play before
        with gevent.Timeout(SECONDS_TO_LOCK, AssertionError("nobody waits for a lock")):
            while waits < count:
                gevent.sleep(SECONDS_BETWEEN_LOOKS)
                waits = int(self._do(_LOCK_WAITS)[0][0])

    def wait_for_statement(self, beginning: str) -> None:
        """Return when a statement that begins so runs on the server."""
        with gevent.Timeout(SECONDS_TO_LOCK, AssertionError(f"nobody runs {beginning}")):
            while not self._do(_RUNNING, len(beginning), beginning)[0][0]:
                gevent.sleep(SECONDS_BETWEEN_LISTS)

    def _drops(self) -> Iterator[str]:
        tables = []
        for name, kind in self._do("SHOW FULL TABLES"):
            if kind == "VIEW":
                yield f"DROP VIEW `{name}`"
            elif name != "noise":
                tables.append(f"`{name}`")
        if tables:
            yield f"DROP TABLE {', '.join(tables)}"  # one statement: each DDL takes milliseconds
        routines = "SELECT routine_type, routine_name FROM information_schema.routines"
        for kind, name in self._do(f"{routines} WHERE routine_schema = '{self.database}'"):
            yield f"DROP {kind} `{name}`"

    def _do(self, sql: str, *parameters: object) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()


class Place:
    """Where a script is played: the address of a server, or of a proxy in front of it."""

    def __init__(self, host: str, port: int, user: str, password: str, database: str) -> None:
        self.address = (host, port)
        self.login = {"user": user, "password": password, "database": database}

    def talker(self, **options: Any) -> Talker:
        """A client of this place; options are those of `Talker`."""
        return Talker(self.address, self.login, **options)


def play(script: Script, stage: Stage, place: Place, noisy_clients: int = 0) -> Record:
    """Play a script from its beginning."""
    stage.prepare(script.setup)
    noise = [NoisyClient(place.talker(), start) for start in range(noisy_clients)]
    player = _Player(stage, place, noise)
    try:
        for step in script.steps:
            player.take(step)
    finally:
        player.close()
        for client in noise:
            player.record.surprises += client.end()
    return player.record


class _Player:
    def __init__(self, stage: Stage, place: Place, noise: list[NoisyClient]) -> None:
        self.record = Record()
        self._stage = stage
        self._place = place
        self._noise = noise
        self._clients: dict[str, Talker] = {}
        self._outstanding: dict[str, Greenlet] = {}

    def take(self, step: Step) -> None:
        """Do one step, then give the noise its turn."""
        if step.client == "wait":
            self._stage.wait_for_locks(int(step.text))
            return
        if step.client == "running":
            self._stage.wait_for_statement(step.text)
            return
        answer = self._answer(step)
        if step.mark == "~":
            answer = without_cells(answer)
        answer = masked(step, self._without_ids(step, answer))
        self.record.answers.append((step, answer))
        have_turns(self._noise)

    def close(self) -> None:
        for greenlet in self._outstanding.values():
            greenlet.kill()
        for client in self._clients.values():
            client.close()

    def _answer(self, step: Step) -> Answer:
        client = self._client(step.client)
        if step.text == ".answer":
            answer: Answer = self._outstanding.pop(step.client).get()
            return answer
        text = self._with_ids(step.text)
        if step.waits:
            return client.do(text)
        self._outstanding[step.client] = gevent.spawn(client.do, text)
        gevent.sleep(0)
        return []

    def _client(self, name: str) -> Talker:
        if name not in self._clients:
            self._clients[name] = self._place.talker()
        return self._clients[name]

    def _with_ids(self, text: str) -> str:
        """``{b}`` in a step is the connection id of client b."""
        for name, client in self._clients.items():
            if f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", str(client.connection_id))
        return text

    def _without_ids(self, step: Step, answer: Answer) -> Answer:
        """Ids that the step gave come back as its text: in errors, and as names of columns."""
        for name, client in self._clients.items():
            if f"{{{name}}}" in step.text:
                number = str(client.connection_id)
                answer = [_with_name(line, number, f"{{{name}}}") for line in answer]
        return answer


def _with_name(line: str, number: str, name: str) -> str:
    """The line with the name where its error, or its column's name, has the number."""
    found = _NAMING.match(line)
    if found is None:
        return line
    return re.sub(rf"\b{number}\b", name, found[0]) + line[found.end() :]


def unexpected(record: Record) -> list[str]:
    """Where a server itself did not answer as the script says."""
    return [
        f"{step}: {answer}"
        for step, answer in record.answers
        if step.mark != "?" and not _as_said(step, answer)
    ]


def _as_said(step: Step, answer: Answer) -> bool:
    errno = errno_of(answer)
    if step.mark in ("!", "?"):
        return str(errno) in step.expected.split("|")
    if step.mark == "=":
        return step.expected in (cell.strip("'\"") for cell in cells_of(answer))
    return not errno


def difference(direct: Record, proxied: Record) -> str:
    """The steps that were answered differently, or nothing."""
    proxied = _with_refusals(direct, proxied)
    if direct == proxied:
        return ""
    lines = unified_diff(direct.lines(), proxied.lines(), "direct", "proxied", n=6, lineterm="")
    return "\n".join(lines)


def _with_refusals(direct: Record, proxied: Record) -> Record:
    """What came through the proxy, with the server's answer where the script says "refused"."""
    answers = [
        (step, wanted if step.mark == "?" and _as_said(step, answer) else answer)
        for (step, wanted), (_, answer) in zip(direct.answers, proxied.answers, strict=True)
    ]
    return Record(answers, proxied.surprises)
