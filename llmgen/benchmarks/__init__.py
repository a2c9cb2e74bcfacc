"""What is asked and how an answer is graded. One file (or package) and one row per benchmark."""

from llmgen.registry import Registry

BENCHMARKS = Registry(
    "benchmark",
    {
        "comieval": "llmgen.benchmarks.comieval:SPEC",
        "detcon": "llmgen.benchmarks.detcon:SPEC",
        "easy2hard": "llmgen.benchmarks.easy2hard:SPEC",
        "finetunebench": "llmgen.benchmarks.finetunebench:SPEC",
        "humaneval": "llmgen.benchmarks.humaneval:SPEC",
        "kaf": "llmgen.benchmarks.kaf:SPEC",
    },
)
