"""The network layer that every MySQL-speaking server of athena-g stands on."""
