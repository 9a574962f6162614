"""The server that all contenders lead to: the one given, or a container started for the run."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench_lib.address import LOOPBACK, Address
from bench_lib.client import Connection, ServerError, warm_up
from bench_lib.proxies import free_port

IMAGE_VARIABLE = "ATHENA_TEST_MYSQL_IMAGE"
IMAGE_NAME = "athena-g-mysql"
DATABASE = "bench"
SECONDS_TO_START = 60
# The table fits into memory, nothing waits for the disk, and the idle clients find room.
SERVER_OPTIONS = [
    f"--bind-address={LOOPBACK}",
    "--loose-mysqlx=OFF",
    "--loose-performance-schema=OFF",
    "--innodb-buffer-pool-size=256M",
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=2000",
]


class NoServer(Exception):
    """There is no server to measure with; the text says what would help."""


@contextmanager
def obtain(url: str | None) -> Iterator[Address]:
    """The server at ``url``, or one in a container, which is removed afterwards."""
    if url is None:
        with _container(_image()) as address:
            yield address
        return
    try:
        address = Address.parse(url)
        warm_up(address)
    except (ValueError, OSError, ServerError) as error:
        raise NoServer(f"--server: {error}") from error
    yield address


def version(address: Address) -> str:
    """The server's version, as it says it."""
    with Connection(address, use_database=False) as connection:
        [[text]] = connection.query("SELECT VERSION()")
    return f"{text}"


def max_connections(address: Address) -> int:
    """How many clients the server takes at once."""
    with Connection(address, use_database=False) as connection:
        [[text]] = connection.query("SELECT @@max_connections")
    return int(text or 0)


def _image() -> str:
    help_text = "give a server: --server mysql://user:password@host:port/database"
    if shutil.which("docker") is None or _docker("info").returncode != 0:
        raise NoServer(f"no Docker engine answers to start a MySQL with; start one, or {help_text}")
    if image := os.environ.get(IMAGE_VARIABLE):
        return image
    listed = _docker("images", "--format", "{{.Repository}}:{{.Tag}}", IMAGE_NAME).stdout.split()
    if not listed:
        raise NoServer(
            f"no image {IMAGE_NAME} is here (scripts/build-test-images makes one) and "
            f"{IMAGE_VARIABLE} names no other; build or name one, or {help_text}"
        )
    return listed[0]


@contextmanager
def _container(image: str) -> Iterator[Address]:
    # On the host's network there is no port forwarder between the server and who talks to it.
    address = Address(LOOPBACK, free_port(), "root", secrets.token_urlsafe(12), DATABASE)
    name = f"athena-g-bench-{os.getpid()}"
    try:
        started = subprocess.run(
            ["docker", "run", "--detach", "--name", name, "--network", "host",
             "--env", "MYSQL_ROOT_PASSWORD", image, f"--port={address.port}", *SERVER_OPTIONS],
            env={**os.environ, "MYSQL_ROOT_PASSWORD": address.password},
            capture_output=True,
            text=True,
        )  # fmt: skip
        if started.returncode != 0:
            raise NoServer(f"docker could not start {image}: {started.stderr.strip()}")
        _wait_until_it_answers(name, address)
        yield address
    finally:
        _docker("rm", "--force", "--volumes", name)


def _wait_until_it_answers(name: str, address: Address) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            warm_up(address)
        except (OSError, ServerError) as error:
            running = _docker("inspect", "--format", "{{.State.Running}}", name).stdout.strip()
            if running != "true" or time.monotonic() > deadline:
                log = _docker("logs", "--tail", "20", name)
                said = (log.stdout + log.stderr).strip()
                raise NoServer(f"the MySQL in {name} did not get ready: {error}\n{said}") from error
            time.sleep(0.2)
        else:
            return


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True)
