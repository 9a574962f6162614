"""Where a statement goes: sharding rules, plans made once per shape, routes made per execution."""
