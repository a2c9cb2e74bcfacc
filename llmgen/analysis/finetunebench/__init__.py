"""FineTuneBench summed up: every split, the averages over domains, gains over a base model, warnings."""

from llmgen.analysis.finetunebench.summary import summarise

__all__ = ["summarise"]
