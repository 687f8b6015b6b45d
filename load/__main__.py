"""`python -m load NAME [SIZE]`: runs one program, prints what it measured, and ends with 0 if all of it held.

Without a name all but the soak run, one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.result import Row, table
from load import churn, clock, disk, kills, outage, pair, soak, vanishing
from load.desk import Missing


@dataclass(frozen=True, slots=True)
class Program:
    run: Callable[[float], list[Row]]
    size: float
    unit: str


PROGRAMS: Mapping[str, Program] = {
    "soak": Program(soak.run, 120, "minutes of mixed load"),
    "postgres": Program(outage.run_postgres, 20, "seconds for which PostgreSQL is away"),
    "redis": Program(outage.run_redis, 20, "seconds for which Redis is away"),
    "kills": Program(kills.run, 20, "times that the server is killed"),
    "pair": Program(pair.run, 10, "times that one of two servers on one root is killed"),
    "pair-shared": Program(pair.run_shared, 10, "the same times with PostgreSQL and Redis"),
    "vanishing": Program(vanishing.run, 10_000, "clients that vanish"),
    "keys": Program(churn.run, 1000, "keys made and revoked"),
    "clock": Program(clock.run, 3600, "seconds by which the clock is set back"),
    "disk": Program(disk.run, 32, "MiB of the disk that fills up"),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m load", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = "\n".join(f"{name}: {program.unit} ({program.size:g})" for name, program in PROGRAMS.items())
    parser.add_argument("name", nargs="?", choices=list(PROGRAMS), metavar="NAME", help=names)
    parser.add_argument("size", nargs="?", type=float, metavar="SIZE", help="how long or how often")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    rows: list[Row] = []
    try:
        for name in [options.name] if options.name else [name for name in PROGRAMS if name != "soak"]:
            program = PROGRAMS[name]
            size = options.size if options.size is not None else program.size
            print(f"{name}: {size:g} {program.unit}", file=sys.stderr, flush=True)
            try:
                rows += program.run(size)
            except Missing as error:
                rows.append(Row(name, "", f"not run: {error}", False))
    finally:
        print(f"\n{machine_line()}\n\n{table(rows)}")
        if options.json:
            plain = [asdict(row) | {"figures": dict(row.figures)} for row in rows]
            options.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
