"""The page of a run says the whole truth, and a hostile answer stays text."""

from html.parser import HTMLParser

import msgspec
import pytest

from llmgen.errors import StoreError
from llmgen.reports.run import render_run, write_report
from llmgen.reports.tally import tally
from llmgen.summary import Summary

VOID = {"meta", "line", "circle", "br"}


class Page(HTMLParser):
    """Tags and their attributes, checked for balance."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.words = [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def test_every_number_has_its_n_interval_and_exclusions(page):
    text = Page(page).text
    assert "0.500 95 % interval 0.237 to 0.763" in text
    assert "Mean grade of 10 graded samples out of 14 ." in text
    assert (
        "4 answers are not graded and not in the score: 1 error, 1 refused, 1 truncated, 1 unparsed." in text
    )
    assert "people · memorization n = 50 0.540 [0.404, 0.670]" in text.replace("\xa0", " ")
    assert "unknown (no price for this model)" in text
    assert "few samples" in text
    assert "two files are <missing>" in text
    assert "Wilson score interval" in text


def test_hostile_answers_stay_text(page):
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert "img" not in parsed.tags
    assert [name for _, name, _ in parsed.attributes if name.startswith("on")] == []
    assert "<script>alert(1)</script>" in parsed.text
    assert "{{ 7*7 }}" in parsed.text
    assert "\x00" not in page
    assert "openai/gpt-<x> on finetunebench" in parsed.text


def test_the_page_loads_nothing(page):
    parsed = Page(page)
    assert {name for _, name, _ in parsed.attributes} & {"src", "href", "srcset", "action", "style"} == set()
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_tables_have_headers_and_plots_have_names(page):
    parsed = Page(page)
    scopes = [value for tag, name, value in parsed.attributes if tag == "th" and name == "scope"]
    assert len(scopes) == parsed.tags.count("th") > 0
    images = [name for tag, name, _ in parsed.attributes if tag == "svg"]
    assert images.count("role") == images.count("aria-label") == 1
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    named = [value for _, name, value in parsed.attributes if name == "aria-labelledby"]
    assert len(set(ids)) == len(ids)
    assert set(named) <= set(ids)


def test_an_estimate_that_was_never_made_is_not_drawn(page):
    assert "news · generalization: " not in page


def test_failed_answers_say_why_and_the_run_how_to_go_on(page):
    text = Page(page).text
    assert "gateway: timeout: no byte for 300 s" in text
    assert "llmgen eval --resume 20310114-093011-a1b2c3" in text
    assert "llmgen eval finetunebench --model 'openai/gpt-<x>' --data 'my data' --limit 14" in text
    assert "--base-url u1 --base-url u2" in text


def test_a_run_without_a_graded_sample_has_no_score(records, run, score, root):
    nothing = msgspec.structs.replace(
        score, n=1, n_graded=0, mean=None, low=None, high=None, method="none", n_clusters=0
    )
    page = render_run(run, Summary(metrics={}), nothing, tally(records[-1:]), root / "reports" / "templates")
    assert "No sample of 1 could be graded, so there is no score." in Page(page).text


def test_an_empty_run_renders(run, score, root):
    nothing = msgspec.structs.replace(
        score, n=0, n_graded=0, mean=None, low=None, high=None, method="none", n_clusters=0
    )
    page = render_run(run, Summary(metrics={}), nothing, tally([]), root / "reports" / "templates")
    assert "Answers to look at" not in page


def test_missing_templates_are_one_line(records, run, summary, score, tmp_path):
    with pytest.raises(StoreError, match=r"run\.html\.j2 is missing"):
        render_run(run, summary, score, tally(records), tmp_path)


def test_writing_replaces_the_page_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "reports" / "r1.html"
    write_report(target, "old")
    write_report(target, "new \ud800")  # a lone surrogate cannot be encoded: it must not lose the page
    assert target.read_text() == "new ?"
    assert [path.name for path in target.parent.iterdir()] == ["r1.html"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the report"):
        write_report(tmp_path / "file" / "r1.html", "page")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(StoreError, match="cannot write the report"):
        write_report(tmp_path / "folder.html", "page")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]
