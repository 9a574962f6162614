"""SQL text to syntax tree: sqlglot does it, with the names of functions kept as written.

sqlglot would turn functions of MySQL into its own common ones, which is where transpilers begin
to answer differently. Here every call but those with a grammar of their own stays an anonymous
function under the name MySQL knows it by.
"""

from __future__ import annotations

from sqlglot import Dialect, TokenType, exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token as TreeToken

from athena_g import errors
from athena_g.embedded.lexer import syntax_error, unquote
from athena_g.errors import SqlError

FUNCTION_MARK = "f$"
PARAMETER_MARK = "?"
"""No name of a statement can begin so."""
_GRAMMAR_WORDS = frozenset(
    [
        "CAST",
        "CONVERT",
        "EXTRACT",
        "TRIM",
        "GROUP_CONCAT",
        "SUBSTRING",
        "SUBSTR",
        "POSITION",
        "CHAR",
        "VALUES",
        "IN",
        "EXISTS",
        "AND",
        "OR",
        "NOT",
        "ON",
        "USING",
        "AS",
        "BY",
        "INTERVAL",
        "OVER",
        "ANY",
        "ALL",
        "SOME",
        "XOR",
        "LIKE",
        "WHERE",
        "WHEN",
        "THEN",
        "ELSE",
        "CASE",
        "SELECT",
        "FROM",
        "JOIN",
        "ROW",
        "UNION",
        "DISTINCT",
        "BETWEEN",
        "DIV",
        "MOD",
        "REGEXP",
        "RLIKE",
        "HAVING",
        "LIMIT",
        "SET",
        "WITH",
        "RECURSIVE",
        "PARTITION",
        "INTO",
        "KEY",
        "BINARY",
        "MATCH",
        "AGAINST",
        "IS",
        "INDEX",
        "DECIMAL",
        "NUMERIC",
        "DEC",
        "VARCHAR",
        "NCHAR",
        "DATETIME",
        "TIME",
        "DOUBLE",
        "FLOAT",
        "SIGNED",
        "UNSIGNED",
        "COLUMNS",
        "JSON_TABLE",
        "EXCEPT",
        "INTERSECT",
        "LATERAL",
        "OFFSET",
        "INNER",
        "LEFT_JOIN",
        "CROSS",
        "FORCE",
        "USE",
        "IGNORE",
        "WINDOW",
        "STRAIGHT_JOIN",
        "OF",
        "MEMBER",
        "CHARACTER",
        "PRIMARY",
        "DISTINCTROW",
        "DUAL",
        "ESCAPE",
        "SEPARATOR",
        "ROLLUP",
    ]
)
_WANTS_MORE = frozenset(
    [
        "FROM",
        "WHERE",
        "SET",
        "AND",
        "OR",
        "ON",
        "BY",
        "HAVING",
        "JOIN",
        "LIMIT",
        "SELECT",
        "IN",
        "AS",
        "UNION",
        "ALL",
        "=",
        "<",
        ">",
        "+",
        "-",
        "*",
        "/",
        "(",
        ",",
    ]
)
_dialect = Dialect.get_or_raise("mysql")
_MODIFIERS = _dialect.parser_class.OPERATION_MODIFIERS


def _is_call(tokens: list[TreeToken], index: int, sql: str) -> bool:
    """Whether the token is a function's name: a word with a parenthesis right behind it."""
    token = tokens[index]
    if tokens[index + 1].token_type is not TokenType.L_PAREN:
        return False
    raw = sql[token.start : token.end + 1]
    if not raw.replace("_", "").isalnum() or raw.isdigit():
        return False
    upper = raw.upper()
    previous = tokens[index - 1].token_type if index else None
    if upper == "TIME" and previous is not TokenType.ALIAS:
        return True
    return upper not in _GRAMMAR_WORDS and previous not in (TokenType.DOT, TokenType.INTO)


def _retext(token: TreeToken, kind: TokenType, text: str) -> TreeToken:
    return TreeToken(kind, text, token.line, token.col, token.start, token.end, token.comments)


def parameter_position(tree: exp.Expr) -> int | None:
    """Where the mark of a prepared statement's parameter stands; None for any other node."""
    if not isinstance(tree, exp.Parameter) or not isinstance(tree.this, exp.Var):
        return None
    name = tree.name
    return int(name[1:]) if name.startswith(PARAMETER_MARK) else None


