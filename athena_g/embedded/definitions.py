"""The parts of CREATE TABLE and ALTER TABLE: columns, keys, constraints, options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from athena_g import errors
from athena_g.embedded.catalogue import Check, ColumnDefinition, Default, ForeignKey, Key, KeyPart
from athena_g.embedded.databases import charset_options
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.type_names import collation_attributes, read_type
from athena_g.embedded.types import Kind

_ACTIONS = (("NO", "ACTION"), ("SET", "NULL"), ("SET", "DEFAULT"), ("RESTRICT",), ("CASCADE",))
_NOW_WORDS = ("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")


@dataclass(slots=True)
class Parts:
    """What a list of definitions said, before names are given and checked."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


@dataclass(slots=True)
class Options:
    """The options behind the definitions."""

    collation: str
    comment: str | None = None
    auto_increment: int | None = None


def read_definitions(cursor: Cursor, collation: str) -> Parts:
    """``(column …, KEY …, CONSTRAINT …)``."""
    parts = Parts()
    cursor.expect("(")
    while True:
        if not read_constraint(cursor, parts):
            read_column(cursor, parts, collation)
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return parts


def read_constraint(cursor: Cursor, parts: Parts) -> bool:
    """Whether a key or constraint followed, read into the parts."""
    name = ""
    if cursor.accept("CONSTRAINT"):
        if cursor.word() not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            name = cursor.name()
        if cursor.word() not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            cursor.fail()
    if cursor.accept("PRIMARY", "KEY"):
        _index_type(cursor)
        parts.keys.append(Key("PRIMARY", _key_parts(cursor), unique=True, primary=True))
    elif cursor.accept("UNIQUE"):
        cursor.accept_any("KEY", "INDEX")
        parts.keys.append(_named_key(cursor, name, unique=True))
        return True
    elif cursor.accept("FOREIGN", "KEY"):
        if cursor.word() != "(":
            name = name or cursor.name()
        columns = tuple(cursor.names())
        parts.foreign_keys.append(_reference(cursor, name, columns))
        return True
    elif cursor.word() == "CHECK":
        parts.checks.append(_check(cursor, name))
        return True
    elif cursor.word() in ("KEY", "INDEX"):
        cursor.next()
        parts.keys.append(_named_key(cursor, "", unique=False))
        return True
    elif cursor.word() in ("FULLTEXT", "SPATIAL"):
        cursor.refuse(f"{cursor.word()} KEY")
    else:
        return False
    parts.keys[-1] = _key_options(cursor, parts.keys[-1])
    return True


def _named_key(cursor: Cursor, name: str, *, unique: bool) -> Key:
    if cursor.word() not in ("(", "USING"):
        name = cursor.name()
    _index_type(cursor)
    return _key_options(cursor, Key(name, _key_parts(cursor), unique=unique))


def _index_type(cursor: Cursor) -> None:
    if cursor.accept("USING") and not cursor.accept_any("BTREE", "HASH"):
        cursor.fail()


def _key_options(cursor: Cursor, key: Key) -> Key:
    while True:
        if cursor.accept("COMMENT"):
            key = replace(key, comment=cursor.string())
        elif cursor.accept("KEY_BLOCK_SIZE"):
            cursor.accept("=")
            cursor.integer()
        elif cursor.word() == "USING":
            _index_type(cursor)
        elif cursor.accept("INVISIBLE"):
            cursor.refuse("INVISIBLE index")
        elif not cursor.accept("VISIBLE"):
            return key


def _key_parts(cursor: Cursor) -> tuple[KeyPart, ...]:
    cursor.expect("(")
    found = []
    while True:
        if cursor.word() == "(":
            cursor.refuse("functional index")
        name, length = cursor.name(), 0
        if cursor.accept("("):
            length = cursor.integer()
            cursor.expect(")")
        descending = cursor.accept_any("ASC", "DESC") == "DESC"
        found.append(KeyPart(name, length, descending))
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return tuple(found)


def read_index(cursor: Cursor) -> tuple[Key, str | None, str]:
    """``[UNIQUE] INDEX name ON table (…)``: the key, the table's database and name."""
    unique = cursor.accept("UNIQUE")
    cursor.expect("INDEX")
    name = cursor.name()
    _index_type(cursor)
    cursor.expect("ON")
    database, table = cursor.qualified_name()
    key = _key_options(cursor, Key(name, _key_parts(cursor), unique=unique))
    return key, database, table


