"""MySQL's statements made SQLite's: name resolution, types and our own rewriting."""
