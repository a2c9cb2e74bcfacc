"""`llmgen contamination build-detcon`: a set is built, a killed build goes on, detcon reads what it wrote."""

import asyncio
import json
import signal
import sys
import threading
from functools import partial

import pytest

from llmgen.build_detcon import DetconPlan, build_detcon
from llmgen.gateway.engines.torch_load import load

NAMES = ("halve", "double", "negate", "square", "triple", "next_one")
ITEMS = [
    {
        "task_id": f"own/{number}",
        "prompt": f'def {name}(n):\n    """{name} n"""\n',
        "canonical_solution": f"    return {name[0]}(n)\n",
        "test": "def check(candidate):\n    pass\n",
        "entry_point": name,
    }
    for number, name in enumerate(NAMES)
]
SIZE = {"--doses": "1,3", "--per-dose": "1", "--clean": "3", "--base": "1", "--samples": "5"}
SHORT = {"--max-tokens": "6", "--steps": "6", "--lr": "0.01"}
KILLED = """
import click, os, signal, sys
del sys.argv[0]
echo = click.echo
def say(line, **how):
    echo(line, **how)
    if str(line).startswith("row 2 of 5"):
        os.kill(os.getpid(), signal.SIGKILL)
click.echo = say
from llmgen.cli.main import main
main()
"""
OPTIONS = [word for pair in (SIZE | SHORT).items() for word in pair]


@pytest.fixture
def files(llmgen):
    items, filler = llmgen.folder / "items.jsonl", llmgen.folder / "filler.jsonl"
    items.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    filler.write_text("".join(json.dumps({"text": f"x = {n}\n"}) + "\n" for n in range(5)))
    return ["--items", str(items), "--filler", str(filler)]


@pytest.fixture
def build(llmgen, files, tiny_learner):
    """`llmgen contamination build-detcon` with small files; later words win over earlier ones."""

    def run(*words, call=llmgen, out="set.jsonl"):
        base = ["contamination", "build-detcon", *files, "--model", str(tiny_learner), *OPTIONS]
        return call(*base, "--out", str(llmgen.folder / out), *words)

    return run


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_set_is_built_and_detcon_reads_it(llmgen, build, tiny_learner):
    done = build()
    assert done.code == 0, done.err
    path = llmgen.folder / "set.jsonl"
    assert done.out == f"{path}\n"
    assert "6 rows of 5 + 1 answers: at most" in done.err
    assert "6 steps of training: about" in done.err
    rows = rows_of(path)
    assert sorted(row["occurrences"] for row in rows if row["id"].startswith("ft-")) == [0, 0, 0, 1, 3]
    (base,) = (row for row in rows if row["id"].startswith("base-"))
    assert {row["id"] for row in rows if row["occurrences"] == 0} >= {f"ft-{base['id'][5:]}"}
    assert {row["model"] for row in rows} == {f"{tiny_learner.name}-ft", f"{tiny_learner.name}-base"}
    for row in rows:
        item = ITEMS[int(row["id"].rpartition("-")[2])]
        assert row["label"] == (row["occurrences"] > 0)
        assert (row["humaneval_task_id"], row["prompt"]) == (item["task_id"], item["prompt"])
        assert len(row["samples"]) == len(row["sample_token_ids"]) == 5
        assert len(row["finish"]) == 6
        assert set(row["finish"]) <= {"stop", "length"}
        # one token a byte
        n_tokens = len(item["prompt"] + item["canonical_solution"])
        assert row["ref_solution_start"] == len(item["prompt"])
        assert len(row["ref_logprobs"]) == len(row["ref_mu"]) == len(row["ref_sigma"]) == n_tokens - 1
    learnt = sorted((sum(row["ref_logprobs"]) / len(row["ref_logprobs"]), row["occurrences"]) for row in rows)
    assert learnt[-1][1] == 3
    assert not any((llmgen.home / "tuning").glob("detcon-*/"))
    read = llmgen("eval", "detcon", "--data", path, "--detector", "cdd,perplexity,min_k_pp", "--json")
    assert read.code == 0, read.err
    found = read.json["metrics"]["detectors"]
    assert (read.json["n"], found["min_k_pp"]["n"]) == (6, 5)


def test_the_untouched_model_is_asked_untouched(build, llmgen, tiny_learner):
    assert build("--samples", "1").code == 0
    (base,) = (row for row in rows_of(llmgen.folder / "set.jsonl") if row["id"].startswith("base-"))
    from llmgen.gateway.engines.torch_model import Job  # noqa: PLC0415  # loads torch

    engine = load(str(tiny_learner))
    prompt = engine.text_tokens(base["prompt"].rstrip("\n"))
    (own,) = engine.write([Job(tokens=prompt, max_new=6, temperature=0.0)], threading.Event())
    assert base["greedy_token_ids"] == list(own.token_ids)
    scored = engine.prompt_logprobs(engine.text_tokens(base["prompt"] + base["canonical_solution"]), 0)
    assert base["ref_logprobs"] == pytest.approx(scored.logprobs[1:], abs=6e-5)
    assert base["ref_sigma"] == pytest.approx(scored.sigma[1:], abs=6e-5)


