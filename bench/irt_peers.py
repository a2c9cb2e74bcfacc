"""One IRT program fits one matrix as 2PL, in a process of its own, and says what it cost.

    python bench/irt_peers.py PROGRAM MATRIX.npz OUT.npz LIMIT_S

Writes a, d, theta to OUT and prints one JSON line: wall_s, cpu_s (of fit and abilities; imports apart),
converged, share (of the fit that was run; less than 1 where the whole would take too long).
Exit code 3: the program is not installed in this Python. A fit over LIMIT_S of CPU is ended by SIGPROF.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

NOT_INSTALLED = 3
EPOCHS = 2_000  # py-irt's own default
OBSERVATIONS = 20_000_000  # that py-irt is given time for: 50 epochs of 200 x 2,000, 2 of 1,000 x 10,000

Found = dict[str, Any]


def with_llmgen(x: Any, *, priors: str) -> Callable[[], Found]:
    """Ours, standard errors and both log-likelihoods included."""
    from llmgen.analysis.irt.fit import fit
    from llmgen.analysis.irt.model import Options

    def run() -> Found:
        found = fit(x, Options(model="2pl", priors=priors))  # type: ignore[arg-type]
        return {"a": found.items.a, "d": found.items.d, "theta": found.theta, "converged": found.converged}

    return run


def with_girth(x: Any) -> Callable[[], Found]:
    """Marginal maximum likelihood, as its README shows it; abilities come with it."""
    import girth

    def run() -> Found:
        found = girth.twopl_mml(x.T.astype(int))
        a, b = found["Discrimination"], found["Difficulty"]
        return {"a": a, "d": -a * b, "theta": found["Ability"], "converged": True}

    return run


def with_mirt(x: Any) -> Callable[[], Found]:
    """EM, as its README shows it, without standard errors."""
    import mirt

    def run() -> Found:
        found = mirt.fit_mirt(x.astype(int), model="2PL", compute_standard_errors=False)
        a, b = (found.model.parameters[name] for name in ("discrimination", "difficulty"))
        theta = mirt.fscores(found, x.astype(int)).theta.reshape(-1)
        return {"a": a, "d": -a * b, "theta": theta, "converged": found.converged}

    return run


def with_theta(x: Any) -> Callable[[], Found]:
    """theta-irt on its default grid; its compiler's work is part of the first fit, as it is for a user."""
    import theta

    def run() -> Found:
        found = theta.fit(x.astype(float), "2PL")
        return {
            "a": found.a,
            "d": -found.a * found.b,
            "theta": found.score(x.astype(float))[0],
            "converged": found.converged,
        }

    return run


def with_py_irt(x: Any) -> Callable[[], Found]:
    """Variational inference, with vague priors, for as many epochs as there is time for."""
    import numpy as np
    from py_irt.config import IrtConfig
    from py_irt.dataset import Dataset
    from py_irt.training import IrtModelTrainer

    n, j = x.shape
    rows, columns = np.divmod(np.arange(n * j), j)
    names = ([f"m{i}" for i in range(n)], [f"i{i}" for i in range(j)])
    data = Dataset.model_construct(
        subject_ids=set(names[0]),
        item_ids=set(names[1]),
        subject_id_to_ix={name: ix for ix, name in enumerate(names[0])},
        ix_to_subject_id=dict(enumerate(names[0])),
        item_id_to_ix={name: ix for ix, name in enumerate(names[1])},
        ix_to_item_id=dict(enumerate(names[1])),
        observation_subjects=rows.tolist(),
        observation_items=columns.tolist(),
        observations=x.reshape(-1).astype(float).tolist(),
        training_example=[True] * x.size,
    )
    epochs = max(min(EPOCHS, OBSERVATIONS // x.size), 2)

    def run() -> Found:
        trainer = IrtModelTrainer(
            data_path="", config=IrtConfig(model_type="2pl", priors="vague"), dataset=data, verbose=False
        )
        trainer.train(epochs=epochs)
        found = trainer.last_params
        a, b = np.array(found["disc"]), np.array(found["diff"])
        return {
            "a": a, "d": -a * b, "theta": np.array(found["ability"]), "converged": epochs == EPOCHS,
            "share": epochs / EPOCHS,
        }  # fmt: skip

    return run


PROGRAMS: dict[str, tuple[str, Callable[[Any], Callable[[], Found]]]] = {
    "llmgen": ("llmgen", lambda x: with_llmgen(x, priors="default")),
    "llmgen ML": ("llmgen", lambda x: with_llmgen(x, priors="none")),
    "girth": ("girth", with_girth),
    "mirt": ("mirt", with_mirt),
    "theta-irt": ("theta", with_theta),
    "py-irt": ("py_irt", with_py_irt),
}


def main() -> int:
    """Fits once."""
    name, matrix, out, limit = sys.argv[1:]
    module, prepare = PROGRAMS[name]
    if importlib.util.find_spec(module) is None:
        return NOT_INSTALLED
    import numpy as np

    with np.load(matrix) as file:
        x = file["responses"]
    run = prepare(x)
    signal.setitimer(signal.ITIMER_PROF, float(limit))
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    found = run()
    cost = {"wall_s": time.perf_counter() - wall, "cpu_s": sum(os.times()[:4]) - cpu}
    np.savez(out, **{key: np.asarray(found[key], dtype=float).reshape(-1) for key in ("a", "d", "theta")})
    print(json.dumps(cost | {"converged": bool(found["converged"]), "share": found.get("share", 1.0)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
