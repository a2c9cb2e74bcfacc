"""`llmgen doctor`: what works here, one line each with the fix."""

from __future__ import annotations

import json

import click
import msgspec

from llmgen.cli.main import run_async, settings_of
from llmgen.errors import EXIT_GATE


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout, nothing else.")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look at Python, the data home, engines, GPU and keys; exit 1 when something needed is broken."""
    from llmgen.doctor import examine

    findings = run_async(examine(settings_of(ctx)))
    if as_json:
        click.echo(json.dumps([msgspec.structs.asdict(finding) for finding in findings]))
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            fix = f"  ->  {finding.fix}" if finding.fix else ""
            click.echo(f"{finding.status:<5} {finding.subject:<{width}}  {finding.found}{fix}")
    if any(finding.status == "fail" for finding in findings):
        ctx.exit(EXIT_GATE)
