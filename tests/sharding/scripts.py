"""Random scripts of one client: queries, changes, transactions."""

from __future__ import annotations

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
_ASKING = ["SELECT ROW_COUNT()", "SHOW WARNINGS", "SELECT LAST_INSERT_ID()"]


def script(chance: Random) -> list[Said]:
    """What one client says, from its login on."""
    queries, changes = Queries(chance), Changes(chance)
    found: list[Said] = []
    transactional = chance.random() < 0.5
    while len(found) < STEPS:
        dice = chance.random()
        if transactional and dice < 0.2:
            found.append(Said(chance.choice(_TRANSACTIONS)))
        elif dice < 0.22:
            found.append(Said(chance.choice(_ASKING)))
        else:
            found.append(queries.any() if dice < 0.65 else changes.any())
    return found
