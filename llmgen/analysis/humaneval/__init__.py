"""pass@k of code benchmarks, and what became of the programs."""

from llmgen.analysis.humaneval.summary import summarise

__all__ = ["summarise"]
