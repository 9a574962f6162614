"""What the proxy sends to bring a connection to a session of the test's client."""

from tests.fakes.server import FakeServer
from tests.fakes.setup import RESET as RESET
from tests.fakes.setup import SET_NAMES as SET_NAMES

_SETTING_UP = ("SET NAMES utf8mb4 COLLATE", "SET NAMES DEFAULT")


def statements(backend: FakeServer) -> list[str]:
    """What the server saw, without the setting up of connections."""
    return [label for label in backend.seen if label != RESET and not label.startswith(_SETTING_UP)]
