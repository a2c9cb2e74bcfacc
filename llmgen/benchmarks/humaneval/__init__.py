"""HumanEval-style code benchmarks: does the function that the model wrote pass its tests?

Chen et al., arXiv 2107.03374; rows of MBPP (Austin et al., arXiv 2108.07732) are read, too.
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.humaneval.benchmark import load
from llmgen.benchmarks.humaneval.options import Options

__all__ = ["SPEC"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.humaneval:summarise",
    extractors=("code",),
)
