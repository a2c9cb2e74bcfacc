"""What the readings of contamination detectors say of a run: verdicts on items and on the model."""

from llmgen.analysis.contamination.section import section

__all__ = ["section"]
