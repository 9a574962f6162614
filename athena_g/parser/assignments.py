"""What a SET statement assigns.

Source: MySQL Reference Manual, "SET Syntax for Variable Assignment", "SET TRANSACTION",
"SET NAMES", "SET CHARACTER SET"; MariaDB's "SET". What they leave open was tried on MySQL 9.7 and
MariaDB 10.11: a GLOBAL or SESSION holds for the plain names behind it until the next such word,
neither for those with ``@@`` nor changed by their scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from athena_g.parser.lexer import (
    Cursor,
    Kind,
    NotUnderstood,
    Token,
    first_word,
    system_variable,
    tokens,
    unquoted,
    variable_name,
)


class Scope(Enum):
    """What an assignment changes."""

    SESSION = auto()
    USER = auto()
    GLOBAL = auto()
    NEXT_TRANSACTION = auto()
    NAMES = auto()
    CHARSET = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment of a SET.

    ``name`` is in lower case, without ``@`` and quotes. For NAMES and CHARSET it says just that;
    for OTHER it is PASSWORD, ROLE, DEFAULT ROLE, RESOURCE GROUP or STATEMENT.

    ``literal`` is the SQL text of a value that is one literal, or one of the words that stand for
    a value, else ``None``. A string is in single quotes, with its escapes as they were: one with a
    backslash depends on NO_BACKSLASH_ESCAPES, one beyond ASCII on the client's character set. For
    NAMES it is the character set and, if given, ``COLLATE`` and the collation. ``copied``: the
    value is that of another variable.
    """

    kind: Scope
    name: bytes
    literal: bytes | None
    copied: bool = False


_KEYWORD_SCOPES = {
    b"session": Scope.SESSION,
    b"local": Scope.SESSION,
    b"global": Scope.GLOBAL,
    b"persist": Scope.GLOBAL,
    b"persist_only": Scope.GLOBAL,
}
_CHARACTERISTICS = {
    b"tx_isolation": b"transaction_isolation",
    b"tx_read_only": b"transaction_read_only",
}
_NEXT_TRANSACTION = frozenset((*_CHARACTERISTICS, *_CHARACTERISTICS.values()))
# Words that are calls of functions, not values.
_CALLS = frozenset(
    b"current_date current_role current_time current_timestamp current_user localtime "
    b"localtimestamp sysdate systimestamp utc_date utc_time utc_timestamp".split()
)
_CONSTANTS = (b"null", b"true", b"false")
_LEVELS = {
    (b"read", b"uncommitted"): b"'READ-UNCOMMITTED'",
    (b"read", b"committed"): b"'READ-COMMITTED'",
    (b"repeatable", b"read"): b"'REPEATABLE-READ'",
    (b"serializable",): b"'SERIALIZABLE'",
}


def parse_set(
    packet: bytes, start: int, *, no_backslash_escapes: bool = False, ansi_quotes: bool = False
) -> tuple[Assignment, ...] | None:
    """What a SET statement assigns, in order; ``None`` for anything else, and what is not sure.

    The text is ``packet[start:]``.
    """
    if first_word(packet, start) != b"set":
        return None
    try:
        read = tokens(
            packet, start, no_backslash_escapes=no_backslash_escapes, ansi_quotes=ansi_quotes
        )
        return _Reader(Cursor(read)).statement()
    except NotUnderstood:
        return None


