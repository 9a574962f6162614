"""The table of a sharding rule.

The description of a key is its documentation: ``conf/reference.toml`` is generated from it.
What only several rules together can show wrong is in :mod:`.rule_checks`.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from athena_g.config.sharding_values import (
    Algorithm,
    Boundary,
    CollationName,
    HashFunction,
    KeyTypeName,
    PhysicalName,
    RangeBoundaries,
    TablePattern,
)
from athena_g.config.table import Table
from athena_g.config.values import ColumnName, DefaultText, Integer, Label, refused

_LONGEST_NAME = 64
_BOUNDARY_KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "decimal": (int, Decimal),
    "string": (str,),
    "date": (datetime.date,),
    "datetime": (datetime.datetime,),
    "binary": (str,),
}


def _default_shard_count(valid: dict[str, Any]) -> int:
    return len(valid["range_boundaries"]) + 1 if valid.get("algorithm") == "range" else 16


class ShardingRuleSettings(Table):
    """How the rows of one table, or of tables with like names, are spread over the shards."""

    name: Label = Field(examples=["orders by customer"], description="A name for logs.")
    table_pattern: TablePattern = Field(
        examples=["orders"],
        description="The table, in any case of letters. A pattern with * or ? is asked when no "
        "rule names the table itself, and a longer pattern before a shorter one.",
    )
    shard_column: ColumnName = Field(
        examples=["customer_id"], description="The column whose value decides about the shard."
    )
    algorithm: Algorithm = Field(
        default="mod",
        examples=["hash"],
        description="How: remainder of a whole number (mod, modulo), hash of any value (hash), "
        "comparison with boundaries (range), all three in any case of letters; or a function of "
        "yours (python:...), which is called with a value and shard_count and returns the index, "
        "without waiting for anything. It is imported as Python does, from PYTHONPATH. If it has "
        "an attribute shards_between, that is called with the lowest and the highest value of a "
        "condition (None: no end) and shard_count, and returns a list of indices.",
    )
    hash_function: HashFunction = Field(
        default="crc32",
        description="For hash alone: crc32 (that of CRC32() in SQL), fnv1a (FNV-1a of 64 bits), "
        "or siphash13 (where athena-rs has its rows).",
    )
    range_boundaries: RangeBoundaries = Field(
        default=(),
        description="For range alone: shard 0 has the values below the first boundary, shard 1 "
        "those from it to below the second, and so on.",
        validate_default=True,
    )
    shard_count: Annotated[
        Integer, DefaultText("Default: 16; with range the number of boundaries plus 1.")
    ] = Field(
        default_factory=_default_shard_count,
        examples=[4],
        ge=1,
        le=65536,
        description="How many shards there are.",
    )
    key_type: Annotated[
        KeyTypeName | None, DefaultText("Default: what information_schema of a shard says.")
    ] = Field(
        default=None,
        examples=["string"],
        description="The type of the column: an integer type, DECIMAL, a text type (string), DATE, "
        "DATETIME, or BINARY, VARBINARY and BLOB (binary).",
    )
    key_collation: Annotated[
        CollationName | None, DefaultText('Required with key_type = "string".')
    ] = Field(
        default=None,
        examples=["utf8mb4_0900_ai_ci"],
        description="The collation of the column, by which texts are equal that differ in case, "
        "say. Only with key_type.",
        validate_default=True,
    )
    physical_name: PhysicalName = Field(
        default="{table}_{index}",
        description="How the part of a table at a shard is called: orders_3 is that of orders at "
        "shard 3. {index:04d} makes it orders_0003.",
    )
    binding: Annotated[Label | None, DefaultText("Without it the rule is bound to no other.")] = (
        Field(
            default=None,
            examples=["by customer"],
            description="A label. Rules with the same one spread their rows alike, so that their "
            "tables are joined shard by shard; everything that decides about the shard must be the "
            "same in them.",
        )
    )
    scatter_writes: Literal["reject", "allow"] = Field(
        default="reject",
        description="Whether an UPDATE or DELETE for rows of several shards, or an INSERT of such "
        "rows, is refused, or done at each shard by itself.",
    )
    id_column: Annotated[ColumnName | None, DefaultText("Without it no id is made.")] = Field(
        default=None,
        examples=["id"],
        description="A column that athena-g fills when an INSERT does not, as AUTO_INCREMENT gives "
        "the same numbers on every shard.",
    )
    id_generator: Annotated[
        Literal["snowflake"] | None, DefaultText("Required with id_column.")
    ] = Field(
        default=None,
        examples=["snowflake"],
        description="What fills id_column: snowflake makes numbers of 64 bits that ascend in time.",
        validate_default=True,
    )

    @field_validator("hash_function")
    @classmethod
    def _with_hash(cls, value: str, info: ValidationInfo) -> str:
        algorithm = info.data.get("algorithm", "hash")
        if algorithm != "hash":
            raise refused(f'has no effect with "{algorithm}"; write algorithm = "hash" or drop it')
        return value

    @field_validator("range_boundaries")
    @classmethod
    def _with_range(cls, value: tuple[Boundary, ...], info: ValidationInfo) -> tuple[Boundary, ...]:
        algorithm = info.data.get("algorithm")
        if algorithm == "range" and not value:
            raise refused(
                'is empty; algorithm = "range" needs one boundary or more, such as [1000, 2000]'
            )
        if algorithm not in ("range", None) and value:
            raise refused(f'has no effect with "{algorithm}"; write algorithm = "range" or drop it')
        return value

    @field_validator("shard_count")
    @classmethod
    def _as_boundaries(cls, value: int, info: ValidationInfo) -> int:
        boundaries = info.data.get("range_boundaries")
        if info.data.get("algorithm") == "range" and boundaries and value != len(boundaries) + 1:
            raise refused(
                f"{value} does not fit range_boundaries; write {len(boundaries) + 1} (the number "
                "of boundaries plus 1), or leave it out"
            )
        return value

    @field_validator("key_type")
    @classmethod
    def _as_algorithm(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("algorithm") == "mod" and value != "integer":
            raise refused(f'"{value}" has no remainder; write "integer", or algorithm = "hash"')
        for boundary in info.data.get("range_boundaries") or ():
            if not _fits(boundary, value):
                raise refused(f'"{value}" does not fit the boundary {boundary}; write both alike')
        return value

    @field_validator("key_collation")
    @classmethod
    def _with_string(cls, value: str | None, info: ValidationInfo) -> str | None:
        key_type = info.data.get("key_type")
        if value is None and key_type == "string":
            raise refused(
                'is missing; write the collation of the column, such as "utf8mb4_0900_ai_ci"'
            )
        if value is not None and "key_type" in info.data and key_type != "string":
            raise refused('has no effect without key_type = "string"; write it too, or drop this')
        return value

    @field_validator("physical_name")
    @classmethod
    def _short_enough(cls, value: str, info: ValidationInfo) -> str:
        table, count = info.data.get("table_pattern", ""), info.data.get("shard_count", 1)
        longest = value.format(table=table, index=count - 1)
        if len(longest) > _LONGEST_NAME:
            raise refused(
                f"makes the name {longest}, which has more than {_LONGEST_NAME} characters; "
                "write a shorter one"
            )
        return value

    @field_validator("id_generator")
    @classmethod
    def _with_id_column(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "id_column" in info.data and (info.data["id_column"] is None) != (value is None):
            if value is None:
                raise refused('is missing; write id_generator = "snowflake" beside id_column')
            raise refused("has no effect without id_column; write that too, or leave this out")
        return value


def _fits(boundary: Boundary, key_type: str) -> bool:
    if key_type == "date" and isinstance(boundary, datetime.datetime):
        return False
    return isinstance(boundary, _BOUNDARY_KINDS[key_type])
