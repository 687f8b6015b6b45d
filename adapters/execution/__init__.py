"""Execution of blocking engine work: asyncio outside, threads and child processes inside, one seam for both.

Work is a blocking generator function `work(engine)` that one thread owns from its first item to its close. A backend
runs one call at a time: with the engine itself, or with a proxy of the same blocking interface whose calls run in a
child process. `instance.py` is what others use: one a name, with its state, its queue and its backends.
"""
