"""`llmgen eval detcon` as users call it: no model, detectors' numbers, SQL, bad files, resume."""

import json

import pytest

WORDS = (
    "def solve(a, b):\n    total = a + b\n    for step in range({n}):\n        total += step * {n}\n"
    "    return total\n"
)


def answer(number):
    return WORDS.format(n=number)


def row(name, dose, near):
    """An item of which `near` of 20 draws are the greedy answer itself, the others being far from it."""
    far = [" ".join(f"word{name}{i}{j}" for j in range(40)) for i in range(20 - near)]
    return {
        "id": name,
        "model": "tiny-ft",
        "label": int(dose > 0),
        "occurrences": dose,
        "prompt": f"def {name}(a, b):\n",
        "canonical_solution": "    return a + b\n",
        "greedy": answer(7),
        "samples": [answer(7)] * near + far,
        "ref_solution_start": 2,
        "ref_logprobs": [-3.0, *([-0.01] * 4 if dose else [-2.0 - near / 10] * 4)],
    }


ROWS = [
    *(row(f"clean{n:02}", 0, n % 4) for n in range(24)),
    *(row(f"once{n}", 1, n % 4) for n in range(6)),
    *(row(f"often{n}", 8, 15 + n % 4) for n in range(6)),
]


@pytest.fixture
def file(llmgen):
    def write(rows, name="rows.jsonl"):
        path = llmgen.folder / name
        path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in rows))
        return path

    return write


def test_the_json_of_an_evaluation(llmgen, file, asked):
    done = llmgen("eval", "detcon", "--data", file(ROWS), "--detector", "cdd,min_k,min_k_pp", "--json")
    assert done.code == 0, done.err
    found = done.json["metrics"]["detectors"]
    cdd = found["cdd"]
    assert (done.json["n"], cdd["n"], cdd["insufficient"], cdd["all"]["n"]) == (36, 36, 0, 36)
    # more than 20 % near: 15 to 18 of 20; three of 20 are 15 %
    assert (cdd["flagged"], cdd["precision"], cdd["recall"], cdd["fpr"]) == (6, 1.0, 0.5, 0.0)
    assert cdd["by_dose"]["8"]["auc"] == 1.0
    assert cdd["by_dose"]["1"]["auc"] == pytest.approx(0.44, abs=0.05)
    assert [cdd["verdicts"][name]["verdict"] for name in ("1", "8", "clean")] == [
        "no_evidence", "evidence", "no_evidence",
    ]  # fmt: skip
    assert found["min_k"]["auc"] == 1.0
    assert found["min_k_pp"]["reasons"] == {"no_full_distribution": 36}
    assert asked() == []


def test_presets_and_thresholds_reach_the_detector(llmgen, file):
    path = file(ROWS)
    strict = llmgen("eval", "detcon", "--data", path, "--preset", "published", "--json")
    found = strict.json["metrics"]["detectors"]["cdd"]
    assert (found["preset"], found["flagged"]) == ("published", 18 + 4 + 6)  # one near copy is enough
    assert any("75% of the clean items" in line for line in strict.json["warnings"])
    high = llmgen("eval", "detcon", "--data", path, "--xi", "0.8", "--json")
    assert high.json["metrics"]["detectors"]["cdd"]["flagged"] == 2  # 17 and 18 of 20


def test_items_reach_sql_with_their_draws(llmgen, file):
    llmgen("eval", "detcon", "--data", file(ROWS[-2:]), "--json")
    rows = llmgen.sql("select sample_id, detector, flagged, near, n_used from contamination order by all")
    assert rows == [
        {"sample_id": "often4", "detector": "cdd", "flagged": True, "near": 15, "n_used": 20},
        {"sample_id": "often5", "detector": "cdd", "flagged": True, "near": 16, "n_used": 20},
    ]
    assert llmgen.sql("select count(*) as n from draws") == [{"n": 40}]


def test_tables_for_people(llmgen, file):
    done = llmgen("eval", "detcon", "--data", file(ROWS))
    assert done.code == 0, done.err
    for word in ("Detectors", "By dose", "Mean scores by dose", "evidence"):
        assert word in done.out + done.err


def test_answers_that_say_nothing(llmgen, file):
    rows = [
        {**row("a", 0, 3), "greedy": None},
        {**row("b", 0, 3), "samples": []},
        {**row("c", 0, 3), "samples": ["", None, "  "] * 10},
        {**row("d", 8, 3), "greedy": "short"},
        {**row("e", 8, 3), "answer_type": "alphabet_option"},
        {**row("f", 0, 3), "greedy": "\0 \u202e \ud800" * 20, "samples": ["\ud83d"] * 20},
    ]
    done = llmgen("eval", "detcon", "--data", file(rows), "--detector", "cdd,ted", "--json")
    assert done.code == 0, done.err
    assert done.json["metrics"]["detectors"]["cdd"]["reasons"] == {
        "too_few_samples": 2, "no_greedy": 1, "too_short": 1, "answer_only": 1,
    }  # fmt: skip


def test_malformed_rows_end_the_call_by_name(llmgen, file):
    bad = [row("a", 0, 3), "{", {**row("b", 0, 3), "label": 5}]
    done = llmgen("eval", "detcon", "--data", file(bad))
    assert done.code == 2
    assert "rows.jsonl:2" in done.err
    assert "rows.jsonl:3" in done.err
    assert "Traceback" not in done.err
    kept = llmgen("eval", "detcon", "--data", file(bad), "--skip-bad", "--json")
    assert kept.json["n"] == 1
    assert any("2 malformed rows were left out" in line for line in kept.json["warnings"])
    absent = llmgen("eval", "detcon", "--data", llmgen.folder / "absent.jsonl")
    assert absent.code == 2
    assert "cannot read" in absent.err


def test_a_second_look_at_a_finished_run_changes_nothing(llmgen, file):
    first = llmgen("eval", "detcon", "--data", file(ROWS), "--run-id", "one", "--json")
    again = llmgen("eval", "--resume", "one", "--json")
    assert again.code == 0, again.err
    assert again.json["metrics"] == first.json["metrics"]
