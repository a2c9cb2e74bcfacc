"""KAF's numbers: how well each extractor reads, and how far extractors agree (specification, section 6)."""

from llmgen.analysis.kaf.summary import summarise

__all__ = ["summarise"]
