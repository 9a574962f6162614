"""Groups that are put together from those of each shard."""

from __future__ import annotations

import pytest

from athena_g.parser.digest import shape
from athena_g.parser.text import DEFAULT_READING
from athena_g.router.partial import MAX_COLUMNS, MAX_SHOWN, Partial
from tests.unit.router import house
from tests.unit.router.merging import both, partial_of, plan_of, routed

TABLE = "`athena groups`"


def found(sql: str, *parameters: int) -> Partial:
    partial = partial_of(sql, *parameters)
    assert partial is not None
    return partial


def is_partial(sql: str) -> bool:
    return routed(sql, [1] * sql.count("?")).plan.partial is not None


# --- Aggregates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "asked", "made"),
    [
        ("SUM(id)", ["SUM(id)"], "SUM(`athena 2`)"),
        ("min(x)", ["min(x)"], "MIN(`athena 2`)"),
        ("MAX(ALL x)", ["MAX(ALL x)"], "MAX(`athena 2`)"),
        ("BIT_AND(id)", ["BIT_AND(id)"], "BIT_AND(`athena 2`)"),
        ("BIT_XOR(id) | 1", ["BIT_XOR(id)"], "BIT_XOR(`athena 2`) | 1"),
        ("COUNT(id)", ["COUNT(id)"], "CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED)"),
        ("COUNT(ALL id)", ["COUNT( id)"], "CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED)"),
        ("AVG(id)", ["SUM(id)", "COUNT(id)"], "(SUM(`athena 2`) / SUM(`athena 3`))"),
        ("SUM((id + x) * (2))", ["SUM((id + x) * (2))"], "SUM(`athena 2`)"),
        ("SUM(id) / COUNT(id)", ["SUM(id)", "COUNT(id)"],
         "SUM(`athena 2`) / CAST(IFNULL(SUM(`athena 3`), 0) AS SIGNED)"),
        ("SUM(id) + sum( ID )", ["SUM(id)"], "SUM(`athena 2`) + SUM(`athena 2`)"),
        ("SUM(id + 1) + SUM(id + 1)", ["SUM(id + 1)", "SUM(id + 1)"],
         "SUM(`athena 2`) + SUM(`athena 3`)"),
        ("IF(MAX(id) > 5, LEFT(MIN(x), 2), 'a')", ["MAX(id)", "MIN(x)"],
         "IF(MAX(`athena 2`) > 5, LEFT(MIN(`athena 3`), 2), 'a')"),
        ("SUM(SUM(id)) OVER ()", ["SUM(id)"], "SUM(SUM(`athena 2`)) OVER ()"),
        ("RANK() OVER (ORDER BY MAX(id) DESC)", ["MAX(id)"],
         "RANK() OVER (ORDER BY MAX(`athena 2`) DESC)"),
        ("LAG(day) OVER (ORDER BY COUNT(*))", ["COUNT(*)"],
         "LAG(`athena 1`) OVER (ORDER BY CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED))"),
        ("COUNT(*) OVER (PARTITION BY day)", [], "COUNT(*) OVER (PARTITION BY `athena 1`)"),
    ],
)  # fmt: skip
def test_an_aggregate_is_made_of_those_of_the_shards(
    output: str, asked: list[str], made: str
) -> None:
    columns = [f", {each} AS `athena {number}`" for number, each in enumerate(asked, 2)]
    assert both(f"SELECT {output} AS z FROM orders GROUP BY day") == (
        "day AS `athena 1`" + "".join(columns),
        f"SELECT {made} AS z FROM {TABLE} GROUP BY `athena 1`",
    )


