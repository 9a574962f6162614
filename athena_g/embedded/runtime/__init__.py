"""The functions of MySQL as SQLite calls them."""
