"""The differences that are allowed between a server's answer and the proxy's, each with its reason.

A mask takes out of both answers what may differ and leaves all else: values, rows, error numbers,
SQL states and what the status says of transactions are never masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .answers import Answer, errno_of
from .script import Step

_ASKS_BACK = (
    r"(?:(?:row_count|found_rows|connection_id) ?\( ?\)"
    r"|@@(?:\w+\.)?(?:warning_count|error_count|pseudo_thread_id))"
)
_ASKED = re.compile(_ASKS_BACK, re.IGNORECASE)
_ALIAS = re.compile(_ASKS_BACK + r" as (\w+)", re.IGNORECASE)
_COLUMN = re.compile(r"  column '((?:[^'\\]|\\.)*)'")
_SIZES = re.compile(r" length=\d+ flags=0x[0-9a-f]+")
_WIDTH = re.compile(r" length=\d+")
_WARNINGS = re.compile(r" warnings=\d+")
_REFUSER = re.compile(r"given to \w+$")
_METADATA_CHANGED: Final = "METADATA_CHANGED"


@dataclass(frozen=True)
class Mask:
    """One allowed difference: in the answers to which steps, and what is taken out of them."""

    reason: str
    concerns: Callable[[Step], bool]
    clean: Callable[[Step, Answer], Answer]


def masked(step: Step, answer: Answer) -> Answer:
    """The answer without what may differ."""
    for mask in MASKS:
        if mask.concerns(step):
            answer = mask.clean(step, answer)
    return answer


def _column_name(line: str) -> str | None:
    match = _COLUMN.match(line)
    return match[1] if match else None


def _sizes_of_asked_columns(step: Step, answer: Answer) -> Answer:
    aliases = set(_ALIAS.findall(step.text))

    def asked(line: str) -> bool:
        name = _column_name(line)
        return name is not None and (name in aliases or _ASKED.search(name) is not None)

    return [_SIZES.sub("", line) if asked(line) else line for line in answer]


def _warnings(_: Step, answer: Answer) -> Answer:
    return [_WARNINGS.sub("", line) if line.startswith("EOF") else line for line in answer]


def _widths(_: Step, answer: Answer) -> Answer:
    return [_WIDTH.sub("", line) for line in answer]


def _who_refused(_: Step, answer: Answer) -> Answer:
    if errno_of(answer) not in (1210, 1243):
        return answer
    return [_REFUSER.sub("given to ...", line) for line in answer]


def _metadata_changed(_: Step, answer: Answer) -> Answer:
    return [line.replace("|" + _METADATA_CHANGED, "") for line in answer]


def _own_words(_: Step, answer: Answer) -> Answer:
    return [re.sub(r"^(ERR 1047 .*Unknown command).*", r"\1", line) for line in answer]


def _command(*names: str) -> Callable[[Step], bool]:
    return lambda step: step.text.startswith(names)


MASKS: Final = (
    Mask(
        "what was asked of the session may be answered by a number in the question's place: the "
        "same number, but its column is as wide as that number",
        lambda step: _ASKED.search(step.text) is not None,
        _sizes_of_asked_columns,
    ),
    Mask(
        "MySQL warns of FOUND_ROWS() and SQL_CALC_FOUND_ROWS, not of the number in its place",
        lambda step: "found_rows" in step.text.lower(),
        _warnings,
    ),
    Mask(
        "SHOW WARNINGS by the proxy has the columns of one kind of server",
        lambda step: re.match(r"show (warnings|errors)", step.text, re.IGNORECASE) is not None,
        _widths,
    ),
    Mask(
        "the function of the server that does not know the statement differs by server",
        lambda step: step.text.startswith("."),
        _who_refused,
    ),
    Mask(
        "a statement that was prepared again already has the new columns",
        _command(".execute"),
        _metadata_changed,
    ),
    Mask(
        "of a command that nobody knows the proxy says more",
        _command(".set_option unknown"),
        _own_words,
    ),
)
