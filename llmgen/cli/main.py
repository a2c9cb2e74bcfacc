"""The command line's root: a lazy table of commands, one way to end, one call of asyncio.run.

Commands are imported when they are called, so that `llmgen --help` stays instant.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from llmgen import __version__
from llmgen.config import Settings, load_settings
from llmgen.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, LlmgenError

T = TypeVar("T")

# command -> (module:attribute, one line for --help)
COMMANDS = {
    "eval": ("llmgen.cli.eval:eval_group", "Ask a model a benchmark, grade, store, report."),
    "rescore": ("llmgen.cli.rescore:rescore", "Grade a run's stored answers again, without a model call."),
    "compare": ("llmgen.cli.compare:compare", "Paired comparison of two runs: difference, interval, p."),
    "analyse": ("llmgen.cli.analyse:analyse", "Difficulties of items and abilities of models."),
    "report": ("llmgen.cli.report:report", "Write a page over many stored runs."),
    "runs": ("llmgen.cli.runs:runs", "List, show, export or remove runs."),
    "sql": ("llmgen.cli.sql:sql", "Read-only SQL over the results."),
    "fold": ("llmgen.cli.runs:fold", "Fold journals into the database (repair)."),
    "cache": ("llmgen.cli.cache:cache", "Statistics and pruning of the response cache."),
    "models": ("llmgen.cli.models:models", "Pull, list and price models."),
    "extractors": ("llmgen.cli.extractors:extractors", "List the readers of answers; train pinpoint."),
    "contamination": ("llmgen.cli.contamination:contamination", "Build what detectors are calibrated with."),
    "vllm": ("llmgen.cli.vllm:vllm", "Start, stop and look at managed vLLM servers."),
    "doctor": ("llmgen.cli.doctor:doctor", "What works here, and how to mend what does not."),
    "completion": ("llmgen.cli.completion:completion", "Print the shell completion script."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are first asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names of the commands."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at what an unknown command was meant to be."""
        name = args[0]
        if not (name in COMMANDS or name.startswith("-") or ctx.resilient_parsing):
            from llmgen.registry import unknown_name

            raise unknown_name("command", name, COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a reader that goes away (head, less) ends it in peace."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, SystemExit):  # the latter from rich
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is buffered still
            return EXIT_DONE

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llmgen")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (default: ./llmgen.toml).",
)
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Data home (default: ./.llmgen)."
)
@click.pass_context
def cli(ctx: click.Context, config: Path | None, home: Path | None) -> None:
    """Is a benchmark score knowledge or memory? Ask, extract, check, store, compare."""
    ctx.obj = (config, home)


def settings_of(ctx: click.Context) -> Settings:
    """The settings of this call: file, environment, then --home."""
    config, home = ctx.find_root().obj or (None, None)
    environ = {**os.environ, "LLMGEN_HOME": str(home)} if home else os.environ
    return load_settings(config, environ)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """The only call of asyncio.run, on uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # asyncio.run takes it from 3.12 on
        return runner.run(main)


def main() -> NoReturn:
    """Entry point: every error the user can mend is one line on stderr and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except LlmgenError as error:
        hint = f" ({error.hint})" if error.hint else ""
        click.echo(f"error: {error.message}{hint}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
