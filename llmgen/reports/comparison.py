"""The page of a comparison: what differs, by how much, how sure that is, and on which samples."""

from __future__ import annotations

from pathlib import Path

from llmgen.reports.forest import difference_axis
from llmgen.reports.render import render
from llmgen.reports.views import ComparisonPage


def render_comparison(page: ComparisonPage, templates: Path) -> str:
    """One HTML page. Raises StoreError when the templates are missing."""
    return render("comparison.html.j2", templates, page=page, axis=difference_axis(page.bars))
