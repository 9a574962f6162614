"""The wiring: from settings to a running proxy, and back to nothing."""

from __future__ import annotations

import gc
import secrets
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent
from gevent.event import Event
from loguru import logger

from athena_g.backend.endpoint import Endpoint
from athena_g.config import (
    DbGroupSettings,
    GroupSettings,
    InstanceSettings,
    MergeSettings,
    PoolSettings,
    ServerSettings,
    ServerTlsSettings,
    Settings,
)
from athena_g.group.group import DbGroup, Directory, Group, Instance
from athena_g.group.sharding import Merging, Sharding
from athena_g.net.handshake import Account, LoginPolicy
from athena_g.net.server import ListenSettings, Server
from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from athena_g.protocol.auth import RsaKey
from athena_g.router.rules import rules_of
from athena_g.router.snowflake import WORKERS
from athena_g.session.handler import CAPABILITIES, ProxyHandler
from athena_g.supervisor import EmbeddedProcess


class App:
    """One proxy: its embedded servers, pools and listener."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        configured = settings.server.worker_id
        self._worker = secrets.randbelow(WORKERS) if configured is None else configured
        self._embedded: dict[tuple[str, str], EmbeddedProcess] = {}
        self._directory = Directory([])
        self._server: Server | None = None

    def start(self) -> tuple[str, int]:
        """Start everything; gives the host and port clients connect to.

        Raises OSError when the port cannot be had, RuntimeError when an embedded server does not
        start; what was started by then is stopped again.
        """
        try:
            self._start_embedded()
            self._directory = Directory([self._group(each) for each in self._settings.groups])
            handler = ProxyHandler(self._directory, self._settings.server.max_prepared_stmt_count)
            self._server = Server(
                listen_settings(self._settings.server),
                login_policy(self._settings.server, handler),
                handler,
            )
            address = self._server.start()
        except BaseException:
            self.stop()
            raise
        self._directory.start()
        return address

    def stop(self) -> None:
        """End every connection, then the embedded servers."""
        if self._server is not None:
            self._server.stop()
        self._directory.close()
        for process in self._embedded.values():
            process.stop()

    def _start_embedded(self) -> None:
        """Start all embedded servers at once, and wait for each."""
        for group in self._settings.groups:
            for db_group in group.db_groups:
                if db_group.embedded:
                    process = self._embedded[group.name, db_group.name] = self._process(
                        group, db_group
                    )
                    process.begin()
        for process in self._embedded.values():
            process.start()

    def _process(self, group: GroupSettings, db_group: DbGroupSettings) -> EmbeddedProcess:
        embedded = self._settings.embedded
        return EmbeddedProcess(
            directory=embedded.data_directory / group.name / db_group.name,
            database=group.name,
            master_port=next(each.port for each in db_group.instances if each.role == "master"),
            slave_ports=[each.port for each in db_group.instances if each.role == "slave"],
            max_connections=embedded.max_connections,
        )

    def _group(self, group: GroupSettings) -> Group:
        account = Account(group.user, group.password.get_secret_value())
        home = self._db_group(group, group.home)
        others = [self._db_group(group, each) for each in group.db_groups if each != group.home]
        sharding = None
        if group.sharding_rules or others:
            pools = {each.name: each.master.pool for each in (home, *others)}
            merge = self._settings.merge
            finishers = Pool(
                home.master.pool.endpoint,
                replace(
                    home.master.pool.limits,
                    max_open=merge.max_finishing,
                    max_idle=min(merge.max_finishing, home.master.pool.limits.max_idle),
                    min_idle=0,
                ),
            )
            sharding = Sharding(
                rules_of(group),
                group.name,
                home.name,
                pools,
                self._worker,
                finishers=finishers,
                merging=_merging(merge),
            )
        return Group(group.name, account, home, tuple(others), sharding)

    def _db_group(self, group: GroupSettings, db_group: DbGroupSettings) -> DbGroup:
        master = next(each for each in db_group.instances if each.role == "master")
        limits = master.pool.over(self._settings.pool)
        if db_group.embedded:
            endpoint = self._embedded_endpoint(group, db_group)
        else:
            endpoint = _endpoint(group, master, limits)
        return DbGroup(db_group.name, Instance(Pool(endpoint, _limits(limits))))

    def _embedded_endpoint(self, group: GroupSettings, db_group: DbGroupSettings) -> Endpoint:
        process = self._embedded[group.name, db_group.name]
        return Endpoint(
            group=group.name,
            host=process.host,
            port=process.master_port,
            user=process.user,
            password=process.password,
            database=group.name,
            connect_timeout=self._settings.pool.connect_timeout_ms / 1000,
        )


def _merging(merge: MergeSettings) -> Merging:
    """The ``[merge]`` table as sharded groups take it."""
    return Merging(
        max_scatter_shards=merge.max_scatter_shards,
        scatter_timeout=merge.scatter_timeout_ms / 1000 or None,
        connections_per_scatter=merge.connections_per_scatter,
        max_join_rows=merge.max_join_rows,
        max_memory=merge.max_memory_mb << 20,
    )


def run(settings: Settings, announce: Callable[[str, int], None]) -> int:
    """Run a proxy until SIGTERM or SIGINT; the exit status of the process."""
    configure_log(settings.log.level)
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, ending.set)
    app = App(settings)
    try:
        host, port = app.start()
    except (OSError, RuntimeError) as error:
        logger.error("cannot start: {}", error)
        return 1
    _settle_memory()
    logger.info("listening on {}:{}", host, port)
    announce(host, port)
    ending.wait()
    logger.info("stopping")
    app.stop()
    return 0


def _settle_memory() -> None:
    """Leave what start-up made out of garbage collections, which would look at it for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def configure_log(level: str) -> None:
    """Log to standard error from ``level`` on; values of variables are never shown."""
    logger.remove()
    logger.add(sys.stderr, level=level.upper(), backtrace=False, diagnose=False)


