"""The connections of the proxy as their users see them: SHOW PROCESSLIST and KILL.

A user sees, and may kill, the connections of its own account to its own group.

Source: MySQL Reference Manual, "SHOW PROCESSLIST Statement", "KILL Statement".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from athena_g import errors
from athena_g.parser.connections import Kill
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import NOT_NULL_FLAG, UNSIGNED_FLAG, ColumnType
from athena_g.protocol.text_values import Value

INFO_SIZE = 100
"""Characters of a statement that SHOW PROCESSLIST shows, SHOW FULL PROCESSLIST shows all."""


class Process(Protocol):
    """One session as others see it."""

    @property
    def account(self) -> object:
        """As whom the client logged in: the same object for all of one account."""

    def describe(self, full: bool) -> tuple[str, int, str | None]:
        """The name of the command that runs, for how many seconds, and its text."""

    def kill_statement(self) -> None:
        """Stop the statement that runs, if one does; raises KILL_FAILED."""

    def end(self) -> None:
        """End the session."""


class Registered(Protocol):
    """What the network layer knows of a connection."""

    @property
    def id(self) -> int:
        """Its connection id."""

    @property
    def host(self) -> str:
        """Where it comes from."""

    @property
    def session(self) -> object:
        """What serves it."""


def columns(collation_id: int) -> tuple[Column, ...]:
    """The columns of SHOW PROCESSLIST, texts in the collation given."""

    def text(name: str, characters: int, flags: int = NOT_NULL_FLAG) -> Column:
        return Column(
            name,
            ColumnType.VAR_STRING,
            collation_id=collation_id,
            length=4 * characters,
            flags=flags,
            decimals=31,
        )

    def number(name: str, kind: ColumnType, length: int, flags: int) -> Column:
        return Column(name, kind, collation_id=63, length=length, flags=flags)

    return (
        number("Id", ColumnType.LONGLONG, 21, NOT_NULL_FLAG | UNSIGNED_FLAG),
        text("User", 32),
        text("Host", 255),
        text("db", 64, 0),
        text("Command", 16),
        number("Time", ColumnType.LONG, 7, NOT_NULL_FLAG),
        text("State", 30, 0),
        text("Info", INFO_SIZE, 0),
    )


def rows(
    clients: Mapping[int, Registered], own: Process, user: str, database: str, full: bool
) -> Iterator[tuple[Value, ...]]:
    """The rows of SHOW PROCESSLIST for the session ``own``."""
    for client in list(clients.values()):
        session = client.session
        if getattr(session, "account", None) is not own.account:
            continue
        command, seconds, text = session.describe(full)  # type: ignore[attr-defined]
        yield client.id, user, client.host, database, command, seconds, "", text


def kill(clients: Mapping[int, Registered], own: Process, own_id: int, asked: Kill) -> None:
    """Do what a KILL asks; raises what is to be answered instead of OK.

    A session that kills itself gets 1317, and is then over unless only its statement was meant.
    """
    target_id = own_id if asked.connection_id is None else asked.connection_id
    if target_id == own_id:
        interrupted = errors.QUERY_INTERRUPTED()
        interrupted.fatal = not asked.query
        raise interrupted
    client = clients.get(target_id)
    if client is None or client.session is None:
        raise errors.NO_SUCH_THREAD(thread=target_id)
    session = client.session
    if getattr(session, "account", None) is not own.account:
        raise errors.KILL_DENIED(thread=target_id)
    if asked.query:
        session.kill_statement()  # type: ignore[attr-defined]
    else:
        session.end()  # type: ignore[attr-defined]
