"""Trains every version of the three example models and writes their run directories below ../runs.

    python train.py              everything, with the timings that are stored in measured.json
    python train.py --measure    the same, but measures prediction latency again on this machine

All numbers come from models fitted here. Seeds are fixed, so a second run with the pinned
requirements writes the same bytes.
"""
import copy
import hashlib
import io
import json
import sys
import time
import warnings

import joblib
import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, Ridge, SGDClassifier
from sklearn.metrics import (accuracy_score, balanced_accuracy_score, brier_score_loss, classification_report, confusion_matrix, log_loss, precision_recall_curve,
                             precision_score, recall_score, roc_auc_score, roc_curve)
from sklearn.model_selection import learning_curve, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from common import (HERE, RUNS, auc, bootstrap, breast_cancer, csv_bytes, diabetes, digits, sha256, sig, toml_table, toml_value, write, write_csv, write_json, write_records)

warnings.filterwarnings("ignore")
MEASURED = HERE / "measured.json"
HARNESS = "site-example make/train.py 1"


# ---------------------------------------------------------------- models that learn in epochs
class EpochLogistic:
    """Standardised logistic regression by stochastic gradient descent, one partial_fit per epoch."""

    def __init__(self, alpha, eta0, epochs, average=False):
        self.alpha, self.eta0, self.epochs, self.average = alpha, eta0, epochs, average

    def fit(self, x, y, watch=None):
        self.columns = list(x)
        self.scaler = StandardScaler().fit(x)
        self.sgd = SGDClassifier(loss="log_loss", alpha=self.alpha, eta0=self.eta0, learning_rate="adaptive", average=self.average, random_state=3)
        rng, z, labels = np.random.default_rng(3), self.scaler.transform(x), np.asarray(y)
        for epoch in range(self.epochs):
            order = rng.permutation(len(z))
            self.sgd.eta0 = self.eta0 / (1 + 0.15 * epoch)
            self.sgd.partial_fit(z[order], labels[order], classes=[0, 1])
            if watch:
                watch(epoch + 1, self)
        return self

    def predict_proba(self, x):
        return self.sgd.predict_proba(self.scaler.transform(x))

    def predict(self, x):
        return self.sgd.predict(self.scaler.transform(x))

    # the two attributes that sklearn.inspection asks of an estimator
    def score(self, x, y):
        return roc_auc_score(y, self.predict_proba(x)[:, 1])

    classes_ = np.array([0, 1])


def shifted(x, y):
    """The images and their copies moved by one pixel to each of the four sides."""
    grid = np.asarray(x).reshape(-1, 8, 8)
    parts = [grid]
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        moved = np.zeros_like(grid)
        moved[:, max(dy, 0):8 + min(dy, 0), max(dx, 0):8 + min(dx, 0)] = grid[:, max(-dy, 0):8 - max(dy, 0), max(-dx, 0):8 - max(dx, 0)]
        parts.append(moved)
    return np.concatenate(parts).reshape(-1, 64), np.tile(np.asarray(y), 5)


class EpochMlp:
    def __init__(self, hidden, epochs, lr, alpha, augment=False):
        self.hidden, self.epochs, self.lr, self.alpha, self.augment = hidden, epochs, lr, alpha, augment

    def fit(self, x, y, watch=None):
        self.net = MLPClassifier(hidden_layer_sizes=self.hidden, learning_rate_init=self.lr, alpha=self.alpha, batch_size=64, random_state=3)
        data, labels = shifted(x, y) if self.augment else (np.asarray(x), np.asarray(y))
        for epoch in range(self.epochs):
            self.net.learning_rate_init = self.lr
            self.net.partial_fit(data / 16, labels, classes=list(range(10)))
            if watch:
                watch(epoch + 1, self)
        self.classes_ = self.net.classes_
        return self

    def predict_proba(self, x):
        return self.net.predict_proba(np.asarray(x) / 16)

    def predict(self, x):
        return self.net.predict(np.asarray(x) / 16)

    def score(self, x, y):
        return accuracy_score(y, self.predict(x))


# ---------------------------------------------------------------- shared pieces
def size_of(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=3)
    return buffer.getvalue()


