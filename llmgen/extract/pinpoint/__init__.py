"""`pinpoint`: an embedded reader of answers. It finds candidates, weighs their context and may abstain.

The way of one output: `clean` -> `segment` -> candidates (`options`, `numerals`) -> `features` -> `ranker`.
Deterministic, no numpy, no network; the weights lie beside this file with the statement of their data.
"""

from llmgen.extract.pinpoint.reader import Reader, Reading, build

__all__ = ["Reader", "Reading", "build"]
