"""Statements read, and statements that are prepared: read once, run many times with values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.lexer import Cursor, Token, syntax_error, tokenize, uncomment, unquote
from athena_g.embedded.native import Value
from athena_g.embedded.results import OkResult, RowsResult, column
from athena_g.embedded.store import value_text
from athena_g.protocol.columns import Column

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_PARAMETER: Final = column("?", types.varchar(16383))
_QUERIES: Final = frozenset(["SELECT", "(", "WITH", "TABLE"])
_LISTINGS: Final = frozenset(["DESCRIBE", "DESC", "EXPLAIN", "SHOW"])
_WITHOUT_COLUMNS: Final = frozenset(["PROCESSLIST", "FULL", "CREATE"])
"""What SHOW is followed by where MySQL tells the columns only with the rows."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text, its tokens, and the number of the parameter at each position."""

    text: str
    tokens: list[Token]
    marks: dict[int, int] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """The first word; ``(`` for a query in parentheses."""
        return self.tokens[0].word


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared statement; ``columns`` are those of its result as far as they are known."""

    statement: Statement
    parameters: int
    columns: Sequence[Column] = ()

    @property
    def parameter_columns(self) -> list[Column]:
        """What a client is told of the parameters."""
        return [_PARAMETER] * self.parameters


def read(sql: str, *, parameters: bool = False) -> Statement:
    """The statement; raises 1064 and 1065, also for a ``?`` where there are no parameters."""
    text = uncomment(sql)
    tokens = tokenize(text)
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        raise errors.EMPTY_QUERY()
    marks: dict[int, int] = {}
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.text == ";":
            raise syntax_error(text, following.start if following else token.end)
        if token.text == "?" and token.kind == "operator":
            if not parameters:
                raise syntax_error(text, token.start)
            marks[token.start] = len(marks)
    return Statement(text, tokens, marks)


def check_preparable(statement: Statement) -> None:
    """Raises 1295 for what MySQL does not prepare, 1064 for a ``?`` where no value may stand."""
    word = statement.word
    second = statement.tokens[1].word if len(statement.tokens) > 1 else ""
    refused = (word == "SHOW" and second in ("WARNINGS", "ERRORS", "COUNT")) or (
        word == "ROLLBACK" and any(token.word == "TO" for token in statement.tokens[1:3])
    )
    if refused or word in _KNOWN_OTHERS:
        raise errors.NOT_PREPARABLE()
    if statement.marks and word in (*_LISTINGS, "KILL", "TRUNCATE", "DROP", "RENAME"):
        raise syntax_error(statement.text, min(statement.marks))


_KNOWN_OTHERS: Final = frozenset(
    {
        "BEGIN", "START", "SAVEPOINT", "RELEASE", "LOCK", "UNLOCK", "USE", "PREPARE", "EXECUTE",
        "DEALLOCATE", "CHECK", "LOAD", "XA", "HANDLER", "HELP",
    }
)  # fmt: skip


def has_columns(statement: Statement) -> bool:
    """Whether the columns of the result can be told before the statement runs."""
    if statement.word in _QUERIES:
        return True
    return statement.word in _LISTINGS and statement.tokens[1].word not in _WITHOUT_COLUMNS


# --- PREPARE, EXECUTE and DEALLOCATE in SQL -------------------------------------------------------


def prepare(session: EngineSession, cursor: Cursor) -> OkResult:
    """``PREPARE name FROM 'text' | @variable``: a statement of that name is forgotten first."""
    cursor.expect("PREPARE")
    name = cursor.name().lower()
    cursor.expect("FROM")
    token = cursor.peek()
    if token is not None and token.kind == "variable" and not token.text.startswith("@@"):
        cursor.next()
        value = session.user_variable(variable_name(token))
        text = "NULL" if value is None else value_text(value)
    else:
        text = cursor.string()
    cursor.finish()
    session.named_statements.pop(name, None)
    outer = session.statement
    session.named_statements[name] = session.execution.prepared(text)
    session.statement = outer
    session.tracker.state()
    return OkResult(info="Statement prepared")


def execute(session: EngineSession, cursor: Cursor) -> OkResult | RowsResult:
    """``EXECUTE name [USING @variable, …]``."""
    cursor.expect("EXECUTE")
    name = cursor.name().lower()
    values: list[Value] = []
    if cursor.accept("USING"):
        while True:
            token = cursor.peek()
            if token is None or token.kind != "variable" or token.text.startswith("@@"):
                cursor.fail()
            values.append(session.user_variable(variable_name(cursor.next())))
            if not cursor.accept(","):
                break
    cursor.finish()
    found = _named(session, name, "EXECUTE")
    if len(values) != found.parameters:
        raise errors.MALFORMED_EXECUTE(command="EXECUTE")
    return session.execution.run_prepared(found, values)


def deallocate(session: EngineSession, cursor: Cursor) -> OkResult:
    """``DEALLOCATE PREPARE name`` and ``DROP PREPARE name``."""
    if not cursor.accept_any("DEALLOCATE", "DROP"):
        cursor.fail()
    cursor.expect("PREPARE")
    name = cursor.name().lower()
    cursor.finish()
    _named(session, name, "DEALLOCATE PREPARE")
    del session.named_statements[name]
    session.tracker.state()
    return OkResult()


def _named(session: EngineSession, name: str, command: str) -> Prepared:
    found = session.named_statements.get(name)
    if found is None:
        raise errors.NO_SUCH_STATEMENT(statement=name, command=command)
    return found


def variable_name(token: Token) -> str:
    """``a`` of the token ``@a`` or ``@`a```, in lower case."""
    name = token.text[1:]
    return (unquote(name) if name[0] in "`'\"" else name).lower()
