"""Where statements about whole tables go: data definition, SHOW, DESCRIBE, maintenance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from athena_g import errors
from athena_g.parser.lexer import unquoted
from athena_g.parser.statement import OnTables, Table
from athena_g.router.rewrite import Edit, quoted
from athena_g.router.rules import Rule, Rules
from athena_g.router.survey import are_bound

DEFINITIONS: Final = frozenset(
    (
        "CREATE TABLE", "ALTER TABLE", "DROP TABLE", "TRUNCATE TABLE", "RENAME TABLE",
        "CREATE INDEX", "DROP INDEX",
    )
)  # fmt: skip
SHOWN: Final = frozenset(("SHOW CREATE TABLE", "SHOW COLUMNS", "SHOW INDEX", "DESCRIBE"))
SHOWN_CELLS: Final = {"SHOW CREATE TABLE": 2, "SHOW INDEX": 1}
"""The first cells of what is shown in which there are names of tables; in maintenance in all."""
LISTS: Final = frozenset(("SHOW TABLES", "SHOW TABLE STATUS"))
CATALOGUE: Final = {
    "tables": "TABLE_SCHEMA",
    "columns": "TABLE_SCHEMA",
    "statistics": "TABLE_SCHEMA",
    "partitions": "TABLE_SCHEMA",
    "table_constraints": "TABLE_SCHEMA",
    "key_column_usage": "TABLE_SCHEMA",
    "referential_constraints": "CONSTRAINT_SCHEMA",
}
"""What information_schema has with a row per table or more, and where it has a table's database."""
MAINTENANCE: Final = frozenset(
    ("ANALYZE TABLE", "OPTIMIZE TABLE", "CHECK TABLE", "REPAIR TABLE", "CHECKSUM TABLE")
)
_OF_ONE_CONNECTION: Final = frozenset(("LOCK TABLES", "FLUSH TABLES", "HANDLER", "LOAD DATA"))
"""What would stay with connections that are not the session's, or needs more than a statement."""

_MADE = re.compile(r"(.+)(_(?:chk|ibfk)_[0-9]+)", re.DOTALL)
_MADE_BY_MARIADB = re.compile(r"constraint_[0-9]+", re.IGNORECASE)

RuleOf = Callable[[Table], Rule | None]


def check(body: OnTables, rule_of: RuleOf, rules: Rules) -> None:
    """Raise what hinders a statement about tables of which one is sharded or broadcast."""
    named = [*body.targets, *body.new]
    sharded = [table for table in named if rule_of(table) is not None]
    if not sharded:
        _check_references(body, None, rule_of, rules)
        return
    first = sharded[0]
    if body.action not in DEFINITIONS | SHOWN | MAINTENANCE:
        raise errors.NOT_ON_SHARDED(construct=body.action, table=first.name)
    if body.temporary:
        raise errors.NOT_ON_SHARDED(construct="CREATE TEMPORARY TABLE", table=first.name)
    if body.query is not None:
        raise errors.NOT_ON_SHARDED(construct="CREATE TABLE ... SELECT", table=first.name)
    if len(sharded) < len(named):
        other = next(table for table in named if rule_of(table) is None)
        construct = f"{body.action} of it and {other.name}, which is not sharded"
        raise errors.NOT_ON_SHARDED(construct=construct, table=first.name)
    _check_counts(body, sharded, rule_of)
    _check_references(body, rule_of(first), rule_of, rules)


def check_broadcast(
    body: OnTables, read: Iterable[Table], is_own: Callable[[Table], bool], rules: Rules
) -> None:
    """Raise what hinders a statement about tables of which one is in every DB group.

    ``read`` are the tables that its query reads.
    """
    named = [*body.targets, *body.new]
    broadcast = [table for table in named if is_own(table) and rules.is_broadcast(table.name)]
    if not broadcast:
        return
    construct = ""
    if body.temporary:
        construct = f"{body.action} for a temporary one"
    elif body.action in _OF_ONE_CONNECTION:
        construct = body.action
    elif len(broadcast) < len(named):
        construct = f"{body.action} of it and other tables"
    else:
        for table in (*body.others, *read):
            if not (is_own(table) and rules.is_broadcast(table.name)):
                construct = f"a reference to {table.name}, which is not in every DB group"
    if construct:
        raise errors.NOT_ON_SHARDED(construct=construct, table=broadcast[0].name)


def _check_counts(body: OnTables, sharded: list[Table], rule_of: RuleOf) -> None:
    counts = {rule.count for table in sharded if (rule := rule_of(table))}
    if len(counts) > 1:
        construct = f"{body.action} of tables with different numbers of shards"
        raise errors.NOT_ON_SHARDED(construct=construct, table=sharded[0].name)
    for old, new in zip(body.targets, body.new, strict=False):
        before, after = rule_of(old), rule_of(new)
        if before is not None and after is not None and not are_bound(before, after):
            construct = f"{body.action} to {new.name}, whose rule has other shards"
            raise errors.NOT_ON_SHARDED(construct=construct, table=old.name)


def _check_references(body: OnTables, own: Rule | None, rule_of: RuleOf, rules: Rules) -> None:
    """What a definition refers to must be on the same server."""
    for table in body.others:
        rule = rule_of(table)
        if own is None and rule is not None:
            construct = f"{body.action} of a table at home that refers to it"
            raise errors.NOT_ON_SHARDED(construct=construct, table=table.name)
        if own is None or rules.is_broadcast(table.name):
            continue
        if rule is None or not are_bound(own, rule):
            construct = f"a reference to {table.name}, which is not on the same shards"
            raise errors.NOT_ON_SHARDED(construct=construct, table=own.table_pattern)


def shards_of(body: OnTables, rule_of: RuleOf) -> tuple[int, ...]:
    """The shards that a statement about a sharded table concerns."""
    rule = next((rule for table in body.targets if (rule := rule_of(table))), None)
    if rule is None:
        return ()
    return (0,) if body.action in SHOWN else tuple(range(rule.count))


def symbol_edits(body: OnTables, rule_of: RuleOf, text: bytes, codec: str) -> Iterable[Edit]:
    """Names of constraints with the shard's number: they must be unique within a database.

    Those that servers make themselves have the name of the part in them.
    """
    for span in body.symbols:
        written = text[span.start : span.end]
        is_quoted = written[:1] in (b"`", b'"')
        name = (unquoted(written) if is_quoted else written).decode(codec, "replace")
        table = body.targets[0]
        yield Edit(span, _named(name, table.name, rule_of(table), codec))


def _named(name: str, table: str, rule: Rule | None, codec: str) -> Callable[[int], bytes]:
    made = _MADE.fullmatch(name)
    if made is not None and made[1].casefold() == table.casefold() and rule is not None:
        end = made[2]
        return lambda shard: quoted(rule.physical_name(table, shard) + end, codec)
    if _MADE_BY_MARIADB.fullmatch(name) is not None:
        return lambda _: quoted(name, codec)
    return lambda shard: quoted(f"{name}_{shard}", codec)
