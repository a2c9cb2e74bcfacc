"""The reports in a real browser: silent console, no sideways scrolling on a phone, injection inert."""

import html
import json
import re
import shutil
import struct
import subprocess

import pytest

from llmgen.reports.charts import Line
from llmgen.reports.comparison import render_comparison
from llmgen.reports.easy2hard import (
    Easy2HardPage,
    Heat,
    ItemMap,
    Question,
    Ranks,
    RunLine,
    render_easy2hard,
)
from llmgen.reports.run import render_run
from llmgen.reports.tally import tally
from llmgen.reports.views import Bar, ComparisonPage, FlipGroup, FlipView, RunCard, Score
from llmgen.summary import Summary, Table
from llmgen.types import Completion, Grade, Message, Record, Run, Sample

HOSTILE = (
    "<script>window.top.owned = 1; console.error('owned')</script><img src=x onerror='window.top.owned = 1'>"
    "</pre></details></main><style>body{width:3000px}</style>" + "x" * 4000
)
LONG = "openai/ft:gpt-4o-mini-2024-07-18:a-laboratory-with-a-long-name::" + "9" * 60
MEASURE = """
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  for (const details of page.querySelectorAll("details")) details.open = true;
  const plots = [...page.querySelectorAll("svg[role=img]:has(circle)")].map(svg => {
    const box = svg.getBoundingClientRect(), point = svg.querySelector("circle").getBoundingClientRect();
    return [box.left, (point.left + point.right) / 2, box.right].map(Math.round);
  });
  document.querySelector("#found").textContent = JSON.stringify({
    overflow: root.scrollWidth - root.clientWidth, width: root.clientWidth, owned: window.owned ?? null,
    scripts: page.scripts.length, sections: page.querySelectorAll("section h2").length, plots,
    ground: getComputedStyle(page.body).backgroundColor,
  });
});
</script>
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """Calls headless Chromium with its own profile; returns (stdout, stderr)."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("no chromium binary (apt-get install chromium)")
    profile = tmp_path_factory.mktemp("profile")

    def call(*arguments):
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
        ]
        done = subprocess.run(
            [binary, *flags, f"--user-data-dir={profile}", "--virtual-time-budget=4000", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout, done.stderr

    return call


@pytest.fixture(scope="module")
def run_page(root):
    records = [
        Record(
            run_id="r",
            sample=Sample(id=f"{LONG}/{index}", question="?", answer_type="free", target=HOSTILE),
            model="m",
            prompt=(Message(role="user", content=HOSTILE),),
            completion=Completion(texts=(HOSTILE,), finish_reasons=("stop",), model=LONG, endpoint=HOSTILE),
            grade=Grade(outcome=outcome, value=value, reason=HOSTILE),
        )
        for index, (outcome, value) in enumerate([("wrong", 0.0), ("correct", 1.0), ("refused", None)])
    ]
    table = Table(
        title="Accuracy " + HOSTILE[:60],
        columns=("domain", "n", "accuracy", "95% interval", *(f"a long column name {i}" for i in range(12))),
        rows=(
            ("people", "50", "0.540", "[0.404, 0.670]", *["1,234"] * 12),
            (LONG, "50", "1.000", "[0.929, 1.000]", *["0"] * 12),
        ),
        note=HOSTILE,
    )
    run = Run(
        id="20310114-093011-a1b2c3",
        benchmark="b",
        model=LONG,
        started_at=1.0,
        identity="f" * 64,
        notes=(HOSTILE,),
    )
    score = Score(n=3, n_graded=2, mean=0.5, low=0.1, high=0.9, method="wilson", n_clusters=2)
    return render_run(
        run, Summary(metrics={}, tables=(table,)), score, tally(records), root / "reports" / "templates"
    )


@pytest.fixture(scope="module")
def comparison_page(root):
    page = ComparisonPage(
        title=f"{LONG} against {LONG}",
        unlike=(HOSTILE,),
        warnings=(HOSTILE,),
        findings=("A and B: no difference shown.",),
        bars=(
            Bar(label="all", mean=0.0, low=-0.2, high=0.2, n="50"),
            Bar(label=LONG, mean=-0.1, low=-0.2, high=0.1),
        ),
        tables=(Table(title="Differences", columns=("task", "p"), rows=(("all", "0.0414"),)),),
        runs=tuple(
            RunCard(letter=letter, run_id="r" * 40, model=LONG, facts=(("Cost", "$0.10"),)) for letter in "AB"
        ),
        flips=(
            FlipGroup(
                title="Disagreements",
                n=9,
                flips=(
                    FlipView(
                        sample_id=LONG,
                        letter="A",
                        gold=HOSTILE,
                        said=(("A (wrong)", HOSTILE), ("B (error)", None)),
                    ),
                ),
            ),
        ),
        methods=("Method.",),
        command="llmgen compare a b",
    )
    return render_comparison(page, root / "reports" / "templates")


@pytest.fixture(scope="module")
def easy2hard_page(root):
    line = Line(
        label=LONG, at=(0.1, 0.5, 0.9), value=(0.9, 0.5, 0.2), low=(0.8, 0.4, 0.1), high=(1.0, 0.6, 0.3)
    )
    columns = ("", "model", "run", "started", "graded", "accuracy", "95 % interval")
    run = ("1", LONG, "r" * 40, "now", "50/50", "0.540", "0.404 to 0.670")
    table = Table(title="Bins", columns=columns, rows=(run,) * 3, note=HOSTILE)
    bars = (Bar(label=LONG, mean=0.5, low=-0.5, high=1.5), Bar(label=HOSTILE[:80], mean=-1, low=-2, high=0))
    page = Easy2HardPage(
        runs=Table(title="Runs", columns=columns, rows=(run,) * 8, note="note"),
        ratings=dict.fromkeys(("amc", "arc", "gsm8k"), (0.1, 0.2, 0.2, 1.0)),
        curves={"arc": tuple(RunLine(run=run, line=line) for run in range(8))},
        bins=table,
        tables=(table,),
        heats=(
            Heat(
                title=LONG,
                columns=tuple(f"items {test}" for test in range(1, 21)),
                rows=("no examples", "examples 1"),
                cells=(((0.5, "0.4 to 0.6, 50 items"),) * 20, ((None, "no answers"),) * 20),
                note=HOSTILE,
            ),
        ),
        item_map=ItemMap(
            about=HOSTILE, difficulties=(-9.0, -1.0, 0.0, 0.1, 2.0), abilities=bars, note=HOSTILE
        ),
        suspects=(Question(sample_id=LONG, why=HOSTILE, question=HOSTILE, facts=(("Key", HOSTILE),)),),
        n_suspects=9,
        ranks=Ranks(about=LONG, bars=(Bar(label=LONG, mean=1.5, low=1, high=2),)),
        notes=(HOSTILE,),
        warnings=(HOSTILE, LONG),
        command="llmgen report easy2hard",
    )
    return render_easy2hard(page, root / "reports" / "templates")


@pytest.fixture(scope="module", params=["run_page", "comparison_page", "easy2hard_page"])
def page(request):
    return request.getfixturevalue(request.param)


def console(stderr):
    return [line for line in stderr.splitlines() if "CONSOLE" in line]


def measured(chromium, folder, page, width, *flags):
    """What a script beside the page sees when the page is `width` pixels wide and everything is open."""
    harness = folder / "harness.html"
    frame = f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page)}"></iframe>'
    harness.write_text(f'<!doctype html><meta charset="utf-8"><p id="found"></p>{frame}{MEASURE}')
    out, _ = chromium("--window-size=1400,1000", *flags, "--dump-dom", harness.as_uri())
    return json.loads(html.unescape(re.search(r'<p id="found">(.*?)</p>', out)[1]))


