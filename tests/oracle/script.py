"""Scripts: what several clients do one after the other, read from the text files beside.

    ## A sentence that says what is shown
    only: mysql                     one kind of server; without it both
    max_open: 2                     the smallest pool with which it can work; without it 1
    setup: CREATE TABLE ...         done on the server before the clients come
    a: SELECT 1                     client a sends a statement and reads the whole answer
    a: SELECT nosuch  #! 1054       ... which is this error (several: 1054|1064)
    a: SELECT 'x'  #= x             ... whose first cell is this
    a: SELECT NOW()  #~             ... whose cells may differ
    a: .prepare p SELECT ?          a command that is no statement, see `Talker`
    b&: UPDATE ...                  client b sends a statement and does not wait
    a: USE x; SELECT 1  #? 1235     ... which the proxy refuses with this error
    wait: 1                         until so many statements wait for a lock on the server
    running: SELECT SLEEP(20)       until a statement that begins so runs on the server
    b: .answer                      the answer to what b sent

Indented lines continue the line above. An answer without a mark must be no error. Each script finds
the tables t (id, v) with three rows and u (id, n) with none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"

_LINE = re.compile(r"(\w+)(&?): ?(.*)", re.DOTALL)
_MARK = re.compile(r"\s{2,}#([!=~?])\s*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One line of a script; ``expected`` are error numbers or the first cell, as ``mark`` says."""

    client: str
    text: str
    mark: str = ""
    expected: str = ""
    waits: bool = True

    def __str__(self) -> str:
        return f"{self.client}{'' if self.waits else '&'}: {self.text}"


@dataclass
class Script:
    """What several clients do, and where that can be done."""

    title: str
    subject: str
    only: str = ""
    max_open: int = 1
    setup: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def all_scripts() -> list[Script]:
    """Those of all files, in the files' order."""
    return [
        script
        for path in sorted(SCRIPTS.glob("*.txt"))
        for script in read_scripts(path.read_text(encoding="utf-8"), path.stem)
    ]


def read_scripts(text: str, subject: str = "") -> list[Script]:
    """The scripts in a text; ValueError for a line that is none."""
    scripts: list[Script] = []
    for line in _logical_lines(text):
        if line.startswith("## "):
            scripts.append(Script(line[3:], subject))
        elif not line.startswith("#"):
            _add(scripts[-1], line)
    return scripts


def _logical_lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(" ") and line.strip():
            lines[-1] += "\n" + line.strip()
        elif line.strip():
            lines.append(line)
    return lines


def _add(script: Script, line: str) -> None:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{script.title}: {line!r} is no line of a script")
    name, hurry, text = match.groups()
    if name == "only":
        script.only = text
    elif name == "max_open":
        script.max_open = int(text)
    elif name == "setup":
        script.setup.append(text)
    else:
        script.steps.append(_step(name, text, waits=not hurry))


def _step(client: str, text: str, *, waits: bool) -> Step:
    mark = _MARK.search(text)
    if mark is None:
        return Step(client, text, waits=waits)
    return Step(client, text[: mark.start()], mark[1], mark[2], waits)
