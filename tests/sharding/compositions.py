"""Joins of any nesting, with conditions of any nesting about any of their tables."""

from __future__ import annotations

from random import Random

from tests.sharding.tables import COUNTRIES, INTEGER, ITEMS, ORDERS, Shape
from tests.sharding.values import odd, value

_SHAPES = (ORDERS, ORDERS, ORDERS, ITEMS, ITEMS, ITEMS, COUNTRIES)
_KEYS = {"orders": "user_id", "items": "user_id", "countries": "code"}
"""Columns whose values are alike, so that joins find something."""
_NUMBERS = {"orders": "id", "items": "order_id", "countries": "code"}
_DEPTH = 3


class Composition:
    """One statement on two to four tables, called ``a``, ``b`` and so on."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._shapes: dict[str, Shape] = {}

    def query(self) -> str:
        """A query whose rows are compared as a whole."""
        chance = self._chance
        source = self._relation(chance.randint(1, _DEPTH))
        names = list(self._shapes)
        outputs = ", ".join(f"{name}.{self._key(name)} k{name}" for name in names)
        first = names[0]
        outputs += f", {first}.{self._number(first)} n"
        text = f"SELECT {outputs} FROM {source}"
        if chance.random() < 0.8:
            text += f" WHERE {self._where()}"
        dice = chance.random()
        if dice < 0.15:
            return f"SELECT * FROM ({text}) d WHERE d.k{first} = {odd(chance, INTEGER)}"
        if dice < 0.25:
            return (
                f"WITH d AS ({text}) SELECT d.*, o.id FROM d JOIN orders o ON o.user_id = k{first}"
            )
        if dice < 0.3:
            return f"{text} UNION ALL {text}"
        return text

    def change(self) -> str:
        """A change of one of the tables, or of two."""
        chance = self._chance
        source = self._relation(chance.randint(1, 2))
        names = [name for name, shape in self._shapes.items() if shape in (ORDERS, ITEMS)]
        if not names:
            return "DO 0"
        where = self._where()
        changed = chance.sample(names, chance.randint(1, len(names)))
        if chance.random() < 0.5:
            return f"DELETE {', '.join(changed)} FROM {source} WHERE {where}"
        columns = {"orders": "note", "items": "qty"}
        sets = ", ".join(
            f"{name}.{columns[self._shapes[name].name]} = {chance.randint(1, 3)}"
            for name in changed
        )
        return f"UPDATE {source} SET {sets} WHERE {where}"

    # -- relations ---------------------------------------------------------------------------------

    def _relation(self, depth: int) -> str:
        chance = self._chance
        if depth == 0:
            return self._table()
        before = len(self._shapes)
        left = self._relation(depth - 1)
        right = self._table() if chance.random() < 0.7 else f"({self._relation(1)})"
        names = list(self._shapes)[before:]
        join = chance.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "LEFT OUTER JOIN"])
        return f"{left} {join} {right} ON {self._on(names)}"

    def _table(self) -> str:
        name = "abcdefghijklmn"[len(self._shapes)]
        shape = self._chance.choice(_SHAPES)
        self._shapes[name] = shape
        if shape.is_sharded and self._chance.random() < 0.1:
            where = self._chance.choice(["", f" WHERE {shape.key} = 1"])
            return f"(SELECT * FROM {shape.name}{where}) {name}"
        return f"{shape.name} {name}"

    def _on(self, names: list[str]) -> str:
        chance = self._chance
        one, other = names[-1], chance.choice(names[:-1])
        equal = f"{one}.{self._key(one)} = {other}.{self._key(other)}"
        if chance.random() < 0.3:
            equal = (
                f"{other}.{self._key(other)} {chance.choice(['=', '<=>'])} {one}.{self._key(one)}"
            )
        dice = chance.random()
        if dice < 0.6:
            return equal
        if dice < 0.85:
            return f"{equal} AND {self._condition(names, 1)}"
        return self._condition(names, 2)

    # -- conditions --------------------------------------------------------------------------------

    def _where(self) -> str:
        """A condition on all tables, perhaps also the keys of some, as people write it."""
        chance, names = self._chance, list(self._shapes)
        where = self._condition(names, chance.randint(0, _DEPTH))
        key = value(chance, INTEGER)
        pinned = chance.sample(names, chance.choice([0, 0, 1, 1, len(names)]))
        return " AND ".join(
            [f"({where})", *(f"{name}.{self._key(name)} = {key}" for name in pinned)]
        )

    def _condition(self, names: list[str], depth: int) -> str:
        chance = self._chance
        if depth == 0 or chance.random() < 0.3:
            return self._atom(names)
        one, other = (self._condition(names, depth - 1) for _ in range(2))
        return chance.choice(
            [f"{one} AND {other}", f"({one} OR {other})", f"NOT ({one})", f"({one}) AND ({other})",
             f"({one}) XOR ({other})", f"NOT ({one} AND {other})", f"({one}) = ({other})"]
        )  # fmt: skip

    def _atom(self, names: list[str]) -> str:
        chance = self._chance
        name, other = chance.choice(names), chance.choice(names)
        key, literal = f"{name}.{self._key(name)}", odd(chance, INTEGER)
        ways = [
            f"{key} = {literal}", f"{key} = {value(chance, INTEGER)}", f"{key} = {literal}",
            f"{key} IN ({literal}, {odd(chance, INTEGER)})", f"{key} > {literal}",
            f"{key} BETWEEN {literal} AND {odd(chance, INTEGER)}", f"{key} IS NULL",
            f"{key} <=> {literal}", f"{key} <=> NULL", f"{key} <> {literal}",
            f"{key} = {other}.{self._key(other)}", f"{key} <=> {other}.{self._key(other)}",
            f"{key} = {other}.{self._number(other)}", f"{name}.{self._number(name)} = {literal}",
            f"{name}.{self._number(name)} IS NULL", f"{key} IS NOT NULL",
            f"{self._negated()}EXISTS (SELECT 1 FROM items x WHERE x.user_id = {key})",
            f"{key} {self._negated()}IN (SELECT x.user_id FROM items x WHERE x.qty > 1)",
            f"{key} = (SELECT MAX(x.user_id) FROM items x WHERE x.user_id = {key})",
            f"({key}, {name}.{self._number(name)}) = ({literal}, {value(chance, INTEGER)})",
            f"COALESCE({key}, {literal}) = {literal}", f"IFNULL({key} = {literal}, 1)",
        ]  # fmt: skip
        return chance.choice(ways)

    def _negated(self) -> str:
        return self._chance.choice(["", "NOT "])

    def _key(self, name: str) -> str:
        return _KEYS[self._shapes[name].name]

    def _number(self, name: str) -> str:
        return _NUMBERS[self._shapes[name].name]