@pytest.mark.parametrize(
    ("output", "asked", "made"),
    [
        ("COUNT(DISTINCT x)", ["x"], "COUNT(DISTINCT `athena 1`)"),
        ("count(distinctrow x)", ["x"], "COUNT(DISTINCT `athena 1`)"),
        ("COUNT(DISTINCT x, LEFT(id, 1))", ["x", "LEFT(id, 1)"],
         "COUNT(DISTINCT `athena 1`, `athena 2`)"),
        ("COUNT(DISTINCT id, x) + COUNT(DISTINCT x)", ["id", "x"],
         "COUNT(DISTINCT `athena 1`, `athena 2`) + COUNT(DISTINCT `athena 2`)"),
        ("AVG(DISTINCT id) - MAX(DISTINCT id)", ["id"],
         "AVG(DISTINCT `athena 1`) - MAX(DISTINCT `athena 1`)"),
    ],
)  # fmt: skip
def test_values_that_are_to_be_different_are_among_what_shards_group_by(
    output: str, asked: list[str], made: str
) -> None:
    columns = ", ".join(f"{each} AS `athena {number}`" for number, each in enumerate(asked, 1))
    numbers = ", ".join(str(number) for number in range(1, len(asked) + 1))
    partial = found(f"SELECT {output} AS z FROM orders")
    assert partial.partial.render(1, [b"1"]) == (
        f"SELECT {columns} FROM `orders_1` AS `orders` GROUP BY {numbers}".encode()
    )
    assert partial.final.render(1, []) == f"SELECT {made} AS z FROM {TABLE}".encode()


def test_other_aggregates_are_those_of_the_finer_groups() -> None:
    asked, made = both("SELECT x, COUNT(DISTINCT id) AS a, MAX(y) AS b FROM orders GROUP BY x")
    assert asked == "x AS `athena 1`, id AS `athena 2`, MAX(y) AS `athena 3`"
    assert made == (
        "SELECT `athena 1`, COUNT(DISTINCT `athena 2`) AS a, MAX(`athena 3`) AS b "
        f"FROM {TABLE} GROUP BY `athena 1`"
    )


@pytest.mark.parametrize(
    "output",
    [
        "GROUP_CONCAT(id)", "STD(id)", "VAR_POP(id)", "JSON_ARRAYAGG(id)", "SUM(id) + RAND()",
        "SUM(RAND())", "COUNT(DISTINCT UUID())", "GROUP_CONCAT(DISTINCT id)",
        "BIT_AND(DISTINCT id)", "SUM(id) + (SELECT 1)", "COUNT(*) + id", "id + 1", "MAX(id), id",
        "SUM(id) OVER ()", "MAX(x) + SUM(id) OVER ()",
    ],
)  # fmt: skip
def test_what_cannot_be_put_together_is_left_to_who_has_all_rows(output: str) -> None:
    plan = plan_of(f"SELECT {output} FROM orders GROUP BY x")
    assert plan.partial is None
    assert plan.gather is not None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS 'n', x FROM orders GROUP BY x",
        "SELECT * FROM orders GROUP BY x",
        "SELECT x, COUNT(*) FROM (SELECT x FROM orders WHERE id IN (SELECT 1)) o GROUP BY y",
    ],
)
def test_queries_that_are_not_known_well_enough_are_left_too(sql: str) -> None:
    assert not is_partial(sql)


def test_a_shard_is_not_asked_for_too_many_columns() -> None:
    def sums(count: int) -> str:
        outputs = (f"SUM(c{number}) + 1 AS s{number}" for number in range(count))
        return f"SELECT {', '.join(outputs)} FROM orders"

    assert is_partial(sums(MAX_COLUMNS))
    assert not is_partial(sums(MAX_COLUMNS + 1))


