"""DetCon's numbers: how well each detector tells items that were trained on from clean ones."""

from llmgen.analysis.detcon.summary import summarise

__all__ = ["summarise"]
