"""Person fit on real models: how much injected memorisation it notices, beside outfit, a simpler statistic.

    python bench/person_fit.py RESPONSES.npz

The file's `responses` (models x items) are split at random: some models calibrate the items, 600 others are
tested. A random share of the wrong answers of the weaker 60 % is made right.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from lab import table

from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.items import Items, slopes_at
from llmgen.analysis.irt.model import Options
from llmgen.analysis.person_fit.injection import SHARES, injected
from llmgen.analysis.person_fit.statistic import fits, usable
from llmgen.analysis.person_fit.verdicts import person_fit

CALIBRATING, TESTED = (500, 60), 600


def outfit(responses: np.ndarray, items: Items) -> np.ndarray:
    """Mean squared standardised residual of each model."""
    p = slopes_at(items, fits(responses, items).theta)[0]
    return ((responses - p) ** 2 / np.maximum(p * (1 - p), 1e-9)).mean(axis=1)


def auc(high: np.ndarray, low: np.ndarray) -> float:
    """P(high > low) over all pairs, ties counting half."""
    ordered = np.sort(low)
    return float(
        (np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")).mean()
        / (2 * ordered.size)
    )


def main() -> int:
    """Prints one row per number of calibrating models and share."""
    responses = np.load(Path(sys.argv[1]))["responses"]
    rng = np.random.default_rng(0)
    rows = []
    for calibrating in CALIBRATING:
        order = rng.permutation(responses.shape[0])
        items = fit(responses[order[:calibrating]], Options()).items
        tested = responses[order[calibrating : calibrating + TESTED]]
        result = person_fit(tested, items)
        known, parameters, _ = usable(tested, items)
        weaker = np.flatnonzero(result.fits.theta <= np.nanquantile(result.fits.theta, 0.6))
        clean = outfit(known, parameters)
        spread = f"lz* SD {np.nanstd(result.fits.lz_star):.2f}"
        for share, found in zip(SHARES, result.sensitivity, strict=True):
            simple = auc(outfit(injected(known[weaker], share, rng), parameters), clean)
            areas = f"{found.auc_lz_star:.3f} / {found.auc_z:.3f} / {simple:.3f}"
            rows.append(
                (str(calibrating), f"{share:.2f}", areas, f"{found.tpr:.2f}", f"{found.fpr:.3f}", spread)
            )
    columns = ("calibrated on", "share", "AUC lz* / z / outfit", "TPR of z", "FPR", "")
    table(f"Person fit, {TESTED} models tested", columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
