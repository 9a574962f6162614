"""Queries: one table, joins, subqueries, common table expressions, unions."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.sharding.compositions import Composition
from tests.sharding.conditions import Conditions
from tests.sharding.tables import COUNTRIES, INTEGER, ITEMS, ORDERS, SETTINGS, SHAPES, Shape
from tests.sharding.values import odd

GROUP = "house"
PARTS = [shape for shape in SHAPES if shape.is_sharded]


@dataclass(frozen=True)
class Said:
    """A statement for both sides.

    ``owed``: the proxy has to answer it; ``ordered``: the order of its rows is said.
    """

    text: str
    owed: bool = False
    ordered: bool = False


class Queries:
    """Makes queries. What they give does not depend on the order in which a server finds rows."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def any(self) -> Said:
        """Any query."""
        makes = [
            self.keyed, self.keyed, self.keyed, self.keyless, self.keyless, self.ordered,
            self.grouped, self.joined, self.joined, self.joined, self.subquery, self.subquery,
            self.composed, self.composed,
            self.derived, self.union, self.without_shards, self.with_others, self.explained,
        ]  # fmt: skip
        return self._chance.choice(makes)()

    # -- one table ---------------------------------------------------------------------------------

    def keyed(self) -> Said:
        """Of one sharded table, by one key."""
        shape = self._chance.choice(PARTS)
        name, prefix = self._naming(shape)
        where, owed = self._key(Conditions(self._chance, shape, prefix))
        outputs = self._outputs(shape, prefix)
        end = self._chance.choice(["", "", "", ";", " FOR UPDATE", " -- done", " LIMIT 100"])
        return Said(f"SELECT {outputs} FROM {name} WHERE {where}{end}", owed)

    def keyless(self) -> Said:
        """Of one sharded table, from any shards."""
        shape = self._chance.choice(PARTS)
        name, prefix = self._naming(shape)
        where = Conditions(self._chance, shape, prefix).any()
        outputs = self._outputs(shape, prefix)
        condition = self._chance.choice([f" WHERE {where}", f" WHERE {where}", ""])
        owed = "/*!" not in condition
        return Said(f"SELECT {outputs} FROM {name}{condition}", owed)

    def ordered(self) -> Said:
        """In order, perhaps only some rows."""
        chance = self._chance
        shape = chance.choice(PARTS)
        name, prefix = self._naming(shape)
        conditions = Conditions(chance, shape, prefix)
        where, owed = self._key(conditions)
        if chance.random() < 0.2:
            where, owed = conditions.some_keys(), False
        columns = [f"{prefix}{column}" for column in shape.columns]
        chance.shuffle(columns)
        ways = chance.choices(["", " DESC", " ASC"], k=len(columns))
        order = ", ".join(column + way for column, way in zip(columns, ways, strict=True))
        limit = chance.choice(["", " LIMIT 2", " LIMIT 1, 3", " LIMIT 2 OFFSET 1", " LIMIT 0"])
        text = f"SELECT {', '.join(columns)} FROM {name} WHERE {where} ORDER BY {order}{limit}"
        return Said(text, owed, ordered=True)

    def grouped(self) -> Said:
        """With aggregates."""
        chance = self._chance
        shape = chance.choice(PARTS)
        literal = odd(chance, shape.columns[shape.key])
        key, other = shape.key, next(n for n in shape.columns if n != shape.key)
        conditions = Conditions(chance, shape)
        where = chance.choice([conditions.one_key, conditions.some_keys])()
        any_ = conditions.any()
        ways = [
            f"SELECT COUNT(*), MAX({other}) FROM {shape.name} WHERE {where}",
            f"SELECT COUNT(*) n, COUNT({other}), COUNT({key}) FROM {shape.name} WHERE {any_}",
            f"SELECT MIN({key}), MAX({key}), COUNT(*) FROM {shape.name} WHERE {any_}",
            f"SELECT SUM({key}), SUM({other}) FROM {shape.name} WHERE {any_}",
            f"SELECT {key}, COUNT(*) FROM {shape.name} WHERE {where} GROUP BY {key}",
            f"SELECT {key}, MIN({other}) m FROM {shape.name} GROUP BY {key} HAVING COUNT(*) > 1",
            f"SELECT DISTINCT {key} FROM {shape.name} WHERE {where}",
            f"SELECT DISTINCT {other} FROM {shape.name} WHERE {where}",
            f"SELECT {other}, COUNT({key}) FROM {shape.name} GROUP BY {other}",
            f"SELECT {key}, SUM(1) OVER (PARTITION BY {key}) s FROM {shape.name} WHERE {where}",
            f"SELECT SUM(1) OVER () s FROM {shape.name} WHERE {where}",
            f"SELECT {other}, {key}, COUNT(*) FROM {shape.name} GROUP BY {chance.choice('12')}, 2",
            f"SELECT {key}, COUNT(*) FROM {shape.name} GROUP BY {chance.choice(['1', '2 - 1'])}",
            f"SELECT {key} + 0 g, COUNT(*) FROM {shape.name} GROUP BY {chance.choice(['g', key])}",
            f"SELECT {other} {key}, COUNT(*) FROM {shape.name} GROUP BY {key}, {other}",
            f"SELECT COUNT(*) {key} FROM {shape.name} WHERE {where} HAVING {key} > 0",
            f"SELECT {key}, {other} FROM {shape.name} HAVING {key} = {literal}",
            f"SELECT MAX({key}) FROM {shape.name} HAVING MAX({key}) > 0",
        ]
        return Said(chance.choice(ways))

    # -- several tables ----------------------------------------------------------------------------

    def joined(self) -> Said:
        """Two tables with shards, joined by their key or not."""
        chance = self._chance
        join = chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "INNER JOIN", "STRAIGHT_JOIN"])
        on = chance.choice(
            [
                "o.user_id = i.user_id AND o.id = i.order_id", "i.user_id = o.user_id",
                "o.id = i.order_id", "o.user_id <=> i.user_id", "o.user_id = i.user_id OR o.id = 1",
                "i.user_id = o.user_id AND i.qty > 1", "o.user_id = i.order_id",
            ]
        )  # fmt: skip
        one = chance.choice([Conditions(chance, ORDERS, "o."), Conditions(chance, ITEMS, "i.")])
        where = chance.choice([one.one_key, one.one_key, one.any])()
        outputs = chance.choice(["*", "o.*, i.sku", "o.id, i.qty", "i.*", "o.user_id u, i.user_id"])
        ways = [
            f"SELECT {outputs} FROM orders o {join} items i ON {on} WHERE {where}",
            f"SELECT {outputs} FROM orders o {join} items i ON {on}",
            f"SELECT {outputs} FROM orders AS o, items AS i WHERE {on} AND {where}",
            f"SELECT * FROM orders {join.replace('STRAIGHT_', '')} items USING (user_id)",
            "SELECT * FROM orders o NATURAL JOIN items i",
            f"SELECT {outputs} FROM (orders o {join} items i ON {on}) WHERE {where}",
            f"SELECT a.id, o.id FROM orders o JOIN orders a ON a.user_id = o.user_id WHERE {where}"
            .replace("i.user_id", "o.user_id").replace("i.", "o."),
            f"SELECT o.id, i.id FROM orders o, orders i WHERE o.user_id = {odd(chance, INTEGER)} "
            f"AND i.user_id = {odd(chance, INTEGER)}",
            "SELECT orders.id, items.qty FROM orders JOIN items ON orders.user_id = items.user_id "
            f"WHERE orders.user_id = {odd(chance, INTEGER)}",
        ]  # fmt: skip
        return Said(chance.choice(ways))

    def composed(self) -> Said:
        """Joins of joins, with conditions of any nesting about any of their tables."""
        return Said(Composition(self._chance).query())

    def with_others(self) -> Said:
        """A table with shards, and a broadcast one or one at home."""
        chance = self._chance
        where = Conditions(chance, ORDERS, "o.").any()
        other = chance.choice([COUNTRIES, COUNTRIES, SETTINGS])
        column = other.rank[0]
        join = chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "CROSS JOIN"])
        on = f"o.user_id = c.{column}" if join != "CROSS JOIN" else "1 = 1"
        ways = [
            f"SELECT * FROM orders o {join} {other.name} c ON {on} WHERE {where}",
            f"SELECT o.id FROM orders o WHERE o.user_id IN (SELECT {column} FROM {other.name})",
            f"SELECT c.*, o.note FROM {other.name} c JOIN orders o ON {on} AND {where}",
            f"SELECT o.id, (SELECT MAX({column}) FROM {other.name}) m FROM orders o WHERE {where}",
            f"SELECT {column} FROM {other.name} c WHERE EXISTS (SELECT 1 FROM orders o WHERE "
            f"{on} AND {Conditions(chance, ORDERS, 'o.').one_key()})",
        ]
        return Said(
            chance.choice(ways).replace("CROSS JOIN orders o ON 1 = 1", "JOIN orders o ON 1")
        )

    def subquery(self) -> Said:
        """Queries in conditions and outputs."""
        chance = self._chance
        outer, inner = Conditions(chance, ORDERS, "o."), Conditions(chance, ITEMS, "i.")
        key = odd(chance, INTEGER)
        where = chance.choice([outer.one_key, outer.any])()
        within = chance.choice([inner.one_key, inner.any])()
        tied = "i.user_id = o.user_id"
        negated = chance.choice(["", "NOT "])
        ways = [
            f"SELECT o.* FROM orders o WHERE o.user_id {negated}IN (SELECT user_id FROM items i "
            f"WHERE {within})",
            f"SELECT o.id FROM orders o WHERE {negated}EXISTS (SELECT * FROM items i WHERE {tied} "
            f"AND {within})",
            f"SELECT o.id, (SELECT MAX(i.qty) FROM items i WHERE {tied}) q FROM orders o "
            f"WHERE {where}",
            f"SELECT o.id, (SELECT COUNT(*) FROM items i WHERE i.user_id = {key}) q FROM orders o "
            f"WHERE o.user_id = {key}",
            f"SELECT (SELECT COUNT(*) FROM items i WHERE i.user_id = {key}) q",
            f"SELECT o.id FROM orders o WHERE o.id IN (SELECT order_id FROM items i WHERE {within})"
            f" AND {where}",
            f"SELECT o.id FROM orders o WHERE o.user_id = (SELECT MAX(user_id) FROM items i WHERE "
            f"{inner.one_key()}) AND {where}",
            f"SELECT o.id FROM orders o WHERE o.user_id >= ALL (SELECT user_id FROM items i WHERE "
            f"{within}) AND {where}",
            f"SELECT o.id FROM orders o WHERE (o.user_id, o.id) IN (SELECT user_id, order_id FROM "
            f"items i WHERE {within})",
        ]
        return Said(chance.choice(ways))

    def derived(self) -> Said:
        """Derived tables and common table expressions."""
        chance = self._chance
        names = chance.choice(["ab", "ba"])
        where = chance.choice(
            [Conditions(chance, ORDERS).one_key, Conditions(chance, ORDERS).any]
        )()
        key = odd(chance, INTEGER)
        inner = chance.choice(
            [
                f"SELECT * FROM orders WHERE {where}", "SELECT * FROM orders",
                "SELECT user_id, id, note FROM orders",
                f"SELECT user_id, MAX(id) id FROM orders WHERE {where} GROUP BY user_id",
                "SELECT user_id, COUNT(*) id FROM orders GROUP BY user_id",
                "SELECT user_id, qty id FROM items UNION ALL SELECT user_id, id FROM orders",
                f"SELECT user_id, id FROM orders WHERE {where} ORDER BY user_id, id LIMIT 3",
                "SELECT DISTINCT id, user_id FROM orders",
            ]
        )  # fmt: skip
        ways = [
            f"SELECT d.user_id, d.id FROM ({inner}) d WHERE d.user_id = {key}",
            f"SELECT d.user_id, d.id FROM ({inner}) AS d",
            f"WITH d AS ({inner}) SELECT user_id, id FROM d WHERE user_id = {key}",
            f"WITH d AS ({inner}) SELECT d.user_id, i.sku FROM d JOIN items i USING (user_id)",
            f"WITH orders AS (SELECT 1 user_id, 2 id) SELECT * FROM orders WHERE user_id = {key}",
            f"WITH d (u, n) AS (SELECT user_id, id FROM orders) SELECT u, n FROM d WHERE u = {key}",
            f"SELECT i.sku, d.id FROM items i LEFT JOIN ({inner}) d ON d.user_id = i.user_id",
            f"WITH d AS ({inner}), e AS (SELECT * FROM d) SELECT e.user_id FROM e, d "
            f"WHERE e.user_id = d.user_id",
            f"SELECT * FROM (SELECT user_id AS '{names[0]}', id AS '{names[1]}' FROM orders) d "
            f"WHERE d.a = {key}",
            f"SELECT * FROM (SELECT id AS user_id, user_id AS id FROM orders) d "
            f"WHERE user_id = {key}",
            f"SELECT * FROM (SELECT user_id + 0 AS user_id, id FROM orders) d "
            f"WHERE user_id = {key}",
            f"SELECT * FROM orders o, LATERAL (SELECT sku FROM items i WHERE i.user_id = o.user_id "
            f"AND {Conditions(chance, ITEMS, 'i.').any()}) l",
            f"SELECT * FROM (SELECT user_id, id FROM orders o UNION ALL SELECT order_id, user_id "
            f"FROM items) u WHERE u.user_id = {key}",
            f"WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 3) "
            f"SELECT o.id, r.n FROM orders o JOIN r ON r.n = o.id WHERE o.user_id = {key}",
        ]
        return Said(chance.choice(ways))

    def union(self) -> Said:
        """Unions and their like."""
        chance = self._chance
        operation = chance.choice(["UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT"])
        makes = [Conditions(chance, shape) for shape in (ORDERS, ITEMS)]
        one, two = (chance.choice([each.one_key, each.any])() for each in makes)
        key = odd(chance, INTEGER)
        ways = [
            f"SELECT user_id, id FROM orders WHERE {one} {operation} "
            f"SELECT user_id, qty FROM items WHERE {two}",
            f"(SELECT user_id FROM orders WHERE user_id = {key}) {operation} (SELECT user_id FROM "
            f"items WHERE user_id = {key})",
            f"SELECT id FROM orders WHERE {one} {operation} SELECT 1",
            f"SELECT id FROM orders WHERE {one} {operation} SELECT code FROM countries",
            f"SELECT id FROM orders WHERE user_id = {key} {operation} SELECT k FROM settings",
        ]
        return Said(chance.choice(ways))

    # -- others ------------------------------------------------------------------------------------

    def without_shards(self) -> Said:
        """Of tables without shards, or of none."""
        chance = self._chance
        ways = [
            "SELECT * FROM settings", "SELECT v AS orders FROM settings WHERE v <> 'orders'",
            "SELECT settings.orders FROM settings ORDER BY k", "SELECT * FROM countries",
            "SELECT s.k, c.label FROM settings s JOIN countries c ON c.code = s.k",
            "SELECT 1 AS orders", "SELECT 'orders'", "SELECT NOW() IS NULL", "DO 1",
            "SELECT orders FROM settings AS items WHERE items.k = 1", "SELECT nosuch FROM settings",
            "SELECT * FROM nosuch", "SELECT DATABASE() IS NULL", "SELEKT 1", "SELECT 1 FROM DUAL",
            f"SELECT * FROM {GROUP}.settings", f"SELECT `{GROUP}`.`settings`.`k` FROM `settings`",
            "# orders\nSELECT v FROM settings WHERE k = 2", "SELECT 'ö', k FROM settings",
        ]  # fmt: skip
        return Said(chance.choice(ways), owed=True)

    def explained(self) -> Said:
        """Statements whose answer is an error for both."""
        chance = self._chance
        key = odd(chance, INTEGER)
        ways = [
            f"SELECT nosuch FROM orders WHERE user_id = {key}",
            f"SELECT orders.nosuch FROM orders WHERE user_id = {key}",
            f"SELECT o.nosuch FROM orders o WHERE user_id = {key}",
            f"SELECT x.id FROM orders WHERE user_id = {key}",
            f"SELECT id FROM orders o JOIN items i ON o.user_id = i.user_id AND user_id = {key}",
            f"SELECT id, COUNT(*) FROM orders WHERE user_id = {key} GROUP BY nosuch",
            f"SELECT * FROM orders, orders WHERE user_id = {key}",
            f"SELECT NOSUCH(id) FROM orders WHERE user_id = {key}",
        ]
        return Said(chance.choice(ways))

    def _key(self, conditions: Conditions) -> tuple[str, bool]:
        """A condition that leaves one key, and whether it says so plainly."""
        if self._chance.random() < 0.5:
            return conditions.sure_key(), True
        return conditions.one_key(), False

    def _naming(self, shape: Shape) -> tuple[str, str]:
        """A way to name a table, and what its columns have in front then."""
        name = shape.name
        ways = [
            (name, ""), (name, ""), (f"`{name}`", ""), (f"{name} t", "t."), (f"{name} AS t", "t."),
            (name.upper(), "") if False else (name, f"{name}."), (f"{GROUP}.{name}", ""),
            (f"`{GROUP}`.`{name}`", f"{name}."), (f"{GROUP}.{name}", f"{GROUP}.{name}."),
            (f"/* {name} */ {name}", f"`{name}`."), (f"{name} AS `{name}`", f"{name}."),
        ]  # fmt: skip
        return self._chance.choice(ways)

    def _outputs(self, shape: Shape, prefix: str) -> str:
        columns = list(shape.columns)
        first, last = columns[0], columns[-1]
        ways = [
            "*", "*", ", ".join(f"{prefix}{column}" for column in columns), f"{prefix}{first}",
            f"{prefix}{last} AS {shape.name}", f"{prefix}{first}, 'orders', {prefix}*"
            if prefix else "1, 'orders'", f"CONCAT({prefix}{first}, 'x') c, `{last}`",
            f"IFNULL({prefix}{last}, {prefix}{first}) i",
        ]  # fmt: skip
        return self._chance.choice(ways)
