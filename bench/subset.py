"""Fewer items on real models: the mean absolute error of the full score, by method, in percentage points.

    python bench/subset.py RESPONSES.npz [--calibrating 300] [--k 25 --k 50] [--repetitions 3] [--items gsm/]

The file's `responses` (models x items) are split at random: some models calibrate, up to 1,000 others are
tested. Only models with all answers count; `--items gsm/` keeps the items whose names begin so.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from lab import table

from llmgen.analysis.subset.adaptive import asked, full_scores
from llmgen.analysis.subset.methods import CHOOSERS, METHODS, choose, full_score
from llmgen.analysis.subset.validation import calibration

TESTED = 1_000


def read(path: str, prefix: str) -> np.ndarray:
    """The complete rows of the matrix, on the items whose names begin with `prefix`."""
    with np.load(path) as file:
        kept = np.char.startswith(file["items"], prefix)
        responses = file["responses"][:, kept]
    return responses[(responses >= 0).all(axis=1)]


def errors(
    responses: np.ndarray, calibrating: int, ks: list[int], rng: np.random.Generator
) -> list[list[float]]:
    """Mean absolute error by method and k of one random split."""
    order = rng.permutation(responses.shape[0])
    train, test = responses[order[:calibrating]], responses[order[calibrating:][:TESTED]]
    known = calibration(train, np.full(train.shape[1], 1 / train.shape[1]))
    full, out = test.mean(axis=1), []
    for method in METHODS:
        row = []
        for k in ks:
            if method == "adaptive":
                found = full_scores(asked(test, known.items, k), known.items, known.weights)
            else:
                choice = choose(CHOOSERS[method], known, k, rng)
                found = full_score(method, known, choice, test[:, choice.items])
            row.append(float(np.abs(found - full).mean()))
        out.append(row)
    return out


def main() -> int:
    """Prints one row per method."""
    parser = argparse.ArgumentParser()
    parser.add_argument("responses")
    parser.add_argument("--calibrating", type=int, default=300)
    parser.add_argument("--k", type=int, action="append")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--items", default="")
    given = parser.parse_args()
    ks, rng = given.k or [25, 50], np.random.default_rng(0)
    responses = read(given.responses, given.items)
    runs = [errors(responses, given.calibrating, ks, rng) for _ in range(given.repetitions)]
    means = 100 * np.mean(runs, axis=0)
    tested = min(responses.shape[0] - given.calibrating, TESTED)
    table(
        f"Error in pp, {given.calibrating} models calibrate, {tested} tested, {responses.shape[1]} items",
        ("method", *(f"k = {k}" for k in ks)),
        [
            (method, *(f"{value:.2f}" for value in row))
            for method, row in zip(METHODS, means.tolist(), strict=True)
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
