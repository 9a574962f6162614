from __future__ import annotations

from athena_g.protocol import constants
from athena_g.protocol.constants import ColumnType, Command


def _named(prefix: str) -> dict[str, int]:
    return {name: value for name, value in vars(constants).items() if name.startswith(prefix)}


def test_each_capability_is_a_bit_of_its_own() -> None:
    capabilities = _named("CLIENT_")
    assert capabilities.pop("CLIENT_MYSQL") == constants.CLIENT_LONG_PASSWORD
    assert sorted(capabilities.values()) == [1 << bit for bit in range(32)]


def test_the_status_flags_are_bits_of_their_own() -> None:
    flags = _named("SERVER_").values()
    assert len(set(flags)) == len(flags)
    assert all(flag & (flag - 1) == 0 for flag in flags)


def test_commands_and_types_have_the_documented_numbers() -> None:
    assert (Command.QUERY, Command.STMT_EXECUTE, Command.RESET_CONNECTION) == (3, 23, 31)
    assert (ColumnType.DECIMAL, ColumnType.JSON, ColumnType.GEOMETRY) == (0, 245, 255)
