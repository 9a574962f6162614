"""The embedded servers as child processes: started, watched, started again, ended.

A child reads its standard input and ends when that ends, so none outlives the proxy, however the
proxy ends.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import gevent
from gevent import subprocess as gevent_subprocess
from loguru import logger

START_TIMEOUT = 30.0
"""Seconds an embedded server may take to listen."""
STOP_TIMEOUT = 10.0
"""Seconds it may take to end before it is killed."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before it is started again: doubled after each failure, up to the second."""

READY = "athena-g embedded: listening on "
"""What the child prints before each address; the master's comes first."""


class EmbeddedProcess:
    """One embedded server. Its account is made here and known to nobody else.

    Ports given as 0 are chosen by the system at the first start and stay the same from then on.
    """

    host = "127.0.0.1"
    user = "athena"

    def __init__(
        self,
        *,
        directory: Path,
        database: str,
        master_port: int,
        slave_ports: list[int],
        max_connections: int,
    ) -> None:
        self.password = secrets.token_urlsafe(24)
        self.directory = directory
        self.master_port = master_port
        self.slave_ports = slave_ports
        self._database = database
        self._max_connections = max_connections
        self._process: Any = None
        self._watcher: gevent.Greenlet[..., Any] | None = None

    def begin(self) -> None:
        """Start it without waiting: several can then start at once. :meth:`start` is to follow."""
        self._process = gevent_subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "ATHENA_EMBEDDED_PASSWORD": self.password},
        )

    def start(self) -> None:
        """Have it started and listening; raises RuntimeError saying why it does not."""
        if self._process is None:
            self.begin()
        self._wait_until_it_listens()
        self._watcher = gevent.spawn(self._watch)

    def stop(self) -> None:
        """End the process, at first politely."""
        if self._watcher is not None:
            self._watcher.kill()
        if self._process is not None:
            self._end(self._process)

    def _watch(self) -> None:
        """Start the server again whenever it ends."""
        pause = FIRST_PAUSE
        while True:
            status = self._process.wait()
            logger.error("embedded server for {} ended ({})", self.directory, status)
            while True:
                gevent.sleep(pause)
                try:
                    self.begin()
                    self._wait_until_it_listens()
                except RuntimeError as error:
                    pause = min(pause * 2, LONGEST_PAUSE)
                    logger.error("{}; next try in {} s", error, pause)
                else:
                    pause = FIRST_PAUSE
                    break

    def _wait_until_it_listens(self) -> None:
        process = self._process
        try:
            with gevent.Timeout(START_TIMEOUT, RuntimeError(f"not ready in {START_TIMEOUT:g} s")):
                ports = [self._read_port(process) for _ in range(1 + len(self.slave_ports))]
        except BaseException as error:
            self._end(process)
            if isinstance(error, RuntimeError):
                raise RuntimeError(f"embedded server for {self.directory}: {error}") from None
            raise
        self.master_port, *self.slave_ports = ports
        for port in self.slave_ports:
            logger.info("embedded slave (read-only) of {} on port {}", self.directory, port)

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "athena_g", "embedded", "--supervised"]
        command += ["--data-directory", str(self.directory), "--database", self._database]
        command += ["--user", self.user, "--max-connections", str(self._max_connections)]
        command += ["--listen", f"{self.host}:{self.master_port}"]
        for port in self.slave_ports:
            command += ["--listen-read-only", f"{self.host}:{port}"]
        return command

    def _read_port(self, process: Any) -> int:
        line = process.stdout.readline().decode("utf-8", "replace")
        if not line.startswith(READY):
            raise RuntimeError(line.strip() or "it ended at once; its messages are above")
        return int(line.rsplit(":", 1)[1])

    def _end(self, process: Any) -> None:
        process.stdin.close()
        try:
            process.wait(timeout=STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
