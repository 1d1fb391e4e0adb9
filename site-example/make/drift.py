"""Writes the drift windows below ../runs: production traffic against the training data, week by week.

There is no production system behind this example. A week of traffic is drawn from the held-out rows
(with replacement, plus 2 % measurement noise) and, for the site that changed its equipment, shifted a
little more every week. The scores are then computed for real, by this script and, for one window, by
Evidently. Re-running writes the same bytes (the Evidently file keeps the ids that Evidently gives it).
"""
import datetime
import json
import sys

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, ks_2samp

from common import RUNS, breast_cancer, digits, sig, write

TOOL = "site-example make/drift.py 1"
EMPTY = 1e-4  # share given to a bin that is empty on one side, so that its logarithm exists


def psi(reference, current):
    r, c = np.maximum(reference / reference.sum(), EMPTY), np.maximum(current / current.sum(), EMPTY)
    return float(((c - r) * np.log(c / r)).sum())


def numeric(name, reference, current, method, threshold, bins=8):
    inner = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1))[1:-1])
    inner = np.array([sig(e) for e in inner])
    low, high = sig(min(reference.min(), current.min()) - 1e-6), sig(max(reference.max(), current.max()) + 1e-6)
    edges = [low, *inner.tolist(), high]
    bounds = np.array([-np.inf, *inner, np.inf])
    r, c = np.histogram(reference, bounds)[0], np.histogram(current, bounds)[0]
    out = {"feature": name, "kind": "numeric", "method": method}
    if method == "psi":
        score, p = psi(r, c), None
    else:
        test = ks_2samp(reference, current)
        score, p = float(test.statistic), sig(test.pvalue)
        out["method_label"] = "KS statistic D"
    return out | {"score": sig(score), "threshold": threshold, "p_value": p, "drifted": bool(score > threshold),
                  "distribution": {"edges": edges, "reference": r.tolist(), "current": c.tolist()}}


def categorical(name, reference, current, method, threshold):
    names = sorted(set(reference) | set(current))
    r, c = (np.array([(x == n).sum() for n in names]) for x in (np.asarray(reference), np.asarray(current)))
    out = {"feature": name, "kind": "categorical", "method": method}
    if method == "psi":
        score, p = psi(r, c), None
    else:  # Cramér's V, with the p-value of its chi-square test
        test = chi2_contingency(np.array([r, c]), correction=False)
        score, p = float(np.sqrt(test.statistic / (r.sum() + c.sum()))), sig(test.pvalue)
        out["method_label"] = "Cramér's V"
    return out | {"score": sig(score), "threshold": threshold, "p_value": p, "drifted": bool(score > threshold),
                  "distribution": {"categories": [str(n) for n in names], "reference": r.tolist(), "current": c.tolist()}}


def report(path, reference_name, current_name, start, days, features):
    end = start + datetime.timedelta(days=days)
    head = {"schema": "presscheck.drift/1", "tool": TOOL, "reference": reference_name, "current": current_name,
            "window": {"start": f"{start}T00:00:00Z", "end": f"{end}T00:00:00Z"}, "share_threshold": 0.5}
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n' + ",\n".join("  " + json.dumps(f, ensure_ascii=False) for f in features) + "\n]}\n"
    write(path, text)
    drifted = [f["feature"] for f in features if f["drifted"]]
    print(f"{path.relative_to(RUNS)}: {len(drifted)}/{len(features)} drifted, max {max(f['score'] for f in features):.3f} {drifted}")


def monday(week):
    return datetime.date.fromisocalendar(2026, week, 1)


def sample(rng, rows, n):
    """n rows with replacement and 2 % noise, so that no two of them tie."""
    x = rows.iloc[rng.integers(0, len(rows), n)].reset_index(drop=True)
    return (x + rng.normal(0, 0.02, x.shape) * rows.std().to_numpy()).clip(lower=0)


# ---------------------------------------------------------------- breast-cancer-screen
def sites(rng, n, weights):
    return rng.choice(["city", "harbour", "north"], n, p=weights), rng.choice(["gen3", "gen4"], n, p=[0.8, 0.2])


