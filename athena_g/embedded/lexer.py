"""SQL text as tokens: enough for the statements read here and to find the parts of the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from athena_g import errors
from athena_g.errors import SqlError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|/\*(?:.|\n)*?\*/|\#[^\n]*|--(?=\s|$)[^\n]*)
    |(?P<string>'(?:[^'\\]|\\(?:.|\n)|'')*'|"(?:[^"\\]|\\(?:.|\n)|"")*")
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<variable>@@(?:[\w$]+\.)?[\w$]+|@(?:[\w.$]+|`[^`]+`|'[^']*'|"[^"]*"))
    |(?P<number>0x[0-9a-fA-F]+\b|0b[01]+\b|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))
    |(?P<word>[\w$]+)
    |(?P<operator><=>|<<|>>|<>|!=|<=|>=|:=|&&|\|\||->>|->|.)
    """,
    re.VERBOSE,
)
_EXECUTABLE = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`|/\*!(\d{5,6})?|\*/"
)
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
SERVER_VERSION_NUMBER = 80400


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as written, and where it stands in the statement."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The text in upper case if it is an unquoted word or an operator, else empty."""
        return self.text.upper() if self.kind in ("word", "operator") else ""


def uncomment(sql: str) -> str:
    """The statement with ``/*! … */`` made plain; every character keeps its place."""
    if "/*!" not in sql:
        return sql
    parts, position, inside = [], 0, False
    for match in _EXECUTABLE.finditer(sql):
        text = match[0]
        if text.startswith("/*!"):
            if int(match[1] or 0) > SERVER_VERSION_NUMBER:
                continue
            inside = True
        elif text == "*/" and inside:
            inside = False
        else:
            continue
        parts += [sql[position : match.start()], " " * len(text)]
        position = match.end()
    if inside:
        raise syntax_error(sql, len(sql))
    return "".join([*parts, sql[position:]])


def tokenize(sql: str) -> list[Token]:
    """The tokens of the statement without blanks and comments."""
    return [
        Token(str(match.lastgroup), match[0], match.start(), match.end())
        for match in _TOKEN.finditer(sql)
        if match.lastgroup != "space"
    ]


def check_text(sql: str, tokens: list[Token]) -> None:
    """Raises what MySQL does for names it cannot have, and for bytes that are no UTF-8."""
    for index, token in enumerate(tokens):
        if token.kind == "quoted" and "\0" in token.text:
            raise syntax_error(sql, token.start)
        if token.kind == "operator" and token.text == "=" and _touches(tokens, index):
            raise syntax_error(sql, token.start)
        if token.text == "," and _ends_list(tokens, index):
            raise syntax_error(
                sql, tokens[index + 1].start if index + 1 < len(tokens) else len(sql)
            )
        if token.kind != "string" and not token.text.isascii():
            check_utf8(token.text)


def _touches(tokens: list[Token], index: int) -> bool:
    """Whether the token is the first half of ``==``."""
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return following is not None and following.text == "=" and following.kind == "operator"


def _ends_list(tokens: list[Token], index: int) -> bool:
    """Whether nothing that can be listed follows the comma."""
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return following is None or following.word in (")", ",", "FROM", "WHERE", "ORDER", "LIMIT")


def check_utf8(text: str) -> None:
    """Raises 1300 for a text with bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise not_utf8(error) from None


def not_utf8(error: UnicodeEncodeError) -> SqlError:
    """Error 1300 for bytes of a statement that are no UTF-8."""
    found = error.object[error.start :].encode("utf-8", "surrogateescape")
    shown = found[:6].hex().upper()
    return errors.INVALID_CHARACTER_STRING(charset="utf8mb4", bytes=shown)


def split(sql: str) -> list[str]:
    """The statements of a text, at the semicolons between them."""
    parts, start = [], 0
    following = 0
    for token in tokenize(uncomment(sql)):
        if token.text != ";":
            following += 1
        elif not following:
            parts.append(sql[token.start :])  # an empty statement between others: an error
            return parts
        else:
            following = 0
            parts.append(sql[start : token.start])
            start = token.end
    parts.append(sql[start:])
    while len(parts) > 1 and not tokenize(parts[-1]):
        parts.pop()
    return parts


def unquote(text: str) -> str:
    """The content of a string or quoted name as written."""
    quote, body = text[0], text[1:-1]
    if quote == "`":
        return body.replace("``", "`")
    if "\\" not in body and quote not in body:
        return body

    def plain(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped is None:
            return match[0][0] if match[0][0] == quote else match[0]
        if escaped in "%_":
            return match[0]
        return _ESCAPES.get(escaped, escaped)

    return _ESCAPE.sub(plain, body)


def syntax_error(sql: str, position: int) -> SqlError:
    """Error 1064 near what stands at the position."""
    near = sql[position : position + 80].encode("utf-8", "replace").decode()
    return errors.PARSE_ERROR(near=near, line=sql.count("\n", 0, position) + 1)


class Cursor:
    """Reads the tokens of one statement from left to right."""

    def __init__(self, sql: str, tokens: list[Token], position: int = 0) -> None:
        self.sql = sql
        self.tokens = tokens
        self.position = position

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str:
        """The next unquoted word or operator in upper case; empty if something else follows."""
        token = self.peek(ahead)
        return token.word if token else ""

    def fail(self) -> NoReturn:
        token = self.peek()
        raise syntax_error(self.sql, token.start if token else len(self.sql))

    def refuse(self, construct: str) -> NoReturn:
        raise errors.NOT_SUPPORTED_YET(construct=construct)

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            self.fail()
        self.position += 1
        return token

    def accept(self, *words: str) -> bool:
        """Whether the words follow, in this order; if so they are read."""
        for ahead, word in enumerate(words):
            if self.word(ahead) != word:
                return False
        self.position += len(words)
        return True

    def accept_any(self, *words: str) -> str:
        """The word of these that follows, read; empty if none does."""
        word = self.word()
        if word in words:
            self.position += 1
            return word
        return ""

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            self.fail()

    def name(self) -> str:
        """An identifier, quoted or not."""
        token = self.peek()
        if token is None or token.kind not in ("word", "quoted"):
            self.fail()
        self.position += 1
        return unquote(token.text) if token.kind == "quoted" else token.text

    def qualified_name(self) -> tuple[str | None, str]:
        """``database.name`` or ``name``."""
        first = self.name()
        if self.accept("."):
            return first, self.name()
        token = self.peek()
        if token and token.kind == "number" and token.text.startswith("."):
            self.fail()
        return None, first

    def string(self) -> str:
        token = self.peek()
        if token is None or token.kind != "string":
            self.fail()
        self.position += 1
        return unquote(token.text)

    def name_or_string(self) -> str:
        token = self.peek()
        return self.string() if token and token.kind == "string" else self.name()

    def integer(self) -> int:
        token = self.peek()
        if token is None or token.kind != "number" or not token.text.isdigit():
            self.fail()
        self.position += 1
        return int(token.text)

    def names(self) -> list[str]:
        """Names in parentheses, separated by commas."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return found

    def skip_expression(self, *stops: str) -> tuple[int, int]:
        """Reads up to a stop word, comma or closing parenthesis of this depth.

        Returns the span of what was read in the statement; an empty one is a syntax error.
        """
        first, depth = self.position, 0
        while not self.at_end:
            word = self.word()
            if depth == 0 and (word in (",", ")") or word in stops):
                break
            depth += (word == "(") - (word == ")")
            self.position += 1
        if first == self.position:
            self.fail()
        return self.tokens[first].start, self.tokens[self.position - 1].end

    def skip_to(self, stop: str) -> tuple[int, int]:
        """Reads up to a word of this depth, commas included; the span of what was read."""
        first, depth = self.position, 0
        while not self.at_end and not (depth == 0 and self.word() == stop):
            depth += (self.word() == "(") - (self.word() == ")")
            self.position += 1
        if self.at_end or first == self.position:
            self.fail()
        return self.tokens[first].start, self.tokens[self.position - 1].end

    def finish(self) -> None:
        """Raises 1064 unless everything was read."""
        if not self.at_end:
            self.fail()
