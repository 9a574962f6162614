"""A table like one of a shard, made of what SHOW CREATE TABLE says."""

from __future__ import annotations

import pytest

from athena_g.merge.temporary import Likeness, likeness

NAME = b"`athena rows 1`"
END = ") ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x'"


def like(*lines: str, end: str = END) -> Likeness:
    """The likeness of a table with these columns and keys."""
    body = ",\n".join(f"  {line}" for line in lines)
    return likeness(f"CREATE TABLE `orders_0` (\n{body}\n{end}".encode(), NAME)


def kept(*lines: str) -> list[str]:
    """Which of a table's lines are there again."""
    first, *rest, _ = like(*lines).statement.decode().split("\n")
    assert first == "CREATE TEMPORARY TABLE `athena rows 1` ("
    return [line.removeprefix("  ").removesuffix(",") for line in rest]


def filled(*lines: str) -> list[str]:
    return [column.decode() for column in like(*lines).columns]


# What MySQL 9.7 and MariaDB 10.11 say of the same table.
MYSQL = r"""CREATE TABLE `weird` (
  `id` int NOT NULL AUTO_INCREMENT COMMENT 'it''s, a (key) AS (x) STORED\n)',
  `größe` varchar(20) COLLATE utf8mb4_bin DEFAULT 'a''b,c',
  `back``tick` int DEFAULT NULL,
  `g` int GENERATED ALWAYS AS ((`p` + 1)) VIRTUAL COMMENT 'x',
  `s` varchar(30) GENERATED ALWAYS AS (concat(`größe`,_utf8mb4') VIRTUAL')) STORED,
  `seen` timestamp(3) NULL DEFAULT NULL,
  `e` enum('a,','b)','timestamp') COLLATE utf8mb4_bin DEFAULT 'a,',
  `txt` text COLLATE utf8mb4_bin,
  `p` int DEFAULT NULL,
  `hid` int DEFAULT '5' /*!80023 INVISIBLE */,
  `j` json DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `v``w` (`hid`) COMMENT 'UNIQUE',
  UNIQUE KEY `u` (`größe`(10),`p` DESC),
  KEY `k` (`p`),
  KEY `l` ((lower(`größe`))) /*!80000 INVISIBLE */,
  FULLTEXT KEY `f` (`txt`),
  CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `p` (`a`),
  CONSTRAINT `c` CHECK ((`p` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT=') DEFAULT CHARSET=latin1'
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 2 */"""
MARIADB = r"""CREATE TABLE `weird` (
  `id` int(11) NOT NULL AUTO_INCREMENT COMMENT 'it''s, a (key) AS (x) STORED\n)',
  `größe` varchar(20) DEFAULT 'a''b,c',
  `back``tick` int(11) DEFAULT NULL,
  `g` int(11) GENERATED ALWAYS AS (`id` + 1) VIRTUAL COMMENT 'x',
  `s` varchar(30) GENERATED ALWAYS AS (concat(`größe`,') VIRTUAL')) STORED,
  `seen` timestamp(3) NULL DEFAULT NULL,
  `e` enum('a,','b)','timestamp') DEFAULT 'a,',
  `txt` text DEFAULT NULL,
  `p` int(11) DEFAULT NULL,
  `hid` int(11) INVISIBLE DEFAULT 5,
  `j` longtext DEFAULT NULL CHECK (json_valid(`j`)),
  PRIMARY KEY (`id`),
  UNIQUE KEY `v``w` (`hid`) COMMENT 'UNIQUE',
  UNIQUE KEY `u` (`größe`(10),`p` DESC),
  KEY `k` (`p`),
  FULLTEXT KEY `f` (`txt`),
  CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `p` (`a`),
  CONSTRAINT `c` CHECK (`p` > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT=') DEFAULT CHARSET=latin1'
 PARTITION BY HASH (`id`)
PARTITIONS 2"""


@pytest.mark.parametrize("shown", [MYSQL, MARIADB])
def test_all_but_generated_columns_are_filled(shown: str) -> None:
    columns = [column.decode() for column in likeness(shown.encode(), NAME).columns]
    assert columns == [
        "`id`", "`größe`", "`back``tick`", "`seen`", "`e`", "`txt`", "`p`", "`hid`", "`j`",
    ]  # fmt: skip


@pytest.mark.parametrize("shown", [MYSQL, MARIADB])
def test_the_table_has_the_columns_and_the_indexes(shown: str) -> None:
    statement = likeness(shown.encode(), NAME).statement.decode()
    head, *lines, end = statement.split("\n")
    assert head == "CREATE TEMPORARY TABLE `athena rows 1` ("
    assert end == ") DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    said = [line.removesuffix(",") for line in shown.split("\n")]
    left = [line for line in said if line.startswith(("  FULLTEXT", "  CONSTRAINT"))]
    assert len(left) == 3
    body = [line for line in said if line.startswith("  ") and line not in left]
    assert lines == [*(f"{line}," for line in body[:-1]), body[-1]]


@pytest.mark.parametrize("shown", [MYSQL, MARIADB])
def test_two_rows_may_have_one_key_once_it_is_relaxed(shown: str) -> None:
    assert likeness(shown.encode(), NAME).relaxing.decode() == (
        "ALTER TABLE `athena rows 1` DROP PRIMARY KEY, ADD KEY (`id`), "
        "DROP KEY `v``w`, ADD KEY `v``w` (`hid`) COMMENT 'UNIQUE', "
        "DROP KEY `u`, ADD KEY `u` (`größe`(10),`p` DESC)"
    )


