"""Conditions: on shard keys in every form, and on other columns."""

from __future__ import annotations

from random import Random

from tests.sharding.tables import BIN, CI, DATE, DECIMAL, INTEGER, Shape
from tests.sharding.values import odd, value


class Conditions:
    """Makes conditions on one table, whose columns are written with ``prefix`` in front."""

    def __init__(self, chance: Random, shape: Shape, prefix: str = "") -> None:
        self._chance = chance
        self._shape = shape
        self._prefix = prefix

    def one_key(self) -> str:
        """A condition that leaves one value of the shard key."""
        chance, key, kind = self._chance, self._key, self._kind
        literal = odd(chance, kind)
        ways = [f"{key} = {literal}", f"{literal} = {key}", f"({key} = ({literal}))"]
        ways += [f"{key} IN ({literal})", f"{key} <=> {literal}"]
        if kind != CI:
            ways.append(f"{key} BETWEEN {literal} AND {literal}")
        condition = chance.choice(ways)
        if chance.random() < 0.3:
            condition += f" AND {self.other()}"
        if chance.random() < 0.1:
            same = f"{key} = {literal}"
            condition = f"({same} AND {self.other()}) OR ({same} AND {self.other()})"
        return condition

    def sure_key(self) -> str:
        """A condition that leaves one value of the shard key, and says so plainly."""
        chance, key = self._chance, self._key
        literal = value(chance, self._kind)
        ways = [f"{key} = {literal}", f"{literal} = {key}", f"{key} IN ({literal})"]
        ways += [
            f"({key} = {literal}) AND {self.other()}",
            f"{self.other()} AND {key} <=> {literal}",
        ]
        if self._kind == INTEGER:
            ways += [f"{key} = '{literal}'", f"{key} = {literal}.0", f"{key} = 2 + {literal} - 2"]
            ways += [f"{key} BETWEEN {literal} AND {literal}"]
        return chance.choice(ways)

    def any(self) -> str:
        """Any condition, most about the key."""
        chance = self._chance
        return chance.choice(
            [self.one_key, self.some_keys, self.some_keys, self.contradiction, self.other, self.mix]
        )()

    def some_keys(self) -> str:
        """A condition that leaves several values of the shard key, or all, or none."""
        chance, key = self._chance, self._key
        one, two, three = (odd(chance, self._kind) for _ in range(3))
        ways = [
            f"{key} IN ({one}, {two}, {three})", f"{key} = {one} OR {key} = {two}",
            f"{key} BETWEEN {one} AND {two}", f"{key} > {one}", f"{key} <= {one}",
            f"{one} < {key}", f"{key} >= {one} AND {key} < {two}", f"NOT ({key} = {one})",
            f"{key} <> {one}", f"{key} IS NULL", f"{key} IS NOT NULL", f"{key} NOT IN ({one})",
            f"NOT ({key} <> {one})", f"NOT ({key} < {one} OR {key} > {two})",
            f"({key}, {self._second}) IN (({one}, {self._value()}), ({two}, {self._value()}))",
            f"({key}, {self._second}) = ({one}, {self._value()})",
            f"{key} = {one} XOR {self.other()}", f"({key} = {one}) IS TRUE",
            f"COALESCE({key}, {one}) = {one}", f"{key} IN ({one}, CONCAT({two}, ''))",
            f"{key} = {one} || {key} = {two}", f"{key} = {one} && {self.other()}",
            f"CASE WHEN {key} = {one} THEN 1 ELSE 0 END", f"!({key} = {one})",
            f"{key} = GREATEST({one}, {two})", f"{key} NOT BETWEEN {one} AND {two}",
            f"{key} LIKE {value(chance, self._kind)}",
            f"{key} = {one} /*! OR {key} = {two} */",
            f"{key} = {one} /*!99999 OR {key} = {two} */",
            f"{key} = {one} /* OR {key} = {two} */", f"{key} = {one} # OR 1\n",
            f"{key} = ANY (SELECT {two})", f"{key} IN (SELECT {two})",
            f"{key} IN (SELECT {one} UNION SELECT {two})",
            f"IF({key} = {one}, 1, 0)", f"{key} = {one} <> 0", f"{key} = {one} IS NOT NULL",
            f"({key} = {one}) = ({key} = {two})", f"{key} REGEXP {value(chance, self._kind)}",
            f"BINARY {key} = {value(chance, self._kind)}",
            f"ISNULL({key})", f"NOT ISNULL({key}) AND {key} >= {one}", f"({key}) IS NULL",
            f"{key} <=> {one} OR {key} <=> {two}", f"NULLIF({key}, {one}) IS NULL",
            f"NOT {key} = {one}", f"NOT NOT {key} = {one}", f"{key} = {one} AND NOT FALSE",
            f"{key} IN ({one}) IN ({two})", f"{key} BETWEEN {one} AND {two} AND {three}",
        ]  # fmt: skip
        if self._kind in (CI, BIN):
            ways.append(f"{key} = {one} COLLATE utf8mb4_bin")
        if self._kind == INTEGER:  # elsewhere what is no number is an error, or not
            ways += [f"{key} = ({one}) + 0", f"{key} = - {one}", f"{key} + 0 = {one}"]
        return chance.choice(ways)

    def contradiction(self) -> str:
        """A condition on the key that no row fulfils, or hardly one."""
        chance, key = self._chance, self._key
        one, two = odd(chance, self._kind), odd(chance, self._kind)
        ways = [
            f"{key} = {one} AND {key} = {two}", f"{key} BETWEEN {two} AND {one}", f"{key} = NULL",
            f"{key} IN (NULL)", f"{key} > NULL", f"{key} = {one} AND NOT ({key} = {one})",
            f"{key} < {one} AND {key} > {one}", f"FALSE AND {key} = {one}", f"{key} <=> NULL",
            f"{key} IN ({one}, NULL)", f"{key} = {one} AND NULL",
        ]  # fmt: skip
        return chance.choice(ways)

    def other(self) -> str:
        """A condition on a column that is not the key."""
        chance, column = self._chance, self._second
        literal = self._value()
        ways = [f"{column} = {literal}", f"{column} > {literal}", f"{column} IS NOT NULL", "1 = 1"]
        ways += [f"{column} <> {literal}", f"({column} IS NULL OR {column} < {literal})", "TRUE"]
        return chance.choice(ways)

    def mix(self) -> str:
        """Conditions together."""
        chance = self._chance
        words = chance.choice(["AND", "OR", "AND NOT", "or", "and"])
        return f"({self.some_keys()}) {words} ({self.any()})"

    def _value(self) -> str:
        return value(self._chance, self._shape.columns[self._plain_second])

    @property
    def _key(self) -> str:
        return f"{self._prefix}{self._shape.key or self._shape.rank[0]}"

    @property
    def _kind(self) -> str:
        return self._shape.columns[self._shape.key or self._shape.rank[0]]

    @property
    def _plain_second(self) -> str:
        numbers = (INTEGER, DECIMAL, DATE)
        key = self._shape.key or self._shape.rank[0]
        names = [name for name in self._shape.columns if name != key]
        ranked = [name for name in names if self._shape.columns[name] in numbers]
        return (ranked or names)[-1]

    @property
    def _second(self) -> str:
        return f"{self._prefix}{self._plain_second}"
