"""One client of the proxy, from login to quit."""
