"""The tables of a group: its DB groups and their instances.

The description of a key is its documentation: ``conf/reference.toml`` is generated from it.
What only several tables together can show wrong is in :mod:`.checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from athena_g.config.process import PoolSettings
from athena_g.config.sharding import ShardingRuleSettings
from athena_g.config.table import Table
from athena_g.config.values import (
    Boolean,
    DatabaseName,
    DefaultText,
    ExistingFile,
    FilePath,
    Host,
    InsteadOf,
    Integer,
    Label,
    NotEmpty,
    Port,
    Role,
    SchemaName,
    ShardIndices,
    TableNames,
    UserName,
    Wanted,
    refused,
)

Password = Annotated[
    SecretStr, Wanted("a password in quotes, or instead of it password_file with a path")
]
PasswordFile = Annotated[
    FilePath | None,
    InsteadOf("password"),
    Wanted(
        "the path of a file whose first line is the password, "
        "relative to the directory of the configuration file"
    ),
]
_ON_A_SERVER = "Required unless the DB group is embedded."


class LimiterSettings(Table):
    """How many statements one instance is given at once; the others queue."""

    enabled: Boolean = Field(default=False, description="Whether the instance is limited.")
    max_concurrent: Integer = Field(
        default=100, ge=1, le=100000, description="How many statements run at once."
    )
    max_queue_size: Integer = Field(
        default=50,
        ge=0,
        le=100000,
        description="How many statements wait; one more is refused at once.",
    )
    queue_timeout_ms: Integer = Field(
        default=5000,
        ge=1,
        le=3600000,
        description="Milliseconds for which a statement waits; then it is refused.",
    )


_OF_POOL = "Default: that of [pool]."


class InstancePoolSettings(Table):
    """What is different in the pool of this instance; the keys are those of the table pool.

    An instance that several groups name has one pool per group.
    """

    max_open: Annotated[Annotated[Integer, Ge(1), Le(100000)] | None, DefaultText(_OF_POOL)] = (
        Field(default=None, examples=[20], description="How many connections are open at once.")
    )
    max_idle: Annotated[Annotated[Integer, Ge(0), Le(100000)] | None, DefaultText(_OF_POOL)] = (
        Field(
            default=None,
            examples=[20],
            description="How many idle connections are kept. At most max_open.",
        )
    )
    min_idle: Annotated[Annotated[Integer, Ge(0), Le(100000)] | None, DefaultText(_OF_POOL)] = (
        Field(
            default=None,
            examples=[0],
            description="How many idle connections are held ready. At most max_idle.",
        )
    )
    max_age_secs: Annotated[
        Annotated[Integer, Ge(1), Le(2592000)] | None, DefaultText(_OF_POOL)
    ] = Field(
        default=None,
        examples=[3600],
        description="Seconds after which a connection is closed when it is next idle.",
    )
    max_idle_time_secs: Annotated[
        Annotated[Integer, Ge(1), Le(86400)] | None, DefaultText(_OF_POOL)
    ] = Field(
        default=None, examples=[300], description="Seconds for which a connection may be idle."
    )
    acquire_timeout_ms: Annotated[
        Annotated[Integer, Ge(1), Le(3600000)] | None, DefaultText(_OF_POOL)
    ] = Field(
        default=None,
        examples=[5000],
        description="Milliseconds for which a statement waits for a connection.",
    )
    connect_timeout_ms: Annotated[
        Annotated[Integer, Ge(1), Le(600000)] | None, DefaultText(_OF_POOL)
    ] = Field(
        default=None,
        examples=[5000],
        description="Milliseconds within which a new connection must be open and logged in.",
    )

    def over(self, general: PoolSettings) -> PoolSettings:
        """The pool's settings: these, and where they say nothing the general ones."""
        own = self.model_dump(exclude_none=True)
        if "max_open" in own and "max_idle" not in own:
            own["max_idle"] = min(general.max_idle, own["max_open"])
        limits = general.model_dump() | own
        limits["min_idle"] = min(limits["min_idle"], limits["max_idle"])
        return PoolSettings.model_validate(limits)


