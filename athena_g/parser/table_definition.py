"""CREATE TABLE and ALTER TABLE.

Source: MySQL Reference Manual, "CREATE TABLE Statement" (and "... LIKE", "... SELECT", "FOREIGN KEY
Constraints", "CHECK Constraints"), "ALTER TABLE Statement"; MariaDB's statements of these names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from athena_g.parser.lexer import Cursor, NotUnderstood, Token
from athena_g.parser.places import column, name, query_follows, table, within_parentheses
from athena_g.parser.table_names import Naming, refuse_queries

# What may come behind a constraint's name; without one, behind CONSTRAINT itself.
_CONSTRAINTS: Final = frozenset(b"foreign check primary unique references".split())
_FEW: Final = 6
_NAMED_IN_DATABASE: Final = (b"foreign", b"check", b"references")


def create_table(naming: Naming) -> None:
    """Read a CREATE TABLE behind that word."""
    naming.action = "CREATE TABLE"
    naming.if_exists()
    naming.targets.append(naming.table())
    cursor = naming.cursor
    if _is_like(cursor):
        bracket = cursor.take(b"(")
        cursor.next()
        naming.others.append(naming.table())
        if bracket:
            cursor.expect(b")")
        cursor.expect_end()
        return
    first = cursor.peek()
    if first is not None and first.is_(b"(") and not query_follows(cursor):
        definition = within_parentheses(cursor)
        refuse_queries(definition)
        _constraints(naming, definition)
    _options(naming)


def _is_like(cursor: Cursor) -> bool:
    first = cursor.peek()
    return cursor.peek_word(1 if first is not None and first.is_(b"(") else 0) == b"like"


def _options(naming: Naming) -> None:
    """Read options and partitions, and the query behind them."""
    cursor = naming.cursor
    while (token := cursor.peek()) is not None:
        if cursor.take_words(b"as") or _begins_query(cursor):
            naming.query_behind()
        elif cursor.take_words(b"union"):
            _union(naming)
        elif token.is_(b"("):
            refuse_queries(within_parentheses(cursor))
        elif token.is_(b")") or token.word in (b"references", b"from", b"join", b"like"):
            cursor.refuse()
        else:
            cursor.next()


def _begins_query(cursor: Cursor) -> bool:
    """Whether a query comes next, rather than MariaDB's WITH SYSTEM VERSIONING."""
    if cursor.peek_word() == b"with" and cursor.peek_word(1) == b"system":
        return False
    return query_follows(cursor)


def _union(naming: Naming) -> None:
    """Read the tables of the option UNION."""
    naming.cursor.take(b"=")
    naming.cursor.expect(b"(")
    if not naming.cursor.take(b")"):
        naming.others += naming.tables()
        naming.cursor.expect(b")")


def _constraints(naming: Naming, read: Sequence[Token]) -> None:
    """Note the tables that constraints refer to, and the names of constraints."""
    for place, token in enumerate(read):
        if place and read[place - 1].is_(b"."):
            continue
        if token.word == b"references":
            naming.others.append(table(naming.text, _cursor_at(read, place + 1)))
        elif token.word == b"constraint":
            _symbol(naming, _cursor_at(read, place + 1))
        elif token.word == b"foreign":
            _foreign_key(naming, _cursor_at(read, place + 1), read[place - 1].end)


def _cursor_at(read: Sequence[Token], place: int) -> Cursor:
    """The few tokens that begin at a place."""
    return Cursor(list(read[place : place + _FEW]))


def _symbol(naming: Naming, cursor: Cursor) -> None:
    """Note the name of a constraint that is unique within the database."""
    cursor.take_words(b"if", b"not", b"exists")
    if cursor.peek_word() in _CONSTRAINTS:
        return
    _, span = name(naming.text, cursor)
    if cursor.peek_word() not in _CONSTRAINTS:
        cursor.refuse()
    if cursor.peek_word() in _NAMED_IN_DATABASE:
        naming.symbols.append(span)


def _foreign_key(naming: Naming, cursor: Cursor, before: int) -> None:
    """Note the name behind FOREIGN KEY, which MariaDB takes for the constraint's if it has none."""
    if not cursor.take_words(b"key"):
        return
    cursor.take_words(b"if", b"not", b"exists")
    if not cursor.take(b"(") and not any(symbol.end == before for symbol in naming.symbols[-1:]):
        naming.symbols.append(name(naming.text, cursor)[1])


