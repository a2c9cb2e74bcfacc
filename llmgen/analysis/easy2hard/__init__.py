"""Accuracy against difficulty, and what examples of one difficulty do for items of another."""

from llmgen.analysis.easy2hard.summary import summarise

__all__ = ["summarise"]
