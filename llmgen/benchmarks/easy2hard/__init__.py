"""Easy2Hard: six sets whose items have a measured difficulty; accuracy against it, and what examples help.

The rows are those of Easy2Hard-Bench (Ding et al., arXiv 2409.18433), of which no evaluation code is
published: what is measured here is our own.
"""

from llmgen.benchmarks.base import Spec
from llmgen.benchmarks.easy2hard.benchmark import load
from llmgen.benchmarks.easy2hard.options import Options

__all__ = ["SPEC"]

SPEC = Spec(
    options=Options,
    load=load,
    summarise="llmgen.analysis.easy2hard:summarise",
    extractors=("pinpoint",),
)
