"""The published comparator's verdicts on the labels of the public file: right on every item, as measured."""

import json

from llmgen.benchmarks.kaf.rows import as_item
from llmgen.extract.ranges import range_of
from llmgen.extract.xfinder.comparator import same_as_published

UNREAD = "[No valid answer]"


def test_every_label_gets_its_verdict(shared_data):
    lines = (shared_data / "extraction" / "public.jsonl").read_text(encoding="utf-8").splitlines()
    agree = dict.fromkeys(("alphabet_option", "math", "short_text", "categorical_label"), 0)
    for number, line in enumerate(lines, 1):
        sample, _ = as_item(json.loads(line), f"public.jsonl:{number}")
        label = sample.tags["label"]
        same = same_as_published(range_of(sample), None if label == UNREAD else label, sample.target)
        agree[sample.answer_type] += same
    assert agree == {"alphabet_option": 28, "math": 53, "short_text": 62, "categorical_label": 27}