# --- What is grouped by ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "group", "asked", "made"),
    [
        ("x", "x", ["x"], "`athena 1`"),
        ("orders.x AS y", "`X`", ["`X`"], "`athena 1` AS y"),
        ("x + 1 AS y", "orders.x", ["orders.x"], "`athena 1` + 1 AS y"),
        ("x, id", "x, id", ["x", "id"], "`athena 1`, `athena 2`"),
        ("x, id", "2, 1", ["id", "x"], "`athena 2`, `athena 1`"),
        ("id, LEFT(x, 1) AS y", "2, id", ["LEFT(x, 1)", "id"], "`athena 2`, `athena 1` AS y"),
        ("LOWER(x) AS y", "y", ["LOWER(x)"], "`athena 1` AS y"),
        ("lower( `X` ) AS y", "LOWER(x)", ["LOWER(x)"], "`athena 1` AS y"),
        ("CONCAT(LOWER(x), x) AS y", "LOWER(x), x", ["LOWER(x)", "x"],
         "CONCAT(`athena 1`, `athena 2`) AS y"),
        ("x + id AS y", "x + id", ["x + id"], "`athena 1` AS y"),
        ("x % 3 AS y", "x % 3", ["x % 3"], "`athena 1` AS y"),
        ("(x) AS y, ((x) + 1) AS z", "x", ["x"], "(`athena 1`) AS y, ((`athena 1`) + 1) AS z"),
        ("CASE x WHEN 'x' THEN x END AS y", "x", ["x"],
         "CASE `athena 1` WHEN 'x' THEN `athena 1` END AS y"),
    ],
)  # fmt: skip
def test_what_is_grouped_by_is_a_column_of_the_groups(
    outputs: str, group: str, asked: list[str], made: str
) -> None:
    sql = f"SELECT {outputs} FROM orders GROUP BY {group}"
    columns = [f"{each} AS `athena {number}`" for number, each in enumerate(asked, 1)]
    groups = ", ".join(f"`athena {number}`" for number in range(1, len(asked) + 1))
    fresh = routed(sql, router=house.router())
    assert fresh.plan.partial is not None
    assert fresh.plan.partial.partial.render(0, fresh.literals).decode() == (
        f"SELECT {', '.join(columns)} FROM `orders_0` AS `orders` GROUP BY "
        + ", ".join(str(number) for number in range(1, len(asked) + 1))
    )
    assert fresh.plan.partial.final.render(0, fresh.literals).decode() == (
        f"SELECT {made} FROM {TABLE} GROUP BY {groups}"
    )


@pytest.mark.parametrize(
    ("outputs", "group"),
    [
        ("x, id", "x"),
        ("x + id AS y", "x"),
        ("x", "LOWER(x)"),
        ("x % 3 + 1 AS y", "x % 3"),
        ("LOWER(x) AS y", "LOWER(y)"),
        ("id AS x", "x"),
        ("LOWER(x) AS y, id AS y", "y"),
        ("COUNT(*) AS y", "y"),
        ("COUNT(*) AS y", "1"),
        ("x", "2"),
        ("x", "x, 5 + 5"),
        ("x", "x, NULL"),
        ("x", "x + ?"),
        ("RAND() AS y", "y"),
        ("x AS größe", "größe"),
        ("größe", "größe"),
        ("MAX(id) AS x", "LOWER(x)"),
    ],
)
def test_where_it_is_not_sure_what_is_grouped_by_nothing_is_made_of_it(
    outputs: str, group: str
) -> None:
    assert not is_partial(f"SELECT {outputs} FROM orders GROUP BY {group}")


def test_without_the_columns_of_a_table_an_alias_may_be_one() -> None:
    sql = "SELECT LOWER(x) AS y, COUNT(*) AS n FROM {} GROUP BY y"
    assert is_partial(sql.format("orders"))
    assert not is_partial(sql.format("names"))
    assert is_partial(sql.format("names").replace("BY y", "BY LOWER(x)"))
    joined = "orders JOIN items ON orders.user_id = items.user_id"
    assert not is_partial(sql.format(joined))


def test_of_a_join_a_column_is_only_the_same_if_it_is_written_alike() -> None:
    sql = (
        "SELECT {} AS y FROM orders o JOIN items i ON o.user_id = i.user_id GROUP BY i.x ORDER BY 1"
    )
    asked, made = both(sql.format("I.`x`"))
    assert asked == "i.x AS `athena 1`"
    assert made == f"SELECT `athena 1` AS y FROM {TABLE} GROUP BY `athena 1` ORDER BY 1"
    assert not is_partial(sql.format("x"))
    assert not is_partial(sql.format("o.x"))


