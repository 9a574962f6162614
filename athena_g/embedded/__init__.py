"""The embedded server: MySQL's protocol and SQL on SQLite, for trying, developing and testing."""