class _Reader:
    """Reads one SET; ``scope`` is what the last GLOBAL or SESSION said."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.scope = Scope.SESSION

    def statement(self) -> tuple[Assignment, ...]:
        cursor = self.cursor
        cursor.next()
        whole = self._transaction() or self._other_statement()
        if whole is not None:
            cursor.expect_end()
            return whole
        found = [self._assignment()]
        while cursor.take(b","):
            found.append(self._assignment())
        cursor.expect_end()
        return tuple(found)

    def _transaction(self) -> tuple[Assignment, ...] | None:
        """The characteristics of SET [scope] TRANSACTION; ``None``, nothing read, for others."""
        scope = _KEYWORD_SCOPES.get(self.cursor.peek_word())
        place = 1 if scope is not None else 0
        after = self.cursor.peek(place + 1)
        if self.cursor.peek_word(place) != b"transaction" or _assigns(after) or _is_dot(after):
            return None
        if self.cursor.peek_word() in (b"persist", b"persist_only"):
            self.cursor.refuse()
        self.cursor.position += place + 1
        kind = Scope.NEXT_TRANSACTION if scope is None else scope
        found = [self._characteristic(kind)]
        while self.cursor.take(b","):
            found.append(self._characteristic(kind))
        if len({each.name for each in found}) < len(found):
            self.cursor.refuse()
        return tuple(found)

    def _characteristic(self, kind: Scope) -> Assignment:
        cursor = self.cursor
        if cursor.take_words(b"isolation", b"level"):
            for words, literal in _LEVELS.items():
                if cursor.take_words(*words):
                    return Assignment(kind, b"transaction_isolation", literal)
        if cursor.take_words(b"read", b"only"):
            return Assignment(kind, b"transaction_read_only", b"1")
        if cursor.take_words(b"read", b"write"):
            return Assignment(kind, b"transaction_read_only", b"0")
        return cursor.refuse()

    def _other_statement(self) -> tuple[Assignment, ...] | None:
        """A SET that is a statement of its own kind to its end; ``None``, nothing read, if not."""
        cursor = self.cursor
        for words in ((b"default", b"role"), (b"resource", b"group"), (b"role",), (b"statement",)):
            if _assigns(cursor.peek(len(words))) or _is_dot(cursor.peek(len(words))):
                continue
            if cursor.take_words(*words):
                self._skip_rest(may_assign=words == (b"statement",))
                return (Assignment(Scope.OTHER, b" ".join(words).upper(), None),)
        return None

    def _skip_rest(self, may_assign: bool) -> None:
        while (token := self.cursor.peek()) is not None:
            if token.is_(b";") or (not may_assign and _assigns(token)):
                self.cursor.refuse()
            self.cursor.next()

    def _assignment(self) -> Assignment:
        token = self.cursor.peek()
        if token is not None and token.kind is Kind.USER_VARIABLE:
            self.cursor.next()
            return self._assigned(Scope.USER, _user_variable(token))
        named = system_variable(self.cursor)
        if named is not None:
            return self._of_system_variable(*named)
        if self.cursor.peek_word() in _KEYWORD_SCOPES and not _assigns(self.cursor.peek(1)):
            self.scope = _KEYWORD_SCOPES[self.cursor.next().word]
            return self._assigned(self.scope, _checked(variable_name(self.cursor)))
        return self._without_equals() or self._assigned(
            self.scope, _checked(variable_name(self.cursor))
        )

    def _of_system_variable(self, scope: bytes, name: bytes) -> Assignment:
        if not scope and name in _NEXT_TRANSACTION:
            return self._assigned(Scope.NEXT_TRANSACTION, _CHARACTERISTICS.get(name, name))
        return self._assigned(_KEYWORD_SCOPES.get(scope, Scope.SESSION), _checked(name))

    def _without_equals(self) -> Assignment | None:
        """An assignment of a form of its own; ``None``, nothing read, for others."""
        cursor = self.cursor
        if cursor.peek_word() == b"password" and not _is_dot(cursor.peek(1)):
            cursor.next()
            self._value()
            return Assignment(Scope.OTHER, b"PASSWORD", None)
        if _is_dot(cursor.peek(1)):
            return None
        if cursor.take_words(b"names"):
            return Assignment(Scope.NAMES, b"names", self._names())
        if _assigns(cursor.peek(1)):
            return None
        if cursor.take_words(b"role"):
            self._value()
            return Assignment(Scope.OTHER, b"ROLE", None)
        if cursor.take_words(b"charset") or (
            cursor.peek_word() in (b"character", b"char")
            and cursor.peek_word(1) == b"set"
            and cursor.take_words(cursor.peek_word(), b"set")
        ):
            return Assignment(Scope.CHARSET, b"charset", self._charset_name())
        return None

    def _names(self) -> bytes:
        charset = self._charset_name()
        if not self.cursor.take_words(b"collate"):
            return charset
        collation = self._charset_name()
        if charset == b"DEFAULT" or collation == b"DEFAULT":
            self.cursor.refuse()
        return charset + b" COLLATE " + collation

    def _charset_name(self) -> bytes:
        """The name of a character set or collation in lower case, or DEFAULT."""
        if self.cursor.take_words(b"default"):
            return b"DEFAULT"
        token = self.cursor.next()
        name = unquoted(token.text) if token.kind is Kind.STRING else token.identifier
        if name is None or not name.isascii() or not name.replace(b"_", b"").isalnum():
            raise NotUnderstood
        return name.lower()

    def _assigned(self, kind: Scope, name: bytes) -> Assignment:
        self.cursor.expect(b"=", b":=")
        value = self._value()
        literal = _literal(value, kind is Scope.USER)
        return Assignment(kind, name, literal, literal is None and _is_variable(value))

    def _value(self) -> list[Token]:
        """The tokens up to the next assignment."""
        cursor, depth, found = self.cursor, 0, list[Token]()
        while (token := cursor.peek()) is not None:
            if depth == 0 and (token.is_(b",") or token.is_(b";")):
                break
            depth += token.is_(b"(") - token.is_(b")")
            if depth < 0 or token.is_(b";"):
                cursor.refuse()
            found.append(cursor.next())
        if depth or not found:
            cursor.refuse()
        return found


def _assigns(token: Token | None) -> bool:
    return token is not None and (token.is_(b"=") or token.is_(b":="))


def _is_dot(token: Token | None) -> bool:
    return token is not None and token.is_(b".")


def _user_variable(token: Token) -> bytes:
    name = token.text[1:].lower()
    if name[:1] not in (b"'", b'"', b"`"):
        return _checked(name)
    if name[:1] != b"`" and b"\\" in name:
        raise NotUnderstood
    return _checked(unquoted(name))


def _checked(name: bytes) -> bytes:
    """The name, if it is one that cannot be taken for another.

    The servers compare names by a collation: beyond ASCII different ones may be the same, and so
    may those with spaces at the end.
    """
    if not name.isascii() or not name or name != name.rstrip() or b"\0" in name:
        raise NotUnderstood
    return name


def _is_variable(value: list[Token]) -> bool:
    """Whether a value is ``@name``, ``@@name`` or ``@@scope.name``, and nothing else."""
    if len(value) == 1 and value[0].kind is Kind.USER_VARIABLE:
        return True
    cursor = Cursor(value)
    return system_variable(cursor) is not None and cursor.peek() is None


def _literal(value: list[Token], of_user_variable: bool) -> bytes | None:
    """The SQL text of a value that is one literal."""
    sign = b""
    if len(value) == 2 and (value[0].is_(b"-") or value[0].is_(b"+")):
        sign = value[0].text
    elif len(value) != 1:
        return None
    last = value[-1]
    if last.kind is Kind.NUMBER:
        return sign + last.text
    if sign:
        return None
    if last.kind is Kind.WORD:
        allowed = last.word in _CONSTANTS or (not of_user_variable and last.word not in _CALLS)
        return last.text if allowed and last.text.isascii() else None
    if last.kind is Kind.STRING:
        return _single_quoted(last.text)
    return last.text if last.kind is Kind.HEX else None


def _single_quoted(text: bytes) -> bytes | None:
    """A string in single quotes; ``None`` for a national one, and where escapes would be lost."""
    if text[:1] == b"'":
        return text
    if text[:1] != b'"' or b"\\" in text:
        return None
    return b"'" + text[1:-1].replace(b'""', b'"').replace(b"'", b"''") + b"'"
