"""Definition of what belongs to tables, and what is done to whole tables by name.

Source: MySQL Reference Manual, "CREATE INDEX", "DROP INDEX", "DROP TABLE", "RENAME TABLE",
"TRUNCATE TABLE", "CREATE TRIGGER", "DROP TRIGGER", "CREATE VIEW", "ALTER VIEW", "DROP VIEW";
MariaDB's statements of these names.
"""

from __future__ import annotations

from typing import Final

from athena_g.parser.lexer import NotUnderstood, Token
from athena_g.parser.places import within_parentheses
from athena_g.parser.table_definition import alter_table, create_table
from athena_g.parser.table_names import Naming, refuse_queries

# Words of a trigger's body that show that it may do something with a table.
_DOING: Final = frozenset(
    b"select insert replace update delete table tables with call execute do load truncate create "
    b"alter drop rename handler analyze lock flush from into cursor".split()
)


def create(naming: Naming) -> bool:
    """Whether a CREATE is one that names tables, which is then read."""
    cursor = naming.cursor
    naming.or_replace()
    if cursor.take_words(b"temporary", b"table"):
        naming.temporary = True
        create_table(naming)
    elif cursor.take_words(b"table"):
        create_table(naming)
    elif _is_index(naming):
        _create_index(naming)
    else:
        return _create_with_definer(naming)
    return True


def _is_index(naming: Naming) -> bool:
    """Whether CREATE INDEX goes on, whose words are then read; nothing is read of any other."""
    cursor, start = naming.cursor, naming.cursor.position
    cursor.take_any(b"online", b"offline")
    cursor.take_any(b"unique", b"fulltext", b"spatial", b"vector")
    if cursor.take_words(b"index"):
        return True
    cursor.position = start
    return False


def _create_index(naming: Naming) -> None:
    naming.action = "CREATE INDEX"
    naming.if_exists()
    naming.cursor.identifier()
    if naming.cursor.take_any(b"using", b"type"):
        naming.cursor.identifier()
    _on(naming)
    refuse_queries(within_parentheses(naming.cursor))
    naming.nameless()


def _on(naming: Naming) -> None:
    if not naming.cursor.take_words(b"on"):
        naming.cursor.refuse()
    naming.targets.append(naming.table())


def _create_with_definer(naming: Naming) -> bool:
    """Read the definition of a trigger or a view, if it is one."""
    cursor = naming.cursor
    if cursor.take_words(b"algorithm"):
        cursor.expect(b"=")
        cursor.identifier()
    naming.definer()
    if cursor.take_words(b"sql", b"security"):
        cursor.identifier()
    if cursor.take_words(b"trigger"):
        _create_trigger(naming)
    elif cursor.take_words(b"view"):
        _view(naming, "CREATE VIEW")
    else:
        return False
    return True


def _create_trigger(naming: Naming) -> None:
    naming.action = "CREATE TRIGGER"
    naming.if_exists()
    naming.symbols.append(naming.table().span)
    if not naming.cursor.take_any(b"before", b"after"):
        naming.cursor.refuse()
    while naming.cursor.take_any(b"insert", b"update", b"delete", b"or"):
        pass
    _on(naming)
    if not naming.cursor.take_words(b"for", b"each", b"row"):
        naming.cursor.refuse()
    if naming.cursor.take_any(b"follows", b"precedes"):
        naming.symbol()
    _trigger_body(naming.rest())


def _trigger_body(read: list[Token]) -> None:
    """Make sure that a trigger does nothing with any table but to set its row."""
    if any(token.word in _DOING for token in read):
        raise NotUnderstood


def _view(naming: Naming, action: str) -> None:
    naming.action = action
    naming.if_exists()
    naming.targets.append(naming.table())
    opening = naming.cursor.peek()
    if opening is not None and opening.is_(b"("):
        within_parentheses(naming.cursor)
    if not naming.cursor.take_words(b"as"):
        naming.cursor.refuse()
    _without_check_option(naming)
    naming.query_behind()


def _without_check_option(naming: Naming) -> None:
    """Take WITH CHECK OPTION off the end."""
    read = naming.cursor.tokens
    if [token.word for token in read[-2:]] != [b"check", b"option"]:
        return
    words = 4 if read[-3].word in (b"cascaded", b"local") else 3
    if read[-words].word != b"with":
        naming.cursor.refuse()
    del read[-words:]


def alter(naming: Naming) -> bool:
    """Whether an ALTER is one that names tables, which is then read."""
    cursor, start = naming.cursor, naming.cursor.position
    cursor.take_any(b"online", b"offline")
    cursor.take_words(b"ignore")
    if cursor.take_words(b"table"):
        alter_table(naming)
        return True
    cursor.position = start
    if cursor.take_words(b"algorithm"):
        cursor.expect(b"=")
        cursor.identifier()
    naming.definer()
    if cursor.take_words(b"sql", b"security"):
        cursor.identifier()
    if not cursor.take_words(b"view"):
        return False
    _view(naming, "ALTER VIEW")
    return True


def drop(naming: Naming) -> bool:
    """Whether a DROP is one that names tables, which is then read."""
    cursor = naming.cursor
    if cursor.peek_word() == b"temporary" and cursor.peek_word(1) in (b"table", b"tables"):
        cursor.next()
        naming.temporary = True
    if cursor.take_any(b"table", b"tables"):
        _drop_tables(naming, "DROP TABLE")
    elif cursor.take_words(b"view"):
        _drop_tables(naming, "DROP VIEW")
    elif cursor.take_words(b"trigger"):
        naming.action = "DROP TRIGGER"
        naming.if_exists()
        naming.symbols.append(naming.table().span)
        cursor.expect_end()
    else:
        return _drop_index(naming)
    return True


def _drop_tables(naming: Naming, action: str) -> None:
    naming.action = action
    naming.if_exists()
    naming.targets += naming.tables()
    naming.wait()
    naming.cursor.take_any(b"restrict", b"cascade")
    naming.cursor.expect_end()


def _drop_index(naming: Naming) -> bool:
    naming.cursor.take_any(b"online", b"offline")
    if not naming.cursor.take_words(b"index"):
        return False
    naming.action = "DROP INDEX"
    naming.if_exists()
    naming.cursor.identifier()
    _on(naming)
    naming.nameless()
    return True


def truncate(naming: Naming) -> bool:
    """Read a TRUNCATE."""
    naming.action = "TRUNCATE TABLE"
    naming.cursor.take_words(b"table")
    naming.targets.append(naming.table())
    naming.wait()
    naming.cursor.expect_end()
    return True


def rename(naming: Naming) -> bool:
    """Whether a RENAME is one of tables, which is then read."""
    cursor = naming.cursor
    if not cursor.take_any(b"table", b"tables"):
        return False
    naming.action = "RENAME TABLE"
    naming.if_exists()
    while True:
        naming.targets.append(naming.table())
        naming.wait()
        if not cursor.take_words(b"to"):
            cursor.refuse()
        naming.new.append(naming.table())
        if not cursor.take(b","):
            break
    cursor.expect_end()
    return True