class InstanceSettings(Table):
    """One MySQL server of the DB group."""

    host: Annotated[Host, DefaultText(_ON_A_SERVER)] = Field(
        default="",
        examples=["10.0.0.11"],
        description="Where the server is. Not allowed in an embedded DB group.",
    )
    port: Port = Field(
        default=3306,
        description="The server's port. In an embedded DB group the port that the embedded "
        "server is to take; there the system picks a free one when it is left out.",
    )
    user: Annotated[UserName, DefaultText(_ON_A_SERVER)] = Field(
        default="",
        examples=["athena"],
        description="The account with which athena-g logs in. Not allowed in an embedded DB "
        "group, whose account is made by athena-g.",
    )
    password: Password = Field(default=SecretStr(""), description="The password of that account.")
    password_file: PasswordFile = Field(
        default=None,
        examples=["secrets/instance-password"],
        description="A file whose first line is the password.",
    )
    database: Annotated[SchemaName | None, DefaultText("Default: the name of the group.")] = Field(
        default=None,
        examples=["shop"],
        description="The database on the server that holds the group's tables.",
    )
    role: Role = Field(
        default="master",
        description="Whether the server takes writes (master) or follows one that does (slave).",
    )
    tls: Literal["disabled", "required"] = Field(
        default="disabled",
        examples=["required"],
        description="Whether athena-g talks to the server over TLS.",
    )
    tls_ca: Annotated[ExistingFile | None, DefaultText("Without it any certificate is taken.")] = (
        Field(
            default=None,
            examples=["ca.pem"],
            description="The certificates of the authorities, in PEM form, of which one must vouch "
            'for the server\'s certificate. Only with tls = "required".',
        )
    )
    tls_verify_host: Boolean = Field(
        default=True,
        examples=[False],
        description="Whether the server's certificate must also be made for the host as it is "
        "written here. Those that MySQL makes for itself are made for no host: with them write "
        "false, and the server's ca.pem as tls_ca. Without tls_ca it has no effect.",
    )
    limiter: LimiterSettings = LimiterSettings()
    pool: InstancePoolSettings = InstancePoolSettings()

    @field_validator("tls_ca")
    @classmethod
    def _only_with_tls(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("tls", "required") != "required":
            raise refused('has no effect without TLS; write tls = "required" too, or leave it out')
        return value

    @property
    def address(self) -> str:
        """``host:port``, by which groups share an instance; an IPv6 address is in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class DbGroupSettings(Table):
    """One replication cluster: a master and its slaves, or embedded servers."""

    name: Label = Field(examples=["home"], description="The name, unique within the group.")
    shard_indices: ShardIndices = Field(
        default=(),
        examples=[[0, 1, 2, 3]],
        description="The shards that live here. The DB groups together must have every index "
        "from 0 to the largest shard_count of the rules minus 1, each in one DB group.",
    )
    embedded: Boolean = Field(
        default=False,
        description="Whether the servers are embedded ones, which athena-g starts itself and "
        "whose data is in embedded.data_directory. Instances may then be left out (one master "
        "is started) or have no key but role, port and limiter.",
    )
    instances: tuple[InstanceSettings, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _complete_embedded(cls, table: Any) -> Any:
        if not isinstance(table, dict) or table.get("embedded") not in (True, "true"):
            return table
        instances = table.get("instances") or [{}]
        if not isinstance(instances, list):
            return table
        on_free_ports = [{"port": 0} | i if isinstance(i, dict) else i for i in instances]
        return table | {"instances": on_free_ports}


class GroupSettings(Table):
    """One logical database that clients see. There may be several groups."""

    name: DatabaseName = Field(
        examples=["shop"],
        description="The database that clients name when they log in; in any case of letters "
        "unlike the other groups' names.",
    )
    user: UserName = Field(
        examples=["shop"],
        description="The user as whom clients log in; it need not exist on any server.",
    )
    password: Password = Field(
        examples=["change me"], description="The password with which clients log in."
    )
    password_file: PasswordFile = Field(
        default=None,
        examples=["secrets/shop-password"],
        description="A file whose first line is the password.",
    )
    home_group: Label = Field(
        examples=["home"],
        description="The DB group that has the tables without a sharding rule.",
    )
    broadcast_tables: TableNames = Field(
        default=(),
        examples=[["countries"]],
        description="Tables that every DB group has with the same rows, in any case of letters: "
        "read from any of them, written to all.",
    )
    db_groups: Annotated[tuple[DbGroupSettings, ...], NotEmpty]
    sharding_rules: tuple[ShardingRuleSettings, ...] = ()

    @property
    def home(self) -> DbGroupSettings:
        """The DB group that ``home_group`` names."""
        return next(each for each in self.db_groups if each.name == self.home_group)