def test_the_console_stays_silent(chromium, page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page)
    out, err = chromium("--dump-dom", file.as_uri())
    assert out.rstrip().endswith("</html>")
    assert console(err) == []


def test_the_console_would_be_heard(chromium, tmp_path):
    file = tmp_path / "page.html"
    file.write_text("<script>console.error('heard')</script>")
    assert "heard" in "".join(console(chromium("--dump-dom", file.as_uri())[1]))


@pytest.mark.parametrize("width", [320, 400, 1200])
def test_no_page_scrolls_sideways(chromium, page, tmp_path, width):
    found = measured(chromium, tmp_path, page, width)
    assert found["width"] == width
    assert found["overflow"] == 0
    assert found["sections"] >= 4


def test_injection_is_inert_even_without_the_policy(chromium, page, tmp_path):
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert open_page != page
    found = measured(chromium, tmp_path, open_page, 400)
    assert (found["owned"], found["scripts"]) == (None, 0)


def test_the_harness_would_see_an_injection(chromium, tmp_path):
    found = measured(chromium, tmp_path, f"<svg role=img><circle/></svg>{HOSTILE}", 400)
    assert found["owned"] == 1
    assert found["overflow"] > 0


def test_points_lie_where_their_values_are(chromium, run_page, tmp_path):
    left, point, right = measured(chromium, tmp_path, run_page, 1000)["plots"][0]
    assert (point - left) / (right - left) == pytest.approx(0.54, abs=0.01)


def test_models_lie_on_the_scale_of_the_items(chromium, easy2hard_page, tmp_path):
    strip, able, weak, _ = measured(chromium, tmp_path, easy2hard_page, 1000)["plots"]
    left, point, right = strip  # the first circle, an ability of 0.5 on an axis from -6 to 2
    assert (point - left) / (right - left) == pytest.approx(6.5 / 8, abs=0.01)
    assert able[1] > weak[1]


def test_dark_and_light_follow_the_reader(chromium, page, tmp_path):
    light = measured(chromium, tmp_path, page, 400)
    dark = measured(chromium, tmp_path, page, 400, "--blink-settings=preferredColorScheme=0")
    assert light["ground"] != dark["ground"]


def test_a_phone_sees_a_picture(chromium, run_page, tmp_path):
    file, shot = tmp_path / "page.html", tmp_path / "page.png"
    file.write_text(run_page)
    chromium("--window-size=400,2000", f"--screenshot={shot}", file.as_uri())
    data = shot.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (400, 2000)
    assert len(data) > 20_000  # an empty page is a few kilobytes
