"""Random queries over ``orders``, ``items`` and ``countries`` of the house, in SQL that SQLite has.

Each is a text. Tables have the columns ``user_id``, ``x`` and ``y``, with NULL in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

NUMBERS = st.integers(-3, 9)
CONSTANTS = st.one_of(NUMBERS.map(str), st.just("NULL"))
_OPERATORS = st.sampled_from(["=", "=", "=", "<", "<=", ">", ">=", "<>"])
_TABLES = st.sampled_from(["orders", "items", "orders", "items", "countries"])
_COLUMNS = ("user_id", "user_id", "x", "y")

Draw = st.DrawFn


@st.composite
def conditions(draw: Draw, columns: Sequence[str], depth: int = 3) -> str:
    """A condition on these columns: comparisons under AND, OR and NOT."""
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return draw(comparisons(columns))
    parts = [draw(conditions(columns, depth - 1)) for _ in range(draw(st.integers(1, 2)))]
    match draw(st.sampled_from(["AND", "AND", "OR", "NOT", "NOT (", "(", "="])):
        case "NOT":
            return f"NOT {draw(comparisons(columns))}"
        case "NOT (":
            return f"NOT ({parts[0]})"
        case "(":
            return f"({parts[0]})"
        case "=":
            return f"({parts[0]}) = {draw(st.sampled_from(['1', '0', 'NULL']))}"
        case word:
            return f" {word} ".join([*parts, draw(comparisons(columns))])


@st.composite
def comparisons(draw: Draw, columns: Sequence[str]) -> str:
    """One comparison."""
    column, other = draw(st.sampled_from(columns)), draw(st.sampled_from(columns))
    match draw(st.integers(0, 8)):
        case 0 | 1:
            return f"{column} {draw(_OPERATORS)} {draw(CONSTANTS)}"
        case 2:
            return f"{draw(CONSTANTS)} {draw(_OPERATORS)} {column}"
        case 3:
            listed = ", ".join(draw(st.lists(CONSTANTS, min_size=1, max_size=3)))
            return f"{column} {draw(st.sampled_from(['IN', 'IN', 'NOT IN']))} ({listed})"
        case 4:
            word = draw(st.sampled_from(["BETWEEN", "BETWEEN", "NOT BETWEEN"]))
            return f"{column} {word} {draw(CONSTANTS)} AND {draw(CONSTANTS)}"
        case 5:
            return f"{column} IS {draw(st.sampled_from(['NULL', 'NOT NULL']))}"
        case 6:
            return f"({column}, {other}) = ({draw(CONSTANTS)}, {draw(CONSTANTS)})"
        case 7:
            return f"{column} = {draw(NUMBERS)} + {draw(NUMBERS)}"
        case _:
            return f"{column} = {other}"


def _columns_of(names: Sequence[str]) -> list[str]:
    return [f"{name}.{column}" for name in names for column in _COLUMNS]


@st.composite
def sources(draw: Draw, number: int, outer: Sequence[str] = (), depth: int = 1) -> str:
    """A table or a derived one, called by a name with this number."""
    if depth and draw(st.integers(0, 3)) == 0:
        return f"({draw(blocks(outer, depth - 1, derived=True))}) t{number}"
    return f"{draw(_TABLES)} t{number}"


@st.composite
def ties(draw: Draw, name: str, others: Sequence[str]) -> str:
    """A condition that joins a source to others, often by the key."""
    other = draw(st.sampled_from(others))
    parts = [f"{name}.user_id = {other}.user_id"] if draw(st.integers(0, 5)) else []
    if draw(st.booleans()) or not parts:
        parts.append(draw(conditions(_columns_of([name, *others]), 1)))
    return " AND ".join(parts)


@st.composite
def joined(draw: Draw, names: list[str], start: int, depth: int = 1) -> str:
    """Sources joined to one another; their names are added to ``names``."""
    own = [f"t{start}"]
    text = draw(sources(start, names, depth))
    for number in range(start + 1, start + draw(st.integers(1, 3))):
        source = draw(sources(number, names, depth))
        word = draw(st.sampled_from(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", ","]))
        if word == "," and "JOIN" not in text:
            text += f", {source}"
        else:
            join = word if word != "," else "JOIN"
            text += f" {join} {source} ON {draw(ties(f't{number}', own))}"
        own.append(f"t{number}")
    names[:0] = own
    return text


@st.composite
def using(draw: Draw, names: list[str], start: int, depth: int = 1) -> str:
    """Sources joined by USING; the column without a table's name is added to ``names``, too."""
    names.append(f"t{start}")
    text = draw(sources(start, (), depth))
    for number in range(start + 1, start + draw(st.integers(2, 3))):
        word = draw(st.sampled_from(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN"]))
        text += f" {word} {draw(sources(number, (), depth))} USING (user_id)"
        names.append(f"t{number}")
    return text


@st.composite
def subqueries(draw: Draw, names: Sequence[str], own: str, number: int) -> str:
    """A condition with a query in it, often tied to the rows around it by the key."""
    inner = f"t{number}"
    within = ""
    if number < 1000 and draw(st.integers(0, 3)) == 0:
        tie = f"{inner}.user_id = {draw(st.sampled_from([own, *names]))}.user_id AND "
        deeper = draw(subqueries([inner, *names], inner, 1000 + number))
        within = f" WHERE {tie if draw(st.booleans()) else ''}{deeper}"
    elif draw(st.integers(0, 3)):
        within = f" WHERE {inner}.user_id = {own}.user_id"
        if draw(st.booleans()):
            within += f" AND {draw(conditions(_columns_of([inner, *names]), 1))}"
    column = draw(st.sampled_from(_COLUMNS))
    body = f"FROM {draw(_TABLES)} {inner}{within}"
    match draw(st.integers(0, 4)):
        case 0:
            return f"EXISTS (SELECT 1 {body})"
        case 1:
            return f"NOT EXISTS (SELECT 1 {body})"
        case 2:
            return f"{own}.{column} IN (SELECT {inner}.{column} {body})"
        case 3:
            return f"{own}.{column} NOT IN (SELECT {inner}.{column} {body})"
        case _:
            return f"{own}.x = (SELECT MAX({inner}.x) {body})"


@st.composite
def blocks(draw: Draw, outer: Sequence[str] = (), depth: int = 1, derived: bool = False) -> str:
    """A query; one that is ``derived`` gives ``user_id``, ``x`` and ``y``."""
    names: list[str] = []
    start = 10 * (depth + 1) + (100 if derived else 0)
    is_using = draw(st.integers(0, 3)) == 0
    from_ = draw((using if is_using else joined)(names, start, depth))
    columns = _columns_of(names) + (["user_id"] if is_using else [])
    where = []
    if draw(st.integers(0, 2)):
        where.append(draw(conditions(columns, 2)))
    if draw(st.integers(0, 2)) == 0:
        where.append(draw(subqueries(names, draw(st.sampled_from(names)), start + 7)))
    tail = f" WHERE {' AND '.join(f'({each})' for each in where)}" if where else ""
    key, x, y = (draw(st.sampled_from(columns)) for _ in range(3))
    if draw(st.integers(0, 2)):
        key = f"{draw(st.sampled_from(names))}.user_id"
    match draw(st.integers(0, 7)):
        case 7 if not derived:
            other = draw(blocks((), 0, derived=True))
            text = "SELECT c.user_id, d.user_id, c.x, d.y FROM c {} JOIN c d ON {}"
            word = draw(st.sampled_from(["", "LEFT"]))
            return f"WITH c AS ({other}) " + text.format(word, draw(ties("d", ["c"])))
        case 0:
            return (
                f"SELECT {key} AS user_id, {x} AS x, COUNT(*) AS y FROM {from_}{tail} "
                f"GROUP BY {key}, {x}"
            )
        case 1:
            return f"SELECT DISTINCT {key} AS user_id, {x} AS x, {y} AS y FROM {from_}{tail}"
        case 2:
            return (
                f"SELECT {key} AS user_id, {x} AS x, "
                f"COUNT(*) OVER (PARTITION BY {draw(st.sampled_from(columns))}) AS y "
                f"FROM {from_}{tail}"
            )
        case 3 if depth:
            arm = draw(blocks(outer, depth - 1, derived=True))
            word = draw(st.sampled_from(["UNION ALL", "UNION ALL", "UNION"]))
            return f"SELECT {key} AS user_id, {x} AS x, {y} AS y FROM {from_}{tail} {word} {arm}"
        case _:
            return f"SELECT {key} AS user_id, {x} AS x, {y} AS y FROM {from_}{tail}"