def alter_table(naming: Naming) -> None:
    """Read an ALTER TABLE behind that word."""
    naming.action = "ALTER TABLE"
    naming.if_exists()
    naming.targets.append(naming.table())
    naming.wait()
    if naming.cursor.peek() is None:
        return
    _alteration(naming)
    while naming.cursor.take(b","):
        _alteration(naming)


def _alteration(naming: Naming) -> None:
    """Read one of the comma-separated parts."""
    word = naming.cursor.peek_word()
    reader = _ALTERATIONS.get(word)
    if reader is not None:
        naming.cursor.next()
        reader(naming)
    elif word not in _NAMELESS:
        naming.cursor.refuse()
    _to_comma(naming)


def _to_comma(naming: Naming) -> None:
    cursor = naming.cursor
    read = list[Token]()
    while (token := cursor.peek()) is not None and not token.is_(b","):
        if token.word in (b"rename", b"exchange", b"union") and not _is_qualified(read):
            cursor.refuse()
        if token.is_(b")"):
            cursor.refuse()
        read += within_parentheses(cursor) if token.is_(b"(") else [cursor.next()]
    refuse_queries(read)
    _constraints(naming, read)


def _is_qualified(read: Sequence[Token]) -> bool:
    return bool(read) and read[-1].is_(b".")


def _rename(naming: Naming) -> None:
    cursor = naming.cursor
    if cursor.peek_word() in (b"column", b"index", b"key"):
        return
    if not cursor.take_any(b"to", b"as"):
        cursor.take(b"=")
    naming.new.append(naming.table())
    _ends(cursor)


def _exchange(naming: Naming) -> None:
    cursor = naming.cursor
    if not cursor.take_words(b"partition"):
        cursor.refuse()
    cursor.identifier()
    if not cursor.take_words(b"with", b"table"):
        cursor.refuse()
    naming.others.append(naming.table())
    if cursor.take_any(b"with", b"without") and not cursor.take_words(b"validation"):
        cursor.refuse()
    _ends(cursor)


def _convert(naming: Naming) -> None:
    """Read CONVERT TO CHARACTER SET, or MariaDB's CONVERT of a partition or a table."""
    cursor = naming.cursor
    if cursor.take_words(b"table"):
        naming.others.append(naming.table())
    elif cursor.take_words(b"partition"):
        cursor.identifier()
        if not cursor.take_words(b"to", b"table"):
            cursor.refuse()
        naming.new.append(naming.table())
        _ends(cursor)


def _drop(naming: Naming) -> None:
    """Read a DROP of a constraint as far as its name; nothing of any other."""
    cursor = naming.cursor
    if cursor.take_words(b"foreign", b"key") or cursor.take_any(b"constraint", b"check"):
        cursor.take_words(b"if", b"exists")
        naming.symbol()


def _alter(naming: Naming) -> None:
    """Read an ALTER of a constraint as far as its name; nothing of any other."""
    if naming.cursor.take_any(b"constraint", b"check"):
        naming.symbol()


def _order(naming: Naming) -> None:
    """Read ORDER BY, which has to be the last part: its own commas look like those of parts."""
    cursor = naming.cursor
    if not cursor.take_words(b"by"):
        cursor.refuse()
    while True:
        column(naming.text, cursor)
        cursor.take_any(b"asc", b"desc")
        if not cursor.take(b","):
            break
    cursor.expect_end()


def _ends(cursor: Cursor) -> None:
    token = cursor.peek()
    if token is not None and not token.is_(b",") and token.word not in (b"partition", b"remove"):
        raise NotUnderstood


_ALTERATIONS: Final[dict[bytes, Callable[[Naming], None]]] = {
    b"rename": _rename,
    b"exchange": _exchange,
    b"convert": _convert,
    b"drop": _drop,
    b"alter": _alter,
    b"order": _order,
    b"union": _union,
}
# Those in which no table is named but behind REFERENCES.
_NAMELESS: Final = frozenset(
    b"""
    add algorithm analyze auto_increment autoextend_size avg_row_length change character charset
    check checksum coalesce collate comment compression connection data default delay_key_write
    disable discard enable encryption engine engine_attribute force import index
    insert_method key_block_size lock max_rows min_rows modify optimize pack_keys
    page_checksum page_compressed page_compression_level partition password rebuild remove
    reorganize repair row_format secondary_engine secondary_engine_attribute secondary_load
    secondary_unload sequence stats_auto_recalc stats_persistent stats_sample_pages storage
    tablespace transactional truncate type with without
    """.split()
)
