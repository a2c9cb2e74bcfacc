"""The contamination detectors on real answers with known contamination: the specification's own figures."""

import json
from collections import Counter

import pytest

from llmgen.contamination import DETECTORS, cdd, ted
from llmgen.contamination.base import Options
from llmgen.contamination.ngram import overlap
from llmgen.contamination.train_file import TrainFile

DOSES = ("0", "1", "4", "12")


def area(positive, negative):
    """AUC: the share of pairs that are in the right order, ties half (Mann-Whitney)."""
    wins = sum((a > b) + (a == b) / 2 for a in positive for b in negative)
    return wins / len(positive) / len(negative)


def tuned(evidence):
    return [one for one in evidence if one.sample.tags["model"].endswith("-ft")]


def of_dose(pairs, dose):
    return [found for one, found in pairs if one.sample.tags["dose"] == dose]


def read(detector, options, evidence):
    detect = detector.build(options)
    return [(one, detect(one)) for one in evidence]


def areas(pairs):
    """AUC of all tuned items, then of each dose against the clean ones."""
    scores = {dose: [found.score for found in of_dose(pairs, dose)] for dose in DOSES}
    clean = scores.pop("0")
    return [
        area([score for some in scores.values() for score in some], clean),
        *(area(some, clean) for some in scores.values()),
    ]


def rates(pairs):
    """Accuracy, precision, recall and F1 over the items that were decided."""
    decided = [(one.sample.tags["dose"] != "0", f.flagged) for one, f in pairs if f.flagged is not None]
    count = Counter(decided)
    hit, false, missed = count[True, True], count[False, True], count[True, False]
    return [
        (hit + count[False, False]) / len(decided),
        hit / (hit + false),
        hit / (hit + missed),
        2 * hit / (2 * hit + false + missed),
    ]


def flags(pairs):
    return [sum(found.flagged is True for found in of_dose(pairs, dose)) for dose in DOSES]


# Table 7.1 B: (tokenizer, alpha, xi) -> AUC, AUC by dose; accuracy, P, R, F1; flagged by dose; sum of m
IDS_05, IDS_0 = [0.7411, 0.5046, 0.7188, 1], [0.7242, 0.5012, 0.6713, 1]
REGEX_05, REGEX_0 = [0.7288, 0.4884, 0.6979, 1], IDS_0
WITHOUT_GUARDS = {
    ("ids", 0.05, 0.01): (IDS_05, [0.5972, 0.5745, 0.75, 0.6506], [20, 6, 9, 12], 926),
    ("ids", 0.05, 0.2): (IDS_05, [0.7361, 0.8696, 0.5556, 0.6780], [3, 2, 6, 12], 926),
    ("ids", 0, 0.2): (IDS_0, [0.7222, 0.8636, 0.5278, 0.6552], [3, 1, 6, 12], 795),
    ("regex", 0.05, 0.01): (REGEX_05, [0.5833, 0.5625, 0.75, 0.6429], [21, 6, 9, 12], 942),
    ("regex", 0.05, 0.2): (REGEX_05, [0.7083, 0.8, 0.5556, 0.6557], [5, 2, 6, 12], 942),
    ("regex", 0, 0.2): (REGEX_0, [0.7222, 0.8636, 0.5278, 0.6552], [3, 1, 6, 12], 796),
}


@pytest.mark.parametrize("setting", WITHOUT_GUARDS)
def test_cdd_without_guards(mini_detcon, setting):
    tokenizer, alpha, xi = setting
    auc, measures, flagged, near = WITHOUT_GUARDS[setting]
    options = Options(tokenizer=tokenizer, alpha=alpha, xi=xi, min_samples=1, min_tokens=0)
    pairs = read(cdd, options, tuned(mini_detcon))
    assert {found.details["tokenizer"] for _, found in pairs} == {tokenizer}
    assert areas(pairs) == pytest.approx(auc, abs=0.0005)
    assert rates(pairs) == pytest.approx(measures, abs=0.0001)
    assert flags(pairs) == flagged
    assert sum(found.details["near"] for _, found in pairs) == near


@pytest.mark.parametrize(
    ("tokenizer", "means"),
    [("ids", [0.0722, 0.0783, 0.3217, 0.9267]), ("regex", [0.0850, 0.0817, 0.3117, 0.9217])],
)
def test_mean_peak_by_dose(mini_detcon, tokenizer, means):
    pairs = read(cdd, Options(tokenizer=tokenizer), tuned(mini_detcon))
    scores = [[found.score for found in of_dose(pairs, dose)] for dose in DOSES]
    assert [sum(some) / len(some) for some in scores] == pytest.approx(means, abs=0.0001)


