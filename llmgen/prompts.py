"""prompts/*.j2 to messages: the only module that knows Jinja for prompts.

A template renders to plain text, the one user message. A line `---system---` at the very start opens a
system message, and `---user---` ends it. Undefined names are errors, nothing is escaped, and a trailing
newline of a value is kept: benchmarks send their cells verbatim.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import jinja2

from llmgen.errors import UsageError
from llmgen.types import Message, Sample

_SYSTEM, _USER = "---system---\n", "---user---\n"


class Prompts:
    """The templates of one folder, compiled once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701  # prompts are plain text for a model, not HTML
        )
        self._templates: dict[str, jinja2.Template] = {}

    def render(self, template: str, sample: Sample) -> tuple[Message, ...]:
        """The messages that ask `sample` in the form of `template` (a file name without `.j2`)."""
        return self.fill(template, sample=sample, question=sample.question, choices=sample.choices)

    def fill(self, template: str, **values: object) -> tuple[Message, ...]:
        """The messages of a template with its named values. Raises UsageError on an undefined name."""
        try:
            text = self._load(template).render(values)
        except jinja2.UndefinedError as error:
            raise UsageError(f"prompt template {template}.j2: {error}") from error
        if not text.startswith(_SYSTEM):
            return (Message(role="user", content=text),)
        system, _, user = text.removeprefix(_SYSTEM).partition(_USER)
        return (
            Message(role="system", content=system.removesuffix("\n")),
            Message(role="user", content=user),
        )

    def hash(self, template: str) -> str:
        """sha256 (hex) of the template's source: part of a run's identity."""
        self._load(template)
        return hashlib.sha256((self._folder / f"{template}.j2").read_bytes()).hexdigest()

    def _load(self, template: str) -> jinja2.Template:
        if template not in self._templates:
            try:
                self._templates[template] = self._environment.get_template(f"{template}.j2")
            except jinja2.TemplateNotFound as error:
                raise UsageError(f"no prompt template {template}.j2 in {self._folder}") from error
            except jinja2.TemplateSyntaxError as error:
                raise UsageError(
                    f"prompt template {template}.j2 line {error.lineno}: {error.message}"
                ) from error
        return self._templates[template]
