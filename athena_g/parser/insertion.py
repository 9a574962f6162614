"""What INSERT and REPLACE put where.

Source: MySQL Reference Manual, "INSERT Statement", "INSERT ... ON DUPLICATE KEY UPDATE Statement",
"INSERT ... SELECT Statement", "REPLACE Statement"; MariaDB's "INSERT...RETURNING" and "VALUE".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from athena_g.parser.lexer import Cursor, Token
from athena_g.parser.operands import operand
from athena_g.parser.places import (
    Queries,
    Stream,
    column,
    has_query,
    is_query,
    name,
    only_column,
    qualified,
    query_follows,
    table,
    tables_of,
    within,
    within_parentheses,
)
from athena_g.parser.rows import rows
from athena_g.parser.statement import (
    Assignment,
    Column,
    Insertion,
    Kind,
    Nested,
    Operand,
    Query,
    Row,
    Span,
    Statement,
    Table,
)
from athena_g.parser.text import Text

_MODIFIERS: Final = (b"low_priority", b"delayed", b"high_priority", b"ignore")
# Words that show that RETURNING was the name of something in a query.
_CLAUSES: Final = frozenset(
    b"from where group having order limit union intersect except into join on window for".split()
)

_BEFORE_NAMES: Final = frozenset(b"select distinct all as from join straight_join table".split())


def insertion(text: Text, queries: Queries, start: int = 0) -> Statement:
    """What an INSERT or REPLACE does that begins at ``start``.

    It reads ``text.data`` itself: neither the number of the tokens nor ``text.tokens`` matters.
    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for anything else.
    """
    reader = _Reader(text, queries)
    reader.cursor.jump(start)
    return reader.statement()


@dataclass
class _Body:
    """What is to be inserted; ``columns`` are those of the form with SET."""

    rows: Sequence[Row] = ()
    query: Query | None = None
    columns: list[Column] | None = None


@dataclass
class _Found:
    """What was found on the way."""

    nested: list[Nested] = field(default_factory=list)
    qualifiers: list[Column] = field(default_factory=list)


class _Reader:
    """Reads one INSERT or REPLACE; ``row`` is the name of the new row, and those of its columns."""

    def __init__(self, text: Text, queries: Queries) -> None:
        self.text = text
        self.queries = queries
        self.cursor = Stream(text)
        self.found = _Found()
        self.row = ""
        self.renamed: dict[str, str] = {}
        self.renamed_at: int | None = None
        self.ignores = False

    def statement(self) -> Statement:
        kind = self._kind()
        target = self._target()
        columns, columns_at = self._columns()
        body = self._body()
        if body.columns is not None:
            columns = body.columns
        self._row_alias(columns)
        updates = self._updates(target)
        returning = self._returning()
        self.cursor.expect_end()
        found = Insertion(
            target=target,
            columns=None if columns is None else tuple(columns),
            rows=tuple(body.rows),
            query=body.query,
            updates=updates,
            nested=tuple(self.found.nested),
            columns_at=columns_at,
            renamed_at=self.renamed_at,
            returning=returning,
            ignores=self.ignores,
        )
        names = (self.row,) if self.row else ()
        return Statement(kind, found, self._tables(found), tuple(self.found.qualifiers), names)

    def _kind(self) -> Kind:
        word = self.cursor.take_any(b"insert", b"replace")
        if not word:
            self.cursor.refuse()
        while modifier := self.cursor.take_any(*_MODIFIERS):
            self.ignores = self.ignores or modifier == b"ignore"
        self.cursor.take_words(b"into")
        return Kind.INSERT if word == b"insert" else Kind.REPLACE

    def _target(self) -> Table:
        found = table(self.text, self.cursor)
        if self.cursor.take_words(b"partition"):
            within_parentheses(self.cursor)
        return found

    def _tables(self, found: Insertion) -> tuple[Table, ...]:
        within_it = [each.query for each in found.nested]
        if found.query is not None:
            within_it.insert(0, found.query)
        return (found.target, *tables_of(within_it))

    def _columns(self) -> tuple[list[Column] | None, int | None]:
        """The columns that are named, and where a further one may be; nothing read if none are."""
        cursor = self.cursor
        if query_follows(cursor) or not cursor.take(b"("):
            return None, None
        found = list[Column]()
        while not cursor.take(b")"):
            if found:
                cursor.expect(b",")
            found.append(self._column())
        return found, cursor.tokens[cursor.position - 1].start

    def _column(self) -> Column:
        found = column(self.text, self.cursor)
        if found.qualifier is not None:
            self.found.qualifiers.append(found)
        return found

    def _body(self) -> _Body:
        cursor = self.cursor
        if cursor.take_any(b"values", b"value"):
            return self._rows()
        if cursor.take_words(b"set"):
            return self._set()
        return _Body(query=self._query())

    def _rows(self) -> _Body:
        found = rows(self.text, self.cursor.offset(), self.queries)
        self.cursor.jump(found.end)
        self.found.nested += found.nested
        self.found.qualifiers += found.qualifiers
        return _Body(rows=found.rows)

    def _set(self) -> _Body:
        start = self.cursor.offset()
        columns, values, end = list[Column](), list[Operand | None](), start
        while True:
            columns.append(self._column())
            self.cursor.expect(b"=", b":=")
            read = self._expression()
            values.append(self._worth(read))
            end = read[-1].end
            if not self.cursor.take(b","):
                return _Body(rows=[Row(Span(start, end), tuple(values))], columns=columns)

    def _worth(self, read: Sequence[Token]) -> Operand | None:
        """The value of an expression; what is in it is noted."""
        found = operand(self.text, read)
        if found is None:
            nested, qualifiers = within(self.text, read, self.queries)
            self.found.nested += nested
            self.found.qualifiers += [each for each in qualifiers if not self._is_of_row(each)]
        return found

    def _is_of_row(self, named: Column) -> bool:
        """Whether a column is qualified with the name of the new row, which is no table."""
        return named.database is None and self.row != "" and _same(named.table, self.row)

    def _expression(self) -> list[Token]:
        """The tokens up to a comma or to the next clause."""
        cursor, found = self.cursor, list[Token]()
        while (token := cursor.peek()) is not None and not token.is_(b","):
            if found and _ends_expression(cursor):
                break
            if token.is_(b")") or token.is_(b";"):
                cursor.refuse()
            found += within_parentheses(cursor) if token.is_(b"(") else [cursor.next()]
        if not found:
            cursor.refuse()
        return found

    def _query(self) -> Query:
        """The query to the end of the text, or to ON DUPLICATE KEY or RETURNING."""
        start, read = self.cursor.offset(), list[Token]()
        while self.cursor.peek() is not None and not _ends_query(self.cursor, read):
            read += self._piece()
        if not is_query(read):
            self.cursor.refuse()
        found = self.queries.query_in(self.text, start, read[-1].end)
        known = {each.span.start for each in tables_of((found,))}
        self.found.qualifiers += qualified(self.text, read, known)
        return found

    def _piece(self) -> list[Token]:
        """The next token, or all from a parenthesis to the one that closes it."""
        token = self.cursor.peek()
        if token is not None and token.is_(b"("):
            return within_parentheses(self.cursor)
        if token is not None and (token.is_(b")") or token.is_(b";")):
            self.cursor.refuse()
        return [self.cursor.next()]

    def _row_alias(self, columns: Sequence[Column] | None) -> None:
        """Read ``AS new(a, b)``."""
        if not self.cursor.take_words(b"as"):
            return
        self.row = name(self.text, self.cursor)[0]
        names = list[str]()
        if self.cursor.take(b"("):
            names.append(name(self.text, self.cursor)[0])
            while self.cursor.take(b","):
                names.append(name(self.text, self.cursor)[0])
            self.cursor.expect(b")")
            self.renamed_at = self.cursor.tokens[self.cursor.position - 1].start
        own = [each.name for each in columns or ()]
        self.renamed = {
            new.casefold(): old for new, old in zip(names, own or [""] * len(names), strict=False)
        }

    def _updates(self, target: Table) -> tuple[Assignment, ...]:
        if not self.cursor.take_words(b"on", b"duplicate", b"key", b"update"):
            return ()
        found = [self._update(target)]
        while self.cursor.take(b","):
            found.append(self._update(target))
        return tuple(found)

    def _update(self, target: Table) -> Assignment:
        changed = self._column()
        self.cursor.expect(b"=", b":=")
        read = self._expression()
        value = self._worth(read)
        itself = value is None and self._is_itself(changed, read, target)
        return Assignment(changed, value, itself)

    def _is_itself(self, changed: Column, read: Sequence[Token], target: Table) -> bool:
        """Whether an expression is the column, or the value that it was to be inserted with."""
        first = read[0].word
        if first in (b"values", b"value") and len(read) > 2 and read[1].is_(b"("):
            read = read[2:-1] if read[-1].is_(b")") else ()
        named = only_column(self.text, read)
        if named is None:
            return False
        if self._is_of_row(named) or (
            named.table is None and named.name.casefold() in self.renamed
        ):
            return _same(self.renamed.get(named.name.casefold(), named.name), changed.name)
        of_target = named.table is None or _same(named.table, target.name)
        return of_target and _same(named.name, changed.name)

    def _returning(self) -> bool:
        """Whether RETURNING is there, which is read to the end."""
        if not self.cursor.take_words(b"returning"):
            return False
        read = list[Token]()
        while self.cursor.peek() is not None:
            piece = self._piece()
            if piece[0].word in _CLAUSES or (not read and piece[0].is_(b",")):
                self.cursor.refuse()
            if has_query(piece):
                if not is_query(piece):
                    self.cursor.refuse()
                query = self.queries.query_in(self.text, piece[0].end, piece[-1].start)
                self.found.nested.append(Nested(query))
            read += piece
        if not read:
            self.cursor.refuse()
        known = {each.span.start for each in tables_of(each.query for each in self.found.nested)}
        self.found.qualifiers += qualified(self.text, read, known)
        return True


def _ends_expression(cursor: Cursor) -> bool:
    """Whether an expression ends here, and a further clause follows."""
    return cursor.peek_word() in (b"as", b"returning") or _is_on_duplicate(cursor)


def _ends_query(cursor: Cursor, read: Sequence[Token]) -> bool:
    """Whether a query ends behind these tokens: RETURNING may be a name as well, to MySQL."""
    if not read or cursor.peek_word() != b"returning":
        return _is_on_duplicate(cursor)
    before = read[-1]
    return before.word not in _BEFORE_NAMES and not before.is_(b",") and not before.is_(b".")


def _is_on_duplicate(cursor: Cursor) -> bool:
    return tuple(cursor.peek_word(ahead) for ahead in range(3)) == (b"on", b"duplicate", b"key")


def _same(name: str | None, other: str) -> bool:
    return name is not None and name.casefold() == other.casefold()