@pytest.mark.parametrize("name", ["`a`", '`a"b`', "`x's`", "`a``b`", "`b, c`", "`AS (1) VIRTUAL`"])
@pytest.mark.parametrize(
    "kind",
    [
        "int",
        "int DEFAULT (1 + 2)",
        "varchar(9) DEFAULT ' AS (x) VIRTUAL'",
        r"varchar(9) COMMENT '\' AS (x) STORED'",
        "varchar(9) COMMENT ''' AS (x) STORED'",
    ],
)
def test_a_column_is_filled_whatever_it_says(name: str, kind: str) -> None:
    assert filled("`z` int", f"{name} {kind}") == ["`z`", name]


@pytest.mark.parametrize(
    "kind",
    [
        "int GENERATED ALWAYS AS (1) VIRTUAL",
        "int GENERATED ALWAYS AS ((`b` + 1)) STORED NOT NULL",
        "int AS (`b` + 1) PERSISTENT",
        "int(11) GENERATED ALWAYS AS (`b`) VIRTUAL INVISIBLE",
        "varchar(9) COLLATE utf8mb4_bin GENERATED ALWAYS AS (') ') VIRTUAL",
        "int GENERATED ALWAYS AS (1) VIRTUAL COMMENT 'it''s'",
    ],
)
def test_a_column_that_is_generated_fills_itself(kind: str) -> None:
    assert filled("`z` int", f"`a` {kind}") == ["`z`"]


@pytest.mark.parametrize(
    ("kind", "is_moment"),
    [
        ("timestamp NOT NULL DEFAULT current_timestamp()", True),
        ("TIMESTAMP(6) NULL", True),
        ("datetime", False),
        ("varchar(9) DEFAULT 'timestamp'", False),
        ("enum('timestamp')", False),
    ],
)
def test_times_in_a_time_zone_are_told(kind: str, is_moment: bool) -> None:
    found = like("`timestamp` int", f"`a` {kind}")
    assert found.timestamps == ((b"`a`",) if is_moment else ())


@pytest.mark.parametrize(
    "line",
    [
        "FULLTEXT KEY `f` (`a`)",
        "FULLTEXT KEY `f` (`a`) /*!50100 WITH PARSER `ngram` */ ",
        "CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `t` (`b`) ON DELETE CASCADE",
        "CONSTRAINT `c` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */",
        "PERIOD FOR `p` (`a`, `b`)",
    ],
)
def test_what_temporary_tables_cannot_have_is_left_out(line: str) -> None:
    assert kept("`a` int", line, "KEY `k` (`a`)") == ["`a` int", "KEY `k` (`a`)"]
    assert kept("`a` int", line) == ["`a` int"]


@pytest.mark.parametrize(
    "line", ["KEY `FULLTEXT ` (`a`)", "SPATIAL KEY `s` (`g`)", "`CONSTRAINT c` int"]
)
def test_other_keys_and_columns_are_kept(line: str) -> None:
    assert kept("`a` int", line) == ["`a` int", line]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["KEY `k` (`a`)"], ""),
        (["PRIMARY KEY (`a`,`b`)"], "DROP PRIMARY KEY, ADD KEY (`a`,`b`)"),
        (["PRIMARY KEY (`a`) USING BTREE"], "DROP PRIMARY KEY, ADD KEY (`a`) USING BTREE"),
        (["UNIQUE KEY `u` (`a`)"], "DROP KEY `u`, ADD KEY `u` (`a`)"),
        (['UNIQUE KEY `u"v` (`a`)'], 'DROP KEY `u"v`, ADD KEY `u"v` (`a`)'),
        (["UNIQUE KEY `a``b (c)` (`a`)"], "DROP KEY `a``b (c)`, ADD KEY `a``b (c)` (`a`)"),
        (["UNIQUE KEY `größe` (`größe`)"], "DROP KEY `größe`, ADD KEY `größe` (`größe`)"),
        (["`b` varchar(30) COMMENT 'UNIQUE KEY `u` (`a`)'"], ""),
    ],
)
def test_keys_that_are_there_once_can_be_there_twice(lines: list[str], expected: str) -> None:
    expected = f"ALTER TABLE `athena rows 1` {expected}" if expected else ""
    assert like("`a` int", *lines).relaxing.decode() == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (") ENGINE=InnoDB DEFAULT CHARSET=latin1", ") DEFAULT CHARSET=latin1"),
        (") ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin PAGE_CHECKSUM=1",
         ") DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
        (") DEFAULT CHARSET=utf8mb4 COMMENT=' DEFAULT CHARSET=latin1'",
         ") DEFAULT CHARSET=utf8mb4"),
        (")", ")"),
        (") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4\n/*!50100 PARTITION BY KEY ()\nPARTITIONS 3 */",
         ") DEFAULT CHARSET=utf8mb4"),
        (") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4\n PARTITION BY RANGE (`a`)\n(PARTITION `p` "
         "VALUES LESS THAN (10) ENGINE = InnoDB,\n PARTITION `q` VALUES LESS THAN MAXVALUE)",
         ") DEFAULT CHARSET=utf8mb4"),
    ],
)  # fmt: skip
def test_of_the_tables_options_only_the_character_set_is_kept(end: str, expected: str) -> None:
    assert like("`a` int", end=end).statement.decode().endswith("  `a` int\n" + expected)


def test_names_may_be_in_any_character_set() -> None:
    shown = "CREATE TABLE `größen` (\n  `größe` int\n) CHARSET=latin1".encode("latin-1")
    assert likeness(shown, "`ö`".encode("latin-1")).columns == ("`größe`".encode("latin-1"),)


@pytest.mark.parametrize(
    "shown",
    [
        "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
        "CREATE TABLE `t` AS SELECT 1",
        "CREATE SEQUENCE `s` start with 1",
        "",
    ],
)
def test_what_is_no_table_has_no_likeness(shown: str) -> None:
    with pytest.raises(ValueError, match="not a table"):
        likeness(shown.encode(), NAME)
