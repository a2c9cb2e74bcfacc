"""The error tree. An error the user can fix carries one line that says what to do, and an exit code.

    LlmgenError
    ├── UsageError          exit 2   wrong flag, unknown name, missing or malformed file
    │   └── ConfigError     exit 2   llmgen.toml or the environment
    ├── StoreError          exit 2   database from a newer version, full disk, read-only home
    ├── ProviderError       data     one request failed; `kind` says how (a sample fails, the run goes on)
    ├── StageError          data     an unexpected exception inside a stage, wrapped by boundary()
    └── RunStopped          exit code of its own; the run is saved and can be resumed
        ├── BudgetReached   exit 4
        ├── Interrupted     exit 130
        └── FatalProvider   exit 2   auth, unknown model, quota: no request repeats it

"data" means that the sample fails and the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llmgen.types import Failure, FailureKind

EXIT_DONE, EXIT_GATE, EXIT_USAGE, EXIT_FAILED_SAMPLES, EXIT_BUDGET, EXIT_INTERRUPTED = 0, 1, 2, 3, 4, 130


class LlmgenError(Exception):
    """Root of all errors that llmgen raises on purpose. `stage` is set by `boundary`."""

    exit_code = EXIT_USAGE
    stage: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def failure(self) -> Failure:
        """The error as data, for a record."""
        return Failure(stage=self.stage, kind="internal", message=self.message)


class UsageError(LlmgenError):
    """The user asked for something that cannot be done; the message says what, the hint how to mend it."""


class ConfigError(UsageError):
    """llmgen.toml or an environment variable is wrong or missing."""


class StoreError(LlmgenError):
    """The data home cannot be read or written."""


class StageError(LlmgenError):
    """A stage raised something unexpected on one sample; the original exception is `__cause__`."""


class ProviderError(LlmgenError):
    """One request failed.

    `kind` follows the taxonomy of `FailureKind`; `retry_after_s` is what the server asked for;
    `should_retry` is the server's own word (None = it said nothing); `sent` says that the body had left,
    so that the attempt may have been billed; `body` is a redacted excerpt (at most 500 bytes).
    """

    def __init__(  # noqa: PLR0913  # every part of the taxonomy, by name
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        should_retry: bool | None = None,
        sent: bool = False,
        free_retry: bool = False,
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.should_retry = should_retry
        self.sent = sent
        self.free_retry = free_retry
        self.body = body
        self.attempts = 1

    def failure(self) -> Failure:
        """The error as data, with kind and status."""
        return Failure(
            stage=self.stage or "gateway", kind=self.kind, message=self.message, status=self.status
        )


class RunStopped(LlmgenError):
    """The run ends early but in order: answers in flight are kept and the run can be resumed."""

    exit_code = EXIT_FAILED_SAMPLES


class BudgetReached(RunStopped):
    """A cap on dollars, tokens or requests leaves no room for the next request."""

    exit_code = EXIT_BUDGET


class Interrupted(RunStopped):
    """Ctrl-C or SIGTERM."""

    exit_code = EXIT_INTERRUPTED


class FatalProvider(RunStopped):
    """The endpoint refused in a way that every further request would repeat (key, model, account)."""

    exit_code = EXIT_USAGE


@contextmanager
def boundary(stage: str) -> Iterator[None]:
    """Marks errors with the stage they crossed; an unexpected exception becomes a `StageError`.

    `RunStopped` passes untouched: it ends the run, not the sample.
    """
    try:
        yield
    except LlmgenError as error:
        error.stage = error.stage or stage
        raise
    except Exception as error:
        wrapped = StageError(f"{type(error).__name__}: {error}")
        wrapped.stage = stage
        raise wrapped from error
