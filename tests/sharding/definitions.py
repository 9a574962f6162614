"""Random scripts that make, change, show and drop tables with shards and without."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.sharding.queries import Said

SHARDED = ("made_one", "made_two")
PLACED = (*SHARDED, "own", "everywhere")
"""Tables with shards, at home and in every DB group."""
STEPS = 16


def definitions(chance: Random) -> list[Said]:
    """What one client says of tables that are not there yet, and how it looks at what it made."""
    said = [Said(_create(chance, name)) for name in PLACED if chance.random() < 0.8]
    for _ in range(STEPS):
        makes = [_defined, _changed, _looked]
        said.append(Said(chance.choice(makes)(chance, chance.choice(PLACED))))
    return [*said, *_at_the_end()]


def _create(chance: Random, name: str) -> str:
    conditional = chance.choice(["", "", "IF NOT EXISTS "])
    key = chance.choice(["PRIMARY KEY (k)", "PRIMARY KEY (k), KEY by_v (v)", "UNIQUE KEY by_k (k)"])
    more = chance.choice(
        ["", f", CONSTRAINT positive_{name} CHECK (k > -100)", ", w INT DEFAULT 5"]
    )
    end = chance.choice(["", " COMMENT 'made'", " ENGINE=InnoDB", ";"])
    table = chance.choice([name, f"`{name}`", f"house.{name}"])
    return f"CREATE TABLE {conditional}{table} (k INT NOT NULL, v VARCHAR(20){more}, {key}){end}"


def _defined(chance: Random, name: str) -> str:
    other = chance.choice([each for each in PLACED if each != name])
    ways = [
        f"DROP TABLE {name}", f"DROP TABLE IF EXISTS {name}", f"DROP TABLE IF EXISTS {name}, {other}",
        f"TRUNCATE TABLE {name}", f"TRUNCATE {name}", f"ALTER TABLE {name} ADD COLUMN c INT",
        f"ALTER TABLE {name} DROP COLUMN c", f"ALTER TABLE {name} ADD INDEX i (v)",
        f"ALTER TABLE {name} MODIFY v VARCHAR(30), ADD COLUMN d DATE", f"DROP INDEX i ON {name}",
        f"CREATE INDEX i ON {name} (v)", f"CREATE INDEX i ON house.{name} (v, k)",
        f"RENAME TABLE {name} TO {other}", f"ALTER TABLE {name} RENAME TO {other}",
        f"ALTER TABLE {name} RENAME COLUMN v TO v2", f"CREATE TABLE {name} LIKE {other}",
        f"CREATE TABLE {name} AS SELECT 1 AS k, 'x' AS v", f"ALTER TABLE {name} COMMENT = 'altered'",
        f"ALTER TABLE {name} ALTER COLUMN v SET DEFAULT '{name}'", f"ALTER TABLE {name} ADD nosuch",
        f"ALTER TABLE {name} DROP INDEX by_v, ADD KEY by_v_too (v)", f"ALTER TABLE {name} FORCE",
        f"CREATE TEMPORARY TABLE {name} (k INT)", f"DROP TABLE {name}, nosuch",
    ]  # fmt: skip
    return chance.choice([*ways, _create(chance, name)])


def _changed(chance: Random, name: str) -> str:
    one, two = chance.randint(-5, 9), chance.randint(-5, 9)
    ways = [
        f"INSERT INTO {name} (k, v) VALUES ({one}, 'a')", f"INSERT INTO {name} (k) VALUES ({two})",
        f"INSERT INTO {name} (k, v) VALUES ({one}, 'a'), ({two + 20}, 'b')",
        f"INSERT INTO {name} VALUES ({one}, '{name}')", f"DELETE FROM {name} WHERE k = {one}",
        f"UPDATE {name} SET v = '{name}' WHERE k = {one}", f"UPDATE {name} SET v = 'all'",
        f"UPDATE {name} SET c = 1 WHERE k = {one}",
    ]  # fmt: skip
    return chance.choice(ways)


def _looked(chance: Random, name: str) -> str:
    ways = [
        f"SELECT * FROM {name}", f"SELECT * FROM {name} WHERE k = 3", f"DESCRIBE {name}",
        f"DESC {name} v", f"SHOW COLUMNS FROM {name}", f"SHOW FULL COLUMNS FROM `{name}`",
        f"SHOW CREATE TABLE {name}", f"EXPLAIN {name}", f"SHOW COLUMNS FROM {name} FROM house",
        f"SHOW FIELDS IN {name} LIKE 'v%'", "SHOW TABLES", "SHOW TABLES LIKE 'made%'",
        "SHOW FULL TABLES", f"SHOW KEYS FROM {name} WHERE Key_name = 'nosuch'",
        f"SELECT c FROM {name} WHERE k = 1", "SHOW TABLES FROM house",
    ]  # fmt: skip
    return chance.choice(ways)


def _at_the_end() -> Iterator[Said]:
    for name in PLACED:
        yield Said(f"SHOW CREATE TABLE {name}")
        yield Said(f"SELECT * FROM {name}")
