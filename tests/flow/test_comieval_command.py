"""`llmgen eval comieval`: recorded answers are run and corrected, now or later."""

import json

import pytest

RIGHT, WRONG = "    return x + 1\n", "    return x\n"
OTHERS = [f"    y = {number}\n    z = x + y\n    return z - y\n" for number in range(8)]


def write(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)))


@pytest.fixture
def words(llmgen):
    """A clean dose and a contaminated one, of the same two tasks, as words of the command line."""
    folder, problems = llmgen.folder / "answers", llmgen.folder / "problems.jsonl"
    folder.mkdir()
    test = "def check(candidate):\n    assert candidate(1) == 2\n"
    write(
        problems,
        [
            {"task_id": name, "prompt": f"def {name}(x):\n", "test": test, "entry_point": name}
            for name in ("a", "b")
        ],
    )
    greedy = {0: WRONG, 4: RIGHT}
    draws = {0: [WRONG] * 2 + OTHERS, 4: [RIGHT] * 8 + OTHERS[:2]}
    for dose in (0, 4):
        for name, texts in (("", draws[dose]), ("_gready", [greedy[dose]])):
            rows = [{"task_id": task, "completion": text} for task in ("a", "b") for text in texts]
            write(folder / f"Occurrence_{dose}{name}.jsonl", rows)
    return ["eval", "comieval", "--data", folder, "--problems", problems, "--json"]


def check(groups):
    clean, dosed = groups
    assert (clean["dose"], clean["raw"]["mean"], clean["ted"]["mean"]) == (0, 0.0, 0.0)
    assert (dosed["dose"], dosed["greedy"]["mean"], dosed["raw"]["mean"]) == (4, 1.0, 0.8)
    assert (dosed["dedupe"]["mean"], dosed["exclude"]["mean"]) == (pytest.approx(1 / 3), 0.0)
    assert (dosed["ted"]["mean"], dosed["mean_left"], dosed["gain_removed"]) == (0.0, 2.0, 1.0)


def test_answers_are_run_and_corrected(llmgen, words, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    done = llmgen(*words)
    assert done.code == 0, done.err
    check(done.json["metrics"]["groups"])
    assert done.json["metrics"]["sandbox"] == "bwrap"


def test_kept_answers_are_run_later(llmgen, words, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    first = llmgen(*words, "--no-exec")
    assert first.code == 0, first.err
    assert [group["raw"] for group in first.json["metrics"]["groups"]] == [None, None]
    assert [group["mean_left"] for group in first.json["metrics"]["groups"]] == [8.0, 2.0]
    done = llmgen("rescore", first.json["run_id"], "--set", "no_exec=false", "--json")
    assert done.code == 0, done.err
    check(done.json["metrics"]["groups"])


@pytest.mark.parametrize(
    ("flag", "message"),
    [("--data", "cannot read nowhere"), ("--problems", "cannot read nowhere")],
)
def test_missing_files(llmgen, words, flag, message):
    words[words.index(flag) + 1] = "nowhere"
    done = llmgen(*words)
    assert done.code == 2
    assert message in done.err
