"""CPU time and memory of `presscheck drift` and of Evidently's DataDriftPreset on the same two Parquet files.

usage: compare.py PRESSCHECK FOLDER [TRIES]
needs evidently==0.7.23, pandas==2.3.3 and pyarrow; FOLDER is made by data.py. Each try is a fresh process that reads the
files, computes and ends; user and system time are added up. Evidently is given its own defaults, presscheck its own and
then Evidently's methods for data of this size.
"""

import json
import os
import sys
import time

CODE = """
import sys
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
reference, current = (pd.read_parquet(f"{sys.argv[1]}/{n}.parquet") for n in ("reference", "current"))
Report([DataDriftPreset()]).run(current_data=current, reference_data=reference).json()
"""


def run(command):
    """CPU seconds, wall seconds and the largest resident set in MB of a command."""
    start = time.time()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime, time.time() - start, usage.ru_maxrss / 1024


presscheck, folder, tries = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
files = ["--reference", f"{folder}/reference.parquet", "--current", f"{folder}/current.parquet"]
same = [a for i in range(10) for a in ("--method", f"number_{i}=wasserstein_normed")]
same += [a for i in range(10) for a in ("--method", f"category_{i}=jensen_shannon")]
what = {
    "presscheck": [presscheck, "drift", *files],
    "presscheck, Evidently's methods": [presscheck, "drift", *files, *same],
    "evidently": [sys.executable, "-c", CODE, folder],
}
out = {}
for name, command in what.items():
    found = [run(command) for _ in range(tries)]
    cpu, wall, memory = (min(f[i] for f in found) for i in range(3))
    out[name] = {"cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "peak_mb": round(memory)}
theirs = out["evidently"]
for name, found in out.items():
    found["cpu_ratio"] = round(theirs["cpu_s"] / found["cpu_s"], 1)
    found["memory_ratio"] = round(theirs["peak_mb"] / found["peak_mb"], 1)
print(json.dumps(out, indent=1))
