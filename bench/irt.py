"""Item response theory against other programs: CPU, memory, scale, log-likelihood and recovery, in one run.

    make peers-irt                       (once: girth, py-irt, mirt and theta-irt, each in a venv of its own)
    python bench/irt.py [--shape 200x2000] [--limit CPU_SECONDS] [--no-peers]

Every program fits the same matrices as 2PL in a process of its own, as its README shows it. What it found is
judged by one yardstick, ours: the accurate marginal log-likelihood of its items (those that someone has right
and someone wrong), and the spread of the abilities under them, which is 1 at the right scale. Simulated
matrices (log a ~ N(0, .5), b ~ N(0, 1.2)) have true values too: errors after mean/sigma linking of abilities.
The real matrix is beside the repository, and is left out without it. py-irt runs a share of its default 2,000
epochs; its time is multiplied by the rest, and it is no judge of the bars.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from irt_peers import NOT_INSTALLED, PROGRAMS
from lab import BENCH, ROOT, Bars, child, number, table

from llmgen.analysis.irt.expectation import expect
from llmgen.analysis.irt.grid import fitting_grid
from llmgen.analysis.irt.items import items_of
from llmgen.analysis.irt.likelihood import accurate_loglik, modes
from llmgen.analysis.irt.responses import Responses, check
from llmgen.analysis.irt.threads import single_blas

SIMULATED = {"200x2000": (200, 2_000), "1000x10000": (1_000, 10_000)}
REAL = "5041x249"
FILE = ROOT.parent / "shared" / "data" / "irt" / "metabench_gsm8k_B_2PL_5041x249.npz"
OURS = ("llmgen", "llmgen ML")
RATIO_BAR, WIDE_S, WIDE_MB, RIGHT_SCALE = 10, 8.0, 1_000, 0.1


@dataclass(frozen=True)
class Matrix:
    """Responses, and the true (a, d, theta) of simulated ones."""

    responses: np.ndarray
    truth: tuple[np.ndarray, np.ndarray, np.ndarray] | None


@dataclass(frozen=True)
class Result:
    """What a program cost, and how good it is. Errors are nan for real data and for shares of a fit."""

    program: str
    wall_s: float
    cpu_s: float
    rss_mb: float
    converged: bool
    share: float
    loglik: float
    scale: float
    errors: tuple[float, float, float]

    @property
    def is_right(self) -> bool:
        """Whether it ended, and with the right scale."""
        return self.converged and self.share == 1.0 and abs(self.scale - 1.0) < RIGHT_SCALE


def simulate(n_models: int, n_items: int) -> Matrix:
    """Draws a matrix; always the same one."""
    rng = np.random.default_rng(n_models)
    theta, a = rng.normal(size=n_models), np.exp(rng.normal(0.0, 0.5, n_items))
    d = -a * rng.normal(0.0, 1.2, n_items)
    x = np.empty((n_models, n_items), dtype=np.int8)
    for row, ability in zip(x, theta, strict=True):
        row[:] = rng.random(n_items) * (1.0 + np.exp(-(a * ability + d))) < 1.0
    return Matrix(x, (a, d, theta))


def run(program: str, path: Path, limit_s: float) -> Result | str:
    """One program on the matrix at `path`; words where there is no result."""
    of = program if program not in OURS else ""
    python = str(ROOT / f".venv-{of}" / "bin" / "python") if of else sys.executable
    if not Path(python).exists():
        return "not installed"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.npz"
        try:
            cost = child([python, str(BENCH / "irt_peers.py"), program, str(path), str(out), str(limit_s)])
        except RuntimeError:
            return f"stopped after {limit_s:g} CPU seconds"
        if cost.code == NOT_INSTALLED:
            return "not installed"
        if cost.code:
            return f"failed with exit code {cost.code}"
        told = json.loads(cost.out.splitlines()[-1])
        with np.load(out) as file:
            found = {key: file[key] for key in ("a", "d", "theta")}
    return judged(program, path, found, told, cost.rss_mb)


def judged(
    program: str, path: Path, found: dict[str, np.ndarray], told: dict[str, float], rss_mb: float
) -> Result:
    """The result by our yardstick."""
    with np.load(path) as file:
        matrix = Matrix(
            check(file["responses"]), tuple(file[k] for k in ("a", "d", "theta")) if "a" in file else None
        )
    right = (matrix.responses > 0).mean(axis=0)
    varied = np.flatnonzero((right > 0) & (right < 1) & np.isfinite(found["a"]) & np.isfinite(found["d"]))
    with single_blas():
        data = Responses(matrix.responses, varied, collapse=False)
        items = items_of(found["a"], np.clip(found["d"], -200, 200)).take(data.columns)
        expected = expect(data, items, fitting_grid(items, None))
        mode, sd = modes(data, items, expected.mean)
        loglik = accurate_loglik(data, items, mode, sd)
    scale = float(np.sqrt(np.var(expected.mean) + expected.var.mean()))
    errors = (math.nan,) * 3
    if matrix.truth is not None and told["share"] == 1.0:
        errors = recovery(matrix.truth, found, varied)
    return Result(
        program, told["wall_s"] / told["share"], told["cpu_s"] / told["share"], rss_mb,
        bool(told["converged"]), told["share"], loglik, scale, errors,
    )  # fmt: skip


def recovery(
    truth: tuple[np.ndarray, np.ndarray, np.ndarray], found: dict[str, np.ndarray], varied: np.ndarray
) -> tuple[float, float, float]:
    """RMSE of (b, log a, theta) after mean/sigma linking of the abilities; of b and log a where a > .1."""
    a, d, theta = truth
    scale = theta.std() / found["theta"].std()
    shift = theta.mean() - scale * found["theta"].mean()
    use = varied[found["a"][varied] > 0.1]
    b = scale * -found["d"][use] / found["a"][use] + shift
    log_a = np.log(found["a"][use] / scale)
    return (
        rms(np.clip(b, -6, 6) + d[use] / a[use]),
        rms(log_a - np.log(a[use])),
        rms(scale * found["theta"] + shift - theta),
    )


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def line(result: Result, base: Result) -> tuple[str, ...]:
    """A row of the table."""
    extrapolated = "" if result.share == 1.0 else f" (from {result.share:.1%})"
    return (
        result.program,
        f"{number(result.cpu_s)}{extrapolated}",
        number(result.wall_s),
        f"{result.cpu_s / base.cpu_s:,.1f}x",
        f"{result.rss_mb:,.0f}",
        "yes" if result.converged else "no",
        f"{result.loglik:,.1f}",
        f"{result.scale:.3f}",
        *(("-",) * 3 if math.isnan(result.errors[0]) else (f"{value:.3f}" for value in result.errors)),
    )


COLUMNS = (
    "program", "CPU s", "wall s", "of ours", "MB", "converged", "accurate LL", "scale", "b", "log a", "theta",
)  # fmt: skip


def measure(shape: str, limit_s: float, bars: Bars, *, peers: bool) -> None:
    """All programs on one shape, and the bars."""
    with tempfile.TemporaryDirectory() as folder:
        path = FILE
        if shape != REAL:
            matrix = simulate(*SIMULATED[shape])
            path = Path(folder) / "matrix.npz"
            a, d, theta = matrix.truth  # type: ignore[misc]
            np.savez(path, responses=matrix.responses, a=a, d=d, theta=theta)
        elif not path.exists():
            print(f"\n{shape}: the real matrix is not beside the repository")
            return
        names = PROGRAMS if peers else OURS
        results = {name: run(name, path, limit_s) for name in names}
    ended = {name: result for name, result in results.items() if isinstance(result, Result)}
    base = ended["llmgen"]
    notes = [(name, result, *("",) * 9) for name, result in results.items() if isinstance(result, str)]
    table(f"2PL, {shape}", COLUMNS, [*(line(result, base) for result in ended.values()), *notes])
    right = [result for name, result in ended.items() if name not in OURS and result.is_right]
    if right:
        fastest = min(right, key=lambda result: result.cpu_s)
        best = max(right, key=lambda result: result.loglik)
        bars.at_least(
            f"{shape}: CPU of {fastest.program} (fastest at the right scale)",
            fastest.cpu_s / base.cpu_s,
            RATIO_BAR,
            "x",
        )
        bars.at_least(
            f"{shape}: LL of ours (ML) above {best.program}'s", ended["llmgen ML"].loglik - best.loglik, -1.0
        )
        for at, what in enumerate(("b", "log a", "theta")):
            others = min(result.errors[at] for result in right)
            if not math.isnan(others):
                bars.at_most(
                    f"{shape}: RMSE of {what} over the best of theirs", base.errors[at] / others, 1.02, "x"
                )
    bars.at_most(f"{shape}: scale of ours off by", abs(base.scale - 1.0), 0.02)
    if shape == "1000x10000":
        bars.at_most(f"{shape}: wall", base.wall_s, WIDE_S, "s")
        bars.at_most(f"{shape}: memory of the process", base.rss_mb, WIDE_MB, "MB")


def main() -> int:
    """Measures; exit code 1 when a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shape", action="append", choices=[*SIMULATED, REAL])
    parser.add_argument("--limit", type=float, default=400.0, help="CPU seconds for one fit")
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    bars = Bars()
    started = time.perf_counter()
    for shape in given.shape or [*SIMULATED, REAL]:
        measure(shape, given.limit, bars, peers=not given.no_peers)
    print(
        f"\n{time.perf_counter() - started:,.0f} s on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
