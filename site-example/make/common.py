"""Small helpers that train.py, drift.py and tracking.py share: splits, digests, bootstrap, writers."""
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RUNS = ROOT / "runs"
SEED = 1906


# ---------------------------------------------------------------- data
def breast_cancer():
    """Features, target (1 = malignant), split into 341 training and 228 held-out rows."""
    raw = load_breast_cancer(as_frame=True)
    x, y = raw.data, (1 - raw.target).rename("malignant")
    return train_test_split(x, y, test_size=0.4, random_state=SEED, stratify=y)


def digits():
    raw = load_digits(as_frame=True)
    return train_test_split(raw.data, raw.target.rename("digit"), test_size=0.35, random_state=SEED, stratify=raw.target)


def diabetes():
    raw = load_diabetes(as_frame=True, scaled=False)
    return train_test_split(raw.data, raw.target.rename("progression"), test_size=0.35, random_state=SEED)


def csv_bytes(x, y):
    return pd.concat([x, y], axis=1).to_csv(index=False, lineterminator="\n").encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- bootstrap
def auc(y, p):
    y = np.asarray(y)
    pos = int(y.sum())
    neg = len(y) - pos
    if pos == 0 or neg == 0:
        return math.nan
    return float((rankdata(p)[y == 1].sum() - pos * (pos + 1) / 2) / (pos * neg))


def bootstrap(fn, n, seed, rounds=2000):
    """95 % percentile interval and standard error of fn(index array)."""
    rng = np.random.default_rng(seed)
    values = np.array([fn(rng.integers(0, n, n)) for _ in range(rounds)])
    values = values[np.isfinite(values)]
    lower, upper = np.percentile(values, [2.5, 97.5])
    return {"stderr": sig(values.std(ddof=1)), "ci": {"lower": sig(lower), "upper": sig(upper), "level": 0.95}}


def sig(x, digits=6):
    return float(f"{float(x):.{digits}g}")


# ---------------------------------------------------------------- writers
def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, value, indent=2):
    write(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def write_records(path, records):
    """One result record per line, so that a diff of two versions stays readable."""
    write(path, "[\n" + ",\n".join("  " + json.dumps(r, ensure_ascii=False) for r in records) + "\n]\n")


def write_csv(path, columns, rows):
    lines = [",".join(columns)]
    lines += [",".join("" if v is None else str(v) for v in row) for row in rows]
    write(path, "\n".join(lines) + "\n")


def toml_value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return repr(v)
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(toml_value(x) for x in v) + "]"
    return json.dumps(str(v), ensure_ascii=False)


def toml_table(name, table):
    return f"\n[{name}]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in table.items())
