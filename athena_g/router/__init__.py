"""Which shards a statement concerns: rules, keys, algorithms."""
