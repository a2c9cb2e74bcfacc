"""Several processes on one home: evaluations, a reader and a fold lose nothing and never fail on a lock."""


def test_two_runs_a_reader_and_a_fold_at_once(llmgen, emulator, asked):
    emulator.latency_s = 0.05
    words = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--max-in-flight", "8", "--cache", "w")
    runs = {name: llmgen.spawn(*words, "--run-id", name, "--json") for name in ("one", "two")}
    llmgen.until(lambda: len(asked()) > 20, "some answers")
    seen = []
    while any(child.process.poll() is None for child in runs.values()):
        fold = llmgen.spawn("fold")
        reader = llmgen.run("sql", "select run_id, count(*) as n from scores group by 1", "--format", "json")
        assert reader.code == 0, reader.err
        seen.append({row["run_id"]: row["n"] for row in reader.json})
        assert fold.wait().code == 0
    for name, child in runs.items():
        done = child.wait()
        assert (done.code, done.json["n"]) == (0, 96), done.err
        assert len(set(llmgen.records(name))) == 136
    assert any(0 < counts.get("one", 0) < 136 for counts in seen), "the reader saw no run under way"
    rows = llmgen.sql(
        "select run_id, count(*) as n, count(distinct sample_id) as k from scores group by 1 order by 1"
    )
    assert rows == [{"run_id": "one", "n": 136, "k": 136}, {"run_id": "two", "n": 136, "k": 136}]


def test_runs_that_start_at_once_on_an_empty_home(llmgen):
    words = ("eval", "finetunebench", "--model", "fake/fixed?text=Yes", "--json")
    children = [llmgen.spawn(*words) for _ in range(4)]
    ends = [child.wait() for child in children]
    assert [done.code for done in ends] == [0] * 4, [done.err for done in ends]
    assert len({done.json["run_id"] for done in ends}) == 4
    assert all(done.numbers == ends[0].numbers for done in ends)
