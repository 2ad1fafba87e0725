"""The report of a run: whole, closed to the outside, and true to the rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import plots
from eval.report import report
from eval.report_cases import VERDICTS, verdict
from eval.runs import Run, runs
from tests.kept import QUOTE, Told, declined, failed, follow_up, keep, right

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' & {{x}} javascript:x"


def page_of(folder: Path, told: Sequence[Told]) -> str:
    keep(folder, told)
    return report(runs(folder)[0])


def body(page: str) -> Element:
    """Strict: a tag that is not closed or not escaped does not pass."""
    return ElementTree.fromstring(page[page.index("<body>") : page.index("</html>")])


def words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def having(root: Element, name: str) -> list[Element]:
    """The elements of that class, in order."""
    return [each for each in root.iter() if name in (each.get("class") or "").split()]


def wrong(id: str, *, answerable: bool = True) -> Told:
    row, case, answer = right(id)
    scored = dict(row.scores) | {"answer_right": 0.0 if answerable else None}
    wrong = replace(row, outcome="wrong", answerable=answerable, cited=0.0, scores=scored)
    return wrong, case, answer


MIXED = [
    right("first"),
    declined("no-soy", answerable=False),
    declined("missed", answerable=True),
    wrong("second"),
    wrong("made-up", answerable=False),
    failed("broken"),
]


@pytest.fixture
def page(tmp_path: Path) -> str:
    return page_of(tmp_path, MIXED)


def test_the_page_asks_for_nothing_from_anywhere(page: str) -> None:
    assert "default-src 'none'" in page
    head, style = page.split("<body>")[0], page.split("<style>")[1].split("</style>")[0]
    assert not re.search(r"<(script|link|base)", head)
    assert not re.search(r"url\(|@import|expression", style)
    for element in body(page).iter():
        assert element.tag not in ("script", "img", "iframe", "object", "form", "input")
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
        assert element.get("src") is None
        assert (element.get("href") or "#").startswith("#")


def test_every_link_leads_to_a_place_on_the_page(page: str) -> None:
    root = body(page)
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    links = [each.get("href", "") for each in root.iter("a")]
    assert links
    assert {link[1:] for link in links} <= set(ids)


def test_headings_go_down_one_step_at_a_time(page: str) -> None:
    levels = [int(each.tag[1]) for each in body(page).iter() if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(next <= before + 1 for before, next in pairwise(levels))


def test_figures_stand_with_what_they_were_counted_over(page: str) -> None:
    tiles = [words(tile) for tile in having(body(page), "tile")]
    assert tiles[0] == "33.3% answered right 1 of 3"
    rows = [words(row) for row in body(page).iter("tr")]
    assert any("Errors 16.7% 1 of 6" in row for row in rows)


def test_the_top_says_what_was_measured(page: str) -> None:
    (facts,) = having(body(page), "facts")
    told = words(facts)
    for fact in ("quoter", "6 of seeds.jsonl", "0123456789ab", "1 min 15 s", "k 20"):
        assert fact in told
    assert "temperature" not in told
    assert "22 November 2026, 06:15 UTC" in page
    assert "2 of 6 questions came out as they should." in page


def test_misses_come_first_and_errors_before_them(page: str) -> None:
    told = [words(each) for each in having(body(page), "verdict")]
    assert told == [
        "✗ error",
        "✗ wrong",
        "✗ wrongly declined",
        "✗ should have declined",
        "✓ right",
        "✓ rightly declined",
    ]


def test_a_case_opens_to_all_that_is_known_of_it(tmp_path: Path) -> None:
    (case,) = having(body(page_of(tmp_path, [follow_up("rate", "What was first?")])), "case")
    assert case.tag == "details"
    told = words(case)
    for part in ("What of rate?", "What was first?", "“20%”", "✓ supported", "[1] a.txt:10–41"):
        assert part in told
    assert told.count(QUOTE) == 4  # as evidence, as the sentence, as its quote, as the passage
    for part in ("800 tokens read", "answer 1.8 s", "2.0 s", "number"):
        assert part in told


def test_a_sentence_says_why_it_is_not_fully_supported(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    assert answer
    claim = replace(answer.claims[0], support="partial", reasons=("25 is not in the source",))
    told = (replace(row, supports=("partial",)), case, replace(answer, claims=(claim,)))
    assert "~ partly supported: 25 is not in the source" in words(body(page_of(tmp_path, [told])))


def test_a_decline_says_why_and_an_error_what_happened(page: str) -> None:
    told = [words(case) for case in having(body(page), "case")]
    assert any("Declined: the articles do not state it." in case for case in told)
    assert any("The model broke off. Ask again." in case for case in told)


def test_quotes_and_citations_that_fail_are_named(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    bad = replace(row, exact_quotes=False, cited=0.0)
    told = words(body(page_of(tmp_path, [(bad, case, answer)])))
    assert "A quote is not the stored text at its place." in told
    assert "No citation touches the evidence." in told


# --- filters ----------------------------------------------------------------------------------


def test_each_filter_counts_and_leaves_its_own_cases(page: str) -> None:
    root, style = body(page), page.split("<style>")[1].split("</style>")[0]
    (links,) = root.iter("nav")
    told = {words(link): (link.get("href") or "")[1:] for link in links.iter("a")}
    assert told["all 6"] == "cases"
    number = told["number 3 of 4 missed"]
    assert len(having(root, number)) == 4
    assert f"#{number}:target~.group .case:not(.{number}){{display:none}}" in style
    assert len(having(root, told["wrong 1"])) == 1
    # a group that the filter would leave empty goes with its heading
    assert f"#{told['wrong 1']}:target~.hits{{display:none}}" in style
    assert f"#{told['wrong 1']}:target~.misses" not in style


def test_a_tag_of_any_text_is_only_text(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    tags = ("} body{display:none} </style>", EVIL, "number")
    page = page_of(tmp_path, [(replace(row, tags=tags), case, answer)])
    assert page.count("</style>") == 1
    assert "body{display:none}" not in page.split("</style>")[0]
    assert EVIL in words(body(page))


def test_every_outcome_has_a_verdict() -> None:
    row = MIXED[0][0]
    outcomes = ("right", "wrong", "declined", "error")
    rows = [
        replace(row, outcome=outcome, answerable=answerable)  # type: ignore[arg-type]
        for outcome in outcomes
        for answerable in (True, False)
    ]
    assert {verdict(each) for each in rows} == set(VERDICTS)
    assert {verdict(each) for each in rows if each.expected} == {"right", "rightly declined"}


# --- bad input --------------------------------------------------------------------------------


def test_nothing_in_a_run_becomes_markup(tmp_path: Path) -> None:
    text = f"{EVIL}\u202e\x1b[31m\x00"
    row, case, answer = right("rate", text, note=EVIL)
    assert answer
    case = replace(case, question=text, gold=(text,))
    answer = replace(answer, timings={text: 1.0}, model=text)
    passages = [replace(answer.passages[0], title=text, source=text)]
    answer = replace(answer, passages=tuple(passages))
    keep(tmp_path, [(replace(row, id=text), case, answer), failed("b", text)], model=text)
    page = report(runs(tmp_path)[0])
    assert not {"\u202e", "\x1b", "\x00"} & set(page)
    root = body(page)
    assert not list(root.iter("script")) + list(root.iter("img"))
    assert words(root).count("alert(1)</script>") >= 8


def test_a_run_that_was_killed_says_so(tmp_path: Path) -> None:
    keep(tmp_path, MIXED, None)
    page = report(runs(tmp_path)[0])
    assert words(having(body(page), "notice")[0]) == (
        "This run is unfinished: the figures cover the cases so far."
    )
    assert "1 of 3" in page


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    run = keep(tmp_path, MIXED)
    lines = (run / "results.jsonl").read_text("utf-8").splitlines()
    (run / "results.jsonl").write_text("\n".join([*lines[:4], '{"id": "<b>"}']), encoding="utf-8")
    told = words(having(body(report(runs(tmp_path)[0])), "notice")[0])
    assert "Line 5 of results.jsonl is not a case" in told
    assert "The run had 6 cases; 4 can be read." in told


def test_a_summary_of_another_version_leaves_the_figures_of_the_cases(tmp_path: Path) -> None:
    run = keep(tmp_path, MIXED)
    (run / "summary.json").write_text('{"schema": "footnote.eval/3<b>"}')
    page = report(runs(tmp_path)[0])
    assert "another version: footnote.eval/3&lt;b&gt;" in page
    assert "unfinished" not in page
    assert "1 of 3" in page


def test_a_run_without_cases_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    page = report(runs(tmp_path)[0])
    assert "No case was kept of this run." in page
    assert "results.jsonl is missing." in page
    assert not having(body(page), "case")
    assert not re.search(r"\bnan\b", words(body(page)), re.IGNORECASE)


def test_times_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    run = keep(tmp_path, [right("rate")])
    line = json.loads((run / "results.jsonl").read_text("utf-8"))
    line["answer"]["timings_s"] = {"search": float("nan"), "write": 1.5}
    (run / "results.jsonl").write_text(json.dumps(line))
    told = words(body(report(runs(tmp_path)[0])))
    assert "write 1.5 s" in told
    assert not re.search(r"\bnan\b", told, re.IGNORECASE)


def test_a_run_is_read_the_same_each_time(tmp_path: Path) -> None:
    keep(tmp_path, MIXED)
    (run,) = runs(tmp_path)
    assert report(run) == report(Run(run.name, run.folder, run.summary))


# --- pictures ---------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    found = plots.bins(values)
    assert sum(found.counts) == len(values)
    assert len(found.counts) <= 17
    ElementTree.fromstring(plots.histogram(found, "told", values[:2]))


def test_a_value_far_beyond_the_others_does_not_flatten_them() -> None:
    found = plots.bins([1.0, 1.5, 2.0, 2.5] * 10 + [120.0])
    assert found.is_open
    assert found.counts[-1] == 1
    assert found.width <= 0.5
    assert found.edges(len(found.counts) - 1).startswith("over ")


def test_bins_of_nothing_are_empty() -> None:
    assert plots.bins([]).counts == ()


def test_the_time_of_a_question_is_told_in_words_too(tmp_path: Path) -> None:
    told = [right(str(number), seconds=number / 2) for number in range(1, 10)]
    page = page_of(tmp_path, told)
    (picture,) = having(body(page), "fn-plot-histogram")
    assert picture.get("role") == "img"
    label = picture.get("aria-label") or ""
    counts = [int(count) for count in re.findall(r"(\d+) questions? (?:\d|over)", label)]
    assert sum(counts) == 9
    assert "median 2.5 s" in words(body(page))


@pytest.mark.parametrize("share", [None, -1.0, 0.0, 0.5, 1.0, 7.0])
def test_a_bar_stays_within_its_line(share: float | None) -> None:
    rest, bar = ElementTree.fromstring(plots.bar(share))
    assert 0 <= float(bar.get("width") or "") <= float(rest.get("width") or "")


def test_a_trend_is_broken_where_a_value_is_missing() -> None:
    picture = ElementTree.fromstring(plots.trend([0.1, 0.2, None, 0.4, 0.5], 0, 1, 'a "b" <c>'))
    (path,) = having(picture, "fn-plot-line")
    assert re.findall("[ML]", path.get("d") or "") == ["M", "L", "M", "L"]
    assert len(having(picture, "fn-plot-dot")) == 4
    assert picture.get("aria-label") == 'a "b" <c>'


@pytest.mark.parametrize("values", [[], [None], [0.5], [0.0, 0.0]])
def test_a_trend_of_hardly_anything_is_a_picture(values: list[float | None]) -> None:
    picture = ElementTree.fromstring(plots.trend(values, 0.0, 0.0, "told"))
    assert len(having(picture, "fn-plot-dot")) == sum(value is not None for value in values)
