"""Two Parquet files, reference and current: N rows, 10 columns of numbers and 10 of categories.

usage: data.py ROWS FOLDER        needs numpy and pyarrow
Five of the numbers are normal, five log-normal; the categories have 4 to 40 values. A few columns have moved. Rows are
written in groups of a million, so that any number of them fits in memory.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

rows, folder = int(sys.argv[1]), sys.argv[2]
for name, seed, moved in (("reference", 1, 0.0), ("current", 2, 0.3)):
    rng = np.random.default_rng(seed)
    writer = None
    for start in range(0, rows, 1_000_000):
        n = min(1_000_000, rows - start)
        columns = {}
        for i in range(10):
            shift = moved if i % 3 == 0 else 0.0
            values = rng.normal(shift, 1, n) if i < 5 else rng.lognormal(shift, 1, n)
            columns[f"number_{i}"] = pa.array(values)
        for i in range(10):
            levels = 4 * (i + 1)
            weights = np.arange(levels, 0, -1) + (levels * moved if i % 4 == 0 else 0)
            codes = rng.choice(levels, n, p=weights / weights.sum())
            columns[f"category_{i}"] = pa.array(np.array([f"value {k}" for k in range(levels)])[codes])
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(f"{folder}/{name}.parquet", table.schema)
        writer.write_table(table, row_group_size=250_000)
    writer.close()
