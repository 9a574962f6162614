"""Ordinary work on sharded tables, compared with the same work on one plain database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.drivers.conftest import Compare, settings
from tests.drivers.dbapi import Driver
from tests.drivers.engines import engine_on
from tests.drivers.installed import missing
from tests.drivers.notes import Notes
from tests.drivers.place import Place
from tests.drivers.test_mysql2 import NODE, run
from tests.programs import program
from tests.servers import Server
from tests.sharding.shop import TABLES, WORKER, Shop, rows
from tests.sharding.shop import shop as opened

USERS = (1, 2, 3, 4, -3, 5)


@pytest.fixture(scope="module")
def shared_shop(server: Server, certificates: Path) -> Iterator[Shop]:
    with opened(server, "driven_shop", settings(server, certificates)) as shop:
        yield shop


@pytest.fixture
def shards(shared_shop: Shop) -> Iterator[Place]:
    """The proxy in front of the shards, whose tables are empty."""
    shared_shop.empty()
    proxy = shared_shop.proxy
    yield Place(
        shared_shop.server.kind,
        proxy.host,
        proxy.port,
        proxy.user,
        proxy.password,
        shared_shop.name,
    )
    shared_shop.expect_sound()


@pytest.fixture
def through(shards: Place) -> Place:
    """What `compare` runs a work on after it ran on the plain database."""
    return shards


@pytest.fixture
def directly(directly: Place, server: Server) -> Place:
    """The server itself, with the same tables in one database."""
    with server.connect(database=directly.database, autocommit=True) as connection:
        for table, columns in TABLES.items():
            rows(connection, f"CREATE TABLE {table} ({columns})")
    return directly


# -- drivers ---------------------------------------------------------------------------------------


def keep_items(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        driver.set_autocommit(connection, True)
        for user in USERS:
            values = (user, "naïve 🐬", user * 10)
            seen(
                f"insert {user}",
                driver.ask(connection, "INSERT INTO items VALUES (%s, %s, %s)", values),
            )
        for user in (5, -3, 99):
            sql = "SELECT n, item FROM items WHERE user_id = %s"
            seen(f"read {user}", driver.ask(connection, sql, (user,)))
        sql = "SELECT user_id, n FROM items WHERE n > %s"
        seen("read all", sorted(driver.ask(connection, sql, (15,))))
        seen("update", driver.ask(connection, "UPDATE items SET n = n + 1 WHERE user_id = 5"))
        duplicate = "INSERT INTO items VALUES (5, 'naïve 🐬', 1)"
        seen("duplicate", driver.refused(driver.ask, connection, duplicate))
        seen("delete", driver.ask(connection, "DELETE FROM items WHERE user_id IN (1, 5)"))
        seen("left", sorted(driver.ask(connection, "SELECT user_id FROM items")))


def test_a_driver_keeps_rows(compare: Compare, driver: Driver) -> None:
    seen = compare(keep_items, driver)
    assert seen["read 5"] == [(50, "naïve 🐬")]
    assert seen["left"] == [(-3,), (2,), (3,), (4,)]


def do_transactions(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        for end in ("rollback", "commit"):
            driver.ask(connection, "INSERT INTO items VALUES (1, 'pen', 1), (5, 'ink', 2)")
            driver.ask(connection, "UPDATE items SET n = 7 WHERE user_id = 1")
            seen(
                f"before {end}",
                sorted(driver.ask(connection, "SELECT * FROM items WHERE user_id IN (1, 5)")),
            )
            getattr(connection, end)()
            found = driver.ask(connection, "SELECT user_id, n FROM items WHERE user_id IN (1, 5)")
            seen(f"after {end}", sorted(found))
            connection.rollback()


def test_transactions_on_one_shard_end_as_they_should(compare: Compare, driver: Driver) -> None:
    seen = compare(do_transactions, driver)
    assert (seen["after rollback"], seen["after commit"]) == ([], [(1, 7), (5, 2)])


def store_many(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection, closing(connection.cursor()) as cursor:
        driver.set_autocommit(connection, True)
        values = [(number, number * 2) for number in range(500)]
        cursor.executemany("INSERT INTO wide (k, c0) VALUES (%s, %s)", values)
        seen("many", cursor.rowcount)
        sql = "SELECT k, c0, c1 FROM wide WHERE k < 400"
        with closing(driver.cursor(connection, streaming=True)) as stream:
            stream.execute(sql)
            seen("streamed", sorted(stream.fetchall()))
            seen("columns", [column[:2] for column in stream.description])
        seen("deleted", driver.ask(connection, "DELETE FROM wide WHERE c0 >= 100"))


def test_many_rows_are_stored_and_streamed(compare: Compare, driver: Driver) -> None:
    seen = compare(store_many, driver)
    assert (seen["many"], len(seen["streamed"]), seen["deleted"]) == (500, 400, 450)


def prepare(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        driver.set_autocommit(connection, True)
        with closing(connection.cursor(prepared=True)) as cursor:
            for user in USERS:
                cursor.execute("INSERT INTO items VALUES (%s, %s, %s)", (user, f"ü {user}", user))
                seen(f"insert {user}", cursor.rowcount)
        with closing(connection.cursor(prepared=True)) as cursor:
            for user in (*USERS, 99, "2"):
                cursor.execute("SELECT item, n FROM items WHERE user_id = %s", (user,))
                seen(f"read {user!r}", list(cursor.fetchall()))
        with closing(connection.cursor(prepared=True)) as cursor:
            for least in (2, -9, 4):
                cursor.execute("SELECT item FROM items WHERE n >= %s", (least,))
                seen(f"from {least}", sorted(cursor.fetchall()))


@pytest.mark.apart
@pytest.mark.parametrize("driver", ["connector", "connector-c"], indirect=True)
def test_prepared_statements_find_their_rows(compare: Compare, driver: Driver) -> None:
    seen = compare(prepare, driver)
    assert seen["read -3"] == [("ü -3", -3)]
    assert len(seen["from -9"]) == 6


def test_the_id_that_was_made_is_the_drivers_lastrowid(shards: Place, driver: Driver) -> None:
    with driver.session(shards) as connection, closing(connection.cursor()) as cursor:
        driver.set_autocommit(connection, True)
        for user in (1, 2):
            cursor.execute("INSERT INTO orders (user_id) VALUES (%s)", (user,))
            made = cursor.lastrowid
            assert made >> 12 & 0x3FF == WORKER
            found = driver.ask(connection, "SELECT user_id FROM orders WHERE id = %s", (made,))
            assert found == [(user,)]


def test_a_refused_statement_is_an_error_of_the_driver(shards: Place, driver: Driver) -> None:
    with driver.session(shards) as connection:
        driver.set_autocommit(connection, True)
        refusal = driver.refused(driver.ask, connection, "DELETE FROM items")
        assert 1105 in refusal
        assert driver.ask(connection, "SELECT 1") == [(1,)]


# -- SQLAlchemy ------------------------------------------------------------------------------------


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    n: Mapped[int | None]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    user_id: Mapped[int | None]
    item: Mapped[str | None] = mapped_column(sa.String(40))


def reflect(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        inspector = sa.inspect(engine)
        seen("tables", sorted(inspector.get_table_names()))
        for name in TABLES:
            table = sa.Table(name, sa.MetaData(), autoload_with=engine)
            seen(f"columns of {name}", [(c.name, str(c.type), c.nullable) for c in table.columns])
            seen(f"key of {name}", [column.name for column in table.primary_key])
            seen(f"indexes of {name}", sorted(str(index.name) for index in table.indexes))
        seen("there", [inspector.has_table(name) for name in ("orders", "orders_0", "none")])
        orders = sa.Table("orders", sa.MetaData(), autoload_with=engine)
        with engine.begin() as connection:
            connection.execute(orders.insert().values(id=1, user_id=5, item="ü", price=9.5))
            found = connection.execute(sa.select(orders).where(orders.c.user_id == 5)).all()
            seen("rows", [tuple(row) for row in found])


def test_sharded_tables_are_reflected(compare: Compare, dialect: str) -> None:
    seen = compare(reflect, dialect)
    assert seen["tables"] == sorted(TABLES)
    assert seen["indexes of orders"] == ["by_user"]
    assert seen["there"] == [True, False, False]


def keep_objects(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine, Session(engine) as session:
        session.add_all([Item(user_id=5, item="pen", n=1), Item(user_id=1, item="ink", n=2)])
        session.commit()
        pen = session.get_one(Item, (5, "pen"))
        pen.n = 7
        session.flush()
        seen("flushed", session.scalars(sa.select(Item.n).where(Item.user_id == 5)).all())
        session.rollback()
        seen("rolled back", session.get_one(Item, (5, "pen")).n)
        session.delete(session.get_one(Item, (1, "ink")))
        session.commit()
        found = session.execute(sa.select(Item.user_id, Item.item, Item.n)).all()
        seen("left", [tuple(row) for row in found])


def test_objects_of_one_shard_are_kept(compare: Compare, dialect: str) -> None:
    seen = compare(keep_objects, dialect)
    assert seen["flushed"] == [7]
    assert seen["left"] == [(5, "pen", 1)]


def test_an_object_gets_the_id_that_was_made(shards: Place, dialect: str) -> None:
    with engine_on(shards, dialect) as engine:
        for user in (5, 6):
            with Session(engine) as session:
                order = Order(user_id=user, item="pen")
                session.add(order)
                session.flush()
                made = order.id
                session.commit()
                assert made >> 12 & 0x3FF == WORKER
                found = session.scalars(sa.select(Order).where(Order.user_id == user)).all()
                assert [each.id for each in found] == [made]


def test_objects_of_several_shards_get_their_ids(shards: Place, dialect: str) -> None:
    with (
        engine_on(shards, dialect, use_insertmanyvalues=False) as engine,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        Session(connection) as session,
    ):
        orders = [Order(user_id=user) for user in (5, 6, 7)]
        session.add_all(orders)
        session.flush()
        found = session.execute(sa.select(Order.user_id, Order.id)).all()
        assert sorted(map(tuple, found)) == [(order.user_id, order.id) for order in orders]


# -- node ------------------------------------------------------------------------------------------


def test_mysql2_keeps_rows(compare: Compare) -> None:
    program("node")
    if not (NODE / "node_modules" / "mysql2").is_dir():
        missing("mysql2 is not installed (tests/drivers/node/install)")
    seen = compare(run, "sharded")
    assert seen["user 5 by query"] == [{"n": 50, "item": "query ü"}]
    assert seen["after commit"] == [{"n": 77}, {"n": 77}]
    assert seen["duplicate"][:2] == ["ER_DUP_ENTRY", 1062]
