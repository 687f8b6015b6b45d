"""The server where few open files are allowed, as some containers and older systems have it.

Run by `benchmarks.slow_connections` as a program, in a process of its own: `python -m benchmarks.few_files NUMBER`.
"""

from __future__ import annotations

import resource
import sys

import server_v2

if __name__ == "__main__":
    files = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    sys.exit(server_v2.main([]))
