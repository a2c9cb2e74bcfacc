"""Easy2Hard: rows of six forms, what is left out of them, arms, and what the packaged sample holds."""

import gzip
import hashlib
import importlib.util
import json
import tomllib

import duckdb
import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.easy2hard import SPEC
from llmgen.benchmarks.easy2hard.program import cases_of
from llmgen.errors import UsageError
from llmgen.store.parquet import read_parquet

RATED = {"rating": 0.5, "rating_std": 0.1, "rating_quantile": 0.6}
GSM8K = {"question": "Two and two?", "answer": "2+2=<<2+2=4>>4\n#### 1,004"}
ARC = {
    "id": "q",
    "question": "Which?",
    "choices": {"label": ["1", "2"], "text": ["a", "b"]},
    "answerKey": "2",
}
ROWS = {
    "amc": {"problem": "What is $2$?", "answer": 2, "solution": "Look.", "year": 2026},
    "codeforces": {
        "contest_id": 1,
        "problem_index": "A",
        "problem_main": "Add.",
        "sample_inputs": ["1 2"],
        "sample_outputs": ["3"],
    },
    "lichess": {"puzzle_id": "p", "fen": "7k/8/8/8/8/8/8/K6R b - - 0 1", "answer_uci": "h8g7 h1g1"},
    "gsm8k": GSM8K,
    "arc": ARC,
    "winogrande": {"sentence": "The _ is red.", "option1": "hat", "option2": "cat", "answer": "2"},
}


@pytest.fixture
def load(root, tmp_path):
    """Loads rows (written as JSONL, unless `data` is given) with options."""

    def load(*rows, data=None, **options):
        if rows:
            data = tmp_path / "rows.jsonl"
            data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        chosen = SPEC.options(**{"no_exec": True, "data": str(data) if data else None, **options})
        return SPEC.load(chosen, Context(model="m", datasets=root / "datasets", read_parquet=read_parquet))

    return load


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_each_form(load, name):
    (sample,) = load(RATED | ROWS[name]).samples()
    assert sample.id.startswith(f"easy2hard/{name}/")
    assert {key: sample.tags[key] for key in ("set", *RATED)} == {
        "set": name,
        "rating": "0.5",
        "rating_std": "0.1",
        "rating_quantile": "0.6",
    }
    assert {
        "amc": sample.target == "2" and sample.answer_type == "math",
        "codeforces": json.loads(sample.tags.get("tests", "[]")) == [["1 2", "3"]],
        "lichess": sample.target == "h8g7" and "Black to move" in sample.question,
        "gsm8k": sample.target == "1004" and sample.answer_type == "math",
        "arc": sample.target == "2" and sample.tags.get("letters") == "1,2" and sample.choices == ("a", "b"),
        "winogrande": sample.target == "B" and sample.question.endswith("A. hat\nB. cat"),
    }[name]


def test_all_forms_from_parquet_folders(load, tmp_path):
    for name, row in ROWS.items():
        for split in ("train", "eval"):
            folder = tmp_path / "copy" / f"E2H-{name}"
            folder.mkdir(parents=True, exist_ok=True)
            source = folder / "rows.json"
            source.write_text(json.dumps([RATED | row, (RATED | row) | {"rating": None}]))
            parquet = folder / f"{split}-00000-of-00001.parquet"
            duckdb.sql(f"COPY (SELECT * FROM read_json('{source}')) TO '{parquet}' (FORMAT parquet)")
            source.unlink()
    benchmark = load(data=tmp_path / "copy")
    # the row of the other split has the same id, and the second one no rating
    assert sorted(sample.tags["set"] for sample in benchmark.samples()) == sorted(ROWS)
    assert "arc: 2 eval rows here, 1,172 published" in benchmark.notes
    assert "gsm8k: 2 rows with no rating were left out" in benchmark.notes


