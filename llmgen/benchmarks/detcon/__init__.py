"""DetCon: how well do contamination detectors detect? Answers with known labels; no model is asked.

The protocol is that of Dong et al. (arXiv 2402.15938, code YihongDong/CDD-TED4LLMs), with fields of our own
for the dose, token ids and log probabilities.
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.detcon.benchmark import load
from llmgen.benchmarks.detcon.options import Options

__all__ = ["SPEC"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.detcon:summarise",
    detectors=("cdd",),
    asks_model=False,
)
