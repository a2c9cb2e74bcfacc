"""KAF: how well do extractors read? Labelled outputs of other models; no model is asked for them.

The format is that of the Key Answer Finder data set (Yu et al., xFinder, 2024), with fields of our own.
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.kaf.benchmark import load
from llmgen.benchmarks.kaf.options import Options

__all__ = ["SPEC"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.kaf:summarise",
    extractors=("pinpoint",),
    asks_model=False,
)