def _marked(tokens: list[TreeToken], offset: int) -> list[TreeToken]:
    """The tokens with each ``?`` as a variable whose name says where it stands."""
    found: list[TreeToken] = []
    for token in tokens:
        if token.token_type is TokenType.PLACEHOLDER:
            found.append(_retext(token, TokenType.PARAMETER, "@"))
            found.append(_retext(token, TokenType.VAR, f"{PARAMETER_MARK}{token.start + offset}"))
        else:
            found.append(token)
    return found


def _with_distinct_first(tokens: list[TreeToken]) -> list[TreeToken]:
    """The tokens, DISTINCT and ALL in front of the other modifiers of a SELECT.

    Statements have them in any order, sqlglot's grammar in that one.
    """
    found: list[TreeToken] = []
    place: int | None = None
    for token in tokens:
        if place is not None and token.token_type in (TokenType.DISTINCT, TokenType.ALL):
            found.insert(place, token)
            continue
        found.append(token)
        if token.token_type is TokenType.SELECT:
            place = len(found)
        elif token.text.upper() not in _MODIFIERS:
            place = None
    return found


def _tree_tokens(sql: str, offset: int) -> list[TreeToken]:
    tokens = _with_distinct_first(_dialect.tokenize(sql))
    if "?" in sql:
        tokens = _marked(tokens, offset)
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.STRING:
            raw = sql[token.start : token.end + 1]
            if "\\" in raw and raw[:1] in "'\"":
                tokens[index] = _retext(token, TokenType.STRING, unquote(raw))
        elif index + 1 < len(tokens) and _is_call(tokens, index, sql):
            name = FUNCTION_MARK + sql[token.start : token.end + 1].upper()
            tokens[index] = _retext(token, TokenType.VAR, name)
    return tokens


def _position_of(error: ParseError, sql: str) -> int:
    """Where in the text sqlglot gave up."""
    if not error.errors:
        return 0
    found = error.errors[0]
    line, column = found.get("line") or 1, found.get("col") or 0
    if not found.get("end_context") and str(found.get("highlight")).upper() in _WANTS_MORE:
        return len(sql)
    lines = sql.split("\n")
    end = sum(len(text) + 1 for text in lines[: line - 1]) + column
    return max(0, end - len(found.get("highlight") or ""))


def parse(sql: str, *, offset: int = 0, whole: str | None = None) -> exp.Expression:
    """The tree of one statement; raises 1064.

    ``whole`` and ``offset`` place the text in the statement that error texts quote.
    """
    try:
        trees = _dialect.parser().parse(_tree_tokens(sql, offset), sql)
    except ParseError as error:
        position = max(0, _position_of(error, sql) + offset)
        raise syntax_error(whole if whole is not None else sql, position) from None
    except TokenError:
        raise syntax_error(whole if whole is not None else sql, max(0, offset)) from None
    if len(trees) != 1 or trees[0] is None:
        raise syntax_error(whole if whole is not None else sql, max(0, offset))
    tree: exp.Expression = trees[0]  # type: ignore[assignment]
    return _unmark_names(tree)


def _unmark_names(tree: exp.Expression) -> exp.Expression:
    """The tree with the mark taken off names that only looked like calls, as in ``t (a, b)``."""
    for identifier in tree.find_all(exp.Identifier):
        if str(identifier.this).startswith(FUNCTION_MARK):
            identifier.set("this", str(identifier.this)[len(FUNCTION_MARK) :].lower())
    return tree


def parse_expression(text: str, *, offset: int = 0, whole: str | None = None) -> exp.Expression:
    """The tree of one expression; raises 1064."""
    prefix = "SELECT "
    tree = parse(prefix + text, offset=offset - len(prefix), whole=whole)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        raise syntax_error(whole or text, offset)
    found: exp.Expression = tree.expressions[0]
    if isinstance(found, exp.Alias) or any(
        tree.args.get(part) for part in ("from_", "where", "group", "order", "limit", "into")
    ):
        raise syntax_error(whole or text, offset)
    return found


def describe(tree: exp.Expr) -> str:
    """A construct's name for error 1235."""
    if isinstance(tree, exp.Anonymous):
        return f"{str(tree.this).removeprefix(FUNCTION_MARK)}()"
    try:
        text = tree.sql(dialect="mysql").replace(FUNCTION_MARK, "")
    except Exception:
        text = ""
    name = type(tree).__name__
    return f"{name}: {text[:60]}" if text else name


def unsupported(tree: exp.Expr) -> SqlError:
    """Error 1235 naming the construct."""
    return errors.NOT_SUPPORTED_YET(construct=describe(tree))
