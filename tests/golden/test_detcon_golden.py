"""DetCon on real answers with known contamination: the specification's figures, to their digits."""

import functools

import msgspec
import pytest

from llmgen.analysis.contamination import section
from llmgen.analysis.detcon import summarise
from llmgen.benchmarks.base import Context
from llmgen.benchmarks.detcon import SPEC
from llmgen.contamination import DETECTORS
from llmgen.contamination.base import Options
from llmgen.summary import ScoredRow

LOGPROB = ("perplexity", "min_k", "min_k_pp")


@pytest.fixture(scope="module")
def read(shared_data):
    """The rows of a file as they come out of the store, read by the detectors named."""

    def read(name, *detectors, **options):
        path = shared_data / "contamination" / name
        loaded = SPEC.load(SPEC.options(data=(str(path),)), Context(model="", datasets=path.parent))
        built = [DETECTORS.load(name).build(Options(**options)) for name in detectors]
        return [
            ScoredRow(
                sample_id=sample.id,
                tags=sample.tags,
                text=loaded.recorded[sample.id],
                contamination=tuple(detect(loaded.evidence[sample.id]) for detect in built),
            )
            for sample in loaded.samples()
        ]

    return read


@pytest.fixture(scope="module")
def found(read):
    """The metrics of one detector on mini_detcon."""

    @functools.cache
    def found(name, **options):
        return summarise(read("mini_detcon.jsonl", name, **options), None, {}).metrics["detectors"][name]

    return found


def areas_of(metrics):
    return [metrics["auc"], *(metrics["by_dose"][dose]["auc"] for dose in ("1", "4", "12"))]


def flagged_of(metrics):
    return [metrics["by_dose"][dose]["flagged"] for dose in ("0", "1", "4", "12")]


# settings -> AUC, AUC by dose; accuracy, P, R, F1; flagged at dose 0, 1, 4, 12
IDS_05, IDS_0 = [0.7411, 0.5046, 0.7188, 1], [0.7242, 0.5012, 0.6713, 1]
PUBLISHED = [
    ({"preset": "published"}, (IDS_05, [0.5972, 0.5745, 0.75, 0.6506], [20, 6, 9, 12])),
    ({"preset": "published", "xi": 0.2}, (IDS_05, [0.7361, 0.8696, 0.5556, 0.678], [3, 2, 6, 12])),
    ({"preset": "published-real-world"}, (IDS_0, [0.7222, 0.8636, 0.5278, 0.6552], [3, 1, 6, 12])),
]


@pytest.mark.parametrize(("options", "figures"), PUBLISHED)
def test_the_published_settings(found, options, figures):
    areas, rates, flagged = figures
    cdd = found("cdd", **options)
    assert areas_of(cdd) == pytest.approx(areas, abs=0.0005)
    assert [cdd[name] for name in ("accuracy", "precision", "recall", "f1")] == pytest.approx(rates, abs=5e-5)
    assert flagged_of(cdd) == flagged
    assert (cdd["n"], cdd["insufficient"], cdd["all"]["n"]) == (72, 0, 84)


def test_accuracy_and_f1_by_dose_at_the_published_threshold(found):
    doses = found("cdd", preset="published")["by_dose"]
    assert [doses[dose]["accuracy"] for dose in ("1", "4", "12")] == pytest.approx(
        [0.458, 0.521, 0.583], abs=5e-4
    )
    assert [doses[dose]["f1"] for dose in ("1", "4", "12")] == pytest.approx([0.316, 0.439, 0.545], abs=5e-4)
    assert doses["0"]["fpr"] == pytest.approx(0.556, abs=5e-4)
    assert [doses[dose]["mean_score"] for dose in ("0", "1", "4", "12")] == pytest.approx(
        [0.0722, 0.0783, 0.3217, 0.9267], abs=5e-5
    )


