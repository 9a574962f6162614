"""Where a MySQL-speaking server is, and as whom to log in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 3306
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A server, an account of it and a database in it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address in ``mysql://user:password@host:port/database``; raises ValueError.

        Characters that mean something in a URL are written with %, as in ``p%40ss``.
        """
        parts = urlsplit(url)
        database = unquote(parts.path.lstrip("/"))
        if parts.scheme != "mysql" or not (parts.hostname and parts.username and database):
            raise ValueError("write mysql://user:password@host:port/database")
        # To clients written in C the name localhost means a socket file.
        host = LOOPBACK if parts.hostname == "localhost" else parts.hostname
        password = unquote(parts.password or "")
        return cls(host, parts.port or DEFAULT_PORT, unquote(parts.username), password, database)

    def at(self, port: int) -> Address:
        """The same account and database, reached through ``port`` on loopback."""
        return replace(self, host=LOOPBACK, port=port)