def _reference(cursor: Cursor, name: str, columns: tuple[str, ...]) -> ForeignKey:
    cursor.expect("REFERENCES")
    database, parent = cursor.qualified_name()
    if database is not None:
        cursor.refuse("a foreign key to a table named with its database")
    parent_columns = tuple(cursor.names())
    actions = {"DELETE": "", "UPDATE": ""}
    if cursor.accept("MATCH"):
        cursor.refuse("MATCH in a foreign key")
    while cursor.accept("ON"):
        event = cursor.accept_any("DELETE", "UPDATE")
        chosen = next((words for words in _ACTIONS if cursor.accept(*words)), None)
        if not event or chosen is None:
            cursor.fail()
        if chosen == ("SET", "DEFAULT"):
            cursor.refuse("SET DEFAULT in a foreign key")
        actions[event] = " ".join(chosen)
    return ForeignKey(name, columns, parent, parent_columns, actions["DELETE"], actions["UPDATE"])


def _check(cursor: Cursor, name: str) -> Check:
    cursor.expect("CHECK", "(")
    start, end = cursor.skip_expression()
    while cursor.word() == ",":
        cursor.next()
        _, end = cursor.skip_expression()
    cursor.expect(")")
    if cursor.accept("NOT", "ENFORCED"):
        cursor.refuse("CHECK … NOT ENFORCED")
    cursor.accept("ENFORCED")
    return Check(name, cursor.sql[start:end])


# --- columns -------------------------------------------------------------------------------------


def read_column(cursor: Cursor, parts: Parts, collation: str) -> ColumnDefinition:
    """``name type attributes``; keys and checks among the attributes go to the parts."""
    name = cursor.name()
    sql_type = read_type(cursor, collation, name)
    column = ColumnDefinition(name, sql_type)
    nullable_named = False
    while True:
        if cursor.accept("NOT", "NULL"):
            column = replace(column, nullable=False)
        elif cursor.accept("NULL"):
            column, nullable_named = replace(column, nullable=True), True
        elif cursor.accept("DEFAULT"):
            column = replace(column, default=column_default(cursor))
        elif cursor.accept("ON", "UPDATE"):
            if not cursor.accept_any(*_NOW_WORDS):
                cursor.fail()
            _call_parentheses(cursor)
            column = replace(column, on_update_now=True)
        elif cursor.accept("AUTO_INCREMENT"):
            column = replace(column, auto_increment=True, nullable=False)
        elif cursor.accept("COMMENT"):
            column = replace(column, comment=cursor.string())
        elif not _other_attribute(cursor, parts, name):
            text, named = collation_attributes(cursor, column.type.collation)
            if not named:
                break
            column = replace(column, type=column.type.with_collation(text))
    if nullable_named and any(k.primary and k.columns == (name,) for k in parts.keys):
        raise errors.NULL_IN_PRIMARY_KEY()
    _check_default(column)
    parts.columns.append(column)
    return column


def _other_attribute(cursor: Cursor, parts: Parts, name: str) -> bool:
    if cursor.accept("PRIMARY", "KEY") or cursor.accept("KEY"):
        parts.keys.append(Key("PRIMARY", (KeyPart(name),), unique=True, primary=True))
    elif cursor.accept("UNIQUE"):
        cursor.accept("KEY")
        parts.keys.append(Key("", (KeyPart(name),), unique=True))
    elif cursor.word() == "REFERENCES":
        parts.foreign_keys.append(_reference(cursor, "", (name,)))
    elif cursor.word() == "CHECK":
        parts.checks.append(_check(cursor, ""))
    elif cursor.word() == "CONSTRAINT":
        cursor.next()
        label = "" if cursor.word() == "CHECK" else cursor.name()
        parts.checks.append(_check(cursor, label))
    elif cursor.word() in ("GENERATED", "AS", "INVISIBLE", "STORAGE", "COLUMN_FORMAT", "SRID"):
        cursor.refuse(f"{cursor.word()} in a column's definition")
    else:
        return cursor.accept("VISIBLE")
    return True


def _call_parentheses(cursor: Cursor) -> None:
    if cursor.accept("("):
        if cursor.word() != ")":
            cursor.integer()
        cursor.expect(")")


