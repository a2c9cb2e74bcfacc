"""ComiEval: does TED undo the gain that contamination gave? Recorded answers; no model is asked.

The protocol is that of Dong et al. (arXiv 2402.15938, code YihongDong/CDD-TED4LLMs).
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.comieval.benchmark import load
from llmgen.benchmarks.comieval.options import Options

__all__ = ["SPEC"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.comieval:summarise",
    extractors=("whole",),
    detectors=("ted",),
    asks_model=False,
)
