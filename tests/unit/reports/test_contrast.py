"""Text can be read in both colour schemes: WCAG 2.1 contrast of at least 4.5 to 1."""

import re
from itertools import product

import pytest

TEXT_ON = [
    *product(["ink", "soft", "accent", "good", "bad", "warn"], ["card"]),
    *product([f"s{number}" for number in range(6)], ["card"]),
    *(("ink", "page"), ("soft", "page"), ("ink", "shade"), ("warn", "warn-back"), ("card", "accent")),
]


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=["light", "dark", "print"])
def colours(request, root):
    style = (root / "reports" / "templates" / "style.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 3
    return dict(re.findall(r"--([\w-]+): (#\w+)", blocks[["light", "dark", "print"].index(request.param)]))


@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_stands_out(colours, text, ground):
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_the_measure_itself():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
