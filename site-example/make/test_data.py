"""Data checks for digit-reader, run once per version by checks.py; the JUnit file goes next to the run.

The version under test comes from the environment: DIGITS_VERSION=0.4.0 pytest test_data.py
"""
import os
import tomllib

import numpy as np
import pytest

from common import RUNS, csv_bytes, digits, sha256

VERSION = os.environ.get("DIGITS_VERSION", "0.4.0")
XTR, XTE, YTR, YTE = digits()
PARTS = {"train": (XTR, YTR), "test": (XTE, YTE)}


@pytest.mark.parametrize("role", ["train", "test"])
def test_digest_is_the_one_the_run_declares(role):
    run = tomllib.loads((RUNS / "digit-reader" / VERSION / "run.toml").read_text(encoding="utf-8"))
    declared = {d["role"]: d for d in run["dataset"]}[role]
    assert declared["digest"] == "sha256:" + sha256(csv_bytes(*PARTS[role]))
    assert declared["rows"] == len(PARTS[role][0])


@pytest.mark.parametrize("role", ["train", "test"])
def test_pixels_are_whole_grey_levels(role):
    x = PARTS[role][0].to_numpy()
    assert x.shape[1] == 64 and np.isfinite(x).all()
    assert x.min() == 0 and x.max() == 16 and (x == x.round()).all()


@pytest.mark.parametrize("role", ["train", "test"])
def test_no_image_is_blank(role):
    assert PARTS[role][0].sum(axis=1).min() > 50


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_is_common_enough(digit):
    for _, y in PARTS.values():
        assert (y == digit).mean() > 0.08


def test_no_image_is_in_both_parts():
    assert not set(map(bytes, XTR.to_numpy())) & set(map(bytes, XTE.to_numpy()))


def test_ink_of_both_parts_is_alike():
    a, b = XTR.sum(axis=1), XTE.sum(axis=1)
    assert abs(a.mean() - b.mean()) < 0.1 * a.std()


def test_left_border_is_nearly_empty():
    assert XTR[["pixel_1_0", "pixel_2_0", "pixel_3_0"]].to_numpy().mean() < 0.1
