"""FineTuneBench: can a model be taught new facts, and does it know them or only repeat them?"""

from llmgen.benchmarks.finetunebench.scorer import score

__all__ = ["score"]
