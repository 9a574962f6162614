"""Which group a client means."""

from __future__ import annotations

import pytest

from athena_g.backend.endpoint import Endpoint
from athena_g.group.group import DbGroup, Directory, Group, Instance
from athena_g.net.handshake import Account
from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import Command
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import until
from tests.fakes.server import FakeServer


def group(name: str, user: str) -> Group:
    endpoint = Endpoint(group=name, host="db", port=3306, user="u", password="p")
    return Group(name, Account(user, "secret"), DbGroup("home", Instance(Pool(endpoint, Limits()))))


SHOP, BLOG, WIKI = group("shop", "app"), group("Blog", "editor"), group("wiki", "editor")
DIRECTORY = Directory([SHOP, BLOG, WIKI])


@pytest.mark.parametrize(
    ("user", "database", "found"),
    [
        ("app", "shop", SHOP),
        ("app", "SHOP", SHOP),
        ("editor", "blog", BLOG),
        ("editor", "wiki", WIKI),
        ("app", None, SHOP),
    ],
)
def test_a_group_is_found_by_its_name_and_user(
    user: str, database: str | None, found: Group
) -> None:
    assert DIRECTORY.find(user, database) is found


@pytest.mark.parametrize(
    ("user", "database"),
    [
        ("app", "blog"),
        ("App", "shop"),
        ("nobody", "shop"),
        ("app", "shop "),
        ("app", "nothing"),
        ("app", ""),
        ("nobody", None),
        ("", None),
    ],
)
def test_nobody_enters_a_group_that_is_not_theirs(user: str, database: str | None) -> None:
    assert DIRECTORY.find(user, database) is None


def test_a_user_of_several_groups_has_to_name_one() -> None:
    assert DIRECTORY.find("editor", None) is None


@pytest.mark.parametrize("name", ["Blog", "blog", "BLOG"])
def test_a_group_answers_to_its_name_in_any_case(name: str) -> None:
    assert BLOG.is_called(name)
    assert not BLOG.is_called(name + "s")


def test_an_instance_is_called_as_its_server_is() -> None:
    assert SHOP.home.master.name == "db:3306"


def test_a_directory_starts_and_closes_the_pools(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(min_idle=2)
    proxy.directory.start()
    until(lambda: proxy.pool.idle == 2, "the pool did not open in advance")
    proxy.directory.close()
    assert proxy.pool.idle == 0
    assert all(conversation.ended.wait(5) for conversation in backend.connections)


def test_passwords_are_not_in_what_groups_say_of_themselves() -> None:
    assert "secret" not in repr(SHOP)


def test_a_client_without_database_enters_its_only_group(make_proxy: MakeProxy) -> None:
    client = make_proxy().client(database=None)
    assert client.ask(Command.PING).ok
    assert client.query("USE shop").ok
