"""UPDATE and DELETE: which rows change, in which tables, and what columns are set to.

Source: MySQL Reference Manual, "UPDATE Statement", "DELETE Statement".
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.queries import Block, Reader, Scope
from athena_g.parser.statement import (
    Assignment,
    Change,
    Derived,
    Elsewhere,
    Join,
    Kind,
    Relation,
    Statement,
    Table,
)
from athena_g.parser.tree_operands import operand

_UPDATE_PARTS: Final = frozenset(
    ("with_", "this", "expressions", "where", "order", "limit", "hint")
)
_DELETE_PARTS: Final = frozenset(
    ("with_", "this", "using", "where", "order", "limit", "tables", "hint")
)


def change(reader: Reader, node: exp.Expr) -> Statement:
    """What an UPDATE or a DELETE does; raises NotUnderstood for other nodes."""
    scope: Scope = {}
    with_ = node.args.get("with_")
    if with_ is not None:
        if with_.args.get("recursive"):
            raise NotUnderstood
        scope = reader.expressions(with_, scope)
    if isinstance(node, exp.Update):
        body = _update(reader, node, scope)
    elif isinstance(node, exp.Delete):
        body = _delete(reader, node, scope)
    else:
        raise NotUnderstood
    kind = Kind.UPDATE if isinstance(node, exp.Update) else Kind.DELETE
    return reader.statement(kind, body)


def _update(reader: Reader, node: exp.Update, scope: Scope) -> Change:
    _only(node, _UPDATE_PARTS)
    block = Block()
    source = reader.relation(node.this, block, scope)
    where = reader.where(node, block, scope)
    assignments = tuple(_assignment(reader, each, block, scope) for each in node.expressions)
    reader.scan((node.args.get("order"),), block, scope)
    tables = _tables(source)
    return Change(
        source=source,
        where=where,
        targets=tables if len(tables) == 1 else (),
        assignments=assignments,
        nested=tuple(block.nested),
        ordered=node.args.get("order") is not None,
        limited=node.args.get("limit") is not None,
        assigns=block.assigns,
        single=isinstance(source, Table),
    )


def _assignment(reader: Reader, node: exp.Expr, block: Block, scope: Scope) -> Assignment:
    if not isinstance(node, exp.EQ) or not isinstance(node.this, exp.Column):
        raise NotUnderstood
    column = reader.column(node.this)
    value = operand(reader.text, node.expression)
    reader.scan((node.this, node.expression), block, scope)
    itself = False
    if isinstance(node.expression, exp.Column):
        other = reader.column(node.expression)
        itself = (other.name.casefold(), other.table) == (column.name.casefold(), column.table)
    return Assignment(column, value, itself)


def _delete(reader: Reader, node: exp.Delete, scope: Scope) -> Change:
    _only(node, _DELETE_PARTS)
    block = Block()
    named, from_ = _parts_of(node)
    source = reader.relation(from_, block, scope)
    where = reader.where(node, block, scope)
    tables = _tables(source)
    targets = tuple(_named(reader, each, tables) for each in named) if named else tables
    reader.scan((node.args.get("order"),), block, scope)
    return Change(
        source=source,
        where=where,
        targets=targets,
        nested=tuple(block.nested),
        ordered=node.args.get("order") is not None,
        limited=node.args.get("limit") is not None,
        assigns=block.assigns,
        single=not named,
    )


def _parts_of(node: exp.Delete) -> tuple[list[exp.Expr], exp.Expr]:
    """The tables that change, none in the form for one table, and what their rows come from."""
    using = node.args.get("using")
    if not using:
        return list(node.args.get("tables") or ()), node.this
    joins = node.this.args.get("joins") or ()
    for each in joins:
        _only(each, frozenset(("this",)))
    if len(using) > 1 or node.args.get("tables"):
        raise NotUnderstood
    return [node.this, *(each.this for each in joins)], using[0]


def _named(reader: Reader, node: exp.Expr, tables: tuple[Table, ...]) -> Table:
    """The table of FROM that the list in front of it names by name or alias."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise NotUnderstood
    _only(node, frozenset(("this", "db", "joins")))
    if node.args.get("db") is not None:
        reader.note_table(node)
    name = reader.name(node.this).casefold()
    for table in tables:
        if table.called.casefold() == name:
            return table
    raise NotUnderstood


def _tables(source: Relation) -> tuple[Table, ...]:
    """The tables of a FROM; those within derived tables do not change."""
    match source:
        case Table():
            return (source,)
        case Join():
            return (*_tables(source.left), *_tables(source.right))
        case Derived() | Elsewhere():
            return ()


def _only(node: exp.Expr, parts: frozenset[str]) -> None:
    if any(value and part not in parts for part, value in node.args.items()):
        raise NotUnderstood
