"""athena-g: a MySQL proxy written as plain blocking code on gevent."""

__version__ = "0.1.0"
