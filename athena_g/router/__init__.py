"""Which shards a statement reaches, and under which names."""