def listen_settings(server: ServerSettings) -> ListenSettings:
    """The ``[server]`` table as the listener takes it."""
    return ListenSettings(
        host=server.listen_addr,
        port=server.listen_port,
        backlog=server.backlog,
        max_connections=server.max_connections,
        connect_timeout=server.connect_timeout_secs,
        max_allowed_packet=server.max_allowed_packet,
        net_write_timeout=server.net_write_timeout_secs,
        net_read_timeout=server.net_read_timeout_secs,
        tcp_keepalive=server.tcp_keepalive,
        tcp_keepalive_time=server.tcp_keepalive_time_secs,
        tcp_keepalive_interval=server.tcp_keepalive_interval_secs,
        tcp_keepalive_count=server.tcp_keepalive_count,
    )


def login_policy(server: ServerSettings, handler: ProxyHandler) -> LoginPolicy:
    """Whom the proxy lets in, and over what."""
    key = RsaKey()
    key.make()  # now, not when the first client asks and all others wait
    return LoginPolicy(
        rsa_key=key,
        find_account=handler.find_account,
        capabilities=CAPABILITIES,
        server_version=server.server_version,
        auth_plugin=server.default_auth_plugin,
        tls=_tls_context(server.tls) if server.tls else None,
        tls_required=server.tls is not None and server.tls.required,
    )


def _tls_context(tls: ServerTlsSettings) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    return context


def _endpoint(group: GroupSettings, instance: InstanceSettings, pool: PoolSettings) -> Endpoint:
    return Endpoint(
        group=group.name,
        host=instance.host,
        port=instance.port,
        user=instance.user,
        password=instance.password.get_secret_value(),
        database=instance.database or group.name,
        tls=instance.tls == "required",
        tls_ca=str(instance.tls_ca) if instance.tls_ca else None,
        tls_verify_host=instance.tls_verify_host,
        connect_timeout=pool.connect_timeout_ms / 1000,
    )


def _limits(pool: PoolSettings) -> Limits:
    return Limits(
        max_open=pool.max_open,
        max_idle=pool.max_idle,
        min_idle=pool.min_idle,
        max_age=pool.max_age_secs,
        max_idle_time=pool.max_idle_time_secs,
        acquire_timeout=pool.acquire_timeout_ms / 1000,
    )
