"""Where a MySQL server is and how to log in there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One instance of the configuration as its connections need it.

    ``connect_timeout`` is in seconds and bounds TCP, TLS and login together. ``tls_ca`` is a file
    of certificates to verify the server's with; ``None`` takes any certificate. With
    ``tls_verify_host`` the certificate must be made for ``host``, too.
    """

    group: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str | None = None
    tls: bool = False
    tls_ca: str | None = None
    tls_verify_host: bool = True
    connect_timeout: float = 5.0

    @property
    def name(self) -> str:
        """``host:port``, as errors and logs call the instance."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
