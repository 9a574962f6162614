"""The whole configuration as one immutable object."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from athena_g.config.groups import GroupSettings
from athena_g.config.process import (
    EmbeddedSettings,
    HealthSettings,
    LogSettings,
    MergeSettings,
    MetricsSettings,
    PoolSettings,
    ServerSettings,
)
from athena_g.config.values import NotEmpty


class Settings(BaseSettings):
    """Everything that can be configured. :func:`.load` makes it from a file.

    Making it directly checks each table by itself; only :func:`.load` checks that they fit
    together. The process environment is never read behind the caller's back.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="ATHENA_",
        env_nested_delimiter="__",
    )

    server: ServerSettings = ServerSettings()
    pool: PoolSettings = PoolSettings()
    merge: MergeSettings = MergeSettings()
    health: HealthSettings = HealthSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    groups: Annotated[tuple[GroupSettings, ...], NotEmpty]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The source given to :meth:`of`, else nothing but the arguments of the constructor."""
        source = init_settings().get("_source")
        return (source,) if source else (init_settings,)

    @classmethod
    def of(cls, source: PydanticBaseSettingsSource) -> Settings:
        """The settings that ``source`` gives; raises pydantic's ``ValidationError``."""
        arguments: dict[str, Any] = {"_source": source}
        return cls(**arguments)
