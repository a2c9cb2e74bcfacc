"""What TED does to the gain that contamination gave, dose by dose."""

from llmgen.analysis.comieval.summary import summarise

__all__ = ["summarise"]
