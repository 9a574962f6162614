"""Where a work connects to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.servers import Kind


@dataclass(frozen=True)
class Place:
    """An account on a server, or on the proxy in front of it; its database is empty."""

    kind: Kind
    host: str
    port: int
    user: str
    password: str
    database: str
    ca: Path | None = None
    """The certificate to verify the place by; None where it is reached without TLS."""

    @property
    def is_mariadb(self) -> bool:
        return self.kind == "mariadb"
