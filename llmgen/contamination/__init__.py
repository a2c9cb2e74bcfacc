"""Has the model seen this: one file and one row per detector."""

from llmgen.registry import Registry

DETECTORS = Registry(
    "detector",
    {
        "cdd": "llmgen.contamination.cdd:SPEC",
        "ted": "llmgen.contamination.ted:SPEC",
        "perplexity": "llmgen.contamination.logprob:PERPLEXITY",
        "min_k": "llmgen.contamination.logprob:MIN_K",
        "min_k_pp": "llmgen.contamination.logprob:MIN_K_PP",
        "ngram": "llmgen.contamination.ngram:SPEC",
        "twins": "llmgen.contamination.twins:SPEC",
    },
)
