"""Drivers and ORMs doing their ordinary work, directly on a server and through the proxy.

What a driver sees must be the same both times: a *work* is a function that gets a `Place` to
connect to and notes down everything it saw; the fixture `compare` runs it on both and compares.
"""