# --- The rest of the text -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "rest", "made"),
    [
        ("x", "HAVING COUNT(*) > 1", "HAVING CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED) > 1"),
        ("x, COUNT(*) AS n", "HAVING n > 1 AND x <> 'n'", "HAVING n > 1 AND `athena 1` <> 'n'"),
        ("COUNT(*) AS id, x", "HAVING id > 1", "HAVING id > 1"),
        ("COUNT(*) AS n", "ORDER BY n DESC, x, orders.x", "ORDER BY n DESC, `athena 1`, "
         "`athena 1`"),
        ("COUNT(*) AS id", "ORDER BY id", "ORDER BY id"),
        ("COUNT(*) AS n", "ORDER BY n + 1", "ORDER BY n + 1"),
        ("x, COUNT(*)", "ORDER BY 2 DESC, 1 LIMIT 5", "ORDER BY 2 DESC, 1 LIMIT 5"),
        ("x, COUNT(*)", "ORDER BY COUNT(*)", "ORDER BY CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED)"),
        ("x, COUNT(*)", "WITH ROLLUP HAVING GROUPING(x) = 0",
         "WITH ROLLUP HAVING GROUPING(`athena 1`) = 0"),
        ("COUNT(*) AS n", "LIMIT 5 OFFSET 6", "LIMIT 5 OFFSET 6"),
        ("COUNT(*), SUM(2) OVER w AS s", "WINDOW w AS (PARTITION BY x ORDER BY COUNT(*)) LIMIT 1",
         "WINDOW w AS (PARTITION BY `athena 1` "
         "ORDER BY CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED)) LIMIT 1"),
    ],
)  # fmt: skip
def test_what_stands_behind_the_groups_is_about_them(outputs: str, rest: str, made: str) -> None:
    sql = f"SELECT {outputs} FROM orders WHERE id > 7 GROUP BY x {rest}"
    fresh = routed(sql, router=house.router())
    assert fresh.plan.partial is not None
    asked = fresh.plan.partial.partial.render(2, fresh.literals).decode()
    final = fresh.plan.partial.final.render(2, fresh.literals).decode()
    assert asked == (
        "SELECT x AS `athena 1`, COUNT(*) AS `athena 2` FROM `orders_2` AS `orders` "
        "WHERE id > 7 GROUP BY 1"
    )
    assert final.partition(" GROUP BY `athena 1` ")[2] == made


@pytest.mark.parametrize(
    "rest",
    [
        "HAVING id > 1", "HAVING x > 1 AND id > 1", "ORDER BY id", "ORDER BY x + id",
        "ORDER BY RAND()", "HAVING MAX(id) IN (SELECT 1)", "ORDER BY GROUP_CONCAT(id)",
        "FOR UPDATE",
    ],
)  # fmt: skip
def test_what_groups_do_not_have_cannot_be_asked_of_them(rest: str) -> None:
    sql = f"SELECT x, COUNT(*) AS n FROM orders GROUP BY x {rest}".encode()
    assert house.router().plan(sql, shape(sql), DEFAULT_READING).partial is None


def test_words_in_front_of_the_outputs_are_kept_as_far_as_they_matter() -> None:
    sql = "SELECT SQL_CALC_FOUND_ROWS SQL_NO_CACHE x, COUNT(*) FROM orders GROUP BY x LIMIT 1"
    assert found(sql).counts
    assert found(sql).final.render(0, [b"1"]).startswith(b"SELECT SQL_CALC_FOUND_ROWS `athena 1`")
    sql = "SELECT DISTINCT COUNT(*) AS n FROM orders GROUP BY x"
    assert not found(sql).counts
    assert found(sql).final.render(0, []).startswith(b"SELECT DISTINCT CAST(")


def test_common_table_expressions_are_the_shards_affair() -> None:
    sql = (
        "WITH c AS (SELECT x, id + ? AS y FROM orders WHERE id > 3) "
        "SELECT {} FROM c WHERE y > ? {} LIMIT ?"
    )
    with_head = b"WITH c AS (SELECT x, id + ? AS y FROM `orders_1` AS `orders` WHERE id > 3) "
    grouped = found(sql.format("x, SUM(y) AS s", "GROUP BY x"), 1, 2, 3)
    assert grouped.partial.render(1, [b"3"]) == with_head + (
        b"SELECT x AS `athena 1`, SUM(y) AS `athena 2` FROM c WHERE y > ? GROUP BY 1"
    )
    assert grouped.final.render(1, [b"3"]) == (
        b"SELECT `athena 1`, SUM(`athena 2`) AS s FROM `athena groups` GROUP BY `athena 1` LIMIT ?"
    )
    assert (grouped.partial.parameters, grouped.final.parameters) == ([0, 1], [2])
    different = found(sql.format("DISTINCT x", ""), 1, 2, 3)
    assert different.partial.render(1, [b"3"]) == with_head + (
        b"SELECT DISTINCT x AS `athena 1` FROM c WHERE y > ?"
    )


