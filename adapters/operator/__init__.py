"""What an operator does at a terminal beside the server, also while it is down: its database and its keys.

`stts db` and `stts keys` run this package (`python -m adapters.operator`) with the configuration of the server.
"""
