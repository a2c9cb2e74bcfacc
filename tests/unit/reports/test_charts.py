"""The geometry of curves, histograms and axes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.reports.charts import HEIGHT, WIDTH, Line, axis_around, bars_of, strokes_of
from llmgen.reports.forest import SHARE

LINE = Line(label="m", at=(0.0, 0.5, 1.0), value=(1.0, 0.5, 0.0), low=(0.9, 0.4, 0.0), high=(1.0, 0.6, 0.1))


def test_a_line_spans_the_picture():
    (stroke,) = strokes_of([LINE], [0])
    assert stroke.line == f"0.0,0.0 {WIDTH / 2},{HEIGHT / 2} {WIDTH},{HEIGHT}"
    assert stroke.band.split()[0] == "0.0,0.0"
    assert stroke.band.split()[-1] == f"0.0,{0.1 * HEIGHT:.1f}"
    assert len(stroke.band.split()) == 6


def test_colours_come_again_dashed():
    strokes = strokes_of([LINE] * 3, [1, 5, 7])
    assert [(stroke.colour, stroke.dashed) for stroke in strokes] == [(1, False), (5, False), (1, True)]


def test_bars_count_everything_once():
    drawn = bars_of([0.0, 0.05, 0.5, 1.0, 1.2], SHARE, 10)
    assert [(left, width) for left, width, _, _ in drawn.bars] == [(0, 10), (50, 10), (90, 10)]
    assert [height for _, _, height, _ in drawn.bars] == [100, 50, 50]
    assert drawn.bars[0][3] == "0.00 to 0.10: 2"
    assert (drawn.n, drawn.outside) == (5, 1)
    assert bars_of([], SHARE, 10).bars == ()


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_an_axis_holds_its_values_and_has_few_ticks(values):
    axis = axis_around(values)
    assert axis.low <= min(values) + 1e-9
    assert axis.high >= max(values) - 1e-9
    assert 2 <= len(axis.ticks) <= 25
    assert axis.low < axis.high
    assert axis.ticks[0] == axis.low


def test_an_axis_can_be_cut():
    axis = axis_around([-40.0, 3.0], most=6.0)
    assert (axis.low, axis.high) == (-6.0, 4.0)
    assert axis_around([]).ticks == pytest.approx((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
