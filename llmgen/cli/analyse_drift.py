"""`llmgen analyse drift`: items that changed between two stored calibrations."""

from __future__ import annotations

import click

from llmgen.cli.main import settings_of
from llmgen.errors import EXIT_DONE, EXIT_GATE


@click.command()
@click.argument("old", metavar="OLD_FIT")
@click.argument("new", metavar="NEW_FIT")
@click.option(
    "--fail-on-drift", is_flag=True, help="Exit code 1 when more than a tenth of the items drifted."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def drift(ctx: click.Context, /, *, old: str, new: str, fail_on_drift: bool, as_json: bool) -> int:
    """Test which items became easier or harder from one stored calibration to another.

    A FIT is an id of irt_fits, the beginning of one, or `last`.
    """
    import msgspec

    from llmgen.cli.analyse_view import print_drift
    from llmgen.drift import compare_fits

    found = compare_fits(settings_of(ctx).home_path, old, new)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        print_drift(found)
    return EXIT_GATE if fail_on_drift and found.benchmark_drifted else EXIT_DONE
