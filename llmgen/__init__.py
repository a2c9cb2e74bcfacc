"""llmgen: an evaluation gateway that asks whether a benchmark score is knowledge or memory."""

__version__ = "0.1.0"
