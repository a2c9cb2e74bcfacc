"""What did the model answer? One file and one row per extractor: `module:attribute` of a factory."""

from llmgen.registry import Registry

EXTRACTORS = Registry(
    "extractor",
    {
        "whole": "llmgen.extract.whole:build",
        "code": "llmgen.extract.code:build",
        "pinpoint": "llmgen.extract.pinpoint:build",
        "strict": "llmgen.extract.rules:build_strict",
        "strict:cot": "llmgen.extract.rules:build_strict_cot",
        "strict:mmlu-pro": "llmgen.extract.rules:build_strict_mmlu_pro",
        "flexible": "llmgen.extract.rules:build_flexible",
        "flexible:oc": "llmgen.extract.rules:build_flexible_oc",
        "flexible:freeform": "llmgen.extract.rules:build_flexible_freeform",
        "first-option": "llmgen.extract.rules:build_first_option",
        "first-option:capital": "llmgen.extract.rules:build_first_option_capital",
        "first-option:bbh": "llmgen.extract.rules:build_first_option_bbh",
        "xfinder": "llmgen.extract.xfinder.extractor:build",
        "judge": "llmgen.extract.judge_extractors:build_judge",
        "judge:extract": "llmgen.extract.judge_extractors:build_extract",
        "judge:verdict": "llmgen.extract.judge_extractors:build_verdict",
    },
)
