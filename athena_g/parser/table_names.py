"""The parts that statements about whole tables are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from athena_g.parser.lexer import Cursor, Kind, NotUnderstood, Token
from athena_g.parser.places import Queries, has_query, is_query, name, table
from athena_g.parser.statement import Kind as Statements
from athena_g.parser.statement import Query, Span, Table
from athena_g.parser.text import Text


@dataclass
class Naming:
    """A statement that is being read: what it was found to name so far."""

    text: Text
    cursor: Cursor
    queries: Queries
    action: str = ""
    kind: Statements = Statements.DEFINE
    targets: list[Table] = field(default_factory=list)
    others: list[Table] = field(default_factory=list)
    new: list[Table] = field(default_factory=list)
    symbols: list[Span] = field(default_factory=list)
    aside: set[int] = field(default_factory=set)
    """Where names with dots begin that are those of something else."""
    conditional: bool = False
    temporary: bool = False
    query: Query | None = None

    def table(self) -> Table:
        """The table that is named next."""
        return table(self.text, self.cursor)

    def tables(self) -> list[Table]:
        """The tables that are named next, with commas between them."""
        found = [self.table()]
        while self.cursor.take(b","):
            found.append(self.table())
        return found

    def symbol(self) -> None:
        """Read a name that is unique within a database."""
        self.symbols.append(name(self.text, self.cursor)[1])

    def if_exists(self) -> None:
        """Read IF EXISTS or IF NOT EXISTS, if it is there."""
        cursor = self.cursor
        if cursor.take_words(b"if", b"exists") or cursor.take_words(b"if", b"not", b"exists"):
            self.conditional = True

    def or_replace(self) -> None:
        """Read OR REPLACE, if it is there."""
        self.cursor.take_words(b"or", b"replace")

    def wait(self) -> None:
        """Read MariaDB's WAIT or NOWAIT, if it is there."""
        if self.cursor.take_words(b"wait"):
            self.cursor.next()
        else:
            self.cursor.take_words(b"nowait")

    def definer(self) -> None:
        """Read ``DEFINER = user``, if it is there."""
        cursor = self.cursor
        if not cursor.take_words(b"definer"):
            return
        cursor.expect(b"=")
        if cursor.next().kind not in (Kind.WORD, Kind.NAME, Kind.STRING):
            cursor.refuse()
        if cursor.take(b"("):
            cursor.expect(b")")
        user = cursor.peek()
        if user is not None and user.kind is Kind.USER_VARIABLE:
            cursor.next()

    def query_behind(self) -> None:
        """Read the query to the end of the text."""
        read = self.rest()
        if not is_query(read):
            self.cursor.refuse()
        self.query = self.queries.query_in(self.text, read[0].start, read[-1].end)

    def rest(self) -> list[Token]:
        """All tokens to the end."""
        found = self.cursor.tokens[self.cursor.position :]
        self.cursor.position = len(self.cursor.tokens)
        return found

    def nameless(self) -> None:
        """Read the rest, in which nothing but columns is named."""
        refuse_queries(self.rest())


def refuse_queries(read: Sequence[Token]) -> None:
    """Make sure that there is no query in these tokens, which could name tables."""
    if has_query(read) or any(token.word == b"select" for token in read):
        raise NotUnderstood
