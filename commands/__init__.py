"""Commands of an operator beside the server, also while it is down: its database and its keys.

`stts db` and `stts keys` run this package (`python -m commands`) with the configuration of the server.
"""
