"""The configuration: :func:`load` gives it as one immutable :class:`Settings`, or ConfigError."""

from athena_g.config.groups import (
    DbGroupSettings,
    GroupSettings,
    InstanceSettings,
    LimiterSettings,
)
from athena_g.config.loading import load
from athena_g.config.problems import ConfigError, Problem
from athena_g.config.process import (
    EmbeddedSettings,
    HealthSettings,
    LogSettings,
    MergeSettings,
    MetricsSettings,
    PoolSettings,
    ServerSettings,
    ServerTlsSettings,
)
from athena_g.config.settings import Settings
from athena_g.config.sharding import ShardingRuleSettings

__all__ = [
    "ConfigError",
    "DbGroupSettings",
    "EmbeddedSettings",
    "GroupSettings",
    "HealthSettings",
    "InstanceSettings",
    "LimiterSettings",
    "LogSettings",
    "MergeSettings",
    "MetricsSettings",
    "PoolSettings",
    "Problem",
    "ServerSettings",
    "ServerTlsSettings",
    "Settings",
    "ShardingRuleSettings",
    "load",
]
