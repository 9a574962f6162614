"""One group's router: plans are kept, and hold for all statements of their shape."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from athena_g.errors import SqlError
from athena_g.parser.digest import shape
from athena_g.parser.text import Reading
from athena_g.router.keys import Key, KeyType
from athena_g.router.route import Reach
from athena_g.router.router import Literals, Router, literal_spans
from athena_g.router.rules import rules_of
from tests.unit.router import house


@pytest.fixture
def router() -> Router:
    return house.router()


def plan_of(router: Router, sql: str, reading: Reading = Reading()) -> Any:  # noqa: B008
    data = sql.encode(reading.codec)
    cut = shape(
        data, ansi_quotes=reading.ansi_quotes, no_backslash_escapes=reading.no_backslash_escapes
    )
    return router.plan(data, cut, reading)


def test_statements_of_one_shape_have_one_plan(router: Router) -> None:
    plan = plan_of(router, "SELECT 1 FROM orders WHERE user_id = 5")
    assert plan_of(router, "SELECT 1 FROM orders WHERE user_id = 66") is plan
    assert plan_of(router, "SELECT 1 FROM orders WHERE x = 5") is not plan


@pytest.mark.parametrize(
    "reading", [Reading("latin-1"), Reading(ansi_quotes=True), Reading(no_backslash_escapes=True)]
)
def test_a_text_that_is_read_otherwise_has_another_plan(router: Router, reading: Reading) -> None:
    sql = "SELECT 1 FROM orders WHERE user_id = 5"
    assert plan_of(router, sql, reading) is not plan_of(router, sql)


def test_other_rules_make_other_plans(router: Router) -> None:
    sql = "SELECT 1 FROM accounts WHERE account = 5"
    assert router.route(sql.encode()).route.reach is Reach.SEVERAL
    router.rules = router.rules.with_key("accounts", Key(KeyType.INTEGER))
    assert router.route(sql.encode()).route.reach is Reach.ONE


def test_the_plan_of_rows_is_not_one_for_any_number_of_them(router: Router) -> None:
    one = b"INSERT INTO logs_a (id) VALUES (1)"
    two = b"INSERT INTO logs_a (id) VALUES (1), (2)"
    assert router.route(one).route.shards == (1,)
    assert router.route(two).route.shards == (1, 2)
    assert router.route(one).route.shards == (1,)


def test_the_text_for_a_shard_has_the_literals_of_this_execution(router: Router) -> None:
    router.route(b"SELECT 'a' FROM orders WHERE user_id = 5")
    found = router.route(b"SELECT 'b' FROM orders WHERE user_id = 6")
    assert found.text(2) == b"SELECT 'b' FROM `orders_2` AS `orders` WHERE user_id = 6"


KEYED = b"SELECT x FROM orders WHERE user_id = "


def test_another_number_at_the_end_of_a_known_text_is_all_that_is_read(router: Router) -> None:
    plan = router.route(KEYED + b"5").plan
    hits = router.cache.hits
    text = b"SELECT x FROM `orders_2` AS `orders` WHERE user_id = 66"
    assert router.at_point(KEYED + b"66") == (2, text, plan)
    assert router.cache.hits == hits + 1


@pytest.mark.parametrize(
    "end", [b"", b"x", b"6 ", b"-6", b"6.5", b"'6'", b"6" * 30, b"0x6", b"6e1"]
)
def test_any_other_end_is_read_anew(router: Router, end: bytes) -> None:
    router.route(KEYED + b"5")
    assert router.at_point(KEYED + end) is None


@pytest.mark.parametrize("reading", [Reading("latin-1"), Reading(ansi_quotes=True)])
def test_a_text_that_was_read_otherwise_is_no_help(router: Router, reading: Reading) -> None:
    plan_of(router, KEYED.decode() + "5", reading)
    assert router.at_point(KEYED + b"5") is None


def test_other_rules_make_texts_be_read_anew(router: Router) -> None:
    router.route(KEYED + b"5")
    router.rules = house.rules()
    assert router.at_point(KEYED + b"5") is None


def test_not_any_number_of_texts_is_known(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("athena_g.router.router.MAX_PLANS", 3)
    texts = [b"SELECT x%d FROM orders WHERE user_id = 5" % number for number in range(7)]
    for text in texts:
        router.route(text)
    assert sum(router.at_point(text) is not None for text in texts) == 1
    router.route(b"SELECT x FROM orders WHERE" + b" " * 600 + b"user_id = 5")
    assert router.at_point(b"SELECT x FROM orders WHERE" + b" " * 600 + b"user_id = 5") is None


def test_a_long_insert_is_routed_without_cutting_it_into_tokens(router: Router) -> None:
    rows = ", ".join(f"({4 * number + 1}, 'x')" for number in range(20_000))
    found = router.route(f"INSERT INTO orders (user_id, x) VALUES {rows}".encode())
    assert found.route.shards == (1,)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders SET x = '{}' WHERE user_id = 5",
        "SELECT '{}' FROM orders WHERE user_id = 5",
        "DELETE FROM orders WHERE x = 0x{} AND user_id = 5",
        "INSERT INTO orders (user_id, x) VALUES (5, '{}')",
        "INSERT INTO orders (user_id, x) VALUES (5, '{}'), (9, '')",
    ],
)
def test_a_text_may_be_long_because_of_its_literals(router: Router, sql: str) -> None:
    text = sql.format("41" * (1 << 20)).encode()
    found = router.route(text)
    assert found.route.shards == (1,)
    assert found.text(1).count(b"41" * (1 << 20)) == 1
    assert len(found.text(1)) - len(text) < 30


def test_a_long_query_that_names_a_sharded_table_is_refused(router: Router) -> None:
    query = "SELECT 1 FROM {} WHERE x IN (" + ", ".join("a" for _ in range(100_000)) + ")"
    with pytest.raises(SqlError, match="does not understand"):
        router.route(query.format("orders").encode())
    assert router.route(query.format("customers").encode()).route.reach is Reach.HOME


@pytest.mark.parametrize(
    ("sql", "reach"),
    [
        ("SELEC nonsense", Reach.HOME),
        ("SHOW TABLES", Reach.HOME),
        ("SET NAMES utf8mb4", Reach.ANYWHERE),
        ("SAVEPOINT orders", Reach.ANYWHERE),
        ("DO 1", Reach.ANYWHERE),
    ],
)
def test_what_names_no_sharded_table_need_not_be_understood(
    router: Router, sql: str, reach: Reach
) -> None:
    assert router.route(sql.encode()).route.reach is reach


@pytest.mark.parametrize(
    "sql",
    [
        "SELEC nonsense FROM orders", "OPTIMISE orders", "SET @a = (SELECT 1 FROM orders)",
        "SET @a = (TABLE orders)", "COMMIT; DELETE FROM orders", "DO (SELECT 1 FROM orders)",
        "SET STATEMENT a = 1 FOR DELETE FROM orders", "SELECT 1 /*! FROM orders */",
        "PREPARE s FROM 'DELETE FROM orders'",
    ],
)  # fmt: skip
def test_what_names_one_must_be(router: Router, sql: str) -> None:
    with pytest.raises(SqlError, match="does not understand"):
        router.route(sql.encode())


@pytest.mark.parametrize("sql", ["PREPARE s FROM '%s'", "EXECUTE IMMEDIATE '%s'"])
def test_what_a_string_names_is_of_its_own_text_only(router: Router, sql: str) -> None:
    for _ in range(2):
        router.route((sql % "SELECT 1").encode())
        with pytest.raises(SqlError, match="does not understand"):
            router.route((sql % "DELETE FROM orders").encode())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM orders" + " UNION SELECT 1 UNION ALL SELECT 1" * 500,
        "SELECT 1 FROM orders" + ", (SELECT 1) d" * 1000,
        "SELECT 1 FROM " + "(SELECT 1 FROM " * 300 + "orders" + ") d" * 300,
        "WITH a0 AS (SELECT 1 FROM orders)"
        + "".join(f", a{n} AS (SELECT 1 FROM a{n - 1} a, a{n - 1} b)" for n in range(1, 40))
        + " SELECT 1",
        "WITH a0 AS (SELECT 1)"
        + "".join(f", a{n} AS (SELECT 1 FROM a{n - 1} a, a{n - 1} b)" for n in range(1, 40))
        + " SELECT 1 FROM orders",
        "INSERT INTO orders (user_id, x) VALUES (5, (SELECT 1))" + ", (5, (SELECT 1))" * 20_000,
    ],
)
def test_what_is_too_deep_or_too_much_is_not_understood(router: Router, sql: str) -> None:
    with pytest.raises(SqlError, match="does not understand"):
        router.route(sql.encode())


@pytest.mark.parametrize(
    ("behind", "added"),
    [
        ("", ""),
        (" AS new ON DUPLICATE KEY UPDATE x = new.x", " AS new ON DUPLICATE KEY UPDATE x = new.x"),
        (" AS new(a, b)", " AS new(a, b, `made id`)"),
    ],
)
def test_rows_get_the_ids_that_they_lack(behind: str, added: str) -> None:
    rule = house.rules().exact["items"]
    rules = replace(house.rules(), exact={"items": replace(rule, id_column="id")})
    router = Router(rules, "shop", "home")
    sql = b"INSERT INTO items (user_id, x) VALUES (5, ')')" + behind.encode()
    text = router.with_ids(router.plan(sql, shape(sql), Reading()), shape(sql), [77])
    assert text == b"INSERT INTO items (user_id, x, `id`) VALUES (5, ')', 77)" + added.encode()


def test_values_are_literals_and_behind_them_parameters() -> None:
    values = Literals((b"1", b"'a'"), (2, None), Reading())
    assert [values[place] for place in range(len(values))] == [1, "a", 2, None]
    with pytest.raises(ValueError, match="not known yet"):
        values[4]


def test_the_places_of_literals_are_those_of_the_shape() -> None:
    data = b"SELECT 'a', 22 FROM t"
    cut = shape(data, ansi_quotes=False, no_backslash_escapes=False)
    assert [data[start:end] for start, end in literal_spans(cut)] == [b"'a'", b"22"]


def test_no_plan_outlives_its_rules(router: Router) -> None:
    sql = "SELECT 1 FROM orders"
    before = plan_of(router, sql)
    router.rules = replace(router.rules, version=router.rules.version + 1000)
    assert plan_of(router, sql) is not before


# -- ids -------------------------------------------------------------------------------------------


@pytest.fixture
def numbered() -> Router:
    """A router that makes ids for ``orders``, in a process whose number is 9."""
    group = house.group()
    rule = group.sharding_rules[0].model_copy(
        update={"id_column": "id", "id_generator": "snowflake", "scatter_writes": "allow"}
    )
    rules = rules_of(group.model_copy(update={"sharding_rules": (rule,)}))
    return Router(rules, "shop", "home", house.columns_of, worker=9)


def with_ids(router: Router, sql: str) -> tuple[str, list[int]] | None:
    """The text with a letter in place of each id, and the ids."""
    cut = shape(sql.encode(), ansi_quotes=False, no_backslash_escapes=False)
    plan = router.plan(sql.encode(), cut, Reading())
    if plan.id_slots is None:
        return None
    ids = router.new_ids(plan.id_slots.count)
    text = router.with_ids(plan, cut, ids)
    assert [int(each) for each in re.findall(rb"\d{18,}", text)] == ids
    return re.sub(r"\d{18,}", "ID", text.decode()), ids


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO orders (user_id) VALUES (5)",
         "INSERT INTO orders (user_id, `id`) VALUES (5, ID)"),
        ("INSERT INTO orders (user_id, x) VALUES (5, 'a'), (6, 'b)')",
         "INSERT INTO orders (user_id, x, `id`) VALUES (5, 'a', ID), (6, 'b)', ID)"),
        ("INSERT INTO orders SET user_id = 5", "INSERT INTO orders SET user_id = 5, `id` = ID"),
        ("INSERT INTO orders SET user_id = 5, x = 7 ON DUPLICATE KEY UPDATE x = 8",
         "INSERT INTO orders SET user_id = 5, x = 7, `id` = ID ON DUPLICATE KEY UPDATE x = 8"),
        ("INSERT INTO orders (user_id) VALUES (5) ON DUPLICATE KEY UPDATE x = VALUES(x) + 1",
         "INSERT INTO orders (user_id, `id`) VALUES (5, ID) "
         "ON DUPLICATE KEY UPDATE x = VALUES(x) + 1"),
        ("INSERT INTO orders () VALUES (), ()", "INSERT INTO orders (`id`) VALUES (ID), (ID)"),
        ("REPLACE shop.orders(user_id)VALUES(5)",
         "REPLACE shop.orders(user_id, `id`)VALUES(5, ID)"),
        ("INSERT INTO orders (user_id /* , id */ ) VALUES (5 /* x */ )",
         "INSERT INTO orders (user_id /* , id */ , `id`) VALUES (5 /* x */ , ID)"),
    ],
)  # fmt: skip
def test_each_row_that_lacks_an_id_gets_one(numbered: Router, sql: str, expected: str) -> None:
    made = with_ids(numbered, sql)
    assert made is not None
    assert made[0] == expected
    assert sorted(set(made[1])) == made[1]
    assert {each >> 12 & 0x3FF for each in made[1]} == {9}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders (id, user_id) VALUES (1, 5)",
        "INSERT INTO orders (user_id, `ID`) VALUES (5, 1)",
        "INSERT INTO orders SET id = 7, user_id = 5",
        "INSERT INTO orders VALUES (1, 5, 3)",
        "INSERT INTO orders (user_id) SELECT user_id FROM orders WHERE user_id = 5",
        "INSERT INTO customers (x) VALUES (5)",
        "UPDATE orders SET x = 1 WHERE user_id = 5",
        "SELECT 1 FROM orders WHERE user_id = 5",
    ],
)
def test_what_has_an_id_or_cannot_get_one_stays_as_it_is(numbered: Router, sql: str) -> None:
    assert with_ids(numbered, sql) is None


def test_ids_of_further_executions_go_on_ascending(numbered: Router) -> None:
    ids: list[int] = []
    for key in (5, 6, 5):
        made = with_ids(numbered, f"INSERT INTO orders (user_id) VALUES ({key})")
        assert made is not None
        ids += made[1]
    assert ids == sorted(set(ids))


def test_rows_with_ids_go_to_the_shards_of_their_keys(numbered: Router) -> None:
    sql = b"INSERT INTO orders (user_id) VALUES (5), (6)"
    cut = shape(sql, ansi_quotes=False, no_backslash_escapes=False)
    text = numbered.with_ids(numbered.plan(sql, cut, Reading()), cut, numbered.new_ids(2))
    assert numbered.route(text).route.divided == {1: (0,), 2: (1,)}


def test_the_home_servers_name_of_the_database_is_the_groups_too() -> None:
    router = Router(house.rules(), "shop", "home", house.columns_of, home_database="db0")
    found = router.route(b"SELECT db0.orders.x FROM db0.orders WHERE user_id = 5")
    assert found.text(1) == b"SELECT `orders`.x FROM `orders_1` AS `orders` WHERE user_id = 5"
    assert router.route(b"SELECT 1 FROM DB0.customers").route.reach is Reach.HOME
    assert router.route(b"SELECT 1 FROM db1.orders").route.reach is Reach.HOME
    with pytest.raises(SqlError, match="DROP DATABASE"):
        router.route(b"drop database if exists `DB0`")
    assert router.route(b"DROP DATABASE db1").route.reach is Reach.HOME
