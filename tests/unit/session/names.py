"""What the proxy sends to bring a connection to a session of the test's client."""

from tests.fakes.server import FakeServer

SET_NAMES = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, "
    "SESSION session_track_state_change = 1, SESSION session_track_schema = 1"
)
RESET = "RESET_CONNECTION"


def statements(backend: FakeServer) -> list[str]:
    """What the server saw, without the setting up of connections."""
    return [label for label in backend.seen if label not in (SET_NAMES, RESET)]
