"""One connection to one MySQL server."""
