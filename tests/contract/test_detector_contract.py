"""Every contamination detector reads every kind of evidence and gives a verdict that can be stored."""

import json

import msgspec
import pytest

from llmgen.contamination import DETECTORS
from llmgen.contamination.base import Options, Spec
from llmgen.evidence import Evidence, GivenText
from llmgen.types import Contamination, Draw, Sample

CODE = "def add(a, b):\n    total = a + b\n    print('the sum of both is', total)\n    return total\n"
SAMPLE = Sample(id="s", question="Write a function that adds two numbers.", target=CODE, answer_type="code")
FULL = GivenText(logprobs=(-1.0, -2.0), target_start=1, mu=(-3.0, -3.0), sigma=(1.0, 1.0))


def drawn(*draws, greedy=None, **fields):
    return Evidence(**({"sample": SAMPLE, "greedy": greedy, "draws": draws, "n_asked": 50} | fields))


SAME = Draw(text=CODE, token_ids=tuple(range(30)), value=1.0, finish="stop")
EVIDENCE = {
    "nothing": Evidence(sample=SAMPLE),
    "no target": Evidence(sample=msgspec.structs.replace(SAMPLE, target=None), no_given="no_target"),
    "identical": drawn(*[SAME] * 50, greedy=SAME, given=FULL),
    "one draw": drawn(SAME, greedy=SAME, given=FULL),
    "blank": drawn(*[Draw(text="")] * 50, greedy=Draw(text="")),
    "refused": drawn(*[Draw(reason="refused")] * 50, greedy=Draw(reason="refused")),
    "not returned": drawn(greedy=SAME),
    "no greedy": drawn(*[SAME] * 50),
    "surrogates": drawn(*[Draw(text="\ud800" * 30)] * 50, greedy=Draw(text="\udfff" * 30)),
    "no distribution": drawn(given=GivenText(logprobs=(-1.0,), target_start=1)),
    "letter": drawn(
        *[SAME] * 50, greedy=SAME, sample=Sample(id="s", question="?", answer_type="alphabet_option")
    ),
}


@pytest.fixture
def options(tmp_path):
    """Options that every detector can be built with."""
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"messages": [{"role": "user", "content": SAMPLE.question}]}) + "\n")
    return Options(train_file=str(path))


@pytest.mark.parametrize("name", DETECTORS.names())
def test_a_row_says_what_it_needs(name):
    spec = DETECTORS.load(name)
    assert isinstance(spec, Spec)
    assert spec.needs
    assert spec.build is not None or spec.needs == {"twins"}


@pytest.mark.parametrize("preset", ["robust", "published", "published-real-world"])
@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("name", [name for name in DETECTORS.names() if DETECTORS.load(name).build])
def test_a_verdict_is_complete_and_can_be_stored(name, kind, preset, options):
    detect = DETECTORS.load(name).build(msgspec.structs.replace(options, preset=preset))
    found = detect(EVIDENCE[kind])
    assert found.detector == name
    assert found.n_used <= max(found.n_asked, 0)
    verdicts = {None: "insufficient", True: "flagged", False: "not_flagged"}
    assert found.details["verdict"] == verdicts[found.flagged]
    assert bool(found.details["reason"]) == (found.flagged is None)
    stored = msgspec.json.decode(msgspec.json.encode(found), type=Contamination)
    assert stored == found


@pytest.mark.parametrize("name", [name for name in DETECTORS.names() if DETECTORS.load(name).build])
def test_a_verdict_depends_on_nothing_but_the_evidence(name, options):
    detect = DETECTORS.load(name).build(options)
    first = [detect(evidence) for evidence in EVIDENCE.values()]
    assert [detect(evidence) for evidence in reversed(EVIDENCE.values())] == first[::-1]