@pytest.mark.parametrize(
    ("tokenizer", "counts", "rates", "auc"),
    [
        ("ids", (14, 15, 57), (0.929, 0.464, 0.719), 0.7411),
        ("regex", (18, 8, 64), (0.889, 0.516, 0.734), 0.7288),
    ],
)
def test_the_robust_preset_on_single_items(found, tokenizer, counts, rates, auc):
    cdd = found("cdd", tokenizer=tokenizer)
    assert (cdd["flagged"], cdd["insufficient"], cdd["decided"]) == counts
    assert [cdd[name] for name in ("precision", "recall", "accuracy")] == pytest.approx(rates, abs=5e-4)
    assert cdd["auc"] == pytest.approx(auc, abs=0.0005)
    assert (cdd["auc_low"], cdd["auc_high"]) == pytest.approx((0.61, 0.85), abs=0.02)


def test_stored_token_ids_are_used_where_the_rows_carry_them(read):
    rows = read("mini_detcon.jsonl", "cdd")
    assert {row.contamination[0].details["tokenizer"] for row in rows} == {"ids"}


@pytest.mark.parametrize("tokenizer", ["ids", "regex"])
def test_the_robust_preset_on_the_model(found, tokenizer):
    verdicts = found("cdd", tokenizer=tokenizer)["verdicts"]
    assert verdicts["1"]["p"] > 0.2
    assert verdicts["4"]["p"] < 0.01
    assert verdicts["12"]["p"] < 0.001
    assert verdicts["clean"]["p"] > 0.05
    assert [verdicts[name]["verdict"] for name in ("1", "4", "12", "clean")] == [
        "no_evidence", "evidence", "evidence", "no_evidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "areas"),
    [
        ("perplexity", [0.9082, 0.7245, 1, 1]),
        ("min_k", [0.9090, 0.7269, 1, 1]),
        ("min_k_pp", [0.9090, 0.7431, 0.9838, 1]),
    ],
)
def test_log_probabilities(found, name, areas):
    assert areas_of(found(name)) == pytest.approx(areas, abs=0.0005)


@pytest.mark.parametrize("name", ["perplexity", "min_k"])
def test_flags_by_rank_among_the_clean_items(found, name):
    assert flagged_of(found(name)) == [1, 1, 12, 12]


def test_log_probabilities_of_the_prompt_too(found):
    one = found("perplexity", scope="prompt+target")
    assert one["auc"] == pytest.approx(0.9414, abs=0.0005)
    assert one["by_dose"]["1"]["auc"] == pytest.approx(0.8241, abs=0.0005)


def test_no_clean_item_with_fences_is_flagged(read):
    summary = summarise(read("fenced_outputs.jsonl", "cdd", *LOGPROB), None, {})
    cdd = summary.metrics["detectors"]["cdd"]
    assert (cdd["n"], cdd["decided"], cdd["flagged"], cdd["fpr"]) == (7, 7, 0, 0.0)
    assert (cdd["auc"], cdd["undefined"]["auc"]) == (None, "one_class")
    for name in LOGPROB:
        assert summary.metrics["detectors"][name]["reasons"] == {"no_prompt_logprobs": 7}


@pytest.mark.parametrize(("tokenizer", "n_control"), [("regex", 33), ("ids", 29)])
def test_a_run_with_a_control_set_says_so_of_the_model(read, tokenizer, n_control):
    """The section of any run: the items of doses 4 and 12 against the tuned model's clean items."""
    control = {"contamination_role": "control"}
    rows = [
        row if row.tags["label"] == "1" else msgspec.structs.replace(row, tags=control)
        for row in read("mini_detcon.jsonl", "cdd", tokenizer=tokenizer)
        if row.tags["model"].endswith("-ft") and row.tags["dose"] != "1"
    ]  # fmt: skip
    cdd = section(rows).metrics["detectors"]["cdd"]
    assert (cdd["verdict"], cdd["n_control"]) == ("evidence", n_control)
    assert cdd["p"] < 0.01
    assert cdd["effect95"][0] > 0.2
