"""What scripts/bench is made of. Plain Python: it shares no code with what it measures."""
