"""Writes ../mlruns: a small MLflow file store with two experiments, nested runs, a failed run and a registered model.

MLflow runs in a scratch folder; the store is then moved here with its recorded paths rewritten to
file:///srv/ml/mlruns. Ids and times are fixed, so a second run writes the same store.
"""
import datetime
import os
import random
import shutil
import tempfile
import uuid
import warnings
from pathlib import Path
from unittest import mock

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "1"
warnings.filterwarnings("ignore")

import numpy as np
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import ROOT, csv_bytes, digits, sha256

rng = random.Random(1906)
clock = [datetime.datetime(2026, 10, 5, 9, 0, tzinfo=datetime.timezone.utc)]


def millis():
    return int(clock[0].timestamp() * 1000)


def tick(seconds):
    clock[0] += datetime.timedelta(seconds=seconds)
    return millis()


def fixed_uuid():
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def start(client, experiment, name, params, parent=None, tags=None):
    extra = {"mlflow.runName": name, "mlflow.user": "ml", "mlflow.source.name": "tracking.py", "mlflow.source.type": "LOCAL"}
    if parent:
        extra["mlflow.parentRunId"] = parent
    run = client.create_run(experiment, start_time=tick(30), tags=extra | (tags or {}), run_name=name)
    client.log_batch(run.info.run_id, params=[Param(k, str(v)) for k, v in params.items()])
    return run.info.run_id


def log(client, run, metrics, step=0):
    at = tick(1)
    client.log_batch(run, metrics=[Metric(k, float(v), at, step) for k, v in metrics.items()])


def data(client, run, name, x, y, context):
    digest = sha256(csv_bytes(x, y))[:8]
    client.log_inputs(run, [DatasetInput(Dataset(name, digest, "code", '{"tags": {}}', schema=None, profile='{"num_rows": %d}' % len(x)), [InputTag("mlflow.data.context", context)])])


def wine(client):
    exp = client.create_experiment("wine-cultivar", tags={"team": "evaluation", "mlflow.note.content": "Which cultivar a bottle comes from. A toy that new colleagues train in their first week."})
    raw = load_wine(as_frame=True)
    xtr, xte, ytr, yte = train_test_split(raw.data, raw.target, test_size=0.4, random_state=1906, stratify=raw.target)

    def score(model):
        p = model.predict_proba(xte)
        return {"accuracy": accuracy_score(yte, p.argmax(1)), "f1_macro": f1_score(yte, p.argmax(1), average="macro"), "log_loss": log_loss(yte, p)}
    sweep = start(client, exp, "sweep-C", {"search": "grid", "grid": "0.01,0.1,1"}, tags={"purpose": "regularisation sweep"})
    data(client, sweep, "wine-train", xtr, ytr, "train")
    best, children = None, []
    for c in (0.01, 0.1, 1):
        run = start(client, exp, f"logreg-C{c}", {"C": c, "solver": "lbfgs"}, sweep)
        for step, n in enumerate(np.linspace(0.25, 1, 4)):  # learning curve over the size of the training data
            part = xtr.sample(frac=n, random_state=4)
            m = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000)).fit(part, ytr[part.index])
            log(client, run, score(m), step)
        final = score(m)
        children.append((c, run, final))
        client.set_terminated(run, "FINISHED", tick(2))
        if best is None or final["log_loss"] < best[2]["log_loss"]:
            best = children[-1]
    log(client, sweep, {f"best_{k}": v for k, v in best[2].items()})
    client.log_param(sweep, "best_C", best[0])
    client.set_terminated(sweep, "FINISHED", tick(5))
    tick(86400 * 9)
    forest = start(client, exp, "forest-200", {"n_estimators": 200, "max_features": "sqrt"}, tags={"purpose": "is a forest worth it?"})
    data(client, forest, "wine-train", xtr, ytr, "train")
    data(client, forest, "wine-holdout", xte, yte, "test")
    for trees in (25, 50, 100, 200):
        log(client, forest, score(RandomForestClassifier(trees, random_state=2).fit(xtr, ytr)), trees)
    client.set_terminated(forest, "FINISHED", tick(4))

    client.create_registered_model("wine-cultivar", {"team": "evaluation"}, "Names the cultivar of a wine from thirteen laboratory measurements. Teaching material, not a product.")
    for run, text in ((children[0][1], "Strongly regularised start."), (best[1], f"Best of the sweep over C (C = {best[0]}).")):
        tick(60)
        client.create_model_version("wine-cultivar", f"file:///srv/ml/mlruns/{exp}/{run}/artifacts/model", run, description=text)
    client.set_registered_model_alias("wine-cultivar", "champion", "2")
    client.set_model_version_tag("wine-cultivar", "2", "reviewed_by", "evaluation@example.com")
    print("wine", [(c, {k: round(v, 4) for k, v in f.items()}) for c, _, f in children])


def softmax_regression(client, run, lr, dtype, steps):
    """Full-batch gradient descent in the given precision; float16 overflows when the step is too long."""
    xtr, xte, ytr, yte = digits()
    x, z = (xtr.to_numpy() / 16).astype(dtype), (xte.to_numpy() / 16).astype(dtype)
    y, w = np.eye(10, dtype=dtype)[ytr.to_numpy()], np.zeros((64, 10), dtype=dtype)
    broken = 0
    with np.errstate(all="ignore"):
        for step in range(steps):
            e = np.exp(x @ w)
            p = e / e.sum(1, keepdims=True)
            loss = -np.log((p * y).sum(1)).mean()
            accuracy = ((z @ w).argmax(1) == yte.to_numpy()).mean()
            log(client, run, {"train_loss": loss, "val_accuracy": accuracy}, step)
            broken += not np.isfinite(loss)
            if broken == 4:  # the watchdog allows three bad steps
                return False
            w = w - dtype(lr) * (x.T @ (p - y)) / dtype(len(x))
    return True


def half_precision(client):
    exp = client.create_experiment("digit-reader-precision", tags={"team": "intake"})
    for name, lr, dtype in (("float32-lr0.5", 0.5, np.float32), ("float16-lr0.5", 0.5, np.float16), ("float16-lr6", 6.0, np.float16)):
        tick(3600)
        run = start(client, exp, name, {"learning_rate": lr, "precision": np.dtype(dtype).name, "steps": 30})
        ok = softmax_regression(client, run, lr, dtype, 30)
        if not ok:
            client.set_tag(run, "failure", "loss is not a number")
        client.set_terminated(run, "FINISHED" if ok else "FAILED", tick(3))
        print(name, ok)


def main():
    scratch = Path(tempfile.mkdtemp())
    store = scratch / "mlruns"
    os.chdir(scratch)  # MLflow drops a database into the current folder even for a file store
    modules = ["mlflow.store.tracking.file_store", "mlflow.store.model_registry.file_store"]
    with mock.patch("uuid.uuid4", fixed_uuid), mock.patch(f"{modules[0]}.get_current_time_millis", millis), mock.patch(f"{modules[1]}.get_current_time_millis", millis):
        client = MlflowClient(store.as_uri(), registry_uri=store.as_uri())
        wine(client)
        half_precision(client)
    for path in store.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = text.replace(store.as_uri(), "file:///srv/ml/mlruns").replace(str(store), "/srv/ml/mlruns")
            path.write_text(text, encoding="utf-8", newline="\n")
    for path in sorted(store.rglob("artifacts")):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    shutil.rmtree(store / ".trash", ignore_errors=True)
    shutil.rmtree(ROOT / "mlruns", ignore_errors=True)
    shutil.move(store, ROOT / "mlruns")
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
