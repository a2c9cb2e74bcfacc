"""The Jinja environment of the report pages, and how a page reaches the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import jinja2

from llmgen.errors import StoreError
from llmgen.reports.formats import (
    dollars,
    excerpt,
    moment,
    numeric_columns,
    printable,
    share,
    span,
    thousands,
)


def render(template: str, templates: Path, **values: Any) -> str:
    """Fills a page. Everything is escaped: a model's answer is hostile text.

    Raises StoreError when the template is missing.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for show in (share, moment, span, dollars, thousands, excerpt, printable, numeric_columns):
        environment.filters[show.__name__] = show
    try:
        page = environment.get_template(template)
    except jinja2.TemplateNotFound as error:
        raise StoreError(f"report template {template} is missing", hint="reinstall llmgen") from error
    return page.render(values)


def write_report(path: Path, html: str) -> None:
    """Writes the page beside its place and moves it there: a reader sees the old page or the new one.

    Raises StoreError when the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(html)
            Path(name).chmod(0o644)  # mkstemp makes files private; a report is for sharing
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(f"cannot write the report {path}: {error.strerror or error}") from error
