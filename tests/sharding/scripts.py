"""Random scripts of one client: queries, changes, transactions."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.sharding.changes import Changes
from tests.sharding.queries import Queries, Said

STEPS = 20
_TRANSACTIONS = [
    "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "ROLLBACK", "SAVEPOINT s",
    "ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s", "SET autocommit = 0", "SET autocommit = 1",
    "/* note */ BEGIN", "COMMIT AND CHAIN", "SELECT 1", "SELECT @@autocommit", "BEGIN",
    "START TRANSACTION READ ONLY", "SET NAMES utf8mb4",
]  # fmt: skip
_SETTINGS = [
    "SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET sql_mode = ''",
    "SET sql_mode = 'PIPES_AS_CONCAT'", "SET sql_mode = DEFAULT", "SET NAMES latin1",
    "SET NAMES utf8mb4", "SET sql_safe_updates = 0", "SET sql_mode = 'ANSI'",
]  # fmt: skip
_ASKING = ["SELECT ROW_COUNT()", "SHOW WARNINGS", "SELECT LAST_INSERT_ID()"]


def script(chance: Random, *, asks: bool = True) -> list[Said]:
    """What one client says, from its login on; ``asks``: also about what it said before."""
    queries, changes = Queries(chance), Changes(chance)
    found: list[Said] = []
    transactional = chance.random() < 0.5
    unusual = chance.random() < 0.2
    while len(found) < STEPS:
        dice = chance.random()
        if transactional and dice < 0.2:
            found.append(Said(chance.choice(_TRANSACTIONS)))
        elif dice < 0.22 and asks and not unusual:
            found.append(Said(chance.choice(_ASKING)))
        elif dice < 0.24 and unusual:
            found.append(Said(chance.choice(_SETTINGS)))
        else:
            said = queries.any() if dice < 0.65 else changes.any()
            found.append(replace(said, owed=said.owed and not unusual))
    return found