def test_gzipped_lines_are_read(load, tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(RATED | GSM8K).encode()))
    assert len(list(load(data=path).samples())) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"rating": 1.7}, "a rating outside [0, 1]"),
        ({"rating": -0.1}, "a rating outside [0, 1]"),
        ({"rating": None}, "no rating"),
        ({"answer": None}, "no answer"),
        ({"answer": "I do not know ####"}, "no answer"),
    ],
)
def test_a_row_without_difficulty_or_answer_is_left_out_and_counted(load, change, why):
    benchmark = load(RATED | GSM8K, RATED | {**GSM8K, "question": "Three?"} | change)
    assert len(list(benchmark.samples())) == 1
    assert f"gsm8k: 1 rows with {why} were left out" in benchmark.notes


def test_nothing_but_unusable_rows_is_an_error(load):
    with pytest.raises(UsageError, match=r"no row to ask .*1 with a rating outside"):
        load(RATED | GSM8K | {"rating": 1.7})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (RATED | {"sentence": "_", "option1": "x", "answer": "1"}, "missing required field `option2`"),
        (RATED | ROWS["winogrande"] | {"answer": "3"}, "neither 1 nor 2"),
        (RATED | ROWS["winogrande"] | {"sentence": "no blank"}, "no blank"),
        (RATED | ARC | {"answerKey": "C"}, "none of 1, 2"),
        (RATED | ARC | {"choices": {"label": ["A"], "text": ["a", "b"]}}, "as many labels"),
        (RATED | ROWS["lichess"] | {"fen": "nonsense"}, "whose move"),
        ({"rating": "hard"} | GSM8K, "Expected `float"),
        ({"prompt": "?", "label": 1}, "none of the six sets has the fields prompt, label"),
        ("a text", "not an object"),
    ],
)
def test_malformed_rows_are_named_or_left_out(load, row, message):
    with pytest.raises(UsageError, match=r"rows.jsonl:1") as caught:
        load(row, RATED | GSM8K)
    assert message in caught.value.message
    benchmark = load(row, RATED | GSM8K, skip_bad=True)
    assert len(list(benchmark.samples())) == 1
    assert "1 malformed rows were left out" in benchmark.notes


