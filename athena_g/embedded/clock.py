"""The time as a session has it: in its time zone, and stopped by SET timestamp."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from athena_g.embedded.variables import SystemVariables


class Clock:
    """A session's clock."""

    def __init__(self, variables: SystemVariables) -> None:
        self._variables = variables
        self._stopped_at: float | None = None

    def stop(self, seconds: float) -> None:
        """SET timestamp: stops the clock, in seconds since 1970; 0 lets it go on."""
        self._stopped_at = float(seconds) or None

    @property
    def timestamp(self) -> float:
        """Seconds since 1970."""
        return time.time() if self._stopped_at is None else self._stopped_at

    def time(self) -> datetime:
        """The time in the session's time zone, to the microsecond."""
        stopped = self._stopped_at
        moment = datetime.now(UTC) if stopped is None else datetime.fromtimestamp(stopped, UTC)
        return moment.replace(tzinfo=None) + self._variables.utc_offset
