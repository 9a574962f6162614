"""MySQL's wire format as plain functions and state machines: no sockets, no waiting."""
