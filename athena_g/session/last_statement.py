"""What a session may ask of its last statement, and which connection knows it.

ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID() and SHOW WARNINGS are about the statement before: they
are answered from here as far as the reply told, and by that statement's connection otherwise.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import ASK_CONDITIONS, LookBack
from athena_g.errors import SqlError

PARTING_TIMEOUT = 5.0
"""Seconds to wait for what a connection that another session took was asked."""


class LastStatement:
    """What is known of one session's last statement, and the connection that it ran on.

    ``look_back`` is what the session may ask, ``held`` the connection that it keeps between
    statements, ``insert_id_lost`` whether what LAST_INSERT_ID() answers went with a connection.
    ``waiting``: for a connection.
    """

    def __init__(self) -> None:
        self.look_back = LookBack()
        self.held: BackendConnection | None = None
        self.insert_id_lost = False
        self.waiting = False
        self._last: BackendConnection | None = None

    @property
    def has_connection(self) -> bool:
        """Whether the connection of the last statement is still this session's, and alive."""
        last = self._last
        return last is not None and last.owner is self.look_back and not last.stream.stale

    @property
    def can_ask_back(self) -> bool:
        """Whether the connection of the last statement can be asked about it."""
        return not self.look_back.known and (self.held is not None or self.has_connection)

    def has_prepared(self, key: Hashable) -> bool:
        """Whether a statement is prepared on the connection of the last statement."""
        connection = self.held or self._last
        if connection is None or connection.statements.get(key) is None:
            return False
        return self.can_ask_back

    @property
    def has_conditions(self) -> bool:
        """Whether the last statement left warnings or an error on its connection."""
        last = self.held or self._last
        if last is None or last.owner is not self.look_back:
            return False
        if self.look_back.known:
            return bool(self.look_back.conditions)
        return self.look_back.may_have_conditions(last.scanner)

    def look(self, connection: BackendConnection) -> bool:
        """Have the server say what its last reply left out; whether session state changed.

        The reply is out. The command for that sets ROW_COUNT() to 0, so what the session may ask
        of its last statement is kept first.
        """
        if not self.look_back.known:
            self.before_asking(connection)
            self.look_back.asked_early = True
        return connection.ping()

    def before_asking(self, connection: BackendConnection) -> None:
        """Keep what may be asked of the last statement, before the connection is asked more."""
        look_back, scanner = self.look_back, connection.scanner
        look_back.remember(scanner)
        if look_back.may_have_conditions(scanner):
            conditions = connection.ask(ASK_CONDITIONS)
            if conditions is not None:
                look_back.answered(ASK_CONDITIONS, conditions)

    @property
    def own(self) -> BackendConnection | None:
        """The connection of the last statement, if it is still this session's and idle or held."""
        connection = self.held or self._last
        if connection is None or connection.owner is not self.look_back:
            return None
        return connection if connection is self.held or connection.idle else None

    def remember(self) -> None:
        """Keep what is known of the last statement, if nothing is left to ask its connection."""
        last = self._last
        if last is None or last.owner is not self.look_back:
            return
        if not self.look_back.may_have_conditions(last.scanner):
            self.look_back.remember(last.scanner)

    def note_prepared(self, connection: BackendConnection) -> None:
        """Note that a statement was prepared: all that it may change are the warnings."""
        look_back = self.look_back
        if not look_back.known:
            return
        if not connection.is_mariadb:
            look_back.conditions = []
            look_back.warning_count = 0
        if connection.scanner.warnings:
            conditions = connection.ask(ASK_CONDITIONS)
            if conditions is not None:
                look_back.answered(ASK_CONDITIONS, conditions)

    def note_refused(self, connection: BackendConnection) -> None:
        """Note that a statement was not prepared: that error is the last there was."""
        self.look_back.known = False
        self.look_back.had_conditions = connection.is_mariadb

    def nothing_ran(self, *, statement: bool) -> bool:
        """Note what the proxy answers by itself; false when the server must be told.

        It sets ROW_COUNT() to 0, and if it is a ``statement`` takes away the warnings of the one
        before, but for those of a MariaDB server. As long as a server has warnings to show it has
        to be told.
        """
        last, look_back = self._last, self.look_back
        if last is not None and last.owner is look_back and not look_back.known:
            if not last.idle or look_back.may_have_conditions(last.scanner):
                return False
            look_back.remember(last.scanner)
        look_back.row_count = 0
        if statement and not (last is not None and last.is_mariadb):
            look_back.conditions = []
            look_back.warning_count = 0
        return True

    def refused(self, error: SqlError) -> None:
        """Note that the proxy answers the session's statement with an error of its own."""
        last, look_back = self._last, self.look_back
        if last is not None and last.owner is look_back:
            look_back.remember(last.scanner)
        look_back.refuse(error.errno, error.message)

    def note_scattered(self, row_count: int, found_rows: int | None, warnings: int) -> None:
        """Note what several servers together answered; their warnings' texts are not kept."""
        look_back = self.look_back
        look_back.known, look_back.refused, look_back.had_conditions = True, True, False
        look_back.asked_early = False
        look_back.row_count, look_back.found_rows = row_count, found_rows
        look_back.conditions, look_back.warning_count = [], warnings

    def forget_insert_id(self, connection: BackendConnection) -> None:
        """What LAST_INSERT_ID() answers only ``connection`` knows now."""
        connection.insert_id = self.look_back.insert_id = None

    def set_insert_id(self, insert_id: int) -> None:
        """What LAST_INSERT_ID() is to answer from now on."""
        self.look_back.insert_id = insert_id
        self.insert_id_lost = False
        for connection in (self.held, self._last):
            if connection is not None and connection.profile is not None:
                connection.profile = replace(connection.profile)  # it is settled anew

    def wait_for_parting(self) -> None:
        """Wait until what the last connection was asked for this session, if it was, is known."""
        last = self._last
        if self.held is not None or last is None:
            return
        if last.owner is self.look_back and not last.idle:  # another session is taking it
            self.waiting = True
            try:
                self.look_back.wait_for_parting(PARTING_TIMEOUT)
            finally:
                self.waiting = False