def column_default(cursor: Cursor) -> Default:
    if cursor.accept_any(*_NOW_WORDS):
        _call_parentheses(cursor)
        return Default(None, is_now=True)
    if cursor.accept("NULL"):
        return Default(None)
    if cursor.accept("("):
        start, end = cursor.skip_expression()
        cursor.expect(")")
        return Default(cursor.sql[start:end], is_expression=True)
    if word := cursor.accept_any("TRUE", "FALSE"):
        return Default("1" if word == "TRUE" else "0")
    sign = "-" if cursor.accept("-") else ""
    cursor.accept("+")
    token = cursor.peek()
    if token is not None and token.kind == "number":
        cursor.next()
        if token.text.startswith(("0x", "0b")):
            cursor.refuse("a hexadecimal or bit default")
        return Default(sign + token.text)
    if token is not None and token.kind == "word" and token.word in ("B", "X"):
        prefix = cursor.next().word
        digits = cursor.string()
        return Default(str(int(digits, 2 if prefix == "B" else 16)))
    return Default(cursor.string())


def _check_default(column: ColumnDefinition) -> None:
    """Raises 1101 or 1067 for a default the type cannot have."""
    from athena_g.embedded.store import ColumnStore
    from athena_g.embedded.writing import StrictRow

    default = column.default
    if column.auto_increment and (
        default is not None or column.type.kind not in (Kind.INT, Kind.REAL)
    ):
        if default is not None:
            raise errors.INVALID_DEFAULT(column=column.name)
        raise errors.WRONG_FIELD_SPEC(column=column.name)
    if default is None or default.is_expression:
        return
    if default.is_now:
        if column.type.kind is not Kind.DATETIME:
            raise errors.INVALID_DEFAULT(column=column.name)
        return
    if default.text is None:
        if not column.nullable:
            raise errors.INVALID_DEFAULT(column=column.name)
        return
    if column.type.base_name.endswith(("text", "blob")) or column.type.kind is Kind.JSON:
        raise errors.BLOB_CANNOT_HAVE_DEFAULT(column=column.name)
    value: object = int(default.text) if column.type.kind is Kind.BIT else default.text
    try:
        ColumnStore(column.name, column.type, nullable=False).store(value, StrictRow())
    except errors.SqlError:
        raise errors.INVALID_DEFAULT(column=column.name) from None


# --- options -------------------------------------------------------------------------------------


def read_options(cursor: Cursor, options: Options) -> bool:
    """Reads table options as far as they go; whether there was one."""
    found = False
    while True:
        before = cursor.position
        cursor.accept(",") if found else None
        collation = charset_options(cursor, "")
        if collation:
            options.collation = collation
        elif not _option(cursor, options):
            cursor.position = before if not collation else cursor.position
            return found
        found = True


_IGNORED = (
    "AVG_ROW_LENGTH", "CHECKSUM", "DELAY_KEY_WRITE", "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS",
    "PACK_KEYS", "ROW_FORMAT", "STATS_AUTO_RECALC", "STATS_PERSISTENT", "STATS_SAMPLE_PAGES",
)  # fmt: skip


def _option(cursor: Cursor, options: Options) -> bool:
    if cursor.accept("ENGINE"):
        cursor.accept("=")
        engine = cursor.name_or_string()
        if engine.upper() not in ("INNODB", "MYISAM", "MEMORY", "HEAP", "ARIA"):
            raise errors.UNKNOWN_STORAGE_ENGINE(engine=engine)
    elif cursor.accept("AUTO_INCREMENT"):
        cursor.accept("=")
        options.auto_increment = cursor.integer()
    elif cursor.accept("COMMENT"):
        cursor.accept("=")
        options.comment = cursor.string()
    elif cursor.accept_any(*_IGNORED):
        cursor.accept("=")
        cursor.next()
    elif cursor.word() in (
        "PARTITION",
        "UNION",
        "DATA",
        "INDEX",
        "TABLESPACE",
        "ENCRYPTION",
        "COMPRESSION",
        "INSERT_METHOD",
        "CONNECTION",
    ):
        cursor.refuse(f"{cursor.word()} as a table option")
    else:
        return False
    return True


def finished_keys(keys: Sequence[Key]) -> list[Key]:
    """The keys with names as MySQL gives them to those without; raises 1061, 1068."""
    found: list[Key] = []
    for key in keys:
        if key.primary and any(other.primary for other in found):
            raise errors.MULTIPLE_PRIMARY_KEY()
        name = key.name
        if not name:
            name, number = key.parts[0].column, 1
            while any(k.name.lower() == name.lower() for k in [*found, *keys]):
                number += 1
                name = f"{key.parts[0].column}_{number}"
        if any(other.name.lower() == name.lower() for other in found):
            raise errors.DUPLICATE_KEY_NAME(key=name)
        found.append(replace(key, name=name))
    rank = {(True, True): 0, (True, False): 1, (False, False): 2}
    return sorted(found, key=lambda key: rank[(key.unique, key.primary)])
