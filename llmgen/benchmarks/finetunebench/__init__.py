"""FineTuneBench: can a model be taught new facts, and does it know them or only repeat them?

Wu, Wu, Zou, arXiv 2411.05059. `score` is the public scorer; `SPEC` is the benchmark's row.
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.finetunebench.benchmark import load
from llmgen.benchmarks.finetunebench.options import Options
from llmgen.benchmarks.finetunebench.scorer import score

__all__ = ["SPEC", "score"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.finetunebench:summarise",
    extractors=("whole", "pinpoint"),
)
