"""Where blocking engine work runs: asyncio outside, threads and child processes inside, one seam for both.

Work is a blocking generator function `work(engine)` that one thread owns from its first item to its close. A lane runs
one call at a time: with the engine itself, or with a proxy of the same blocking interface whose calls run in a child
process. `host.py` is the door: one host per engine, with its state, its queue and its lanes.
"""
