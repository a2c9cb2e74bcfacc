"""The packaged labelled set is what its card says, made of our own items, and whole."""

import hashlib
import json
import tomllib
from collections import Counter

import msgspec
import pytest

from llmgen.assets import asset_dir
from llmgen.tuning.exposures import assign
from llmgen.tuning.labelled import Row, read_items

FOLDER = asset_dir("datasets") / "detcon"
CARD = tomllib.loads((FOLDER / "card.toml").read_text())
LINES = (FOLDER / CARD["sample"]["file"]).read_bytes().splitlines()
ROWS = [msgspec.json.decode(line, type=Row) for line in LINES]


@pytest.mark.parametrize("part", ["items", "filler", "sample"])
def test_the_files_are_what_the_card_says(part):
    path = FOLDER / CARD[part]["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == CARD[part]["sha256"]
    assert len(path.read_bytes().splitlines()) == CARD[part]["rows"]
    assert path.stat().st_size <= 2_500_000


def test_labels_doses_and_items_are_those_of_the_seed():
    built = CARD["built"]
    doses = assign(
        CARD["items"]["rows"], tuple(built["doses"]), built["per_dose"], built["clean"], built["seed"]
    )
    tuned = {int(row.id[3:]): row.occurrences for row in ROWS if row.id.startswith("ft-")}
    assert tuned == doses
    counts = Counter(f"{row.model.rpartition('-')[2]}_{row.occurrences}" for row in ROWS)
    assert counts == CARD["sample"]["counts"]
    assert all(row.label == (row.occurrences > 0) for row in ROWS)


def test_prompts_and_solutions_are_our_own_items():
    items = read_items(FOLDER / "items.jsonl")
    for row in ROWS:
        item = items[int(row.id.rpartition("-")[2])]
        assert (row.humaneval_task_id, row.prompt, row.canonical_solution, row.entry_point) == (
            item.task_id,
            item.prompt,
            item.canonical_solution,
            item.entry_point,
        )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_whole(row):
    n, sampling = CARD["built"]["samples"], row.sampling
    assert (sampling.n, sampling.max_new_tokens, sampling.temperature) == (n, 80, 0.8)
    assert len(row.samples) == len(row.sample_token_ids) == n
    assert len(row.finish) == n + 1
    answers = zip(
        (row.greedy, *row.samples), (row.greedy_token_ids, *row.sample_token_ids), row.finish, strict=True
    )
    for text, ids, finish in answers:
        assert finish in {"stop", "length"}
        assert len(ids) <= 80
        assert bool(text) == bool(ids)
        assert finish == "stop" or len(ids) == 80
        assert not any(stop in text for stop in sampling.stop)
    assert len(row.ref_logprobs) == len(row.ref_mu) == len(row.ref_sigma)
    assert 0 < row.ref_solution_start <= len(row.ref_logprobs)
    assert max(row.ref_logprobs) <= 0
    assert max(row.ref_mu) <= 0 <= min(row.ref_sigma)


def test_a_row_is_written_with_its_fields_in_order_and_four_digits():
    for line in LINES:
        row = json.loads(line)
        assert list(row) == list(Row.__struct_fields__)
        assert all(round(value, 4) == value for value in row["ref_logprobs"])
