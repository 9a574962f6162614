"""What the proxy understands of a statement's text."""
