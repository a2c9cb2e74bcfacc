"""Reliability diagrams: a table of bins becomes points with intervals; the page holds them as SVG."""

import re

from llmgen.reports import reliability
from llmgen.reports.reliability import HEIGHT, WIDTH, diagrams_of
from llmgen.reports.run import render_run
from llmgen.reports.tally import tally
from llmgen.summary import Summary, Table

ROWS = (
    ("a", "40", "0.600", "0.500", "0.352 to 0.648", "0.075"),
    ("a", "41", "0.950", "1.000", "0.914 to 1.000", "0.075"),
    ("b", "7", "0.800", "0.857", "0.487 to 0.974", "0.057"),
)


def test_bins_become_points_with_intervals():
    first, second = diagrams_of(Table(title="t", columns=reliability.COLUMNS, rows=ROWS))
    assert (first.name, first.n, first.sizes, first.ece) == ("a", 81, "40 to 41", "0.075")
    assert (second.name, second.n, second.sizes, second.ece) == ("b", 7, "7", "0.057")
    half, sure = first.marks
    assert (half.x, half.y) == (0.6 * WIDTH, 0.5 * HEIGHT)
    assert sure.y == 0
    assert half.y_low > half.y > half.y_high
    assert half.label == "40 readings of mean confidence 0.600: 0.500 right, 95 % interval 0.352 to 0.648"


def test_other_tables_have_no_diagram():
    assert diagrams_of(Table(title="t", columns=("extractor", "accuracy"), rows=(("a", "0.5"),))) == ()


def test_the_page_draws_them_instead_of_a_forest(records, run, score, root):
    table = Table(title="Reliability of confidences", columns=reliability.COLUMNS, rows=ROWS)
    page = render_run(
        run, Summary(metrics={}, tables=(table,)), score, tally(records), root / "reports" / "templates"
    )
    pictures = re.findall(r'aria-label="Reliability of (\w+): .*?</svg>', page, re.DOTALL)
    assert pictures == ["a", "b"]
    assert page.count('<circle class="point"') == len(ROWS)
    assert "81 readings in 2 bins of 40 to 41 each" in page
    assert "ECE 0.075" in page
