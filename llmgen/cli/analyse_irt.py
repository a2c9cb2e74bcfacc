"""`llmgen analyse irt`: item response theory on a matrix of responses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from llmgen.errors import EXIT_DONE, EXIT_FAILED_SAMPLES, EXIT_GATE

_FILE = click.Path(path_type=Path, dir_okay=False)
_MODELS = ["1pl", "rasch-fixed", "2pl", "3pl"]


@click.command()
@click.option("--matrix", type=_FILE, required=True, help="Responses: .npz (`responses`) or .parquet.")
@click.option(
    "--irt-model",
    type=click.Choice(_MODELS, case_sensitive=False),
    help="Default: 1pl below 20 models, else 2pl.",
)
@click.option(
    "--priors",
    type=click.Choice(["default", "none"]),
    default="default",
    show_default=True,
    help="none is maximum likelihood.",
)
@click.option(
    "--slope",
    type=click.Choice(["signed", "positive"]),
    default="signed",
    show_default=True,
    help="positive is for very few models.",
)
@click.option(
    "--quadrature",
    type=click.IntRange(11, 2001),
    help="That many fixed nodes on [-6, 6], as R mirt has 61 (default: as fine as needed).",
)
@click.option("--precise", is_flag=True, help="Stop later.")
@click.option("--choices", type=click.IntRange(2), help="Options of an item: where 3pl expects guessing.")
@click.option("--max-cycles", type=click.IntRange(3), default=500, show_default=True, help="Of the EM.")
@click.option(
    "--repeat",
    type=click.Choice(["first", "mean", "majority"]),
    help="What stands for several answers of a model to an item (default: refuse them).",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Grades from there on are right.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--out", type=_FILE, help="Write parameters, abilities and errors to an npz FILE.")
def irt(*, matrix: Path, out: Path | None, as_json: bool, **given: Any) -> int:
    """Fit difficulties of items and abilities of models to right and wrong answers.

    Exit code 1 when models fall into groups without a common item, 3 when the fit did not converge.
    """
    from llmgen.analyse import as_plain, calibrate_file, write_calibration
    from llmgen.analysis.irt.model import Options
    from llmgen.cli.analyse_view import print_calibration
    from llmgen.store.cells import Reading

    how = Reading(repeat=given["repeat"] or "refuse", threshold=given["threshold"])
    options = Options(
        priors=given["priors"],
        slope=given["slope"],
        quadrature=given["quadrature"],
        precise=given["precise"],
        n_choices=given["choices"],
        max_cycles=given["max_cycles"],
    )
    calibrated = calibrate_file(matrix, how, given["irt_model"], options)
    if out is not None:
        write_calibration(out, calibrated)
    if as_json:
        click.echo(json.dumps(as_plain(calibrated), ensure_ascii=False))
    else:
        print_calibration(calibrated)
    if not calibrated.is_connected:
        return EXIT_GATE
    return EXIT_DONE if calibrated.has_converged else EXIT_FAILED_SAMPLES