def test_damaged_and_missing_files(load, tmp_path):
    damaged = tmp_path / "eval.parquet"
    damaged.write_bytes(b"PAR1 and then nothing")
    for data, message in (
        (damaged, "cannot read .*eval.parquet"),
        (tmp_path / "nowhere", "no file or folder"),
        (tmp_path / "empty", "holds no .parquet"),
        (tmp_path / "empty.jsonl", "no row to ask"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        (tmp_path / "empty.jsonl").touch()
        with pytest.raises(UsageError, match=message):
            load(data=data)


def test_a_set_that_is_not_there(load):
    with pytest.raises(UsageError, match="no row to ask of lichess"):
        load(RATED | GSM8K, set=("lichess",))


def rated(count, **more):
    return [
        {"question": f"What is {n}?", "answer": f"#### {n}", "rating": n / count, **more}
        for n in range(count)
    ]


def test_examples_and_items_never_overlap(load):
    rows = [
        *rated(40, split="eval"),
        *(
            {**row, "question": row["question"].upper(), "id": f"t{n}"}
            for n, row in enumerate(rated(30, split="train"))
        ),
    ]
    rows += [
        {"question": f"And {n}?", "answer": f"#### {n}", "rating": n / 40, "split": "train"}
        for n in range(40)
    ]
    samples = list(load(*rows, sgr=True, k_shot=3, seeds=2).samples())
    arms = [sample for sample in samples if "item" in sample.tags]
    asked = {sample.question for sample in samples}
    assert len(asked) == 40
    assert arms
    for sample in arms:
        shots = [line for line in sample.tags["shots"].split("\n") if line.endswith("?")]
        assert len(shots) == 3
        assert all(line.startswith("And") for line in shots)  # those in capitals are the items' own
        assert sample.tags["role"] == "diagnostic"
    assert {sample.tags["arm"] for sample in arms} == {"easy", "medium", "hard"}
    assert all(float(sample.tags["rating"]) >= 0.65 for sample in arms)
    assert len({sample.tags["shots"] for sample in arms}) == 6
    assert [s.id for s in load(*rows, sgr=True, k_shot=3, seeds=2).samples()] == [s.id for s in samples]


def test_examples_are_of_their_level(load):
    samples = list(load(*rated(100), sgr=True, k_shot=4, seeds=3).samples())
    limits = {"easy": (0, 30), "medium": (30, 70), "hard": (69, 100)}
    kept = {sample.question for sample in samples if "kept" in sample.tags}
    assert len(kept) == 20
    for sample in samples:
        if "item" in sample.tags:
            assert sample.question not in kept
            shown = [line for line in sample.tags["shots"].split("\n") if line.startswith("What")]
            assert set(shown) <= kept
            numbers = [int(line[8:-1]) for line in shown]
            low, high = limits[sample.tags["arm"]]
            assert all(low <= number <= high for number in numbers)


def test_a_grid_asks_every_bin_with_examples_of_every_bin(load):
    benchmark = load(
        *rated(60, split="eval"),
        *({**row, "question": f"And {row['question']}"} for row in rated(60, split="train")),
        grid=3,
        seeds=2,
    )
    samples = [sample for sample in benchmark.samples() if "train_bin" in sample.tags]
    cells = {(sample.tags["train_bin"], sample.tags["test_bin"]) for sample in samples}
    assert cells == {(a, b) for a in "123" for b in "123"}
    assert len(samples) == 3 * 60 * 2
    assert benchmark.context["sets"]["gsm8k"]["tested"] == [20, 20, 20]


def test_problems_without_solutions_have_no_arms(load):
    benchmark = load(RATED | ROWS["codeforces"], sgr=True)
    assert len(list(benchmark.samples())) == 1
    assert any("no row can be an example" in note for note in benchmark.notes)


def test_cases_that_were_cut_or_are_long_are_left_out():
    hidden = [("1", "x" * 40_000), ("2...", "2"), ("long" * 9, "3"), ("4", "4")]
    assert json.loads(cases_of([("0", "0")], hidden)) == [["0", "0"], ["4", "4"], ["long" * 9, "3"]]
    assert cases_of([], [("1", "2...")]) is None
    assert len(json.loads(cases_of([], [(str(n), "") for n in range(99)]))) == 25


def test_the_card_states_what_the_sample_is(root):
    folder = root / "datasets/easy2hard"
    card = tomllib.loads((folder / "card.toml").read_text())["sample"]
    for name in ROWS:
        raw = (folder / card[name]["file"]).read_bytes()
        rows = [json.loads(line) for line in raw.splitlines()]
        assert hashlib.sha256(raw).hexdigest() == card[name]["sha256"]
        assert [sum(row["split"] == split for row in rows) for split in ("train", "eval")] == [
            card[name]["train"],
            card[name]["eval"],
        ]
        assert len(rows) >= 24


def test_the_sample_loads_with_arms(load):
    benchmark = load(sgr=True)
    sets = {sample.tags["set"] for sample in benchmark.samples() if "item" in sample.tags}
    assert sets == set(ROWS)


@pytest.mark.skipif(importlib.util.find_spec("chess") is None, reason="the library chess is not installed")
def test_the_samples_positions_have_one_mating_move(root):
    import chess  # noqa: PLC0415  # optional

    for line in (root / "datasets/easy2hard/sample/lichess.jsonl").read_text().splitlines():
        row = json.loads(line)
        board = chess.Board(row["fen"])
        assert board.is_valid()
        mates = []
        for move in board.legal_moves:
            board.push(move)
            mates += [move.uci()] if board.is_checkmate() else []
            board.pop()
        assert mates == [row["answer_uci"]]
        assert board.parse_san(row["answer_san"]).uci() == row["answer_uci"]