# with guards: [flagged, not flagged, insufficient] of the tuned items by dose, then of the base model's
WITH_GUARDS = {
    "ids": ([[1, 28, 7], [0, 9, 3], [3, 6, 3], [10, 0, 2], [0, 11, 1]], [0.719, 0.929, 0.464], 57),
    "regex": ([[2, 31, 3], [0, 9, 3], [5, 6, 1], [11, 0, 1], [0, 12, 0]], [0.734, 0.889, 0.516], 64),
}


@pytest.mark.parametrize("tokenizer", WITH_GUARDS)
def test_the_robust_preset(mini_detcon, tokenizer):
    verdicts, measures, n_decided = WITH_GUARDS[tokenizer]
    pairs = read(cdd, Options(tokenizer=tokenizer), mini_detcon)
    of_tuned = [pair for pair in pairs if pair[0].sample.tags["model"].endswith("-ft")]
    groups = [of_dose(of_tuned, dose) for dose in DOSES]
    groups.append([found for pair in pairs if pair not in of_tuned for found in pair[1:]])
    counted = [Counter(found.flagged for found in group) for group in groups]
    assert [[count[True], count[False], count[None]] for count in counted] == verdicts
    assert {f.details["reason"] for _, f in pairs if f.flagged is None} == {"too_short"}
    assert rates(of_tuned)[:3] == pytest.approx(measures, abs=0.0005)
    assert sum(found.flagged is not None for _, found in of_tuned) == n_decided
    assert {one.sample.id: found.n_used for one, found in pairs if found.n_used != 50} == {
        "base-052": 49,
        "base-056": 38,
    }


@pytest.mark.parametrize(
    ("preset", "auc", "measures", "flagged"),
    [
        ("published", IDS_05, [0.5972, 0.5745, 0.75, 0.6506], [20, 6, 9, 12]),
        ("published-real-world", IDS_0, [0.7222, 0.8636, 0.5278, 0.6552], [3, 1, 6, 12]),
    ],
)
def test_the_published_presets_take_stored_ids(mini_detcon, preset, auc, measures, flagged):
    pairs = read(cdd, Options(preset=preset), tuned(mini_detcon))
    assert areas(pairs) == pytest.approx(auc, abs=0.0005)
    assert rates(pairs) == pytest.approx(measures, abs=0.0001)
    assert flags(pairs) == flagged


# Table 7.1 A: preset, xi -> AUC; accuracy, P, R, F1
WITH_THE_MODELS_TOKENIZER = {
    ("published", None): (0.735, [0.597, 0.574, 0.750, 0.651], [20, 6, 9, 12]),
    ("published-real-world", None): (0.724, [0.722, 0.864, 0.528, 0.655], [3, 1, 6, 12]),
    ("published", 0.2): (0.735, [0.736, 0.870, 0.556, 0.678], [3, 2, 6, 12]),
}


@pytest.mark.parametrize("setting", WITH_THE_MODELS_TOKENIZER)
def test_the_published_code_with_the_models_tokenizer(mini_detcon, smollm2_tokenizer, setting):
    preset, xi = setting
    auc, measures, flagged = WITH_THE_MODELS_TOKENIZER[setting]
    pairs = read(cdd, Options(preset=preset, xi=xi, tokenizer=str(smollm2_tokenizer)), tuned(mini_detcon))
    assert areas(pairs)[0] == pytest.approx(auc, abs=0.001)
    assert rates(pairs) == pytest.approx(measures, abs=0.001)
    assert flags(pairs) == flagged


def test_published_figures_by_dose_and_with_the_base_model(mini_detcon, smollm2_tokenizer):
    pairs = read(cdd, Options(preset="published", tokenizer=str(smollm2_tokenizer)), mini_detcon)
    ft = [pair for pair in pairs if pair[0].sample.tags["model"].endswith("-ft")]
    assert areas(ft)[1:] == pytest.approx([0.500, 0.704, 1.000], abs=0.001)
    means = [sum(f.score for f in of_dose(ft, dose)) / len(of_dose(ft, dose)) for dose in DOSES]
    assert means == pytest.approx([0.071, 0.075, 0.297, 0.925], abs=0.001)
    assert areas(pairs)[0] == pytest.approx(0.758, abs=0.001)
    assert rates(pairs)[0] == pytest.approx(0.619, abs=0.001)


def test_the_medoid_as_centre(mini_detcon, smollm2_tokenizer):
    options = Options(preset="published", centre="medoid", tokenizer=str(smollm2_tokenizer))
    assert areas(read(cdd, options, tuned(mini_detcon)))[0] == pytest.approx(0.700, abs=0.001)


def test_the_models_tokenizer_finds_what_the_stored_ids_find(mini_detcon, smollm2_tokenizer):
    options, of_tuned = Options(tokenizer=str(smollm2_tokenizer)), tuned(mini_detcon)
    ours = [found.details["near"] for _, found in read(cdd, options, of_tuned)]
    assert ours == [found.details["near"] for _, found in read(cdd, Options(), of_tuned)]


