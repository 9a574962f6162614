"""Changes of rows: INSERT, REPLACE, UPDATE, DELETE in all forms."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.sharding.compositions import Composition
from tests.sharding.conditions import Conditions
from tests.sharding.queries import GROUP, PARTS, Said
from tests.sharding.tables import COUNTRIES, INTEGER, ITEMS, SETTINGS, TEXT, Shape
from tests.sharding.values import odd, value

EVERY = [*PARTS, COUNTRIES, SETTINGS]


class Changes:
    """Makes changes whose outcome does not depend on the order in which a server finds rows."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def any(self) -> Said:
        """Any change."""
        makes = [
            self.inserted, self.inserted, self.several, self.several, self.copied, self.updated,
            self.updated, self.updated_together, self.deleted, self.deleted, self.deleted_together,
            self.composed, self.moved, self.strange,
        ]  # fmt: skip
        return self._chance.choice(makes)()

    # -- INSERT, REPLACE ---------------------------------------------------------------------------

    def inserted(self) -> Said:
        """One row."""
        chance = self._chance
        shape = chance.choice(EVERY)
        names = list(shape.columns)
        sure = chance.random() < 0.6
        row = self._row(shape, value if sure else odd)
        verb = chance.choice(["INSERT INTO", "INSERT INTO", "REPLACE INTO", "INSERT IGNORE INTO"])
        table = chance.choice([shape.name, f"`{shape.name}`", f"{GROUP}.{shape.name}"])
        pairs = list(zip(names, row, strict=True))
        chance.shuffle(pairs)
        ways = [
            f"{verb} {table} VALUES ({', '.join(row)})",
            f"{verb} {table} ({', '.join(n for n, _ in pairs)}) VALUES "
            f"({', '.join(v for _, v in pairs)})",
            f"{verb} {table} SET {', '.join(f'{n} = {v}' for n, v in pairs)}",
            f"{verb} {table} ({', '.join(names)}) SELECT {', '.join(row)}",
        ]
        text = chance.choice(ways)
        if verb == "INSERT INTO" and chance.random() < 0.4:
            text += self._on_duplicate(shape)
        return Said(text, owed=sure and "SELECT" not in text)

    def several(self) -> Said:
        """Several rows, for one shard or more."""
        chance = self._chance
        shape = chance.choice(EVERY)
        verb = chance.choice(["INSERT INTO", "INSERT IGNORE INTO", "REPLACE INTO", "INSERT INTO"])
        sure = chance.random() < 0.6
        rows = [self._row(shape, value if sure else odd) for _ in range(chance.randint(2, 5))]
        if chance.random() < 0.3 and shape.key:
            place = list(shape.columns).index(shape.key)
            rows = [[*row[:place], rows[0][place], *row[place + 1 :]] for row in rows]
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        text = f"{verb} {shape.name} ({', '.join(shape.columns)}) VALUES {values}"
        if verb == "INSERT INTO" and chance.random() < 0.4:
            text += self._on_duplicate(shape)
        return Said(text, owed=sure and shape.scatters)

    def copied(self) -> Said:
        """Rows of a query."""
        chance = self._chance
        where = chance.choice([Conditions(chance, ITEMS).one_key, Conditions(chance, ITEMS).any])()
        key = odd(chance, INTEGER)
        verb = chance.choice(["INSERT IGNORE INTO", "INSERT INTO", "REPLACE INTO"])
        ways = [
            f"{verb} orders (id, user_id, amount) SELECT DISTINCT order_id + 100, user_id, 1 FROM "
            f"items WHERE {where}",
            f"{verb} orders (id, user_id) SELECT 200 + k, {key} FROM settings",
            f"{verb} orders (id, user_id) SELECT 300 + code, {key} FROM countries",
            f"{verb} orders SELECT id + 50, user_id, amount, note FROM orders "
            f"WHERE user_id = {key}",
            f"{verb} items SELECT id, user_id, 'copy', 1 FROM orders WHERE user_id = {key}",
            f"{verb} items (user_id, order_id, sku) SELECT user_id, id, note FROM orders "
            f"WHERE note IS NOT NULL AND user_id IS NOT NULL",
            f"{verb} settings (k, v) SELECT 100 + id, note FROM orders WHERE user_id = {key}",
            f"{verb} settings (k, v) SELECT 50 + code, label FROM countries",
            f"{verb} countries (code, label) SELECT 50 + code, label FROM countries",
            f"{verb} orders (id, user_id) VALUES (77, (SELECT MAX(code) FROM countries))",
            f"{verb} orders (id, user_id, amount) VALUES (78, {key}, (SELECT COUNT(*) FROM items "
            f"WHERE user_id = {key}))",
        ]
        return Said(chance.choice(ways))

    def strange(self) -> Said:
        """Rows whose key is not said, or only the server knows."""
        chance = self._chance
        ways = [
            "INSERT INTO orders (id, note) VALUES (91, 'keyless')",
            "INSERT INTO orders VALUES ()", "INSERT INTO orders (id, user_id) VALUES (92, DEFAULT)",
            "INSERT INTO orders (id, user_id) VALUES (93, 1 + ABS(-2))",
            "INSERT INTO orders (id, user_id) VALUES (94, NULL)",
            "INSERT INTO orders (id, user_id) VALUES (95, '7')",
            "INSERT INTO orders (id, user_id) VALUES (96, 6.5)",
            "INSERT INTO orders (id, user_id) VALUES (97)",
            "INSERT INTO orders (id, nosuch, user_id) VALUES (98, 1, 1)",
            "INSERT INTO orders (id, user_id) VALUES (99, 'x')",
            "INSERT INTO people (name) VALUES (5)", "INSERT INTO people (name) VALUES (x'616e')",
            "INSERT INTO people (name) VALUES ('a name that is longer than the column is')",
            "INSERT INTO items (user_id, order_id, sku) VALUES (1, 1, 'pen')",
            "INSERT INTO days (day, what) VALUES ('2020-13-45', 'never')",
            "REPLACE INTO tags (tag, n) VALUES (_utf8mb4'a', n + 1)",
            "INSERT INTO orders (id, user_id, user_id) VALUES (90, 1, 2)",
            "INSERT INTO orders (id, user_id) VALUES (89, 2147483648)",
            "INSERT INTO orders (user_id, id) VALUES (88, user_id + 1)",
            "INSERT INTO orders (id, user_id) VALUES (1, id + 4)",
        ]  # fmt: skip
        return Said(chance.choice(ways))

    def _row(self, shape: Shape, literals: Callable[[Random, str], str]) -> list[str]:
        """Values for all columns; ``literals`` gives those of the key."""
        chance = self._chance
        row = []
        for name, kind in shape.columns.items():
            literal = (literals if name == shape.key else value)(chance, kind)
            if name not in shape.rank and chance.random() < 0.1:
                literal = "NULL"
            row.append(literal)
        return row

    def _on_duplicate(self, shape: Shape) -> str:
        name = self._plain(shape)
        own = value(self._chance, shape.columns[name])
        ways = [f"{name} = {own}", f"{name} = VALUES({name})", f"{shape.name}.{name} = {own}"]
        if shape.key:
            ways += [f"{name} = {own}, {shape.key} = {shape.key}", f"{name} = NULL"]
        return f" ON DUPLICATE KEY UPDATE {self._chance.choice(ways)}"

    # -- UPDATE, DELETE ----------------------------------------------------------------------------

    def updated(self) -> Said:
        """Rows of one table."""
        chance = self._chance
        shape = chance.choice(EVERY)
        column = self._plain(shape)
        where, keyed = self._where(shape, chance.choice(["", "", f"{shape.name}."]))
        own = value(chance, shape.columns[column])
        more = chance.choice(["", "", f", {column} = NULL"])
        tables = [shape.name, f"`{shape.name}`", f"{GROUP}.{shape.name}"]
        table = chance.choice(tables) if f"{shape.name}." not in where else shape.name
        end = chance.choice(["", "", f" ORDER BY {', '.join(shape.columns)} LIMIT 2"])
        text = f"UPDATE {table} SET {column} = {own}{more}{where}{end}"
        return Said(text, owed=keyed)

    def deleted(self) -> Said:
        """Rows of one table."""
        chance = self._chance
        shape = chance.choice(EVERY)
        where, keyed = self._where(shape, chance.choice(["", "", f"{shape.name}."]))
        end = chance.choice(["", "", f" ORDER BY {', '.join(shape.columns)} LIMIT 2"])
        verb = chance.choice(["DELETE", "DELETE", "DELETE IGNORE", "DELETE QUICK"])
        return Said(f"{verb} FROM {shape.name}{where}{end}", owed=keyed)

    def moved(self) -> Said:
        """The shard column changes, or is set to what it is."""
        chance = self._chance
        key, other = odd(chance, INTEGER), odd(chance, INTEGER)
        ways = [
            f"UPDATE orders SET user_id = {other} WHERE user_id = {key}",
            f"UPDATE orders SET user_id = {key}, note = 'same' WHERE user_id = {key}",
            f"UPDATE orders SET user_id = user_id, note = 'itself' WHERE user_id = {key}",
            f"UPDATE orders SET user_id = user_id + 4 WHERE user_id = {key} AND id = 1",
            f"UPDATE orders SET note = 'x', user_id = NULL WHERE user_id = {key}",
            f"INSERT INTO orders (id, user_id) VALUES (1, {key}) "
            f"ON DUPLICATE KEY UPDATE user_id = {other}",
            f"UPDATE orders SET orders.user_id = {key} WHERE orders.user_id = {key}",
        ]
        return Said(chance.choice(ways))

    def updated_together(self) -> Said:
        """UPDATE of joined tables."""
        chance = self._chance
        key = odd(chance, INTEGER)
        on = "o.user_id = i.user_id AND o.id = i.order_id"
        ways = [
            f"UPDATE orders o JOIN items i ON {on} SET o.note = 'both', i.qty = 7 "
            f"WHERE o.user_id = {key}",
            f"UPDATE orders o JOIN items i ON {on} SET o.note = 'joined'",
            f"UPDATE orders o, items i SET i.qty = 3 WHERE {on} AND i.user_id = {key}",
            f"UPDATE orders o LEFT JOIN items i ON {on} SET o.note = 'alone' WHERE i.sku IS NULL",
            f"UPDATE orders o JOIN countries c ON c.code = o.user_id SET o.note = c.label "
            f"WHERE o.user_id = {key}",
            f"UPDATE orders o JOIN countries c ON c.code = o.user_id SET c.label = 'x' "
            f"WHERE o.user_id = {key}",
            f"UPDATE orders o JOIN settings s ON s.k = o.id SET o.note = s.v "
            f"WHERE o.user_id = {key}",
            f"UPDATE orders SET note = 'sub' WHERE user_id = {key} AND id IN (SELECT order_id FROM "
            f"items WHERE user_id = {key})",
            "UPDATE settings s JOIN countries c ON c.code = s.k SET s.v = c.label",
            f"UPDATE orders SET amount = (SELECT MAX(qty) FROM items WHERE user_id = {key}) "
            f"WHERE user_id = {key}",
        ]
        return Said(chance.choice(ways))

    def composed(self) -> Said:
        """UPDATE and DELETE of joins of joins."""
        return Said(Composition(self._chance).change())

    def deleted_together(self) -> Said:
        """DELETE of joined tables."""
        chance = self._chance
        key = odd(chance, INTEGER)
        on = "o.user_id = i.user_id AND o.id = i.order_id"
        ways = [
            f"DELETE o FROM orders o JOIN items i ON {on} WHERE o.user_id = {key}",
            f"DELETE o, i FROM orders o JOIN items i ON {on} WHERE i.user_id = {key}",
            f"DELETE FROM i USING orders o JOIN items i ON {on} WHERE o.user_id = {key}",
            "DELETE orders FROM orders JOIN items ON orders.user_id = items.user_id "
            f"WHERE orders.user_id = {key}",
            f"DELETE o FROM orders o LEFT JOIN items i ON {on} WHERE i.sku IS NULL",
            f"DELETE {GROUP}.orders FROM {GROUP}.orders WHERE orders.user_id = {key}",
            f"DELETE FROM orders WHERE user_id = {key} AND id IN (SELECT order_id FROM items "
            f"WHERE items.user_id = {key})",
            "DELETE o FROM orders o JOIN countries c ON c.code = o.user_id",
            f"DELETE c FROM orders o JOIN countries c ON c.code = o.user_id "
            f"WHERE o.user_id = {key}",
            "DELETE s FROM settings s JOIN countries c ON c.code = s.k",
        ]
        return Said(chance.choice(ways))

    def _where(self, shape: Shape, prefix: str) -> tuple[str, bool]:
        """A condition, and whether the proxy owes an answer to a statement with it."""
        conditions = Conditions(self._chance, shape, prefix)
        if not shape.is_sharded:
            return f" WHERE {conditions.any()}", False
        if self._chance.random() < 0.5:
            return f" WHERE {conditions.sure_key()}", True
        if self._chance.random() < 0.4:
            return f" WHERE {conditions.one_key()}", False
        return self._chance.choice([f" WHERE {conditions.any()}", ""]), False

    @staticmethod
    def _plain(shape: Shape) -> str:
        """A column that is in no index that tells rows apart."""
        kinds = (INTEGER, TEXT, "decimal", "date")
        names = [n for n, kind in shape.columns.items() if kind in kinds]
        return next(n for n in reversed(names) if n not in shape.rank and n != shape.key)
