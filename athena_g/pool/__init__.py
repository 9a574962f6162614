"""Connection pools: what to do is decided in ``ledger``, waiting is done in ``pool``."""
