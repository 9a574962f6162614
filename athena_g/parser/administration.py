"""Statements that look at whole tables, keep them in shape, lock them, or load them.

Source: MySQL Reference Manual, "Table Maintenance Statements", "SHOW Statements", "EXPLAIN
Statement", "LOCK TABLES", "FLUSH Statement", "HANDLER Statement", "LOAD DATA Statement", "GRANT
Statement", "REVOKE Statement"; MariaDB's statements of these names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from athena_g.parser.lexer import Kind, NotUnderstood, Token
from athena_g.parser.places import name, within_parentheses
from athena_g.parser.statement import Kind as Statements
from athena_g.parser.statement import Span, Table
from athena_g.parser.table_names import Naming, refuse_queries

# What EXPLAIN explains if it is no table: words that are reserved.
_EXPLAINED: Final = frozenset(
    b"select insert replace update delete table with values analyze for".split()
)
_MAINTENANCE: Final = {
    word: frozenset(options.split())
    for word, options in {
        b"analyze": b"persistent update drop",
        b"optimize": b"wait nowait",
        b"check": b"for quick fast medium extended changed",
        b"repair": b"quick extended use_frm force",
        b"checksum": b"quick extended",
    }.items()
}


def maintain(naming: Naming) -> bool:
    """Whether tables are to be kept in shape, which is then read."""
    cursor = naming.cursor
    word = cursor.tokens[cursor.position - 1].word
    cursor.take_any(b"no_write_to_binlog", b"local")
    if not cursor.take_any(b"table", b"tables"):
        return False
    naming.kind = Statements.MAINTAIN
    naming.action = f"{word.decode().upper()} TABLE"
    naming.targets += naming.tables()
    if cursor.peek() is not None and cursor.peek_word() not in _MAINTENANCE[word]:
        cursor.refuse()
    naming.nameless()
    return True


def lock(naming: Naming) -> bool:
    """Whether tables are to be locked, which is then read."""
    cursor = naming.cursor
    if not cursor.take_any(b"table", b"tables"):
        return False
    naming.kind, naming.action = Statements.OTHER, "LOCK TABLES"
    naming.targets.append(_locked(naming))
    while cursor.take(b","):
        naming.targets.append(_locked(naming))
    naming.wait()
    cursor.expect_end()
    return True


def _locked(naming: Naming) -> Table:
    cursor = naming.cursor
    found = naming.table()
    if cursor.take_words(b"as") or cursor.peek_word() not in (b"read", b"write", b"low_priority"):
        found = replace(found, alias=name(naming.text, cursor)[0])
    else:
        found = replace(found, alias_at=found.span.end)
    if cursor.take_words(b"read"):
        cursor.take_words(b"local")
        return found
    cursor.take_words(b"low_priority")
    if not cursor.take_words(b"write"):
        cursor.refuse()
    cursor.take_words(b"concurrent")
    return found


def flush(naming: Naming) -> bool:
    """Whether a FLUSH is one of tables, which is then read; without any it is of all."""
    cursor = naming.cursor
    cursor.take_any(b"no_write_to_binlog", b"local")
    if not cursor.take_any(b"table", b"tables"):
        return False
    naming.kind, naming.action = Statements.OTHER, "FLUSH TABLES"
    if cursor.peek() is not None and cursor.peek_word() not in (b"with", b"for"):
        naming.targets += naming.tables()
    if not cursor.take_words(b"with", b"read", b"lock"):
        cursor.take_words(b"for", b"export")
    cursor.take_words(b"and", b"disable", b"checkpoint")
    cursor.expect_end()
    return True


def handler(naming: Naming) -> bool:
    """Read a HANDLER."""
    naming.kind, naming.action = Statements.OTHER, "HANDLER"
    naming.targets.append(naming.table())
    if naming.cursor.peek_word() not in (b"open", b"read", b"close"):
        naming.cursor.refuse()
    naming.nameless()
    return True


def load(naming: Naming) -> bool:
    """Whether a LOAD is one of rows, which is then read."""
    cursor = naming.cursor
    if not cursor.take_any(b"data", b"xml"):
        return False
    naming.kind, naming.action = Statements.OTHER, "LOAD DATA"
    while not cursor.take_words(b"into", b"table"):
        if cursor.next().is_(b"("):
            cursor.refuse()
    naming.targets.append(naming.table())
    naming.nameless()
    return True


def show(naming: Naming) -> bool:
    """Whether a SHOW is one of tables or of something that tables have, which is then read."""
    cursor = naming.cursor
    naming.kind = Statements.SHOW
    if cursor.take_words(b"create"):
        return _show_create(naming)
    cursor.take_words(b"extended")
    cursor.take_words(b"full")
    if cursor.take_any(b"columns", b"fields"):
        naming.action = "SHOW COLUMNS"
    elif cursor.take_any(b"index", b"indexes", b"keys"):
        naming.action = "SHOW INDEX"
    else:
        return _show_tables(naming)
    naming.targets.append(_shown(naming))
    naming.nameless()
    return True


def _show_create(naming: Naming) -> bool:
    word = naming.cursor.take_any(b"table", b"view")
    if not word:
        return False
    naming.action = f"SHOW CREATE {word.decode().upper()}"
    naming.targets.append(naming.table())
    naming.cursor.expect_end()
    return True


def _show_tables(naming: Naming) -> bool:
    cursor = naming.cursor
    for words in ((b"table", b"status"), (b"open", b"tables"), (b"tables",), (b"triggers",)):
        if cursor.take_words(*words):
            naming.action = "SHOW " + b" ".join(words).decode().upper()
            naming.nameless()
            return True
    return False


def _shown(naming: Naming) -> Table:
    """The table of ``FROM t [FROM db]``, which is all of its name."""
    cursor = naming.cursor
    if not cursor.take_any(b"from", b"in"):
        cursor.refuse()
    found = naming.table()
    if cursor.take_any(b"from", b"in"):
        database, at = name(naming.text, cursor)
        found = replace(found, database=database, span=Span(found.span.start, at.end))
    return found


def describe(naming: Naming) -> bool:
    """Whether a table is described rather than a statement explained, which is then read."""
    cursor = naming.cursor
    word, behind = cursor.peek_word(), cursor.peek(1)
    if word in _EXPLAINED or (behind is not None and behind.is_(b"(")):
        return False
    try:
        table = naming.table()
        column = cursor.peek()
        if column is not None:
            _described(cursor.next())
        cursor.expect_end()
    except NotUnderstood:
        return False
    naming.kind, naming.action = Statements.SHOW, "DESCRIBE"
    naming.targets.append(table)
    return True


def _described(column: Token) -> None:
    is_name = column.identifier is not None and column.word not in _EXPLAINED
    if not is_name and column.kind is not Kind.STRING:
        raise NotUnderstood


def grant(naming: Naming) -> bool:
    """Whether privileges on something are granted or revoked, which is then read."""
    cursor = naming.cursor
    naming.kind = Statements.OTHER
    naming.action = cursor.tokens[cursor.position - 1].word.decode().upper()
    while not cursor.take_words(b"on"):
        token = cursor.peek()
        if token is None or cursor.peek_word() == b"proxy":
            return False
        if token.is_(b"("):
            refuse_queries(within_parentheses(cursor))
        else:
            cursor.next()
    _privileged(naming)
    if not cursor.take_any(b"to", b"from"):
        cursor.refuse()
    naming.nameless()
    return True


def _privileged(naming: Naming) -> None:
    """Read what the privileges are on: a table, a routine, or all of a database."""
    cursor = naming.cursor
    routine = b""
    if cursor.peek_word(1) not in (b"to", b"from"):
        routine = cursor.take_any(b"function", b"procedure", b"package")
        cursor.take_words(b"body")
        if not routine:
            cursor.take_words(b"table")
    first, behind = cursor.peek(), cursor.peek(2)
    if first is not None:
        naming.aside.add(first.start)
    if cursor.take(b"*"):
        if cursor.take(b"."):
            cursor.expect(b"*")
    elif behind is not None and behind.is_(b"*"):
        cursor.identifier()
        cursor.expect(b".")
        cursor.expect(b"*")
    elif routine:
        naming.table()
    else:
        naming.targets.append(naming.table())
