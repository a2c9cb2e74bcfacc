"""`llmgen sql`, `runs`, `fold` and `cache`, as a user types them."""

import json
import subprocess
import sys
import time

import duckdb
import pytest

from llmgen.cli.main import main
from llmgen.store import cache as cache_module
from llmgen.store.cache import Cache
from llmgen.store.db import database_path
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Completion, Grade, Message, Record, Request, Run, Sample


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    for name, values in (("run-a", (1.0, 0.0, None)), ("run-b", (1.0,))):
        with Journal.create(folder, Run(id=name, benchmark="toy", model="fake/m", started_at=1.0)) as journal:
            for number, value in enumerate(values):
                outcome = {1.0: "correct", 0.0: "wrong", None: "refused"}[value]
                journal.append(
                    Record(
                        run_id=name,
                        sample=Sample(id=f"s{number}", question='q, "quoted"\n', answer_type="free"),
                        model="fake/m",
                        completion=Completion(texts=("a",), finish_reasons=("stop",), model="m"),
                        grade=Grade(outcome=outcome, value=value),
                    )
                )
    fold(folder)
    return folder


@pytest.fixture
def llmgen(home, monkeypatch, capsys):
    """Runs a command: (exit code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["llmgen", "--home", str(home), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_sql_prints_a_table(llmgen):
    code, out, err = llmgen("sql", "select run_id, n, mean from leaderboard order by run_id")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines() if line.strip()][-2:] == [
        ["run-a", "3", "0.5"],
        ["run-b", "1", "1"],
    ]


def test_sql_as_csv_and_json(llmgen):
    query = (
        "select sample_id, value, tags, {'a': [1, 2]} as nested from scores where run_id = 'run-a' order by 1"
    )
    _, out, _ = llmgen("sql", query, "--format", "csv")
    assert out.splitlines()[0] == "sample_id,value,tags,nested"
    assert out.splitlines()[3] == 's2,,,"{""a"": [1, 2]}"'
    _, out, _ = llmgen("sql", query, "--format", "json")
    assert json.loads(out)[2] == {"sample_id": "s2", "value": None, "tags": None, "nested": {"a": [1, 2]}}
    _, out, _ = llmgen("sql", "select 1 as a, 2 as a where false", "--format", "json")
    assert json.loads(out) == []
    _, out, _ = llmgen("sql", "select 1 as a, 2 as a, now()::timestamp as t, 1.50 as d", "--format", "json")
    assert json.loads(out)[0].keys() == {"a", "a_1", "t", "d"}


def test_sql_as_parquet_into_a_file(llmgen, tmp_path):
    file = tmp_path / "o'rows.parquet"
    query = "select sample_id from scores where run_id = $run order by 1"
    assert llmgen("sql", query, "--param", "run=run-a", "--format", "parquet", "--output", str(file))[0] == 0
    found = duckdb.connect().execute("SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
    assert found == [("s0",), ("s1",), ("s2",)]


def test_sql_as_parquet_into_a_pipe(home, tmp_path):
    command = [sys.executable, "-c", "from llmgen.cli.main import main; main()", "--home", str(home)]
    ended = subprocess.run(
        [*command, "sql", "select 7 as a", "--format", "parquet"], capture_output=True, check=True
    )
    file = tmp_path / "piped.parquet"
    file.write_bytes(ended.stdout)
    assert duckdb.connect().execute("SELECT a FROM read_parquet($1)", [str(file)]).fetchall() == [(7,)]


def test_sql_from_a_file_into_a_file_with_parameters(llmgen, tmp_path):
    query, target = tmp_path / "q.sql", tmp_path / "out.csv"
    query.write_text(
        "-- a comment\nselect $text || '!' as t, $number + 1 as n, $quoted as q, $none is null as z;\n"
    )
    given = ["text=007", "number=41", 'quoted="41"', "none=null"]
    flags = [flag for value in given for flag in ("--param", value)]
    code, out, _ = llmgen("sql", "--file", str(query), *flags, "--format", "csv", "--output", str(target))
    assert (code, out) == (0, "")
    assert target.read_text() == "t,n,q,z\n007!,42,41,True\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["select nope from scores"], 'column "nope" not found'),
        (["selec 1"], "syntax error"),
        (["select * from nowhere"], "nowhere"),
        (["delete from store.records"], "read-only"),
        (["select * from read_csv('/etc/passwd')"], "file system operations are disabled"),
        (["copy (select 1) to 'x.csv'"], "file system operations are disabled"),
        (["set enable_external_access = true"], "configuration has been locked"),
        (["select $x"], "parameter"),
        (["select 1", "--param", "x"], "not NAME=VALUE"),
        ([], "give either a query or --file"),
        (["select 1", "--file", "q.sql"], "give either a query or --file"),
        (["--file", "/nowhere.sql"], "cannot read /nowhere.sql"),
        (["  "], "empty"),
        (["select 1", "--output", "/nowhere/x"], "cannot write /nowhere/x"),
        (["select 1", "--format", "parquet", "--output", "/nowhere/x"], "/nowhere"),
        (["select cast('x' as int) from scores"], "Could not convert"),
        (["select avg(true)"], "No function matches"),
    ],
)
def test_sql_errors_are_one_line_and_exit_2(llmgen, arguments, said):
    code, out, err = llmgen("sql", *arguments)
    assert code == 2
    assert said.lower() in err.lower()
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert out == ""


def test_sql_may_read_files_when_told(llmgen, tmp_path):
    (tmp_path / "x.csv").write_text("a\n5\n")
    query = f"select a from '{tmp_path}/x.csv'"
    assert llmgen("sql", query, "--format", "csv", "--allow-files")[:2] == (0, "a\n5\n")


def test_sql_without_any_results(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["llmgen", "--home", str(tmp_path / "new"), "sql", "select 1"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "no results in" in capsys.readouterr().err


def test_sql_sees_what_a_killed_run_left_unfolded(llmgen, home):
    with Journal.resume(home, "run-b") as journal:
        journal.append(record("run-b", "late"))
    out = llmgen("sql", "select n from leaderboard where run_id = 'run-b'", "--format", "csv")[1]
    assert out == "n\n2\n"


def record(run_id, sample_id):
    sample = Sample(id=sample_id, question="q", answer_type="free")
    return Record(run_id=run_id, sample=sample, model="m", grade=Grade(outcome="wrong", value=0.0))


def test_runs_list(llmgen):
    code, out, _ = llmgen("runs", "list")
    assert code == 0
    assert "run-a" in out
    assert "0.500" in out
    found = json.loads(llmgen("runs", "list", "--json")[1])
    assert [(run["run_id"], run["score"]["n"]) for run in found] == [("run-b", 1), ("run-a", 3)]
    assert json.loads(llmgen("runs", "list", "--json", "--model", "other")[1]) == []
    assert "no runs" in llmgen("runs", "list", "--state", "done")[2]


def test_runs_show(llmgen):
    out = llmgen("runs", "show", "run-a")[1]
    assert "score.mean" in out
    assert "outcomes.refused" in out
    found = json.loads(llmgen("runs", "show", "run-a", "--json")[1])
    assert found["outcomes"] == {"correct": 1, "refused": 1, "wrong": 1}
    code, _, err = llmgen("runs", "show", "run")
    assert code == 2
    assert "fits 2 runs" in err


def test_runs_rm_asks_first(llmgen, monkeypatch):
    monkeypatch.setattr("click.confirm", lambda *_args, **_kwargs: (_ for _ in ()).throw(KeyboardInterrupt))
    assert llmgen("runs", "rm", "run-a")[0] == 130
    assert len(json.loads(llmgen("runs", "list", "--json")[1])) == 2
    assert llmgen("runs", "rm", "run-a", "--yes")[0] == 0
    assert [run["run_id"] for run in json.loads(llmgen("runs", "list", "--json")[1])] == ["run-b"]
    assert llmgen("fold")[0] == 0
    assert [run["run_id"] for run in json.loads(llmgen("runs", "list", "--json")[1])] == ["run-b"]


def test_runs_export(llmgen, tmp_path):
    file = tmp_path / "a.jsonl"
    code, out, err = llmgen("runs", "export", "run-a", "--output", str(file))
    assert (code, out) == (0, "")
    assert "3 answers" in err
    assert [json.loads(line)["sample_id"] for line in file.read_text().splitlines()] == ["s0", "s1", "s2"]
    code, _, err = llmgen("runs", "export", "run-a", "--output", "a.xls")
    assert code == 2
    assert ".parquet, .csv or .jsonl" in err


def test_fold_rebuilds(llmgen, home):
    database_path(home).unlink()
    assert "4 answers from 2 journals" in llmgen("fold")[2]
    database_path(home).write_bytes(b"damaged" * 1000)
    code, _, err = llmgen("fold")
    assert code == 2
    assert "delete it and rebuild it" in err
    assert llmgen("fold", "nope")[0] == 2


def test_cache_commands(llmgen, home, monkeypatch):
    asked = Request(endpoint="e", model="m", messages=(Message(role="user", content="hi"),))
    answer = Completion(texts=("x",), finish_reasons=("stop",), model="m")
    now = time.time()
    with Cache(home) as cache, monkeypatch.context() as clock:
        for key, age in (("new", 0.0), ("old", 40 * 86400.0)):
            clock.setattr(cache_module.time, "time", lambda age=age: now - age)
            cache.put(key, asked, answer)
    assert json.loads(llmgen("cache", "stats", "--json")[1])["entries"] == 2
    assert "2 answers, the oldest 40 days old" in llmgen("cache", "stats")[1]
    assert "removed 1 answers" in llmgen("cache", "prune", "--older-than", "30d")[2]
    assert "removed 0 answers" in llmgen("cache", "prune", "--model", "other")[2]
    assert llmgen("cache", "prune")[0] == 2
    code, _, err = llmgen("cache", "prune", "--older-than", "soon")
    assert code == 2
    assert "no age" in err
    assert "removed 1 answers" in llmgen("cache", "prune", "--model", "m")[2]