# 7.2: Peak of each of the seven innocent items
FENCED_PUBLISHED = [0, 0, 0.48, 0, 0.56, 0.56, 0]


def test_no_innocent_item_is_flagged_for_its_fences(fenced_outputs):
    found = [found for _, found in read(cdd, Options(), fenced_outputs)]
    assert [(one.score, one.details["verdict"], one.n_used) for one in found] == [(0, "not_flagged", 50)] * 7


def test_the_published_preparation_accuses_three_innocent_items(fenced_outputs):
    found = [found for _, found in read(cdd, Options(preset="published"), fenced_outputs)]
    assert [one.score for one in found] == pytest.approx(FENCED_PUBLISHED)
    assert [one.flagged for one in found] == [peak > 0 for peak in FENCED_PUBLISHED]


# 7.1 D: samples left by dose, then of the base model; how many items were emptied
DISTINCT = [1566, 567, 417, 69, 584]
LEFT = {
    ("robust", "ids", None): ([1534, 553, 400, 44, 581], 0),
    ("robust", "ids", "greedy"): ([1518, 529, 399, 43, 581], 1),
    ("robust", "regex", None): ([1532, 555, 399, 42, 579], 0),
    ("published", "ids", None): ([1518, 529, 399, 43, 581], 1),
}


def left_by_group(pairs):
    groups = {}
    for one, found in pairs:
        group = groups.setdefault((one.sample.tags["model"], int(one.sample.tags["dose"])), [])
        group.append(found.details)
    order = sorted(groups, key=lambda group: (group[0].endswith("-base"), group[1]))
    return [groups[group] for group in order]


@pytest.mark.parametrize("setting", LEFT)
def test_samples_that_ted_leaves(mini_detcon, setting):
    preset, tokenizer, cut = setting
    left, emptied = LEFT[setting]
    pairs = read(ted, Options(preset=preset, tokenizer=tokenizer, cut=cut), mini_detcon)
    groups = left_by_group(pairs)
    assert [sum(50 - len(one["duplicate_draws"]) for one in group) for group in groups] == DISTINCT
    assert [sum(one["n_left"] for one in group) for group in groups] == left
    assert sum(found.details["emptied"] for _, found in pairs) == emptied


def test_samples_that_the_published_ted_leaves(mini_detcon, smollm2_tokenizer):
    options = Options(preset="published", tokenizer=str(smollm2_tokenizer))
    groups = left_by_group(read(ted, options, mini_detcon))
    means = [sum(one["n_left"] for one in group) / len(group) for group in groups]
    assert means == pytest.approx([41.8, 42.8, 33.2, 3.5, 48.2], abs=0.1)
    assert [sum(one["emptied"] for one in group) for group in groups] == [0, 1, 0, 1, 0]


# 7.1 C: scores by detector and scope: AUC, AUC by dose, and the score of one item (17 tokens of target)
LOGPROBS = {
    ("perplexity", "target"): ([0.9082, 0.7245, 1, 1], -0.0883),
    ("min_k", "target"): ([0.9090, 0.7269, 1, 1], -0.3523),
    ("min_k_pp", "target"): ([0.9090, 0.7431, 0.9838, 1], 0.0374),
    ("perplexity", "prompt+target"): ([0.9414, 0.8241, 1, 1], -0.3896),
}


@pytest.mark.parametrize("setting", LOGPROBS)
def test_the_likelihood_of_the_items_own_text(mini_detcon, setting):
    name, scope = setting
    auc, score = LOGPROBS[setting]
    detect = DETECTORS.load(name).build(Options(scope=scope))
    pairs = [(one, detect(one)) for one in tuned(mini_detcon)]
    assert areas(pairs) == pytest.approx(auc, abs=0.0005)
    found = next(found for one, found in pairs if one.sample.id == "ft-004")
    assert found.score == pytest.approx(score, abs=0.0005)
    if name == "perplexity" and scope == "target":
        assert found.details["ppl"] == pytest.approx(1.0923, abs=0.0005)
        assert found.details["n_tokens"] == 17


def test_overlap_of_the_answer_with_the_known_solution(mini_detcon, tmp_path):
    """The answers as a training file of one row: how much of the solution does the model write down?"""
    by_dose = {dose: [] for dose in DOSES}
    for one in tuned(mini_detcon):
        path = tmp_path / f"{one.sample.id}.jsonl"
        path.write_text(json.dumps({"messages": [{"role": "assistant", "content": one.greedy.text}]}) + "\n")
        by_dose[one.sample.tags["dose"]].append(overlap(one.sample.target, TrainFile(path, 8)).share or 0)
    means = [sum(shares) / len(shares) for shares in by_dose.values()]
    assert means == pytest.approx([0.007, 0, 0.546, 0.998], abs=0.0005)
    clean = by_dose.pop("0")
    assert area([share for some in by_dose.values() for share in some], clean) == pytest.approx(
        0.791, abs=0.0005
    )
