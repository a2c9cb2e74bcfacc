"""Several processes on one home: evaluations, a reader and a fold lose nothing and never fail on a lock."""

from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import always, healthy


def test_two_runs_a_reader_and_a_fold_at_once(llmgen, emulator):
    emulator.latency_s = 0.02
    words = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--max-in-flight", "8", "--cache", "w")
    runs = {name: llmgen.spawn(*words, "--run-id", name, "--json") for name in ("one", "two")}
    llmgen.until(lambda: all(under_way(llmgen, name) for name in runs), "both under way")
    emulator.plan = always(Fault(name="429", headers={"retry-after": "0.3"}))  # both wait now
    counts = {}
    while not all(0 < counts.get(name, 0) < 136 for name in runs):
        counts = fold_and_read(llmgen)
    emulator.plan = healthy
    while any(child.process.poll() is None for child in runs.values()):
        later = fold_and_read(llmgen)
        assert all(later[name] >= counts[name] for name in runs)
    for name, child in runs.items():
        done = child.wait()
        assert (done.code, done.json["n"]) == (0, 96), done.err
        assert len(set(llmgen.records(name))) == 136
    rows = llmgen.sql(
        "select run_id, count(*) as n, count(distinct sample_id) as k from scores group by 1 order by 1"
    )
    assert rows == [{"run_id": "one", "n": 136, "k": 136}, {"run_id": "two", "n": 136, "k": 136}]


def under_way(llmgen, name):
    """Whether the run has stored some answers."""
    return (llmgen.home / "journal" / f"{name}.jsonl").exists() and len(llmgen.records(name)) > 5


def fold_and_read(llmgen):
    """Folds everything while somebody reads; how many answers the reader found of each run."""
    fold = llmgen.spawn("fold")
    reader = llmgen.run("sql", "select run_id, count(*) as n from scores group by 1", "--format", "json")
    assert reader.code == 0, reader.err
    assert fold.wait().code == 0
    return {row["run_id"]: row["n"] for row in reader.json}


def test_runs_that_start_at_once_on_an_empty_home(llmgen):
    words = ("eval", "finetunebench", "--model", "fake/fixed?text=Yes", "--json")
    children = [llmgen.spawn(*words) for _ in range(4)]
    ends = [child.wait() for child in children]
    assert [done.code for done in ends] == [0] * 4, [done.err for done in ends]
    assert len({done.json["run_id"] for done in ends}) == 4
    assert all(done.numbers == ends[0].numbers for done in ends)