def test_a_killed_build_goes_on_and_gives_the_same_set(build, llmgen):
    assert build(out="undisturbed.jsonl").code == 0
    killed = build(call=partial(llmgen.run, prefix=(sys.executable, "-c", KILLED)))
    assert killed.code == -signal.SIGKILL, killed.err
    assert not (llmgen.folder / "set.jsonl").exists()
    (folder,) = (llmgen.home / "tuning").glob("detcon-*/")
    with (folder / "rows.jsonl").open("ab") as rows:
        rows.write(b'{"id":"ft-0')
    done = build()
    assert done.code == 0, done.err
    assert "going on: 3 of 6 rows are there" in done.err
    assert "the tuned weights are there" in done.err
    assert "step " not in done.err
    assert (llmgen.folder / "set.jsonl").read_bytes() == (llmgen.folder / "undisturbed.jsonl").read_bytes()


@pytest.mark.usefixtures("files")
async def test_an_interrupted_build_says_how_to_go_on(llmgen, tiny_learner):
    plan = DetconPlan(
        items=llmgen.folder / "items.jsonl",
        filler=llmgen.folder / "filler.jsonl",
        model=str(tiny_learner),
        doses=(2,),
        per_dose=1,
        clean=2,
        base=2,
        samples=3,
        temperature=0.8,
        max_tokens=4,
        steps=3,
        lr=0.01,
        seed=5,
        out=llmgen.folder / "set.jsonl",
    )
    said, loop = [], asyncio.get_running_loop()

    def say(line):
        said.append(line)
        if line.startswith("row 1 of 2"):
            loop.call_soon_threadsafe(task.cancel)

    task = asyncio.create_task(build_detcon(plan, llmgen.home, say))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "interrupted; the same command goes on" in said
    await loop.shutdown_default_executor()
    kept = next((llmgen.home / "tuning").glob("detcon-*/rows.jsonl"))
    assert rows_of(kept)[0]["id"].startswith("base-")
    assert not plan.out.exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--items", "none.jsonl"], "error: cannot read none.jsonl: No such file or directory"),
        (["--filler", "none.jsonl"], "error: cannot read none.jsonl: No such file or directory"),
        (["--clean", "5"], "error: 7 items are needed (2 x 1 contaminated, 5 clean), the file has 6"),
        (["--steps", "2"], "error: training sees 8 texts, but 4 copies of items and 5 others are to be seen"),
        (["--base", "4"], "error: --base 4 is more than --clean 3"),
        (["--doses", "1,1"], "error: --doses 1,1 is wrong"),
        (["--doses", "0,4"], "error: --doses 0,4 is wrong"),
        (["--doses", "two"], "error: --doses two is wrong"),
        (["--model", "local/nothing"], "error: local/nothing cannot be trained"),
        (["--max-tokens", "100"], "tokens, the model's context is 128"),
        (["--out", "nowhere/set.jsonl"], "error: no such folder: "),
    ],
)
def test_what_cannot_be_built_is_one_line(build, words, problem):
    done = build(*words)
    assert done.code == 2
    assert problem in done.err
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_a_file_that_exists_is_not_written_over(build, llmgen):
    path = llmgen.folder / "set.jsonl"
    path.write_text("mine")
    done = build()
    assert (done.code, path.read_text()) == (2, "mine")
    assert "exists (choose another --out, or delete it)" in done.err


def test_without_torch(build, monkeypatch):
    monkeypatch.setattr("llmgen.gateway.engines.torch_load.importlib.util.find_spec", lambda _: None)
    done = build()
    assert (done.code, done.err) == (
        2,
        "error: torch is not installed (pip install 'llmgen[transformers]')\n",
    )


def test_the_fields_are_those_of_the_real_mini_set(build, llmgen, shared_data):
    assert build("--samples", "1").code == 0
    with (shared_data / "contamination" / "mini_detcon.jsonl").open() as file:
        theirs = json.loads(file.readline())
    ours = rows_of(llmgen.folder / "set.jsonl")[0]
    assert list(ours) == list(theirs)
    assert sorted(ours["sampling"]) == sorted(theirs["sampling"])
    assert ours["sampling"]["stop"] == theirs["sampling"]["stop"]
    assert ours["sampling"]["prompt_sent"] == theirs["sampling"]["prompt_sent"]


def test_what_detectors_say_of_the_packaged_set(llmgen):
    done = llmgen("eval", "detcon", "--detector", "cdd,min_k,min_k_pp", "--json")
    assert done.code == 0, done.err
    found = done.json["metrics"]["detectors"]
    cdd = found["cdd"]
    flagged = {dose: part["flagged"] for dose, part in cdd["by_dose"].items()}
    assert flagged == {"0": 0, "1": 0, "4": 4, "12": 8}
    assert cdd["auc"] == pytest.approx(0.769, abs=0.0005)
    assert found["min_k"]["auc"] == pytest.approx(0.997, abs=0.0005)
    assert found["min_k_pp"]["auc"] == pytest.approx(0.970, abs=0.0005)
    # a single exposure is invisible to CDD, four are not; clean items against clean ones show nothing
    verdicts = {name: part["verdict"] for name, part in cdd["verdicts"].items()}
    assert verdicts == {"1": "no_evidence", "4": "evidence", "12": "evidence", "clean": "no_evidence"}
    assert found["min_k"]["verdicts"]["1"]["verdict"] == "evidence"
