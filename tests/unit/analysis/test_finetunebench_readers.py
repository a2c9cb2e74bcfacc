"""FineTuneBench under several extractors: what each reading would have scored."""

import msgspec

from llmgen.analysis.finetunebench import summarise
from llmgen.summary import ScoredRow
from llmgen.types import Answer

CONTEXT = {"files": {"news_rank": {"domain": "news", "split": "rank", "role": "rank", "mode": "contains"}}}


def read_by(number, whole, pinpoint, repeat=0):
    """A row that two extractors read; their grades may differ."""
    answers = tuple(Answer(kind="answered", value="x", extractor=name) for name in ("whole", "pinpoint"))
    outcome = {1.0: "correct", 0.0: "wrong", None: "unparsed"}[whole]
    scores = {"by:pinpoint": pinpoint, "by:whole": whole}
    return ScoredRow(
        sample_id=f"news/rank/{number}",
        repeat=repeat,
        tags={"domain": "news", "role": "rank", "file": "news_rank", "fact_key": f"news/{number}"},
        outcome=outcome,
        value=whole,
        scores=scores,
        answers=answers,
    )


def test_several_extractors_stand_side_by_side():
    rows = [
        read_by(0, 1.0, 1.0),
        read_by(1, 0.0, 1.0),
        read_by(2, 0.0, 0.0),
        read_by(3, None, 1.0),
        read_by(3, None, 0.0, repeat=1),
    ]
    summary = summarise(rows, None, CONTEXT)
    found = summary.metrics["by_extractor"]
    assert list(found) == ["whole", "pinpoint"]
    whole, pinpoint = found["whole"]["all"], found["pinpoint"]["files"]["news_rank"]
    assert (whole["n"], whole["n_graded"], whole["accuracy"], whole["accuracy_all"]) == (4, 3, 0.3333, 0.25)
    assert (pinpoint["n_graded"], pinpoint["accuracy"], pinpoint["n_differ"]) == (4, 0.625, 2)
    assert pinpoint["wilson95"][0] < 0.625 < pinpoint["wilson95"][1]
    table = next(table for table in summary.tables if table.title == "By extractor")
    split, everything = (dict(zip(table.columns, cells, strict=True)) for cells in table.rows)
    assert (split["split"], everything["domain"], everything["n"]) == ("rank", "all", "4")
    assert split["whole"].startswith("0.333 [")
    assert split["pinpoint"].endswith("of 4")
    assert everything["graded differently"] == "2"


def test_one_extractor_has_no_other_beside_it():
    row = read_by(0, 1.0, 1.0)
    row = msgspec.structs.replace(row, answers=row.answers[:1], scores={})
    assert "by_extractor" not in summarise([row], None, CONTEXT).metrics
