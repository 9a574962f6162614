"""Where statements about whole tables go, and which are refused."""

from __future__ import annotations

import pytest

from athena_g.errors import SqlError
from athena_g.router.route import Reach, Route
from athena_g.router.router import Router
from tests.unit.router import house

ALL = (0, 1, 2, 3)


@pytest.fixture(scope="module")
def router() -> Router:
    return house.router()


def text(router: Router, sql: str, shard: int = 1) -> str:
    return router.route(sql.encode()).text(shard).decode()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE orders (user_id INT)", "CREATE TABLE `orders_1` (user_id INT)"),
        ("CREATE TABLE IF NOT EXISTS shop.orders (user_id INT)",
         "CREATE TABLE IF NOT EXISTS `orders_1` (user_id INT)"),
        ("CREATE TABLE logs_b LIKE logs_a", "CREATE TABLE `logs_b_1` LIKE `logs_a_1`"),
        ("ALTER TABLE orders ADD x INT", "ALTER TABLE `orders_1` ADD x INT"),
        ("DROP TABLE orders, items", "DROP TABLE `orders_1`, `items_1`"),
        ("TRUNCATE orders", "TRUNCATE `orders_1`"),
        ("RENAME TABLE logs_a TO logs_b", "RENAME TABLE `logs_a_1` TO `logs_b_1`"),
        ("ALTER TABLE logs_a RENAME TO logs_b", "ALTER TABLE `logs_a_1` RENAME TO `logs_b_1`"),
        ("CREATE INDEX i ON orders (x)", "CREATE INDEX i ON `orders_1` (x)"),
        ("DROP INDEX i ON orders", "DROP INDEX i ON `orders_1`"),
        ("ANALYZE TABLE orders", "ANALYZE TABLE `orders_1`"),
        ("CHECKSUM TABLE orders, items", "CHECKSUM TABLE `orders_1`, `items_1`"),
        ("/*!40000 ALTER TABLE orders DISABLE KEYS */",
         "/*!40000 ALTER TABLE `orders_1` DISABLE KEYS */"),
    ],
)  # fmt: skip
def test_every_part_is_concerned(router: Router, sql: str, expected: str) -> None:
    assert router.route(sql.encode()).route == Route(Reach.SEVERAL, ALL)
    assert text(router, sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SHOW CREATE TABLE orders", "SHOW CREATE TABLE `orders_0`"),
        ("SHOW FULL COLUMNS FROM orders LIKE 'x'", "SHOW FULL COLUMNS FROM `orders_0` LIKE 'x'"),
        ("SHOW INDEX FROM orders", "SHOW INDEX FROM `orders_0`"),
        ("DESCRIBE orders", "DESCRIBE `orders_0`"),
        ("DESC orders x", "DESC `orders_0` x"),
        ("EXPLAIN orders", "EXPLAIN `orders_0`"),
    ],
)
def test_what_is_shown_is_the_part_of_shard_0(router: Router, sql: str, expected: str) -> None:
    assert router.route(sql.encode()).route == Route(Reach.ONE, (0,))
    assert text(router, sql, 0) == expected


@pytest.mark.parametrize(
    ("sql", "reach"),
    [
        ("CREATE TABLE customers (id INT)", Reach.HOME),
        ("DROP TABLE customers", Reach.HOME),
        ("SHOW CREATE TABLE customers", Reach.HOME),
        ("CREATE TABLE countries (id INT)", Reach.EVERY_GROUP),
        ("DROP TABLE countries, currencies", Reach.EVERY_GROUP),
        ("ALTER TABLE countries ADD x INT", Reach.EVERY_GROUP),
        ("DESCRIBE countries", Reach.HOME),
        ("CREATE TABLE other.orders (id INT)", Reach.HOME),
    ],
)
def test_tables_without_shards_change_where_they_are(
    router: Router, sql: str, reach: Reach
) -> None:
    assert router.route(sql.encode()).route.reach is reach


def test_names_of_constraints_get_the_shards_number(router: Router) -> None:
    sql = (
        "CREATE TABLE items (user_id INT, CONSTRAINT `c` CHECK (user_id > 0), "
        "CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES orders (user_id))"
    )
    assert text(router, sql, 2) == (
        "CREATE TABLE `items_2` (user_id INT, CONSTRAINT `c_2` CHECK (user_id > 0), "
        "CONSTRAINT `fk_2` FOREIGN KEY (user_id) REFERENCES `orders_2` (user_id))"
    )


def test_a_foreign_key_may_refer_to_a_broadcast_table(router: Router) -> None:
    sql = "CREATE TABLE orders (c INT, FOREIGN KEY (c) REFERENCES countries (id))"
    assert router.route(sql.encode()).route.shards == ALL


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMPORARY TABLE orders (user_id INT)",
        "CREATE TABLE orders SELECT 1",
        "CREATE TABLE orders AS SELECT * FROM customers",
        "CREATE TABLE customers AS SELECT * FROM orders",
        "CREATE TABLE customers LIKE orders",
        "CREATE TABLE orders LIKE customers",
        "CREATE TABLE orders LIKE days",
        "DROP TABLE orders, customers",
        "DROP TABLE orders, countries",
        "RENAME TABLE orders TO customers",
        "RENAME TABLE customers TO orders",
        "RENAME TABLE names TO orders",
        "CREATE TABLE orders (c INT, FOREIGN KEY (c) REFERENCES customers (id))",
        "CREATE TABLE orders (c INT, FOREIGN KEY (c) REFERENCES days (day))",
        "CREATE TABLE customers (c INT, FOREIGN KEY (c) REFERENCES orders (id))",
        "CREATE TABLE countries (c INT, FOREIGN KEY (c) REFERENCES customers (id))",
        "CREATE TABLE countries (c INT, FOREIGN KEY (c) REFERENCES orders (id))",
        "CREATE TEMPORARY TABLE countries (c INT)",
        "CREATE TABLE countries SELECT * FROM customers",
        "RENAME TABLE countries TO customers",
        "LOCK TABLES orders READ",
        "LOCK TABLES customers READ, orders READ",
        "FLUSH TABLES orders WITH READ LOCK",
        "HANDLER orders OPEN",
        "LOAD DATA INFILE 'f' INTO TABLE orders",
        "CREATE VIEW v AS SELECT * FROM orders",
        "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET @a = 1",
    ],
)
def test_what_the_shards_cannot_do_by_themselves_is_refused(router: Router, sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        router.route(sql.encode())
    assert caught.value.errno == 1235


@pytest.mark.parametrize("hint", ["shard=2", "scatter"])
def test_a_hint_says_which_parts_of_a_table_change(router: Router, hint: str) -> None:
    sql = f"/*athena: {hint} */ ALTER TABLE orders ADD x INT"
    if hint == "scatter":
        with pytest.raises(SqlError, match="scatter"):
            router.route(sql.encode())
        return
    assert router.route(sql.encode()).route == Route(Reach.ONE, (2,))
