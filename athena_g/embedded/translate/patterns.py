"""LIKE and REGEXP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g.embedded.collation import is_case_sensitive
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate.values import Sql, boolean, common_collation, to_text
from athena_g.embedded.types import Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _texts(translator: Expressions, tree: exp.Binary) -> tuple[Sql, Sql, int]:
    """Both sides as texts, and 1 where case and accents count."""
    left, right = translator.translate(tree.this), translator.translate(tree.expression)
    binary = Kind.BINARY in (left.kind, right.kind)
    left, right = to_text(left), to_text(right)
    exact = binary or is_case_sensitive(common_collation((left, right))[0])
    return left, right, int(exact)


def like(translator: Expressions, tree: exp.Like, escape: str = "\\") -> Sql:
    """``a [NOT] LIKE b``."""
    if isinstance(tree.expression, exp.Any | exp.All):
        raise unsupported(tree)
    left, right, exact = _texts(translator, tree)
    quoted = "''" if escape == "'" else escape
    test = boolean(f"my_like({left.text}, {right.text}, '{quoted}', {exact})", left, right)
    return boolean(f"(NOT {test.text})", test) if tree.args.get("negate") else test


def escaped_like(translator: Expressions, tree: exp.Escape) -> Sql:
    """``a LIKE b ESCAPE c``."""
    escape = tree.expression
    if not isinstance(tree.this, exp.Like) or not isinstance(escape, exp.Literal):
        raise unsupported(tree)
    character = str(escape.this)
    if len(character) > 1:
        raise unsupported(tree)
    return like(translator, tree.this, character)


def regexp(translator: Expressions, tree: exp.RegexpLike) -> Sql:
    """``a REGEXP b``."""
    left, right, exact = _texts(translator, tree)
    return boolean(f"my_regexp({left.text}, {right.text}, {exact})", left, right)