def test_indexes_are_the_shards_affair() -> None:
    asked, made = both("SELECT COUNT(*) + 1 AS n FROM orders USE INDEX (i) WHERE x")
    assert asked == "COUNT(*) AS `athena 1`"
    assert made == f"SELECT CAST(IFNULL(SUM(`athena 1`), 0) AS SIGNED) + 1 AS n FROM {TABLE}"


def test_a_group_that_is_there_once_per_shard_key_is_not_put_together() -> None:
    assert partial_of("SELECT user_id, x, COUNT(*) FROM orders GROUP BY user_id, x") is None
    assert partial_of("SELECT DISTINCT user_id, x FROM orders") is None


# --- Literals and parameters ----------------------------------------------------------------------


def test_parameters_go_where_their_expressions_go() -> None:
    sql = (
        "SELECT x, MAX(id + ?) + ? AS a, SUM(id * ?) AS b FROM orders WHERE id > ? "
        "GROUP BY x HAVING COUNT(id - ?) > ? ORDER BY a * ? LIMIT ?"
    )
    partial = found(sql, *range(1, 9))
    assert partial.partial.parameters == [0, 2, 4, 3]
    assert partial.final.parameters == [1, 5, 6, 7]
    assert partial.partial.render(0, []).count(b"?") == 4
    assert partial.final.render(0, []).count(b"?") == 4


def test_parameters_of_different_values_are_the_shards() -> None:
    partial = found("SELECT COUNT(DISTINCT x + ?, ?) + ? AS n FROM orders WHERE id = ?", 1, 2, 3, 4)
    assert (partial.partial.parameters, partial.final.parameters) == ([0, 1, 3], [2])


def test_literals_are_those_of_each_text() -> None:
    sql = "SELECT SUM(id * 2) + 3 AS a FROM orders WHERE x = 'y' HAVING a > 4"
    other = "SELECT SUM(id * 22) + 33 AS a FROM orders WHERE x = 'yy' HAVING a > 44"
    assert routed(other).plan is plan_of(sql)
    assert both(sql) == (
        "SUM(id * 2) AS `athena 1`",
        f"SELECT SUM(`athena 1`) + 3 AS a FROM {TABLE} HAVING a > 4",
    )
    assert both(other) == (
        "SUM(id * 22) AS `athena 1`",
        f"SELECT SUM(`athena 1`) + 33 AS a FROM {TABLE} HAVING a > 44",
    )


@pytest.mark.parametrize(
    ("sql", "lasts"),
    [
        ("SELECT x, COUNT(*) FROM orders WHERE id > 5 GROUP BY x LIMIT 3", True),
        ("SELECT LEFT(x, 1) AS y, COUNT(*) FROM orders GROUP BY y", False),
        ("SELECT x % 3 AS y FROM orders GROUP BY x % 3", False),
        ("SELECT x, COUNT(*) FROM orders GROUP BY 1", False),
        ("SELECT x, COUNT(*) FROM orders GROUP BY x ORDER BY 2", False),
        ("SELECT DISTINCT x, id FROM orders ORDER BY 2", False),
        ("SELECT DISTINCT x, id + 1 AS y FROM orders ORDER BY y", True),
    ],
)
def test_what_depends_on_a_literal_is_not_for_other_texts(sql: str, lasts: bool) -> None:
    """Whether two expressions are the same, and which output is meant, may be else there."""
    plan = routed(sql, router=house.router()).plan
    assert plan.partial is not None
    assert (not plan.fixed) is lasts


def test_texts_of_one_shape_with_other_literals_are_grouped_as_they_say() -> None:
    router = house.router()
    alike = routed("SELECT x % 3 AS y FROM orders GROUP BY x % 3", router=router).plan.partial
    other = routed("SELECT x % 3 AS y FROM orders GROUP BY x % 4", router=router).plan.partial
    assert alike is not None
    assert other is None


