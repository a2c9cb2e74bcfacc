"""Twins: the score on items against the score on perturbed copies of them.

A model that knows an item by heart loses on its twin, which asks the same of it with other names and
numbers. The comparison is one of samples with each other, so it is computed by the analysis alone.
"""

from llmgen.contamination.base import Spec

SPEC = Spec(needs=frozenset({"twins"}), build=None)
