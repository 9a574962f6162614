"""The process of an embedded server: one engine, a listener that writes, others that only read."""

from __future__ import annotations

import fcntl
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import gevent
from gevent.event import Event
from gevent.os import tp_read
from gevent.threadpool import ThreadPool
from loguru import logger

from athena_g.embedded.engine import Engine
from athena_g.embedded.server import CAPABILITIES, EmbeddedHandler
from athena_g.embedded.variable_list import SERVER_VERSION
from athena_g.errors import SqlError
from athena_g.net.handshake import Account, LoginPolicy
from athena_g.net.server import ListenSettings, Server


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """The command line of ``athena-g embedded``."""

    directory: Path
    database: str | None
    user: str
    password: str = field(repr=False)
    max_connections: int
    listen: tuple[str, int]
    listen_read_only: tuple[tuple[str, int], ...]
    supervised: bool


def run(options: EmbeddedOptions) -> int:
    """Serve until SIGTERM or SIGINT, or, supervised, until standard input ends; exit status."""
    logger.remove()
    logger.add(sys.stderr, level="INFO", backtrace=False, diagnose=False)
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, ending.set)
    try:
        options.directory.mkdir(parents=True, exist_ok=True)
        lock = _lock(options.directory)
        engine = _engine(options)
        servers = _start(options, engine)
    except (OSError, SqlError) as error:
        print(f"cannot start: {error}", flush=True)
        return 1
    if options.supervised:
        gevent.spawn(_end_with_input, ending)
    ending.wait()
    for server in servers:
        server.stop(grace=2)
    engine.close()
    lock.close()
    return 0


def _lock(directory: Path) -> IO[bytes]:
    """A lock on ``directory``, held while the file is open; OSError when another server has it."""
    file = (directory / ".lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OSError(f"another server uses the data directory {directory}") from None
    return file


def _engine(options: EmbeddedOptions) -> Engine:
    engine = Engine(options.directory)
    if options.database is not None:
        session = engine.connect(database=None, user=options.user, host="", connection_id=0)
        try:
            name = options.database.replace("`", "``")
            session.execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
        finally:
            session.close()
    return engine


def _start(options: EmbeddedOptions, engine: Engine) -> list[Server]:
    places = [(options.listen, False), *((place, True) for place in options.listen_read_only)]
    # A thread for every connection there can be, so that none waits for another's statement.
    threads = ThreadPool(options.max_connections * len(places))
    account = Account(options.user, options.password)
    servers = []
    for (host, port), read_only in places:
        handler = EmbeddedHandler(engine, threads, account, read_only=read_only)
        settings = ListenSettings(host=host, port=port, max_connections=options.max_connections)
        policy = LoginPolicy(handler.find_account, CAPABILITIES, SERVER_VERSION)
        server = Server(settings, policy, handler)
        bound_host, bound_port = server.start()
        print(f"athena-g embedded: listening on {bound_host}:{bound_port}", flush=True)
        servers.append(server)
    return servers


def _end_with_input(ending: Event) -> None:
    while tp_read(sys.stdin.fileno(), 4096):
        pass
    ending.set()