def latency(measured, key, model, x, call="predict_proba"):
    """p95 of 400 single-row predictions in milliseconds; taken from measured.json when it is there."""
    if key not in measured:
        fn, times = getattr(model, call), []
        for i in range(420):
            row = x.iloc[[i % len(x)]]
            t0 = time.perf_counter()
            fn(row)
            times.append((time.perf_counter() - t0) * 1000)
        measured[key] = round(float(np.percentile(times[20:], 95)), 3)
    return measured[key]


def write_run(model, version, meta, datasets, blob):
    name = f"{model}@{version}"
    out = [f"# written by make/train.py for {name}\n", f"created = {meta['created']}\n", 'status = "finished"\n']
    commit = hashlib.sha1(name.encode()).hexdigest()
    out.append(toml_table("git", {"commit": commit, "branch": meta.get("branch", "main"), "dirty": False}))
    out.append(toml_table("params", meta["params"]))
    out.append(toml_table("tags", meta["tags"]))
    for d in datasets:
        out.append("\n[[dataset]]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in d.items()))
    out.append("\n[[artifact]]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in {"path": "model.joblib", "sha256": sha256(blob), "bytes": len(blob), "kind": "model"}.items()))
    if meta.get("parent"):
        out.append(toml_table("lineage", {"parent": f"{model}@{meta['parent']}"}))
    write(RUNS / model / version / "run.toml", "".join(out))


def dataset(name, role, data, rows):
    return {"name": name, "role": role, "digest": "sha256:" + sha256(data), "rows": rows}


def importance(model, x, y, scoring, top=None, repeats=8):
    r = permutation_importance(model, x, y, scoring=scoring, n_repeats=repeats, random_state=3)
    order = np.argsort(-r.importances_mean)[:top]
    return {"feature_names": [list(x)[i] for i in order], "importances_mean": [sig(r.importances_mean[i]) for i in order],
            "importances_std": [sig(r.importances_std[i]) for i in order], "importances": [[sig(v) for v in r.importances[i]] for i in order]}


def card(model, version, values):
    """Copies the card template and fills in the run's own numbers, so that a card cannot quote a stale one."""
    path = HERE / "cards" / model / (f"{version}.md" if version else "card.md")
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    for k, v in values.items():
        text = text.replace("{{" + k + "}}", f"{v}")
    assert "{{" not in text, f"{path.name}: unfilled placeholder"
    write(RUNS / model / version / "card.md" if version else RUNS / model / "card.md", text)


def band(values, edges, names):
    return pd.Series([names[int(np.searchsorted(edges, v, side="right"))] for v in values], index=values.index)


def rec(metric, value, n=None, ci=None, **more):
    r = {"metric": metric, "value": value, "dataset": "test"}
    r.update(more)
    if n is not None:
        r["n"] = int(n)
    r.update(ci or {})
    r["harness"] = HARNESS
    return r


# ---------------------------------------------------------------- breast-cancer-screen
def run_breast_cancer(measured, found):
    name = "breast-cancer-screen"
    xtr, xte, ytr, yte = breast_cancer()
    means = [c for c in xtr if c.startswith("mean ")]
    flip = np.random.default_rng(7).random(len(ytr)) < 0.08
    noisy = ytr.where(~flip, 1 - ytr)
    slices = {"radius_band": band(xte["mean radius"], [12, 15], ["under_12", "12_to_15", "15_and_over"]),
              "texture_band": band(xte["mean texture"], [17, 21], ["smooth", "medium", "coarse"])}
    versions = {
        "1.0.0": dict(created="2025-09-16T08:15:00Z", cols=means, y=ytr, threshold=0.5, model=EpochLogistic(0.01, 0.05, 40), epochs=True,
                      params={"estimator": "SGDClassifier", "loss": "log_loss", "alpha": 0.01, "epochs": 40, "features": "mean_only"}, note="first screening model, ten mean measurements"),
        "1.1.0": dict(created="2025-11-24T10:05:00Z", cols=list(xtr), y=ytr, threshold=0.5, model=EpochLogistic(0.01, 0.05, 60), epochs=True, parent="1.0.0",
                      params={"estimator": "SGDClassifier", "loss": "log_loss", "alpha": 0.01, "epochs": 60, "features": "all_30"}, note="all thirty measurements"),
        "1.2.0": dict(created="2026-03-02T09:30:00Z", cols=list(xtr), y=ytr, threshold=0.4, model=RandomForestClassifier(200, min_samples_leaf=2, random_state=1), parent="1.1.0",
                      params={"estimator": "RandomForestClassifier", "n_estimators": 200, "min_samples_leaf": 2, "features": "all_30"}, note="random forest, lower threshold"),
        "1.3.0": dict(created="2026-06-08T13:40:00Z", cols=list(xtr), y=ytr, threshold=0.35, model=EpochLogistic(0.02, 0.05, 80, True), epochs=True, parent="1.2.0",
                      params={"estimator": "SGDClassifier", "loss": "log_loss", "alpha": 0.02, "epochs": 80, "average": True, "features": "all_30"}, note="back to a linear model, averaged weights"),
        "1.4.0": dict(created="2026-09-18T07:55:00Z", cols=means, y=noisy, threshold=0.35, model=GradientBoostingClassifier(n_estimators=120, learning_rate=0.1, max_depth=3, subsample=0.8, random_state=1),
                      staged=True, parent="1.3.0", branch="harbour-rollout",
                      params={"estimator": "GradientBoostingClassifier", "n_estimators": 120, "learning_rate": 0.1, "max_depth": 3, "subsample": 0.8, "features": "mean_only", "label_noise": 0.08},
                      note="ten measurements only, labels merged from registry"),
    }
    for version, v in versions.items():
        cols, y = v["cols"], v["y"]
        model = copy.deepcopy(v["model"]).fit(xtr[cols], y)
        p = model.predict_proba(xte[cols])[:, 1]
        t, yt = v["threshold"], yte.to_numpy()
        yhat = (p >= t).astype(int)
        out = RUNS / name / version
        blob = size_of(model)
        scores = {
            "auc": lambda i: auc(yt[i], p[i]),
            "sensitivity": lambda i: yhat[i][yt[i] == 1].mean(),
            "specificity": lambda i: 1 - yhat[i][yt[i] == 0].mean(),
            "balanced_accuracy": lambda i: (yhat[i][yt[i] == 1].mean() + 1 - yhat[i][yt[i] == 0].mean()) / 2,
            "brier": lambda i: ((p[i] - yt[i]) ** 2).mean(),
        }
        exact = {"auc": float(roc_auc_score(yt, p)), "sensitivity": float(recall_score(yt, yhat)), "specificity": float(recall_score(yt, yhat, pos_label=0)),
                 "balanced_accuracy": float(balanced_accuracy_score(yt, yhat)), "brier": float(brier_score_loss(yt, p))}
        records = [rec(m, exact[m], len(yt), bootstrap(fn, len(yt), 11)) for m, fn in scores.items()]
        records += [rec("accuracy", float(accuracy_score(yt, yhat)), len(yt)), rec("log_loss", float(log_loss(yt, p)), len(yt))]
        for label, k in (("malignant", 1), ("benign", 0)):
            n = int((yt == k).sum())
            records += [rec("recall", float(recall_score(yt, yhat, pos_label=k)), n, **{"class": label}), rec("precision", float(precision_score(yt, yhat, pos_label=k)), n, **{"class": label})]
        for feature, names in slices.items():
            for s in dict.fromkeys(sorted(names)):
                m = (names == s).to_numpy()
                ys, ps, hs = yt[m], p[m], yhat[m]
                records.append(rec("auc", auc(ys, ps), m.sum(), bootstrap(lambda i: auc(ys[i], ps[i]), len(ys), 12, 500), slice={feature: s}))
                records.append(rec("sensitivity", float(hs[ys == 1].mean()), int((ys == 1).sum()), slice={feature: s}))
        ms = latency(measured, f"{name}@{version}", model, xte[cols])
        records += [rec("latency_p95_ms", ms), rec("model_size_kb", round(len(blob) / 1024, 2)), rec("decision_threshold", t)]
        write_records(out / "metrics.json", records)
        names = ["malignant", "benign"]
        write_json(out / "classification_report.json", classification_report(yt, yhat, labels=[1, 0], target_names=names, output_dict=True))
        write_json(out / "confusion_matrix.json", {"labels": names, "matrix": confusion_matrix(yt, yhat, labels=[1, 0]).tolist()}, None)
        fpr, tpr, th = roc_curve(yt, p)
        write_csv(out / "roc_curve.csv", ["fpr", "tpr", "threshold"], [(sig(a), sig(b), "inf" if np.isinf(c) else sig(c)) for a, b, c in zip(fpr, tpr, th)])
        pr, rc, th = precision_recall_curve(yt, p)
        keep = [i for i in range(len(pr)) if i in (0, len(pr) - 1) or pr[i] != pr[i - 1] or i % 4 == 0]
        write_csv(out / "pr_curve.csv", ["precision", "recall", "threshold"], [(sig(pr[i]), sig(rc[i]), sig(th[i]) if i < len(th) else None) for i in keep])
        frac, mean = calibration_curve(yt, p, n_bins=8, strategy="quantile")
        write_csv(out / "calibration.csv", ["mean_predicted", "fraction_positive"], [(sig(a), sig(b)) for a, b in zip(mean, frac)])
        write_json(out / "permutation_importance.json", importance(model, xte[cols], yte, "roc_auc" if not v.get("epochs") else None, top=15), None)
        # history: the same recipe on 80 % of the training rows, watched on the other 20 %
        xa, xb, ya, yb = train_test_split(xtr[cols], y, test_size=0.2, random_state=5, stratify=y)
        rows = []

        def watch(step, m):
            pa, pb = m.predict_proba(xa)[:, 1], m.predict_proba(xb)[:, 1]
            rows.append((step, sig(log_loss(ya, pa)), sig(log_loss(yb, pb)), sig(roc_auc_score(yb, pb))))
        if v.get("epochs"):
            copy.deepcopy(v["model"]).fit(xa, ya, watch)
        elif v.get("staged"):
            m = copy.deepcopy(v["model"]).fit(xa, ya)
            for step, (pa, pb) in enumerate(zip(m.staged_predict_proba(xa), m.staged_predict_proba(xb)), 1):
                rows.append((step, sig(log_loss(ya, pa[:, 1])), sig(log_loss(yb, pb[:, 1])), sig(roc_auc_score(yb, pb[:, 1]))))
        else:
            for trees in range(10, 201, 10):
                watch(trees, RandomForestClassifier(trees, min_samples_leaf=2, random_state=1).fit(xa, ya))
        write_csv(out / "series.csv", ["step", "train_loss", "val_loss", "val_auc"], rows)
        tags = {"change": v["note"], "team": "screening", "threshold": str(t)}
        write_run(name, version, v | {"params": v["params"] | {"threshold": t, "seed": 1906}, "tags": tags}, [
            dataset("wdbc-train", "train", csv_bytes(xtr[cols], y), len(xtr)), dataset("wdbc-holdout", "test", csv_bytes(xte, yte), len(xte)),
            dataset("wdbc-train-reference", "reference", csv_bytes(xtr, ytr), len(xtr))], blob)
        tn, fp, fn_, tp = confusion_matrix(yt, yhat).ravel()
        found[f"{name}@{version}"] = exact | {"latency_p95_ms": ms, "slices": {f"{r['metric']}|" + ",".join(f"{a}={b}" for a, b in r["slice"].items()): (r["value"], r["n"]) for r in records if "slice" in r}}
        values = {k: f"{x:.3f}" for k, x in exact.items()} | {"tp": tp, "fp": fp, "fn": fn_, "tn": tn, "latency": ms, "n": len(yt), "pos": int(yt.sum()), "flipped": int(flip.sum())}
        for r in records[:5]:
            values |= {f"{r['metric']}_lo": f"{r['ci']['lower']:.3f}", f"{r['metric']}_hi": f"{r['ci']['upper']:.3f}"}
        champion = found.get(f"{name}@1.3.0", {})
        values |= {f"champion_{k}": f"{champion[k]:.3f}" for k in exact if k in champion}
        card(name, version, values)
    card(name, "", {"n": len(yte), "pos": int(yte.sum()), "train": len(ytr), "train_pos": int(ytr.sum())})


# ---------------------------------------------------------------- digit-reader
def run_digits(measured, found):
    name = "digit-reader"
    xtr, xte, ytr, yte = digits()
    ink = xte.sum(axis=1)
    cuts = [float(c) for c in np.round(np.quantile(xtr.sum(axis=1), [1 / 3, 2 / 3]))]
    ink_band = band(ink, cuts, ["light", "medium", "heavy"])
    versions = {
        "0.1.0": dict(created="2025-10-07T14:20:00Z", model=EpochMlp((), 30, 0.004, 1e-4), epochs=True, form="nested",
                      params={"estimator": "MLPClassifier", "hidden_layers": 0, "epochs": 30, "learning_rate": 0.004}, note="softmax regression as a floor"),
        "0.2.0": dict(created="2026-01-19T16:45:00Z", model=KNeighborsClassifier(3), form="nested", parent="0.1.0",
                      params={"estimator": "KNeighborsClassifier", "n_neighbors": 3}, note="nearest neighbours"),
        "0.3.0": dict(created="2026-05-11T11:10:00Z", model=EpochMlp((48,), 40, 0.002, 1e-4), epochs=True, form="full", parent="0.2.0",
                      params={"estimator": "MLPClassifier", "hidden_layers": 1, "hidden_units": 48, "epochs": 40, "learning_rate": 0.002}, note="one hidden layer"),
        "0.4.0": dict(created="2026-10-14T09:05:00Z", model=EpochMlp((96,), 40, 0.002, 1e-3, True), epochs=True, form="full", parent="0.3.0",
                      params={"estimator": "MLPClassifier", "hidden_layers": 1, "hidden_units": 96, "epochs": 40, "learning_rate": 0.002, "alpha": 0.001, "augmentation": "shift_1px"}, note="trained on shifted copies"),
    }
    labels = [str(d) for d in range(10)]
    for version, v in versions.items():
        model = copy.deepcopy(v["model"]).fit(xtr, ytr)
        prob = model.predict_proba(xte)
        yhat, yt = model.predict(xte), yte.to_numpy()
        out = RUNS / name / version
        blob = size_of(model)
        hit = (yhat == yt).astype(float)

        def balanced(i):
            total, right = np.bincount(yt[i], minlength=10), np.bincount(yt[i], hit[i], minlength=10)
            return (right[total > 0] / total[total > 0]).mean()
        nll = -np.log(np.clip(prob[np.arange(len(yt)), yt], 1e-15, 1))
        scores = {"balanced_accuracy": balanced, "accuracy": lambda i: hit[i].mean(), "log_loss": lambda i: nll[i].mean()}
        exact = {"balanced_accuracy": float(balanced_accuracy_score(yt, yhat)), "accuracy": float(accuracy_score(yt, yhat)), "log_loss": float(log_loss(yt, prob))}
        auc_ovr = float(roc_auc_score(yt, prob, multi_class="ovr"))
        ms = latency(measured, f"{name}@{version}", model, xte)
        size = round(len(blob) / 1024, 2)
        per_class = {c: (float(recall_score(yt == int(c), yhat == int(c))), float(precision_score(yt == int(c), yhat == int(c))), int((yt == int(c)).sum())) for c in labels}
        sliced = {}
        for s in ("light", "medium", "heavy"):
            i = np.flatnonzero((ink_band == s).to_numpy())
            sliced[s] = (float(balanced_accuracy_score(yt[i], yhat[i])), float(hit[i].mean()), len(i), i)
        if v["form"] == "full":
            records = [rec(m, exact[m], len(yt), bootstrap(fn, len(yt), 21)) for m, fn in scores.items()] + [rec("auc_ovr", auc_ovr, len(yt))]
            for c, (r, pr, n) in per_class.items():
                records += [rec("recall", r, n, **{"class": c}), rec("precision", pr, n, **{"class": c})]
            for s, (b, a, n, i) in sliced.items():
                records += [rec("balanced_accuracy", b, n, bootstrap(lambda j: balanced(i[j]), n, 22, 800), slice={"ink_band": s}), rec("accuracy", a, n, slice={"ink_band": s})]
            records += [rec("latency_p95_ms", ms), rec("model_size_kb", size)]
            write_records(out / "metrics.json", records)
        else:
            write_json(out / "metrics.json", {"test": exact | {"auc_ovr": auc_ovr, "n": len(yt), "latency_p95_ms": ms, "model_size_kb": size,
                       "slices": {f"ink_band={s}": {"balanced_accuracy": b, "accuracy": a, "n": n} for s, (b, a, n, _) in sliced.items()},
                       "classes": {c: {"recall": r, "precision": pr, "n": n} for c, (r, pr, n) in per_class.items()}}})
        write_json(out / "classification_report.json", classification_report(yt, yhat, target_names=labels, output_dict=True))
        write_json(out / "confusion_matrix.json", {"labels": labels, "matrix": confusion_matrix(yt, yhat).tolist()}, None)
        write_json(out / "permutation_importance.json", importance(model, xte, yte, "accuracy" if not v.get("epochs") else None, top=20, repeats=5), None)
        if v.get("epochs"):
            xa, xb, ya, yb = train_test_split(xtr, ytr, test_size=0.2, random_state=5, stratify=ytr)
            rows = []

            def watch(step, m):
                pa, pb = m.net.predict_proba(xa.to_numpy() / 16), m.net.predict_proba(xb.to_numpy() / 16)
                rows.append((step, sig(log_loss(ya, pa)), sig(log_loss(yb, pb)), sig((pa.argmax(1) == ya).mean()), sig((pb.argmax(1) == yb).mean())))
            copy.deepcopy(v["model"]).fit(xa, ya, watch)
            write_csv(out / "series.csv", ["step", "train_loss", "val_loss", "train_accuracy", "val_accuracy"], rows)
        write_run(name, version, v | {"params": v["params"] | {"seed": 1906}, "tags": {"change": v["note"], "team": "intake"}}, [
            dataset("optical-digits-train", "train", csv_bytes(xtr, ytr), len(xtr)), dataset("optical-digits-holdout", "test", csv_bytes(xte, yte), len(xte))], blob)
        found[f"{name}@{version}"] = exact | {"latency_p95_ms": ms, "slices": {f"balanced_accuracy|ink_band={s}": (b, n) for s, (b, _, n, _) in sliced.items()}}
        worst = min(per_class, key=lambda c: per_class[c][0])
        values = {k: f"{x:.3f}" for k, x in exact.items()} | {"latency": ms, "n": len(yt), "size": size, "worst": worst, "worst_recall": f"{per_class[worst][0]:.3f}", "errors": int((1 - hit).sum())}
        values |= {f"bal_{s}": f"{b:.3f}" for s, (b, _, _, _) in sliced.items()} | {f"n_{s}": n for s, (_, _, n, _) in sliced.items()}
        if v["form"] == "full":
            for r in records[:3]:
                values |= {f"{r['metric']}_lo": f"{r['ci']['lower']:.3f}", f"{r['metric']}_hi": f"{r['ci']['upper']:.3f}"}
        champion = found.get(f"{name}@0.3.0", {})
        values |= {f"champion_{k}": f"{champion[k]:.3f}" for k in exact if k in champion}
        card(name, version, values)
    card(name, "", {"n": len(yte), "train": len(ytr), "cut_low": int(cuts[0]), "cut_high": int(cuts[1])})


# ---------------------------------------------------------------- diabetes-progression
def run_diabetes(measured, found):
    name = "diabetes-progression"
    xtr, xte, ytr, yte = diabetes()
    slices = {"sex": xte["sex"].astype(int).astype(str), "bmi_band": band(xte["bmi"], [25, 30], ["under_25", "25_to_30", "30_and_over"]),
              "age_band": band(xte["age"], [40, 55], ["under_40", "40_to_55", "55_and_over"])}
    ridge = make_pipeline(StandardScaler(), Ridge(10))
    gbr = GradientBoostingRegressor(n_estimators=150, learning_rate=0.05, max_depth=2, subsample=0.7, random_state=1)
    svr = make_pipeline(StandardScaler(), SVR(C=40, epsilon=8, gamma=0.02))
    versions = {
        "2025.4": dict(created="2025-11-03T10:00:00+01:00", cols=["bmi", "bp", "s5"], model=LinearRegression(), form="flat", params={"estimator": "LinearRegression", "features": "bmi,bp,s5"}, note="three predictors"),
        "2026.1": dict(created="2026-02-09T10:00:00+01:00", cols=list(xtr), model=ridge, form="toml", parent="2025.4", params={"estimator": "Ridge", "alpha": 10, "features": "all_10"}, note="all ten predictors, ridge"),
        "2026.2": dict(created="2026-05-04T10:00:00+02:00", cols=list(xtr), model=RandomForestRegressor(200, min_samples_leaf=5, random_state=1), form="nested", parent="2026.1",
                       params={"estimator": "RandomForestRegressor", "n_estimators": 200, "min_samples_leaf": 5, "features": "all_10"}, note="random forest"),
        "2026.3": dict(created="2026-08-10T10:00:00+02:00", cols=list(xtr), model=gbr, form="nested", staged=True, parent="2026.1",
                       params={"estimator": "GradientBoostingRegressor", "n_estimators": 150, "learning_rate": 0.05, "max_depth": 2, "subsample": 0.7, "features": "all_10"}, note="shallow boosting"),
        "2026.4": dict(created="2026-11-12T10:00:00+01:00", cols=list(xtr), model=svr, form="full", parent="2026.1",
                       params={"estimator": "SVR", "kernel": "rbf", "C": 40, "epsilon": 8, "gamma": 0.02, "features": "all_10"}, note="support vector regression"),
    }
    for version, v in versions.items():
        cols = v["cols"]
        model = copy.deepcopy(v["model"]).fit(xtr[cols], ytr)
        p, yt = model.predict(xte[cols]), yte.to_numpy()
        err = p - yt
        out = RUNS / name / version
        blob = size_of(model)
        scores = {"mae": lambda i: np.abs(err[i]).mean(), "rmse": lambda i: np.sqrt((err[i] ** 2).mean()), "r2": lambda i: 1 - (err[i] ** 2).sum() / ((yt[i] - yt[i].mean()) ** 2).sum(),
                  "bias": lambda i: err[i].mean()}
        everyone = np.arange(len(yt))
        exact = {k: float(f(everyone)) for k, f in scores.items()}
        residuals = {"residual_sd": float(err.std(ddof=1)), "residual_p05": float(np.percentile(err, 5)), "residual_p95": float(np.percentile(err, 95)), "median_absolute_error": float(np.median(np.abs(err))),
                     "max_error": float(np.abs(err).max())}
        ms = latency(measured, f"{name}@{version}", model, xte[cols], "predict")
        cost = {"latency_p95_ms": ms, "model_size_kb": round(len(blob) / 1024, 2)}
        sliced = {f"{f}={s}": np.flatnonzero((names == s).to_numpy()) for f, names in slices.items() for s in sorted(set(names))}
        if v["form"] == "flat":
            write_json(out / "metrics.json", exact | residuals | cost)
        elif v["form"] == "full":
            records = [rec(m, exact[m], len(yt), bootstrap(fn, len(yt), 31)) for m, fn in scores.items()] + [rec(m, x, len(yt)) for m, x in residuals.items()]
            for s, i in sliced.items():
                f, value = s.split("=")
                records += [rec("mae", float(np.abs(err[i]).mean()), len(i), bootstrap(lambda j: np.abs(err[i[j]]).mean(), len(i), 32, 800), slice={f: value}), rec("bias", float(err[i].mean()), len(i), slice={f: value})]
            write_records(out / "metrics.json", records + [rec(m, x) for m, x in cost.items()])
        else:
            tree = {s: {"mae": float(np.abs(err[i]).mean()), "bias": float(err[i].mean()), "n": len(i)} for s, i in sliced.items()}
            if v["form"] == "nested":
                write_json(out / "metrics.json", {"test": exact | residuals | cost | {"n": len(yt), "slices": tree}})
            else:
                text = toml_table("test", exact | residuals | cost | {"n": len(yt)}).lstrip("\n")
                write(out / "metrics.toml", text + "".join(toml_table(f'test.slices."{s}"', t) for s, t in tree.items()))
        write_json(out / "permutation_importance.json", importance(model, xte[cols], yte, "r2"), None)
        if version in ("2026.3", "2026.4"):
            sizes, tr, va = learning_curve(copy.deepcopy(v["model"]), xtr[cols], ytr, cv=3, train_sizes=[0.3, 0.5, 0.75, 1.0], scoring="r2")
            write_json(out / "learning_curve.json", {"train_sizes": sizes.tolist(), "train_score": [[sig(x) for x in r] for r in tr], "test_score": [[sig(x) for x in r] for r in va]})
            write_csv(out / "predictions.csv", ["row", "y_true", "y_pred", "residual"], [(i, a, sig(b), sig(a - b)) for i, (a, b) in enumerate(zip(yt, p))])
        if v.get("staged"):
            xa, xb, ya, yb = train_test_split(xtr[cols], ytr, test_size=0.2, random_state=5)
            m = copy.deepcopy(v["model"]).fit(xa, ya)
            write_csv(out / "series.csv", ["step", "train_mae", "val_mae"],
                      [(k, sig(np.abs(a - ya).mean()), sig(np.abs(b - yb).mean())) for k, (a, b) in enumerate(zip(m.staged_predict(xa), m.staged_predict(xb)), 1)])
        write_run(name, version, v | {"params": v["params"] | {"seed": 1906}, "tags": {"change": v["note"], "team": "long-term-care"}}, [
            dataset("diabetes-train", "train", csv_bytes(xtr[cols], ytr), len(xtr)), dataset("diabetes-holdout", "test", csv_bytes(xte, yte), len(xte))], blob)
        found[f"{name}@{version}"] = exact | {"latency_p95_ms": ms, "slices": {f"mae|{s}": (float(np.abs(err[i]).mean()), len(i)) for s, i in sliced.items()}}
        values = {k: f"{x:.3f}" if k == "r2" else f"{x:.2f}" for k, x in (exact | residuals).items()} | {"latency": ms, "n": len(yt)}
        values |= {f"mae {s}": f"{np.abs(err[i]).mean():.2f}" for s, i in sliced.items()} | {f"bias {s}": f"{err[i].mean():+.2f}" for s, i in sliced.items()} | {f"n {s}": len(i) for s, i in sliced.items()}
        if v["form"] == "full":
            for r in records[:3]:
                d = 3 if r["metric"] == "r2" else 2
                values |= {f"{r['metric']}_lo": f"{r['ci']['lower']:.{d}f}", f"{r['metric']}_hi": f"{r['ci']['upper']:.{d}f}"}
        champion = found.get(f"{name}@2026.1", {})
        values |= {f"champion_{k}": f"{champion[k]:.3f}" if k == "r2" else f"{champion[k]:.2f}" for k in exact if k in champion}
        card(name, version, values)
    card(name, "", {"n": len(yte), "train": len(ytr)})


MODEL_TOML = {
    "breast-cancer-screen": '''# What the site shows about the model as a whole. Versions are the folders next to this file.
title = "Breast cancer screening triage"
description = "Scores a fine-needle aspirate by cell-nucleus measurements and asks for a second reading when malignancy is likely."
owners = ["screening-lead@example.com", "clinical-safety@example.com"]

[tags]
domain = "pathology"
task = "binary-classification"
risk = "high"

[aliases]
champion = "1.3.0"
challenger = "1.4.0"

[stages]
production = "1.3.0"
staging = "1.4.0"

[[link]]
title = "Clinical risk file CR-017"
url = "https://example.com/risk/CR-017"

[[link]]
title = "Harbour clinic roll-out plan"
url = "https://example.com/projects/harbour-rollout"
''',
    "digit-reader": '''title = "Specimen label digit reader"
description = "Reads single handwritten digits from scanned specimen labels, so that a wrong tube number is caught at intake."
owners = ["intake-engineering@example.com"]

[tags]
domain = "laboratory-intake"
task = "multi-class"
risk = "medium"

[aliases]
champion = "0.3.0"

[stages]
production = "0.3.0"
staging = "0.4.0"

[[link]]
title = "Intake scanner handbook"
url = "https://example.com/handbook/intake-scanner"
''',
    "diabetes-progression": '''title = "Diabetes progression estimate"
description = "Estimates a one-year disease progression score from ten baseline measurements, for planning follow-up visits."
owners = ["long-term-care@example.com", "statistics-desk@example.com"]

[tags]
domain = "long-term-care"
task = "regression"
risk = "medium"
release_train = "quarterly"

[aliases]
champion = "2026.1"

[stages]
production = "2026.1"
staging = "2026.4"

[[link]]
title = "Follow-up planning guideline"
url = "https://example.com/guidelines/follow-up"
''',
}


def main():
    measured = {} if "--measure" in sys.argv or not MEASURED.exists() else json.loads(MEASURED.read_text())
    found = {}
    for name, text in MODEL_TOML.items():
        write(RUNS / name / "model.toml", text)
    run_breast_cancer(measured, found)
    run_digits(measured, found)
    run_diabetes(measured, found)
    write_json(MEASURED, measured)
    for key, m in found.items():
        print(key, {k: round(x, 4) for k, x in m.items() if k != "slices"})
        print("    ", {k: (round(x[0], 4), x[1]) for k, x in m["slices"].items()})


if __name__ == "__main__":
    main()
