"""Runs model-written code where it can do no harm.

    compose -> bwrap (its own namespaces, nobody, limits) -> pass | fail | timeout | error

What it contains and what it cannot is in docs/sandbox.md.
"""

from llmgen.sandbox.limits import Limits
from llmgen.sandbox.runner import Runner, open_runner

__all__ = ["Limits", "Runner", "open_runner"]