# --- DISTINCT -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "order", "made"),
    [
        ("x, id", "x", "`athena 1`"),
        ("x, id", "2 DESC, 1", "`athena 2` DESC, `athena 1`"),
        ("x AS y, id", "Y, `ID`", "`athena 1`, `athena 2`"),
        ("x AS y, id AS x", "x", "`athena 2`"),
        ("orders.x, id", "x", "`athena 1`"),
        ("orders.x, id", "orders.x", "`athena 1`"),
        ("LOWER(x), id", "lower( x )", "`athena 1`"),
        ("x + 1 AS y, id", "y DESC", "`athena 1` DESC"),
    ],
)
def test_different_rows_are_ordered_by_their_columns(outputs: str, order: str, made: str) -> None:
    sql = f"SELECT DISTINCT {outputs} FROM orders WHERE id > 5 ORDER BY {order} LIMIT 9"
    fresh = routed(sql, router=house.router())
    assert fresh.plan.partial is not None
    assert fresh.plan.partial.final.render(0, fresh.literals).decode() == (
        f"SELECT DISTINCT `athena 1`, `athena 2` FROM {TABLE} ORDER BY {made} LIMIT 9"
    )


def test_shards_give_their_different_rows_all() -> None:
    asked, _ = both("SELECT DISTINCT x AS y, LOWER(id) FROM orders WHERE id > 5 ORDER BY y LIMIT 9")
    assert asked == "DISTINCT x AS `athena 1`, LOWER(id) AS `athena 2`"
    partial = found("SELECT DISTINCT x AS y, LOWER(id) FROM orders WHERE id > 5 ORDER BY y LIMIT 9")
    assert partial.columns == (b"`athena 1`", b"`athena 2`")
    assert partial.partial.render(3, [b"55", b"9"]).endswith(b"AS `orders` WHERE id > 55")


def test_found_rows_are_all_that_are_different() -> None:
    partial = found("SELECT DISTINCT SQL_CALC_FOUND_ROWS x FROM orders LIMIT 2")
    assert partial.counts
    assert partial.final.render(0, [b"2"]) == (
        b"SELECT DISTINCT SQL_CALC_FOUND_ROWS `athena 1` FROM `athena groups` LIMIT 2"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT * FROM orders ORDER BY id",
        "SELECT DISTINCT x AS 'y' FROM orders",
        "SELECT DISTINCT x FROM orders ORDER BY id",
        "SELECT DISTINCT x FROM orders ORDER BY LOWER(x)",
        "SELECT DISTINCT x, id AS x FROM orders ORDER BY x",
        "SELECT DISTINCT x + 1 FROM orders ORDER BY x + 1",
        "SELECT DISTINCT x FROM orders ORDER BY 2",
        "SELECT DISTINCT x, RAND() AS r FROM orders",
        "SELECT DISTINCT x FROM orders HAVING x > 5",
        "SELECT DISTINCT x, RANK() OVER (ORDER BY x) AS r FROM orders",
    ],
)
def test_different_rows_that_are_not_known_well_enough_are_left(sql: str) -> None:
    assert not is_partial(sql)


# --- What is kept ---------------------------------------------------------------------------------


def test_of_a_query_some_definitions_are_kept() -> None:
    partial = found("SELECT x, COUNT(*) FROM orders GROUP BY x")
    for number in range(MAX_SHOWN):
        partial.show(number, [b"%d" % number], [])
    assert partial.shown[0] == ([b"0"], [])
    partial.show(MAX_SHOWN, [b"last"], [b"shown"])
    assert partial.shown == {MAX_SHOWN: ([b"last"], [b"shown"])}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT AVG(id) * 2 FROM orders",
        "SELECT ROUND(AVG(id), 8) FROM orders GROUP BY x",
        "SELECT x FROM orders GROUP BY x HAVING AVG(id) > 2.1111",
        "SELECT x FROM orders GROUP BY x ORDER BY IFNULL(AVG(id), 0)",
        "SELECT DISTINCT x FROM orders GROUP BY x, id HAVING COUNT(*) > 1",
        "SELECT x, x AS y, COUNT(*) FROM orders GROUP BY x, y WITH ROLLUP",
    ],
)
def test_what_one_server_computes_in_another_way_is_not_put_together(sql: str) -> None:
    assert partial_of(sql) is None


def test_what_decides_about_columns_is_all_but_conditions_on_rows() -> None:
    partial = found(
        "SELECT SUM(id + ?) + 5 FROM orders WHERE id > 6 HAVING SUM(id) > ? LIMIT 7", 1, 2
    )
    assert partial.shaping is not None
    shaping = partial.shaping.render(0, [b"55", b"66", b"77"])
    assert b"+ 55" in shaping
    assert b"66" not in shaping
    assert b"77" not in shaping
    assert partial.shaping.parameters == [0, 1]