def screen_traffic():
    xtr, xte, _, _ = breast_cancer()
    watched = [c for c in xtr if c.startswith("mean ")]
    rng = np.random.default_rng(36)
    ref_site, ref_scanner = sites(rng, len(xtr), [0.6, 0.1, 0.3])
    reference = xtr[watched].assign(site=ref_site, scanner=ref_scanner)

    def week(seed, step):
        """One week; step 0 is the established traffic, 1, 2, … the weeks since Harbour's new scanner."""
        rng = np.random.default_rng(seed)
        n = 420
        x = sample(rng, xte[watched], n)
        site, scanner = sites(rng, n, [0.6, 0.1, 0.3])
        if step:
            share = min(0.1 + 0.12 * step, 0.75)  # Harbour joins the roll-out
            moved = rng.random(n) < share
            site = np.where(moved, "harbour", site)
            scanner = np.where(moved, "gen4", scanner)
            k = 0.035 * step
            x.loc[moved, "mean texture"] *= 1 + 1.4 * k
            x.loc[moved, "mean smoothness"] *= 1 - 0.7 * k
            x.loc[moved, "mean concavity"] *= 1 + 1.6 * k
            x.loc[moved, "mean concave points"] *= 1 + 1.4 * k
            x.loc[moved, "mean fractal dimension"] *= 1 - 0.5 * k
        return x.assign(site=site, scanner=scanner)
    return reference, week


def compare(reference, current, method, numeric_threshold, categorical_method, categorical_threshold):
    return [categorical(c, reference[c], current[c], categorical_method, categorical_threshold) if c in ("site", "scanner", "predicted digit")
            else numeric(c, reference[c].to_numpy(), current[c].to_numpy(), method, numeric_threshold) for c in reference]


def screen():
    reference, week = screen_traffic()
    name = RUNS / "breast-cancer-screen"
    established = {w: week(1000 + w, 0) for w in range(36, 46)}
    for w, current in established.items():
        report(name / f"1.3.0/drift/2026-w{w}.json", "wdbc-train, 341 rows", f"week {w}, established sites", monday(w), 7, compare(reference, current, "psi", 0.2, "psi", 0.2))
    october = pd.concat([established[w] for w in (40, 41, 42, 43)], ignore_index=True)
    report(name / "1.3.0/drift/monthly-2026-10-ks.json", "wdbc-train, 341 rows", "weeks 40 to 43, established sites", monday(40), 28, compare(reference, october, "ks", 0.15, "cramers_v", 0.2))
    for w in range(39, 47):  # shadow traffic of 1.4.0; Harbour's scanner was replaced in week 41
        current = week(2000 + w, max(0, w - 40))
        report(name / f"1.4.0/drift/2026-w{w}.json", "wdbc-train, 341 rows", f"week {w}, shadow traffic with Harbour", monday(w), 7, compare(reference, current, "psi", 0.2, "psi", 0.2))
    if "--no-evidently" not in sys.argv:
        evidently_report(reference, week(2046, 6), name / "1.4.0/drift/evidently-2026-w46.json")


def evidently_report(reference, current, path):
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    numeric_columns = [c for c in reference if c not in ("site", "scanner")]
    definition = DataDefinition(numerical_columns=numeric_columns, categorical_columns=["site", "scanner"])
    result = Report([DataDriftPreset()]).run(Dataset.from_pandas(current, data_definition=definition), Dataset.from_pandas(reference, data_definition=definition))
    write(path, result.json() + "\n")
    print(path.relative_to(RUNS))


# ---------------------------------------------------------------- digit-reader
def describe(x):
    """What intake monitors instead of 64 raw pixels."""
    img = x.to_numpy().reshape(-1, 8, 8)
    ink = img.sum((1, 2))
    rows, cols = np.arange(8)[None, :, None], np.arange(8)[None, None, :]
    cy, cx = (img * rows).sum((1, 2)) / ink, (img * cols).sum((1, 2)) / ink
    return pd.DataFrame({"ink": ink, "darkest pixel share": (img > 13.5).mean((1, 2)), "stroke share": (img > 4.5).mean((1, 2)), "centre row": cy, "centre column": cx,
                         "row spread": np.sqrt((img * (rows - cy[:, None, None]) ** 2).sum((1, 2)) / ink), "column spread": np.sqrt((img * (cols - cx[:, None, None]) ** 2).sum((1, 2)) / ink),
                         "upper half ink": img[:, :4].sum((1, 2)) / ink, "left half ink": img[:, :, :4].sum((1, 2)) / ink})


def reader():
    xtr, xte, _, _ = digits()
    reference = describe(xtr)
    for w in range(43, 47):
        rng = np.random.default_rng(3000 + w)
        x = xte.iloc[rng.integers(0, len(xte), 500)].reset_index(drop=True)
        x = (x + (x > 0) * rng.normal(0, 0.15, x.shape)).clip(0, 16)
        report(RUNS / f"digit-reader/0.4.0/drift/2026-w{w}.json", "optical-digits-train, 1168 images", f"week {w}, intake line 2", monday(w), 7, compare(reference, describe(x), "ks", 0.15, "cramers_v", 0.2))


if __name__ == "__main__":
    screen()
    reader()
