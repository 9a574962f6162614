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
_TYPE = re.compile(r" [A-Z_]+ collation=.*$")
_TEXT_SIZES = re.compile(r"(?<= collation=)(45|255)(?= .* decimals=)| decimals=(31|39)\b")
_WARNINGS = re.compile(r" warnings=\d+")
_REFUSER = re.compile(r"given to \w+$")
_TOLD_STATEMENT = re.compile(r"^(  row 'Error' \| '(?:1243|1421)' \| '[^(]*)\(\d+\)")
_OWN_WORDS = re.compile(r"^(ERR 1047 .*Unknown command|ERR 1049 .*Unknown database '[^']*').*")


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

    def without_size(line: str) -> str:
        return _SIZES.sub("", line).replace(" LONG ", " LONGLONG ")

    return [without_size(line) if asked(line) else line for line in answer]


def _warnings(_: Step, answer: Answer) -> Answer:
    return [_WARNINGS.sub("", line) if line.startswith("EOF") else line for line in answer]


def _text_widths(_: Step, answer: Answer) -> Answer:
    return [
        _TEXT_SIZES.sub("", _WIDTH.sub("", line)) if _COLUMN.match(line) else line
        for line in answer
    ]


def _statement_ids(_: Step, answer: Answer) -> Answer:
    return [_TOLD_STATEMENT.sub(r"\1(id)", line) for line in answer]


def _ok_warnings(_: Step, answer: Answer) -> Answer:
    return [_WARNINGS.sub("", line) if line.startswith("OK") else line for line in answer]


def _names_of_columns(_: Step, answer: Answer) -> Answer:
    names = [_column_name(line) for line in answer]
    return [name for name in names if name is not None and name != "Progress"]


def _width_of_parameters(step: Step, answer: Answer) -> Answer:
    sizes = _TYPE if "| NULL" in step.text else _WIDTH
    return [sizes.sub("", line) if _column_name(line) == "?" else line for line in answer]


def _state_changed(_: Step, answer: Answer) -> Answer:
    return [line.replace("|SESSION_STATE_CHANGED", "") for line in answer]


def _who_refused(_: Step, answer: Answer) -> Answer:
    if errno_of(answer) not in (1210, 1243):
        return answer
    return [_REFUSER.sub("given to ...", line) for line in answer]


def _metadata_changed(_: Step, answer: Answer) -> Answer:
    return [line.replace("|METADATA_CHANGED", "") for line in answer]


def _own_words(_: Step, answer: Answer) -> Answer:
    return [_OWN_WORDS.sub(r"\1", line) for line in answer]


def _command(*names: str) -> Callable[[Step], bool]:
    return lambda step: step.text.startswith(names)


def _shows_conditions(step: Step) -> bool:
    return re.match(r"show (warnings|errors)", step.text, re.IGNORECASE) is not None


MASKS: Final = (
    Mask(
        "what was asked of the session may be answered by a number in the question's place: the "
        "same number, but its column has the width of that number, on MariaDB also its type",
        lambda step: _ASKED.search(step.text) is not None,
        _sizes_of_asked_columns,
    ),
    Mask(
        "MySQL warns of FOUND_ROWS() and SQL_CALC_FOUND_ROWS, not of the number in its place",
        lambda step: "found_rows" in step.text.lower(),
        _warnings,
    ),
    Mask(
        "SHOW WARNINGS by the proxy has columns whose texts are as wide as one kind of server has "
        "them, and utf8mb4 by one of its collations",
        _shows_conditions,
        _text_widths,
    ),
    Mask(
        "ids of prepared statements are the server connection's in the errors it remembers",
        _shows_conditions,
        _statement_ids,
    ),
    Mask(
        "SHOW PROCESSLIST is about the proxy's sessions",
        _command("SHOW PROCESSLIST"),
        _names_of_columns,
    ),
    Mask(
        "MySQL repeats the last statement's count of warnings where the proxy answers itself",
        _command(".ping", ".init_db"),
        _ok_warnings,
    ),
    Mask(
        "MariaDB sets this flag for clients that have not asked for it, too",
        lambda _: True,
        _state_changed,
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
        "MySQL remembers the widest parameter it was given, and the type of one that is NULL now; "
        "a statement that was prepared again has not seen it",
        _command(".execute"),
        _width_of_parameters,
    ),
    Mask(
        "of commands it does not know and databases it does not have the proxy says more",
        _command(".set_option unknown", ".init_db", "USE"),
        _own_words,
    ),
)
