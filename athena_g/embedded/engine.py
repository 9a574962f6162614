"""The databases of one data directory: an SQLite file each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as encode
from urllib.parse import unquote as decode

import apsw
from loguru import logger

from athena_g import errors
from athena_g.embedded import catalogue
from athena_g.embedded.catalogue import Catalogue
from athena_g.embedded.locks import FairLock
from athena_g.embedded.native import Value

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

SUFFIX = ".sqlite"
UNFINISHED = "-new"
PLAN_CACHE_SIZE = 2048
VIRTUAL = ("information_schema",)


def _remove(path: Path) -> None:
    """Removes a database's files; the log first, which must not meet another database's file."""
    for suffix in ("-wal", "-shm", ""):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


class Engine:
    """Opens sessions; holds what they share: locks, caches, global variables."""

    def __init__(self, data_directory: Path) -> None:
        self.directory = Path(data_directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.global_variables: dict[str, Value] = {}
        self.plans: OrderedDict[Any, Any] = OrderedDict()
        self._mutex = threading.Lock()
        self._incarnations: dict[str, int] = {}
        self._catalogues: OrderedDict[tuple[str, int, int], Catalogue] = OrderedDict()
        self._writers: dict[str, FairLock] = {}
        self._named: dict[str, FairLock] = {}
        self._counters: dict[tuple[str, str], int] = {}
        self._sessions: dict[int, EngineSession] = {}
        self._serials = count(1)
        for path in self.directory.glob(f"*{SUFFIX}"):
            self._incarnations[decode(path.name[: -len(SUFFIX)])] = 1

    # --- sessions -------------------------------------------------------------------------------

    def connect(
        self,
        *,
        database: str | None,
        user: str,
        host: str,
        connection_id: int,
        read_only: bool = False,
    ) -> EngineSession:
        """A new session; raises 1049 if there is no such database."""
        from athena_g.embedded.session import EngineSession

        if database is not None:
            database = self.existing(database)
        session = EngineSession(
            self,
            database,
            user=user,
            host=host,
            connection_id=connection_id,
            serial=next(self._serials),
            read_only=read_only,
        )
        with self._mutex:
            self._sessions[session.serial] = session
        return session

    def disconnected(self, serial: int) -> None:
        with self._mutex:
            self._sessions.pop(serial, None)

    def connection_of(self, serial: int) -> int | None:
        """The connection id of an open session."""
        with self._mutex:
            found = self._sessions.get(serial)
        return None if found is None else found.connection_id

    def sessions(self) -> list[EngineSession]:
        """Every open session."""
        with self._mutex:
            return list(self._sessions.values())

    def close(self) -> None:
        """Closes every session; the files are then whole and closed.

        One whose statement still runs cannot be closed. What it has open is rolled back when the
        file is opened again.
        """
        for session in self.sessions():
            try:
                session.close()
            except (apsw.Error, ValueError) as error:
                logger.warning("a statement of connection {}: {}", session.connection_id, error)

    # --- databases ------------------------------------------------------------------------------

    def databases(self) -> list[str]:
        """The names of all databases, sorted."""
        with self._mutex:
            return sorted(self._incarnations)

    def existing(self, database: str) -> str:
        """The name if there is such a database; raises 1049."""
        if database.lower() in VIRTUAL:
            return database.lower()
        with self._mutex:
            if database in self._incarnations:
                return database
        raise errors.UNKNOWN_DATABASE(database=database)

    def incarnation(self, database: str) -> int:
        """A number that differs between databases of one name; raises 1049."""
        with self._mutex:
            found = self._incarnations.get(database)
        if found is None:
            raise errors.UNKNOWN_DATABASE(database=database)
        return found

    def path_of(self, database: str) -> Path:
        """The database's file."""
        return self.directory / (encode(database, safe=" $") + SUFFIX)

    def create_database(self, database: str, collation: str) -> None:
        """Creates the file; raises 1007, 1102."""
        if not database or len(database) > 64 or database != database.rstrip() or "/" in database:
            raise errors.WRONG_DATABASE_NAME(database=database)
        with self._mutex:
            if database in self._incarnations or database.lower() in VIRTUAL:
                raise errors.CANNOT_CREATE_DATABASE(database=database)
            # Made under another name, so that a file that is there is always a whole database.
            path = self.path_of(database)
            unfinished = Path(f"{path}{UNFINISHED}")
            _remove(unfinished)
            connection = apsw.Connection(str(unfinished))
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
                catalogue.prepare(connection, "main", collation)
            finally:
                connection.close()
            _remove(path)
            unfinished.replace(path)
            self._incarnations[database] = self._next_incarnation()

    _last_incarnation = 1

    def _next_incarnation(self) -> int:
        self._last_incarnation += 1
        return self._last_incarnation

    def drop_database(self, database: str) -> None:
        """Removes the file; raises 1008."""
        with self._mutex:
            if self._incarnations.pop(database, None) is None:
                raise errors.DATABASE_DROP_EXISTS(database=database)
            self._counters = {k: v for k, v in self._counters.items() if k[0] != database}
            _remove(self.path_of(database))

    # --- shared state ---------------------------------------------------------------------------

    def writer_lock(self, database: str) -> FairLock:
        """The lock that a session holds while it writes to the database."""
        with self._mutex:
            return self._writers.setdefault(database, FairLock())

    def named_lock(self, name: str) -> FairLock:
        """The lock of GET_LOCK."""
        with self._mutex:
            return self._named.setdefault(name.lower(), FairLock())

    def cached_catalogue(self, database: str, incarnation: int, version: int) -> Catalogue | None:
        with self._mutex:
            return self._catalogues.get((database, incarnation, version))

    def cache_catalogue(
        self, database: str, incarnation: int, version: int, found: Catalogue
    ) -> None:
        with self._mutex:
            self._catalogues[(database, incarnation, version)] = found
            while len(self._catalogues) > 64:
                self._catalogues.popitem(last=False)

    def plan(self, key: Any) -> Any:
        """A translated statement from the cache, or None."""
        with self._mutex:
            found = self.plans.get(key)
            if found is not None:
                self.plans.move_to_end(key)
            return found

    def keep_plan(self, key: Any, plan: Any) -> None:
        """Caches a translated statement; the least recently used is forgotten."""
        with self._mutex:
            self.plans[key] = plan
            self.plans.move_to_end(key)
            while len(self.plans) > PLAN_CACHE_SIZE:
                self.plans.popitem(last=False)

    # --- AUTO_INCREMENT -------------------------------------------------------------------------

    def counter(self, database: str, table: str) -> int | None:
        """The next AUTO_INCREMENT value, if one was given since the start."""
        with self._mutex:
            return self._counters.get((database, table.lower()))

    def set_counter(self, database: str, table: str, value: int | None) -> None:
        """Keeps the next value; None forgets it. The caller holds the writer lock."""
        with self._mutex:
            if value is None:
                self._counters.pop((database, table.lower()), None)
            else:
                self._counters[(database, table.lower())] = value
