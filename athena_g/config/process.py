"""The tables that concern the process as a whole: server, pool, merge, health, metrics and others.

The description of a key is its documentation: ``conf/reference.toml`` is generated from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import Field, ValidationInfo, field_validator

from athena_g.config.table import Table
from athena_g.config.values import (
    Boolean,
    DefaultText,
    ExistingFile,
    Host,
    Integer,
    ListenPort,
    LogLevel,
    Number,
    ServerVersion,
    Wanted,
    refused,
)


class ServerTlsSettings(Table):
    """TLS for clients. Without this table the server offers none."""

    certificate: ExistingFile = Field(
        examples=["server.pem"],
        description="The server's certificate in PEM form, followed by intermediate certificates.",
    )
    key: ExistingFile = Field(
        examples=["server-key.pem"],
        description="The private key of the certificate in PEM form, without a passphrase.",
    )
    required: Boolean = Field(
        default=False, description="Whether clients that log in without TLS are refused."
    )


class ServerSettings(Table):
    """Where clients connect, and what one process takes on."""

    listen_addr: Host = Field(
        default="127.0.0.1",
        description="The address to listen on. 0.0.0.0 and :: mean every address of the machine.",
    )
    listen_port: ListenPort = Field(default=3307, description="The port to listen on.")
    worker_id: Annotated[
        Annotated[Integer, Ge(0), Le(1023)] | None, DefaultText("Default: a random one.")
    ] = Field(
        default=None,
        examples=[1],
        description="The number of this process in the ids that it makes (id_generator of a "
        "sharding rule). Give each athena-g that serves the same tables another one.",
    )
    workers: Integer = Field(
        default=1,
        ge=1,
        le=256,
        description="How many processes share the port; one process uses one core.",
    )
    backlog: Integer = Field(
        default=1024,
        ge=1,
        le=65535,
        description="How many connections the system keeps waiting until they are accepted. "
        "The system's own limit (net.core.somaxconn) may be lower.",
    )
    max_connections: Integer = Field(
        default=1000,
        ge=1,
        le=100000,
        description="How many client connections are open at once, counted from the moment they "
        "are accepted. One more is answered with error 1040 and closed.",
    )
    connect_timeout_secs: Number = Field(
        default=10.0,
        ge=0.1,
        le=3600,
        description="Seconds from accepting a connection within which the client must have "
        "logged in, TLS included; fractions are allowed.",
    )
    max_allowed_packet: Integer = Field(
        default=67108864,
        ge=1024,
        le=1073741824,
        description="The longest statement or packet taken from a client, in bytes.",
    )
    max_prepared_stmt_count: Integer = Field(
        default=16382,
        ge=0,
        le=4194304,
        description="How many prepared statements one client may have at once. Their texts "
        "together may have max_allowed_packet bytes.",
    )
    net_write_timeout_secs: Number = Field(
        default=60.0,
        ge=0.1,
        le=31536000,
        description="Seconds for which a client may take nothing of an answer that is being sent; "
        "then its connection is closed, and what it held is free.",
    )
    net_read_timeout_secs: Number = Field(
        default=30.0,
        ge=0.1,
        le=31536000,
        description="Seconds for which a client may be silent in the middle of a packet; then its "
        "connection is closed.",
    )
    server_version: ServerVersion = Field(
        default="8.4.0-athena-g",
        description="The server version that clients are told. Drivers choose their behaviour "
        "by the number in front.",
    )
    default_auth_plugin: Literal["caching_sha2_password", "mysql_native_password"] = Field(
        default="caching_sha2_password",
        description="The authentication method offered first. A client may ask for the other one.",
    )
    tcp_keepalive: Boolean = Field(
        default=True,
        description="Whether the system probes idle client connections, so that those whose "
        "client vanished end.",
    )
    tcp_keepalive_time_secs: Integer = Field(
        default=60, ge=1, le=32767, description="Seconds without data until the first probe."
    )
    tcp_keepalive_interval_secs: Integer = Field(
        default=10, ge=1, le=32767, description="Seconds between two probes."
    )
    tcp_keepalive_count: Integer = Field(
        default=3,
        ge=1,
        le=127,
        description="How many probes without an answer end the connection.",
    )
    tls: ServerTlsSettings | None = None


def _default_max_idle(valid: dict[str, Any]) -> int:
    max_open: int = valid.get("max_open", 100)
    return min(100, max_open)


class PoolSettings(Table):
    """The connections to each MySQL server; every instance has a pool of its own.

    An instance may have values of its own, in its table pool.
    """

    max_open: Integer = Field(
        default=100,
        ge=1,
        le=100000,
        description="How many connections to one instance are open at once, in use and idle.",
    )
    max_idle: Annotated[Integer, DefaultText("Default: 100, or max_open where that is less.")] = (
        Field(
            default_factory=_default_max_idle,
            examples=[100],
            ge=0,
            le=100000,
            description="How many idle connections are kept; one that is given back beyond them is "
            "closed. At most max_open.",
        )
    )
    min_idle: Integer = Field(
        default=0,
        ge=0,
        le=100000,
        description="How many idle connections are held ready. At most max_idle.",
    )
    max_age_secs: Integer = Field(
        default=3600,
        ge=1,
        le=2592000,
        description="Seconds after which a connection is closed when it is next idle.",
    )
    max_idle_time_secs: Integer = Field(
        default=300,
        ge=1,
        le=86400,
        description="Seconds for which a connection may be idle. Keep it below the server's "
        "wait_timeout.",
    )
    acquire_timeout_ms: Integer = Field(
        default=5000,
        ge=1,
        le=3600000,
        description="Milliseconds for which a statement waits for a connection when all are in "
        "use; then it fails with error 1040.",
    )
    connect_timeout_ms: Integer = Field(
        default=5000,
        ge=1,
        le=600000,
        description="Milliseconds within which a new connection must be open and logged in.",
    )

    @field_validator("max_idle")
    @classmethod
    def _at_most_max_open(cls, value: int, info: ValidationInfo) -> int:
        return _at_most("max_open", value, info)

    @field_validator("min_idle")
    @classmethod
    def _at_most_max_idle(cls, value: int, info: ValidationInfo) -> int:
        return _at_most("max_idle", value, info)


def _at_most(other: str, value: int, info: ValidationInfo) -> int:
    limit: int | None = info.data.get(other)
    if limit is not None and value > limit:
        raise refused(f"{value} is more than {other}; write at most {limit}, or raise {other}")
    return value


class MergeSettings(Table):
    """What becomes of queries whose rows are on several shards."""

    max_scatter_shards: Integer = Field(
        default=1024,
        ge=1,
        le=65536,
        description="How many shards one query may read; one that needs more is refused.",
    )
    scatter_timeout_ms: Integer = Field(
        default=0,
        ge=0,
        le=86400000,
        description="Milliseconds that a query on several shards may wait for the next rows of one "
        "of them; then it ends with an error, and what the shards still do is stopped. 0: as long "
        "as it takes.",
    )
    connections_per_scatter: Integer = Field(
        default=4,
        ge=1,
        le=1024,
        description="How many connections to one server a query on several of its shards uses at "
        "most, so that they work side by side. More than one only as far as the pool has some to "
        "spare, and never in a transaction.",
    )
    max_join_rows: Integer = Field(
        default=100000,
        ge=0,
        le=10000000,
        description="How many rows of shards one query may have brought to the home server, where "
        "they meet: joins by other columns than shard keys, and all that is not merged from what "
        "each shard makes of its own rows. 0: such queries are refused.",
    )
    max_memory_mb: Integer = Field(
        default=64,
        ge=1,
        le=65536,
        description="How many MiB one query may have brought there, and how many rows of shards "
        "may wait in the proxy for their turn.",
    )
    max_finishing: Integer = Field(
        default=10,
        ge=1,
        le=10000,
        description="How many connections to the home server of a group, beside those of its pool, "
        "are used for that at once.",
    )


class HealthSettings(Table):
    """The regular look at every MySQL server."""

    enabled: Boolean = Field(default=False, description="Whether servers are checked.")
    check_interval_ms: Integer = Field(
        default=5000, ge=100, le=3600000, description="Milliseconds from one check to the next."
    )
    failure_threshold: Integer = Field(
        default=5,
        ge=1,
        le=1000,
        description="How many failures among the last 2 * failure_threshold checks make a server "
        "unhealthy; as many successes among them make it healthy again.",
    )
    check_timeout_ms: Integer = Field(
        default=3000,
        ge=10,
        le=600000,
        description="Milliseconds after which a check that has no answer counts as failed.",
    )


class MetricsSettings(Table):
    """The HTTP endpoint for Prometheus."""

    enabled: Boolean = Field(default=False, description="Whether the endpoint is there.")
    listen_addr: Host = Field(default="127.0.0.1", description="The address to listen on.")
    listen_port: ListenPort = Field(default=4307, description="The port to listen on.")


class LogSettings(Table):
    """What is logged."""

    level: LogLevel = Field(
        default="INFO", description="The least level that is logged, in any case of letters."
    )


class EmbeddedSettings(Table):
    """The embedded servers, which DB groups with embedded = true are made of."""

    data_directory: Annotated[Path, Wanted("the path of a directory")] = Field(
        default=Path("data"),
        description="The directory that holds their data; it is made when it is missing. "
        "Relative to the working directory of the process, not to this file.",
    )
    max_connections: Integer = Field(
        default=200,
        ge=1,
        le=100000,
        description="How many connections one embedded server takes.",
    )
