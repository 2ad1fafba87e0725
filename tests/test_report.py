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

from eval.case_result import Outcome
from eval.metrics import METRICS, STAGES, stage_metric
from eval.recording import Recording
from eval.report import drawing, plot_data
from eval.report.filters import VERDICTS, case_verdict
from eval.report.page import render_report
from eval.report.passages import marked
from eval.report.plot_data import Operating, Stage
from eval.runs.listing import Run, list_runs
from eval.runs.results import CaseRecord, format_line
from eval.statistics.aggregate import GROUPS, LABELS
from rag.events import Checked, ModelCalled
from rag.types import Chunk, Citation, Claim, Hit, Message, Passage, Span, Support, Usage
from tests.run_folders import QUOTE, Told, declined, failed, follow_up, keep, right

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' & {{x}} javascript:x"


@pytest.fixture(autouse=True)
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time of a report, and has tests of its own."""
    monkeypatch.setattr(drawing, "is_available", lambda: False)


def page_of(folder: Path, told: Sequence[Told]) -> str:
    keep(folder, told)
    return render_report(list_runs(folder)[0])


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
    assert tiles[0].startswith("33.3% answered right 1 of 3 [")
    rows = [words(row) for row in body(page).iter("tr")]
    assert any("Errors 16.7% [0.0%, 50.0%] 1 of 6 in 6 units" in row for row in rows)
    assert any("Evidence recall@5 n/a not scored" in row for row in rows)


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
    assert "~ partly supported, score 0.90: 25 is not in the source" in words(
        body(page_of(tmp_path, [told]))
    )


def test_a_decline_says_why_and_an_error_what_happened(page: str) -> None:
    told = [words(case) for case in having(body(page), "case")]
    assert any(
        "Declined: no passage of the articles was found that states it." in case for case in told
    )
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
    (links,) = (each for each in root.iter("nav") if each.get("class") != "contents")
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
    assert {case_verdict(each) for each in rows} == set(VERDICTS)
    assert {case_verdict(each) for each in rows if each.is_expected} == {
        "right",
        "rightly declined",
    }


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
    page = render_report(list_runs(tmp_path)[0])
    assert not {"\u202e", "\x1b", "\x00"} & set(page)
    root = body(page)
    assert not list(root.iter("script")) + list(root.iter("img"))
    assert words(root).count("alert(1)</script>") >= 8


def test_a_run_that_was_killed_says_so(tmp_path: Path) -> None:
    keep(tmp_path, MIXED, None)
    page = render_report(list_runs(tmp_path)[0])
    assert words(having(body(page), "notice")[0]) == (
        "This run is unfinished: the figures cover the cases so far."
    )
    assert "1 of 3" in page


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    run = keep(tmp_path, MIXED)
    lines = (run / "results.jsonl").read_text("utf-8").splitlines()
    (run / "results.jsonl").write_text("\n".join([*lines[:4], '{"id": "<b>"}']), encoding="utf-8")
    told = words(having(body(render_report(list_runs(tmp_path)[0])), "notice")[0])
    assert "Line 5 of results.jsonl is not a case" in told
    assert "The run had 6 cases; 4 can be read." in told


def test_a_summary_of_another_version_leaves_the_figures_of_the_cases(tmp_path: Path) -> None:
    run = keep(tmp_path, MIXED)
    (run / "summary.json").write_text('{"schema": "footnote.eval/3<b>"}')
    page = render_report(list_runs(tmp_path)[0])
    assert "another version: footnote.eval/3&lt;b&gt;" in page
    assert "unfinished" not in page
    assert "1 of 3" in page


def test_a_run_without_cases_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    page = render_report(list_runs(tmp_path)[0])
    assert "No case was kept of this run." in page
    assert "results.jsonl is missing." in page
    assert not having(body(page), "case")
    assert not re.search(r"\bnan\b", words(body(page)), re.IGNORECASE)


def test_times_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    run = keep(tmp_path, [right("rate")])
    line = json.loads((run / "results.jsonl").read_text("utf-8"))
    line["answer"]["timings_s"] = {"search": float("nan"), "write": 1.5}
    (run / "results.jsonl").write_text(json.dumps(line))
    told = words(body(render_report(list_runs(tmp_path)[0])))
    assert "write 1.5 s" in told
    assert not re.search(r"\bnan\b", told, re.IGNORECASE)


def test_a_run_is_read_the_same_each_time(tmp_path: Path) -> None:
    keep(tmp_path, MIXED)
    (run,) = list_runs(tmp_path)
    assert render_report(run) == render_report(Run(run.name, run.folder, run.summary))


# --- figures ----------------------------------------------------------------------------------


def test_errors_are_said_before_all_else(tmp_path: Path, page: str) -> None:
    header = next(body(page).iter("header"))
    kicker, title, first, *_ = header
    assert (kicker.get("class"), title.tag, first.get("class")) == ("kicker", "h1", "errors")
    told = words(first)
    assert told.startswith("1 of 6 questions ended in an error")
    assert "The model broke off. Ask again. 1×" in told
    assert not having(body(page_of(tmp_path / "b", [right("fine")])), "errors")


def test_many_messages_of_errors_are_counted(tmp_path: Path) -> None:
    told = [failed(f"{n}", f"Fault {min(n, 6)}. {'x' * 500}") for n in range(9)]
    (errors,) = having(body(page_of(tmp_path, told)), "errors")
    items = [words(each) for each in errors.iter("li")]
    assert items[0].startswith("Fault 6.")
    assert items[0].endswith("3×")
    assert len(items[0]) < 320
    assert items[-1] == "and 2 other messages"


def test_intervals_say_what_they_were_drawn_over(tmp_path: Path) -> None:
    keep(tmp_path, MIXED, cluster_unit="document")
    told = words(body(render_report(list_runs(tmp_path)[0])))
    assert "drawn by bootstrap with each article as a unit" in told


def test_a_run_without_an_end_names_the_unit_of_its_clusters(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    keep(tmp_path, [(replace(row, cluster="evidence a.txt:10"), case, answer)], None)
    told = words(body(render_report(list_runs(tmp_path)[0])))
    assert "each sentence of evidence as a unit" in told


def test_a_run_that_scored_nothing_speaks_of_no_intervals(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    told = words(body(page_of(tmp_path, [(replace(row, scores={}), case, answer)])))
    assert "Beside each figure stands how many cases were scored" in told
    assert "Brackets" not in told


def test_the_length_of_answers_stands_with_the_scores_of_citations(page: str) -> None:
    bodies = [words(each) for each in body(page).iter("tbody")]
    (citations,) = (told for told in bodies if told.startswith("Citations"))
    assert "Citation precision (ALCE)" in citations
    assert "Words an answer" in citations


def test_every_figure_of_a_run_is_in_the_table(page: str) -> None:
    stages = set(map(stage_metric, STAGES))  # only those that were gone through
    rows = [words(row).lower() for row in body(page).iter("tr")]
    for name in (name for names in GROUPS.values() for name in names if name not in stages):
        assert any(row.startswith(LABELS[name].lower()) for row in rows), name


# --- numbers of the plots ---------------------------------------------------------------------

GOLD = Span("a.txt", 100, 130)


def entry(
    id: str,
    scores: Sequence[float | None] = (),
    *,
    good: bool = True,
    answerable: bool = True,
    **seen: object,
) -> CaseRecord:
    """Of a case whose answer has sentences of these scores; `good` if it came out right."""
    row, case, answer = right(id)
    assert answer
    claims = tuple(Claim(f"{id} {n}", support="supported", score=s) for n, s in enumerate(scores))
    outcome: Outcome = "right" if good else "wrong"
    row = replace(row, outcome=outcome, cited=float(good), answerable=answerable, cluster=id)
    observed = Recording(answer=answer, **seen)  # type: ignore[arg-type]
    spans = (GOLD,) if answerable else ()
    return CaseRecord(
        row, case.question, answer=replace(answer, claims=claims), spans=spans, recording=observed
    )


def asked(probability: float | None, reply: str = "yes") -> ModelCalled:
    messages = (Message("user", "Is it stated?"),)
    return ModelCalled("judge", messages, reply, probability, Usage(30, 0, 1))


def hits(*starts: int) -> tuple[Hit, ...]:
    return tuple(Hit(Chunk(f"{at}", Span("a.txt", at, at + 20)), 0.5, "fused") for at in starts)


def test_scores_fall_into_tenths_by_verdict() -> None:
    told: list[tuple[float | None, Support]] = [
        (0.0, "unsupported"), (0.1, "unsupported"), (0.35, "partial"), (0.95, "supported"),
        (1.0, "supported"), (1.0, "partial"), (None, "unchecked"),
    ]  # fmt: skip
    found = plot_data.score_columns([Claim("x", support=sort, score=score) for score, sort in told])
    assert found[0] == (0, 0, 1, 0)
    assert found[1] == (0, 0, 1, 0)
    assert found[3] == (0, 1, 0, 0)
    assert found[9] == (2, 1, 0, 0)
    assert sum(map(sum, found)) == 6


def test_sentences_that_were_removed_count_among_those_checked() -> None:
    gone = Checked(Claim("gone", score=0.2), "removed")
    found = list(plot_data.checked([entry("new", [0.9], checked=(gone,)), entry("old", [0.8])]))
    assert [claim.text for claim in found] == ["gone", "old 0"]


def test_reliability_is_the_share_of_good_answers_by_score() -> None:
    found = plot_data.reliability(
        [
            entry("a", [0.95]),
            entry("b", [0.95], good=False),
            entry("c", [0.15, None], good=False, answerable=False),
        ]
    )
    assert found
    low, high = found.tenths
    assert (low.number, low.score, low.good.mean, low.good.n) == (1, 0.15, 0.0, 1)
    assert (high.number, high.good.mean, high.good.n) == (9, 0.5, 2)
    assert found.gap == pytest.approx((0.15 * 1 + 0.45 * 2) / 3)
    assert found.auroc
    assert found.auroc.mean == pytest.approx(0.75)  # one tie, one above
    assert plot_data.reliability([entry("a", [None])]) is None


def test_a_right_answer_that_cites_no_evidence_is_not_good() -> None:
    one = entry("a", [0.9])
    found = plot_data.reliability([replace(one, result=replace(one.result, cited=0.0))])
    assert found
    assert found.tenths[0].good.mean == 0.0
    assert found.auroc is None


def deciders() -> list[CaseRecord]:
    """Yes at 0.9 and 0.6 where there is an answer, at 0.7 where there is none."""
    declined = entry("c", model_calls=(asked(0.7),), answerable=False)
    return [
        entry("a", model_calls=(asked(0.2), asked(0.9))),
        entry("b", model_calls=(asked(0.6),)),
        replace(declined, result=replace(declined.result, outcome="declined")),
        entry("d", model_calls=(asked(None),)),
    ]


def test_precision_and_recall_of_answering_by_the_models_yes() -> None:
    found = plot_data.deciding(deciders())
    assert found
    assert (found.signal, found.n, found.answerable, found.without) == ("probability", 3, 2, 1)
    assert found.points == (
        Operating(0.9, 0.5, 1.0, 1),
        Operating(0.7, 0.5, 0.5, 2),
        Operating(0.6, 1.0, 2 / 3, 3),
    )
    assert found.average_precision == pytest.approx(0.5 * 1 + 0 + 0.5 * 2 / 3)
    assert found.auroc
    assert found.auroc.mean == pytest.approx(0.5)
    assert found.run == Operating(None, 1.0, 1.0, 2)


def test_without_a_yes_the_best_passage_decides() -> None:
    def passages(*scores: float) -> tuple[Passage, ...]:
        return tuple(Passage(n, GOLD, "x", "t", "s", s) for n, s in enumerate(scores, 1))

    found = plot_data.deciding(
        [
            entry("a", passages=passages(0.3, 1.2)),
            entry("b", passages=passages(0.4), answerable=False),
        ]
    )
    assert found
    assert (found.signal, found.points[0].least) == ("score", 1.2)
    assert found.run == Operating(None, 1.0, 0.5, 2)


def test_one_kind_of_question_tells_nothing_of_declining() -> None:
    assert plot_data.deciding(deciders()[:2]) is None
    assert plot_data.deciding([]) is None


def test_ranks_are_those_of_the_first_gold_evidence() -> None:
    broken = entry("e", hits=hits(100))
    found = plot_data.rank_columns(
        [
            entry("a", hits=hits(120, 100)),
            entry("b", hits=hits(0, 300, 110)),
            entry("c", hits=hits(*[0] * 11, 100)),
            entry("d", hits=hits(80, 130)),  # they touch it and share no character
            replace(broken, result=replace(broken.result, outcome="error")),
            entry("f", hits=hits(100), answerable=False),
        ]
    )
    assert found == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]


def test_stages_have_their_median_and_95th_percentile() -> None:
    def timed(**seconds: float) -> CaseRecord:
        one = entry("a")
        assert one.answer
        return replace(one, answer=replace(one.answer, timings=seconds))

    told = [timed(select=float(n), judge=float("nan")) for n in range(20)]
    assert plot_data.stages([*told, timed(compose=3.0)]) == {
        "select": Stage(10.0, 19.0, 20),
        "compose": Stage(3.0, 3.0, 1),
    }


def test_a_run_of_nothing_but_errors_has_no_plots(tmp_path: Path) -> None:
    root = body(page_of(tmp_path, [failed("a"), failed("b")]))
    assert "#plots" not in [each.get("href") for each in root.iter("a")]


# --- a case, opened ---------------------------------------------------------------------------


def page_with(folder: Path, entries: Sequence[CaseRecord]) -> str:
    """The page of a run of these, written and read as runs are."""
    path = folder / "2026-11-22T06-15-03Z"
    path.mkdir(parents=True)
    case = right("x")[1]
    lines = (
        format_line(
            each.result,
            replace(case, question=each.question, evidence=each.spans),
            [QUOTE for _ in each.spans],
            each.recording
            if each.result.outcome == "error"
            else replace(each.recording, answer=each.answer),
        )
        for each in entries
    )
    (path / "results.jsonl").write_text("".join(lines), "utf-8")
    return render_report(list_runs(folder)[0])


def test_cited_and_gold_text_is_marked_in_the_passage() -> None:
    passage = Passage(1, Span("a.txt", 100, 110), "0<23456789", "t", "s", 1.0)

    def at(start: int, end: int, id: str = "a.txt") -> Span:
        return Span(id, start, end)

    assert marked(passage, [], []) == "0&lt;23456789"
    assert marked(passage, [at(101, 103)], []) == "0<mark>&lt;2</mark>3456789"
    assert marked(passage, [at(101, 104)], [at(103, 106)]) == (
        '0<mark>&lt;2</mark><mark><u class="gold">3</u></mark><u class="gold">45</u>6789'
    )
    assert marked(passage, [at(0, 102)], [at(108, 999)]) == (
        '<mark>0&lt;</mark>234567<u class="gold">89</u>'
    )
    assert marked(passage, [at(101, 103, "b.txt")], [at(90, 100)]) == "0&lt;23456789"


def shown(number: int, start: int, text: str) -> Passage:
    return Passage(number, Span("a.txt", start, start + len(text)), text, "T", "a.txt", 0.5)


def test_passages_without_evidence_are_folded_and_its_way_is_told(tmp_path: Path) -> None:
    passages = (shown(1, 0, "nothing here"), shown(2, 90, "x" * 60))
    one = entry("a", [0.9], hits=hits(0, 100), passages=passages)
    assert one.answer
    cites = Citation(2, Span("a.txt", 92, 96), "xxxx")
    claim = replace(one.answer.claims[0], citations=(cites,))
    one = replace(one, answer=replace(one.answer, claims=(claim,), passages=passages))
    (part,) = having(body(page_with(tmp_path, [one])), "passages")
    told = words(part)
    assert "The gold evidence was found at rank 2 of 2 hits; shown to the model in [2]." in told
    assert "cited by the answer gold evidence" in told
    assert "1 more passage shown to the model" in told
    assert "nothing here" in words(next(part.iter("details")))
    assert [words(each) for each in part.iter("mark")] == ["cited by the answer", "xxxx"]
    assert [len(words(each)) for each in having(part, "gold")] == [len("gold evidence"), 30]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"hits": hits(0, 100), "cut": (shown(9, 100, "cut"),)}, "2 hits; cut off by the budget."),
        ({"hits": hits(0, 100)}, "found at rank 2 of 2 hits; not shown to the model."),
        ({"hits": hits(0)}, "found among none of the hits; not shown to the model."),
    ],
)
def test_evidence_that_got_lost_is_told(tmp_path: Path, seen: dict[str, object], told: str) -> None:
    (part,) = having(body(page_with(tmp_path, [entry("a", **seen)])), "passages")  # type: ignore[arg-type]
    assert told in words(having(part, "remark")[0])


def test_sentences_that_did_not_stay_are_told_with_their_reasons(tmp_path: Path) -> None:
    stays = Claim("a 0", support="supported", score=0.9)
    checked = (
        Checked(Claim("Gone.", (), "unsupported", ("no such number",), score=0.1), "removed"),
        Checked(Claim("Sure, and gone.", (), "supported", score=1.0), "removed"),
        Checked(Claim("Of another attempt.", (), "partial", score=0.7), "repaired"),
        Checked(stays, "repaired"),
    )
    (case,) = having(body(page_with(tmp_path, [entry("a", [0.9], checked=checked)])), "case")
    (lost,) = having(case, "dropped")
    told = words(lost)
    assert "Gone. ✗ removed , not supported, score 0.10: no such number" in told
    assert "removed although supported, score 1.00" in told
    assert "repaired, and given up with its attempt , partly supported" in told
    assert "a 0" not in told
    assert "a 0 ✓ supported, score 0.90 Repaired: the model wrote something else." in words(case)


def test_only_what_was_scored_is_among_the_scores(tmp_path: Path) -> None:
    row, case, answer = right("rate")
    scored = dict.fromkeys(METRICS) | {"mrr": 0.25, "dead_markers": 2.0, "seconds": 1.5}
    page = page_of(tmp_path, [(replace(row, scores=scored), case, answer)])
    (part,) = having(body(page), "scores")
    facts = [words(each) for each in part.iter("div") if each[0].tag == "dt"]
    assert facts == [
        "Reciprocal rank of the evidence 25.0%",
        "Markers that lead nowhere 2",
        "Time a question 1.5 s",
    ]
    (rest,) = re.findall(r"Not scored: (.*?)\.<", page)
    assert len(rest.split("; ")) == len(METRICS) - 3


def test_each_request_to_the_model_is_kept_whole_and_folded(tmp_path: Path) -> None:
    page = page_with(tmp_path, [entry("a", model_calls=(asked(0.25, " No, \n<no>"),))])
    (part,) = having(body(page), "requests")
    (request,) = part.iter("details")
    told = words(request)
    assert request.get("open") is None
    assert "Is the answer stated here? probability of yes 0.25 · 30 tokens read" in told
    prompt, reply = request.iter("pre")
    assert (prompt.text, reply.text) == ("Is it stated?", " No, \n<no>")


def test_nothing_that_was_seen_on_the_way_becomes_markup(tmp_path: Path) -> None:
    text = f"{EVIL}\u202e\x1b[31m\x00"
    passage = Passage(1, Span(EVIL, 0, len(text)), text, text, text, 0.5)
    one = entry(
        "a",
        [0.9],
        rewritten=text,
        model_calls=(ModelCalled("answer", (Message("system", text),), text),),
        checked=(Checked(Claim(text, (), "unsupported", (text,), score=0.1), "removed"),),
        passages=(passage,),
        hits=hits(100),
    )
    assert one.answer
    answer = replace(one.answer, passages=(passage,), timings={text: 1.0})
    page = page_with(tmp_path, [replace(one, answer=answer)])
    assert not {"\u202e", "\x1b", "\x00"} & set(page)
    root = body(page)
    assert not list(root.iter("script")) + list(root.iter("img"))
    assert words(root).count("alert(1)</script>") >= 9


def test_a_whole_run_stays_small(tmp_path: Path) -> None:
    """As many cases, passages and prompts as the golden set has with a large model."""
    text = "The rate < 20% applies. " * 250
    passages = (shown(1, 0, text[:3000]), shown(2, 9000, text[:3000]))
    request = ModelCalled("answer", (Message("system", text), Message("user", text)), "x")
    told = [
        entry(f"{n}", [0.9], passages=passages, model_calls=(request,) * 2, hits=hits(100))
        for n in range(157)
    ]
    assert len(page_with(tmp_path, told).encode()) < 10_000_000
