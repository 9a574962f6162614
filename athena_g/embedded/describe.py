"""Tables as MySQL describes them: SHOW CREATE TABLE, SHOW COLUMNS, SHOW INDEX."""

from __future__ import annotations

from collections.abc import Iterator

from athena_g.embedded.catalogue import ColumnDefinition, Key, Table
from athena_g.embedded.collation import CHARSET_DEFAULTS, charset_of
from athena_g.embedded.types import Kind


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _now(column: ColumnDefinition) -> str:
    scale = f"({column.type.scale})" if column.type.scale else ""
    return f"CURRENT_TIMESTAMP{scale}"


def default_text(column: ColumnDefinition) -> str | None:
    """The default as DESCRIBE shows it."""
    default = column.default
    if default is None:
        return None
    if default.is_now:
        return _now(column)
    if default.text is not None and column.type.kind is Kind.BIT:
        return f"b'{int(default.text):b}'"
    return default.text


def _column_line(column: ColumnDefinition, table: Table) -> str:
    parts = [f"  `{column.name}` {column.type.name}"]
    if column.type.kind in (Kind.STRING, Kind.ENUM, Kind.SET):
        collation = column.type.collation
        if collation != table.collation:
            parts.append(f"CHARACTER SET {charset_of(collation)} COLLATE {collation}")
    if not column.nullable:
        parts.append("NOT NULL")
    elif column.type.base_name == "timestamp":
        parts.append("NULL")
    parts += _default_parts(column)
    if column.on_update_now:
        parts.append(f"ON UPDATE {_now(column)}")
    if column.auto_increment:
        parts.append("AUTO_INCREMENT")
    if column.comment:
        parts.append(f"COMMENT {_quoted(column.comment)}")
    return " ".join(parts)


def _default_parts(column: ColumnDefinition) -> list[str]:
    default = column.default
    without = column.type.base_name.endswith(("text", "blob"))
    if default is None:
        if column.nullable and not without:
            return ["DEFAULT NULL"]
        return []
    if default.is_now:
        return [f"DEFAULT {_now(column)}"]
    if default.is_expression:
        return [f"DEFAULT ({default.text})"]
    if default.text is None:
        return [] if without else ["DEFAULT NULL"]
    if column.type.kind is Kind.BIT:
        return [f"DEFAULT {default_text(column)}"]
    return [f"DEFAULT {_quoted(_padded_default(column))}"]


def _padded_default(column: ColumnDefinition) -> str:
    """A DECIMAL's default has the column's number of digits."""
    text = (column.default.text or "") if column.default else ""
    if column.type.kind is Kind.DECIMAL and column.type.scale:
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction.ljust(column.type.scale, '0')}"
    return text


def _key_line(key: Key) -> str:
    parts = ",".join(
        f"`{part.column}`"
        + (f"({part.length})" if part.length else "")
        + (" DESC" if part.descending else "")
        for part in key.parts
    )
    word = "PRIMARY KEY" if key.primary else "UNIQUE KEY" if key.unique else "KEY"
    name = "" if key.primary else f" `{key.name}`"
    comment = f" COMMENT {_quoted(key.comment)}" if key.comment else ""
    return f"  {word}{name} ({parts}){comment}"


def create_statement(table: Table, next_id: int | None) -> str:
    """The CREATE TABLE statement as SHOW CREATE TABLE prints it."""
    lines = [_column_line(column, table) for column in table.columns]
    lines += [_key_line(key) for key in table.keys]
    lines += [f"  {key.describe()}" for key in table.foreign_keys]
    lines += [f"  CONSTRAINT `{check.name}` CHECK ({check.expression})" for check in table.checks]
    word = "CREATE TEMPORARY TABLE" if table.temporary else "CREATE TABLE"
    text = f"{word} `{table.name}` (\n" + ",\n".join(lines) + f"\n) ENGINE={table.engine}"
    if next_id is not None and next_id > 1:
        text += f" AUTO_INCREMENT={next_id}"
    charset = charset_of(table.collation)
    text += f" DEFAULT CHARSET={charset}"
    if table.collation != CHARSET_DEFAULTS.get(charset) or charset == "utf8mb4":
        text += f" COLLATE={table.collation}"
    return text + (f" COMMENT={_quoted(table.comment)}" if table.comment else "")


def extra(column: ColumnDefinition) -> str:
    """The Extra column of DESCRIBE."""
    parts = []
    if column.auto_increment:
        parts.append("auto_increment")
    if column.default is not None and (column.default.is_now or column.default.is_expression):
        parts.append("DEFAULT_GENERATED")
    if column.on_update_now:
        parts.append(f"on update {_now(column)}")
    return " ".join(parts)


def column_rows(table: Table, *, full: bool) -> Iterator[list[object]]:
    """The rows of SHOW [FULL] COLUMNS."""
    for column in table.columns:
        nullable = "YES" if column.nullable else "NO"
        described = [nullable, table.key_mark(column.name), default_text(column), extra(column)]
        if not full:
            yield [column.name, column.type.name, *described]
            continue
        is_text = column.type.kind in (Kind.STRING, Kind.ENUM, Kind.SET)
        collation = column.type.collation if is_text else None
        privileges = "select,insert,update,references"
        yield [column.name, column.type.name, collation, *described, privileges, column.comment]


def index_rows(table: Table) -> Iterator[list[object]]:
    """The rows of SHOW INDEX."""
    for key in table.keys:
        for place, part in enumerate(key.parts, 1):
            column = table.column(part.column)
            nullable = "YES" if column is not None and column.nullable else ""
            yield [
                table.name, 0 if key.unique else 1, key.name, place, part.column,
                "D" if part.descending else "A", 0, part.length or None, None, nullable, "BTREE",
                "", key.comment, "YES", None,
            ]  # fmt: skip
