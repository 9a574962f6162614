"""The command ``athena-g``: run a proxy, check a configuration, explain, run an embedded server."""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from athena_g import __version__

if TYPE_CHECKING:
    from athena_g.config import Settings

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status: 0, 1 (cannot run), 2 (said wrongly)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    command: str | None = options.command
    if command == "check":
        return _check(options.check_config)
    if command == "explain":
        return _explain(options.explain_config, options.group, options.statement)
    if command == "embedded":
        return _embedded(options)
    if options.config is None:
        _parser().error("which configuration? Write athena-g -c conf/athena.toml")
    return _run(options.config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="athena-g", description="A MySQL proxy.")
    parser.add_argument("-c", "--config", metavar="FILE", help="run with this configuration (TOML)")
    parser.add_argument("-V", "--version", action="version", version=f"athena-g {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    check = commands.add_parser("check", help="say what is wrong with a configuration")
    check.add_argument(
        "-c", "--config", dest="check_config", metavar="FILE", required=True, help="the file"
    )
    _add_explain(commands.add_parser("explain", help="say where a statement goes, and as what"))
    _add_embedded(commands.add_parser("embedded", help="run an embedded server by itself"))
    return parser


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says what the sharding rules of a group make of a statement, or why they refuse it. "
        "Nothing is connected to."
    )
    parser.add_argument(
        "-c", "--config", dest="explain_config", metavar="FILE", required=True, help="the file"
    )
    parser.add_argument("--group", metavar="NAME", help="default: the first one")
    parser.add_argument("statement", metavar="STATEMENT", help="SQL, as one argument")


def _add_embedded(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "A MySQL-speaking server on SQLite, for trying, developing and testing. The password of "
        "its one account is taken from the environment variable ATHENA_EMBEDDED_PASSWORD."
    )
    parser.add_argument("--data-directory", metavar="DIR", type=Path, default=Path("data"))
    parser.add_argument("--database", metavar="NAME", help="made if it is not there")
    parser.add_argument("--user", metavar="NAME", default="root")
    parser.add_argument("--max-connections", metavar="N", type=int, default=200)
    parser.add_argument(
        "--listen", metavar="HOST:PORT", type=_address, default=("127.0.0.1", 3308),
        help="default: 127.0.0.1:3308; port 0: any",
    )  # fmt: skip
    parser.add_argument(
        "--listen-read-only", metavar="HOST:PORT", type=_address, action="append", default=[],
        help="serve the same data read-only here; may be repeated",
    )  # fmt: skip
    parser.add_argument("--supervised", action="store_true", help="end when standard input ends")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _load(path: str, *, check_support: bool = True) -> Settings | None:
    from athena_g.config import ConfigError, load  # not for embedded servers, which need it not

    try:
        settings = load(path, check_support=check_support)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return None
    problem = _tls_problem(settings) or _rules_problem(settings)
    if problem is not None:
        print(f"{path}: {problem}", file=sys.stderr)
        return None
    return settings


def _rules_problem(settings: Settings) -> str | None:
    """What is wrong with a sharding rule, which only what is known of collations can tell."""
    from athena_g.errors import SqlError
    from athena_g.router.rules import rules_of

    for place, group in enumerate(settings.groups):
        try:
            rules_of(group)
        except SqlError as error:
            return f"groups[{place}].sharding_rules: {error.message}"
    return None


def _tls_problem(settings: Settings) -> str | None:
    """What is wrong with the certificate and its key, which only OpenSSL can tell."""
    tls = settings.server.tls
    if tls is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key)
    except (ssl.SSLError, OSError):
        return (
            f"server.tls: {tls.certificate} and {tls.key} are not a certificate and its key; "
            "write two PEM files that belong together (scripts/make-cert makes a pair)"
        )
    return None


def _check(path: str) -> int:
    if _load(path) is None:
        return USAGE_ERROR
    print(f"{path}: good")
    return 0


def _explain(path: str, name: str | None, statement: str) -> int:
    settings = _load(path, check_support=False)
    if settings is None:
        return USAGE_ERROR
    group = next((each for each in settings.groups if name in (None, each.name)), None)
    if group is None:
        names = ", ".join(each.name for each in settings.groups)
        print(f"{path}: there is no group {name!r}; there are: {names}", file=sys.stderr)
        return USAGE_ERROR
    from athena_g.config.user_functions import NotImported
    from athena_g.errors import SqlError
    from athena_g.router.explain import explain
    from athena_g.router.router import Router
    from athena_g.router.rules import rules_of

    try:
        router = Router(rules_of(group), group.name, group.home_group)
    except (SqlError, NotImported) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return USAGE_ERROR
    for what, told in explain(router, statement.encode(errors="surrogateescape")):
        print(f"{what}: {told}")
    return 0


def _run(path: str) -> int:
    settings = _load(path)
    if settings is None:
        return USAGE_ERROR
    from gevent import monkey

    monkey.patch_all()
    from athena_g.app import run

    return run(settings, lambda host, port: _announce(settings, host, port))


def _announce(settings: Settings, host: str, port: int) -> None:
    """Say where clients connect, and how."""
    group = settings.groups[0]
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    print(f"athena-g {__version__} listens on {host}:{port}. Connect from another terminal:")
    print(f"  mariadb -h {reach} -P {port} -u {group.user} -p {group.name}")
    if len(settings.groups) > 1:
        names = ", ".join(each.name for each in settings.groups)
        print(f"  (databases: {names})")
    print("Stop with Ctrl-C.", flush=True)


def _embedded(options: argparse.Namespace) -> int:
    password = os.environ.get("ATHENA_EMBEDDED_PASSWORD")
    if password is None:
        print(
            "athena-g embedded: set the environment variable ATHENA_EMBEDDED_PASSWORD to the "
            f"password that {options.user!r} is to have",
            file=sys.stderr,
        )
        return USAGE_ERROR
    from gevent import monkey

    # Its SQL runs in real threads.
    monkey.patch_all(thread=False, queue=False)
    from athena_g.embedded.process import EmbeddedOptions, run

    return run(
        EmbeddedOptions(
            directory=options.data_directory,
            database=options.database,
            user=options.user,
            password=password,
            max_connections=options.max_connections,
            listen=options.listen,
            listen_read_only=tuple(options.listen_read_only),
            supervised=options.supervised,
        )
    )
