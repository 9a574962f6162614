"""The names MySQL gives to the columns of a result: an expression's own text."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from athena_g.embedded.lexer import Token, unquote

_BEFORE_LIST = frozenset(
    [
        "DISTINCT",
        "DISTINCTROW",
        "ALL",
        "HIGH_PRIORITY",
        "STRAIGHT_JOIN",
        "SQL_SMALL_RESULT",
        "SQL_BIG_RESULT",
        "SQL_BUFFER_RESULT",
        "SQL_NO_CACHE",
        "SQL_CALC_FOUND_ROWS",
    ]
)
_AFTER_LIST = frozenset(
    [
        "FROM",
        "INTO",
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "FOR",
        "LOCK",
        "WINDOW",
        ";",
    ]
)
_PARTS = (
    "with_", "expressions", "from_", "joins", "where", "group", "having", "windows", "order",
    "limit",
)  # fmt: skip


def _lists(sql: str, tokens: list[Token]) -> Iterator[list[str]]:
    """The texts of each select list, in the order of the SELECT words."""
    for index, token in enumerate(tokens):
        if token.kind == "word" and token.word == "SELECT":
            yield _items(sql, tokens, index + 1)


def _items(sql: str, tokens: list[Token], index: int) -> list[str]:
    while index < len(tokens) and tokens[index].word in _BEFORE_LIST:
        index += 1
    found: list[str] = []
    depth, first = 0, index
    for position in range(index, len(tokens) + 1):
        word = tokens[position].word if position < len(tokens) else ";"
        if depth == 0 and (word in _AFTER_LIST or word in (",", ")")):
            if first < position:
                found.append(sql[tokens[first].start : tokens[position - 1].end])
            first = position + 1
            if word != ",":
                break
        depth += (word == "(") - (word == ")")
    return found


def _selects(tree: object) -> Iterator[exp.Select]:
    """Every SELECT of a tree in the order of the text."""
    if isinstance(tree, list):
        for part in tree:
            yield from _selects(part)
    if not isinstance(tree, exp.Expression):
        return
    if isinstance(tree, exp.Select | exp.SetOperation):
        yield from _selects(tree.args.get("with_"))
    if isinstance(tree, exp.Select):
        yield tree
    if isinstance(tree, exp.Select | exp.SetOperation):
        others = [name for name in tree.args if name not in _PARTS]
        ordered = [*_PARTS[1:], *others] if isinstance(tree, exp.Select) else [
            "this", "expression", "order", "limit",
        ]  # fmt: skip
        for name in ordered:
            yield from _selects(tree.args.get(name))
        return
    for part in tree.args.values():
        yield from _selects(part)


def item_names(sql: str, tokens: list[Token], tree: exp.Expression) -> dict[int, list[str]]:
    """For each SELECT node (by ``id``) the texts of its list."""
    found: dict[int, list[str]] = {}
    for select, texts in zip(_selects(tree), _lists(sql, tokens), strict=False):
        if len(select.expressions) == len(texts):
            found[id(select)] = texts
    return found


def _is_text(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Literal) and tree.is_string


def output_name(tree: exp.Expression, text: str | None) -> str:
    """What MySQL calls the column of one item."""
    if isinstance(tree, exp.Alias):
        return tree.alias
    if isinstance(tree, exp.Column):
        return tree.name
    if isinstance(tree, exp.Concat) and _is_text(tree.expressions[0]):
        tree = tree.expressions[0]
    elif isinstance(tree, exp.Introducer) and _is_text(tree.expression):
        tree = tree.expression
    if isinstance(tree, exp.National) or _is_text(tree):
        return str(tree.this).partition("\0")[0].lstrip()
    if isinstance(tree, exp.Null):
        return "NULL"
    shown = text if text is not None else tree.sql(dialect="mysql").replace("f$", "")
    return (
        unquote(shown) if shown[:1] == "'" and shown.count("'") == 2 and shown[-1] == "'" else shown
    )
