"""What makes a server the proxy: accounts are groups, a session serves a group."""

from __future__ import annotations

from athena_g.group.group import Directory, Group
from athena_g.net.handshake import Account, Login
from athena_g.net.server import Client
from athena_g.protocol.constants import (
    CLIENT_COMPRESS,
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_FOUND_ROWS,
    CLIENT_IGNORE_SPACE,
    CLIENT_LOCAL_FILES,
    CLIENT_LONG_FLAG,
    CLIENT_LONG_PASSWORD,
    CLIENT_MULTI_RESULTS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_PS_MULTI_RESULTS,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_TRANSACTIONS,
)
from athena_g.session.session import ProxySession

CAPABILITIES = (
    CLIENT_LONG_PASSWORD
    | CLIENT_FOUND_ROWS
    | CLIENT_LONG_FLAG
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_IGNORE_SPACE
    | CLIENT_PROTOCOL_41
    | CLIENT_TRANSACTIONS
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_STATEMENTS
    | CLIENT_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_LOCAL_FILES
    | CLIENT_SESSION_TRACK
    | CLIENT_COMPRESS
    | CLIENT_PS_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
)
"""What the proxy offers: no more than it does for every backend.

CLIENT_DEPRECATE_EOF and CLIENT_QUERY_ATTRIBUTES would change the bytes of the commands and replies
that are relayed, so they are not offered. With CLIENT_SESSION_TRACK a client is told what servers
tell by default; drivers follow the character set by it.
"""


class ProxyHandler:
    """A handler for :class:`athena_g.net.server.Server`."""

    def __init__(self, directory: Directory, max_statements: int = 16382) -> None:
        self.directory = directory
        self._max_statements = max_statements

    def find_account(self, user: str, database: str | None) -> Account | None:
        """The account of the group that ``user`` may enter with ``database``."""
        group = self.directory.find(user, database)
        return Account(user, group.account.password, group) if group is not None else None

    def open(self, client: Client, login: Login) -> ProxySession:
        """A session; no connection to a server is made for it yet."""
        group = login.account.owner
        assert isinstance(group, Group)
        return ProxySession(client, login, group, self._max_statements)
