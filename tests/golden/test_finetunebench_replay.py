"""Published answers of five tuned models, scored again: the numbers of reference.json."""

import json
import time

import pytest

from llmgen.analysis.finetunebench import summarise
from llmgen.analysis.finetunebench.averages import macro_mean
from llmgen.benchmarks.base import Context
from llmgen.benchmarks.finetunebench import SPEC
from llmgen.extract import EXTRACTORS
from llmgen.summary import ScoredRow
from llmgen.types import Completion

OPENAI = {
    "gpt-4o-mini-2024-07-18": (0.9900, 0.6475),
    "gpt-3.5-turbo-0125": (0.8975, 0.3575),
    "gpt-4o-2024-08-06": (0.8925, 0.2775),
}
GEMINI = ("gemini-1.5-flash-002", "gemini-1.5-pro-002")
FILES = {("news", 0): "latest_news_original", ("people", 0): "fictional_people_original"}
FILES |= {("news", 1): "latest_news_rephrased", ("people", 1): "fictional_people_rephrased"}


@pytest.fixture(scope="module")
def reference(shared_data):
    return json.loads((shared_data / "finetunebench/reference.json").read_text())


@pytest.fixture(scope="module")
def replay(root, shared_data):
    """Scores the recorded answers of one model, from the files to the summary."""
    data = shared_data / "finetunebench"

    async def replay(model, check=None, extractor="whole", **options):
        options = {
            "replay": str(data / "model_responses"),
            "check": str(check or data / "reference.json"),
            **options,
        }
        bench = SPEC.load(SPEC.options(**options), Context(model=model, datasets=root / "datasets"))
        read = EXTRACTORS.load(extractor)()
        rows = []
        for sample in bench.samples():
            text = bench.recorded[sample.id]
            answer = await read(sample, text)
            grade = await bench.grade(
                sample, [answer], Completion(texts=(text,), finish_reasons=("stop",), model=model)
            )
            rows.append(
                ScoredRow(
                    sample_id=sample.id,
                    tags=sample.tags,
                    target=sample.target,
                    text=text,
                    outcome=grade.outcome,
                    value=grade.value,
                    scores=grade.scores,
                )
            )
        return summarise(rows, None, bench.context)

    return replay


async def test_33_cells_are_equal_two_warn_and_ten_seconds_are_enough(replay, reference):
    start = time.perf_counter()
    summaries = {model: await replay(model) for model in (*OPENAI, *GEMINI)}
    assert time.perf_counter() - start < 10
    assert [drift for s in summaries.values() for drift in s.metrics["check"]["drift"]] == []
    assert sum(s.metrics["check"]["n_cells"] for s in summaries.values()) == 33
    warnings = [line for s in summaries.values() for line in s.warnings]
    assert len(warnings) == 2
    for model, line in zip(GEMINI, warnings, strict=True):
        assert line.startswith("fictional_people_rephrased_w_responses: ")
        assert f"{model}_response" in line
    for model, summary in summaries.items():
        for file, cells in reference.items():
            if file == "_meta":
                continue
            measured, cell = summary.metrics["files"][file.removesuffix(".csv")], cells[model]
            for name in ("n", "exact", "notebook", "normalised"):
                assert measured[name] == cell[name], (model, file, name)


@pytest.mark.parametrize("model", GEMINI)
async def test_a_column_of_verdicts_is_no_accuracy(replay, model):
    metrics = (await replay(model)).metrics
    column = metrics["files"]["fictional_people_rephrased_w_responses"]
    assert column["usable"] is False
    assert (column["normalised"], column["accuracy"], column["verdict_accuracy"]) == (
        *(None, None),
        0.0067 if "flash" in model else 0.02,
    )
    assert metrics["generalization"]["domains"] == ["news"]


async def test_averages_name_their_domains(replay):
    metrics = (await replay("gpt-4o-mini-2024-07-18")).metrics
    assert metrics["memorization"]["value"] == 1.0
    assert metrics["generalization"]["value"] == pytest.approx((0.98 + 134 / 150) / 2, abs=5e-5)
    assert metrics["generalization"]["name"] == "mean over news, people"


@pytest.mark.parametrize(("cell", "value"), [("n_correct", 31), ("normalised", 0.6402), ("stale", 7)])
async def test_a_changed_cell_is_found(replay, reference, tmp_path, cell, value):
    changed = json.loads(json.dumps(reference))
    changed["latest_news_rephrased_w_responses.csv"]["gpt-3.5-turbo-0125"][cell] = value
    path = tmp_path / "reference.json"
    path.write_text(json.dumps(changed))
    check = (await replay("gpt-3.5-turbo-0125", check=path)).metrics["check"]
    assert check["ok"] is False
    assert [(drift["file"], drift["metric"]) for drift in check["drift"]] == [
        ("latest_news_rephrased_w_responses", cell)
    ]


async def test_recomputed_golds(replay, reference):
    file = "fictional_people_comparison_w_responses"
    for model in (*OPENAI, *GEMINI):
        metrics = (await replay(model, gold="recomputed")).metrics["files"][file]
        assert metrics["n_correct"] == reference[f"{file}.csv"][model]["n_correct_recomputed_gold"]


@pytest.mark.parametrize("model", OPENAI)
def test_ranking_from_the_printed_cells(reference, model):
    """Figure 2 (news, people) and figure 3 (coding, medical) give the printed averages exactly."""
    figure = reference["_meta"]["paper_fig3"]
    for number, name in enumerate(("memorization", "generalization")):
        reworded = {"coding": "rephrasing", "medical": "vignette"}
        cells = {
            d: reference[f"{FILES[d, number]}_w_responses.csv"][model]["paper"] for d in ("news", "people")
        }
        cells |= {d: figure[d][reworded[d] if number else name][model] for d in reworded}
        assert macro_mean(cells) == pytest.approx(OPENAI[model][number], abs=1e-9)
        assert reference["_meta"]["readme_ranking"][model][name] == OPENAI[model][number]


async def test_a_robust_reading_keeps_short_answers_right(replay):
    """Published answers are terse; reading them may not lose what the published scorer finds in them."""
    n = differing = 0
    for model in (*OPENAI, *GEMINI):
        files = (await replay(model, extractor="pinpoint")).metrics["files"]
        for cells in files.values():
            if cells["usable"] and cells["mode"] in {"short", "contains", "yesno"}:
                n += cells["n"]
                differing += abs(cells["n_correct"] - round(cells["normalised"] * cells["n"]))
    assert n == 2575
    assert differing <= 0.005 * n
