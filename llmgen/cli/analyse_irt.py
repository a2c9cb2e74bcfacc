"""`llmgen analyse irt`: item response theory on a matrix of responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.errors import EXIT_DONE, EXIT_FAILED_SAMPLES, EXIT_GATE, UsageError

_FILE = click.Path(path_type=Path, dir_okay=False)
_MODELS = ["1pl", "rasch-fixed", "2pl", "3pl"]


@click.command()
@click.option("--matrix", type=_FILE, help="Responses from a file, .npz or .parquet (default: the store).")
@click.option("--benchmark", multiple=True, help="Stored results of this benchmark only (repeatable).")
@click.option("--model", multiple=True, help="Of this model only (repeatable).")
@click.option("--run", multiple=True, help="Of this run only (an id; repeatable).")
@click.option("--since", type=click.DateTime(), help="Of runs started then or later, UTC.")
@click.option("--until", type=click.DateTime(), help="Of runs started before, UTC.")
@click.option(
    "--by",
    type=click.Choice(["model", "run"]),
    default="model",
    show_default=True,
    help="What has an ability: a model, or each of its runs.",
)
@click.option("--link-to", metavar="FIT", help="Take over the scale of a stored fit (id, or `last`).")
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
@click.pass_context
def irt(ctx: click.Context, /, *, matrix: Path | None, out: Path | None, as_json: bool, **given: Any) -> int:
    """Fit difficulties of items and abilities of models to right and wrong answers.

    Stored results are fitted and the findings stored (views irt_fits, irt_items, irt_abilities,
    item_audit); with --matrix nothing is stored. Exit code 1 when models fall into groups without a common
    item, 3 when a fit did not converge.
    """
    from llmgen.analyse import calibrate_file, calibrate_store, studied, write_calibration
    from llmgen.cli.analyse_view import as_plain, print_calibration

    task = _task(given)
    if matrix is None:
        calibrated = calibrate_store(settings_of(ctx).home_path, task)
    else:
        if task.selection != type(task.selection)() or task.link_to is not None:
            raise UsageError("--matrix is the whole input", hint="leave out what chooses stored results")
        calibrated = calibrate_file(matrix, task.how, task.model, task.options)
    if out is not None:
        write_calibration(out, calibrated)
    if as_json:
        click.echo(json.dumps(as_plain(calibrated), ensure_ascii=False))
    else:
        print_calibration(calibrated if calibrated.studies else studied(calibrated))
    if not calibrated.is_connected:
        return EXIT_GATE
    return EXIT_DONE if calibrated.has_converged else EXIT_FAILED_SAMPLES


def _task(given: Mapping[str, Any]) -> Any:
    from llmgen.analyse import Task
    from llmgen.analysis.irt.model import Options
    from llmgen.store.cells import Reading
    from llmgen.store.responses import Selection

    return Task(
        selection=Selection(
            benchmarks=given["benchmark"],
            models=given["model"],
            runs=given["run"],
            since=given["since"],
            until=given["until"],
            by=given["by"],
        ),
        how=Reading(repeat=given["repeat"] or "refuse", threshold=given["threshold"]),
        model=given["irt_model"],
        options=Options(
            priors=given["priors"],
            slope=given["slope"],
            quadrature=given["quadrature"],
            precise=given["precise"],
            n_choices=given["choices"],
            max_cycles=given["max_cycles"],
        ),
        link_to=given["link_to"],
    )
