"""The pane "Why this answer", as HTML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.errors import NoSuchDocument
from rag.events import Checked, Event, Finished, ModelCalled, Retrieved, Rewritten, Selected
from rag.types import Answer, Chunk, Citation, Claim, Hit, Message, Passage, Span, Usage
from tests.html_tree import Element, parse
from ui import stylesheets
from ui.questions.trace import (
    Trace,
    add_event,
    add_note,
    start_trace,
    trace_from_json,
    trace_to_json,
)
from ui.views.answer_trace import render_trace as render

EVIL = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)>&lt;\u202e\x00'
    "[a](javascript:alert(3)) </textarea></pre></details>'\" onclick=x"
)


def ticking() -> Callable[[], float]:
    moments = iter([0.0, 0.25, 0.5, 1.0, 2.0, 3.5, 12.0, 13.0, 14.0, 15.0, 16.0])
    return lambda: next(moments)


def recorded(*events: Event) -> Trace:
    clock = ticking()
    trace = start_trace("what rate?", clock)
    for event in events:
        trace = add_event(trace, event, clock)
    return trace


def page(*events: Event, text: Callable[[Span], str] | None = None) -> Element:
    return parse(render(recorded(*events), text))


def hit(number: int, score: float = 0.5) -> Hit:
    return Hit(Chunk(f"c{number}", Span("news/a.txt", number, number + 9)), score, "fused")


def passage(number: int, text: str) -> Passage:
    return Passage(number, Span("news/a.txt", 0, 9), text, "Duties rise", "a.txt", 0.9)


def asked(probability: float | None, prompt: str = "Is it stated?") -> ModelCalled:
    return ModelCalled("judge", (Message("user", prompt),), "yes", probability, Usage(120, 90, 1))


QUOTE = Citation(2, Span("news/a.txt", 0, 9), "Duties rose to 20%.")


def test_steps_stand_in_order_with_their_times() -> None:
    shown = page(Rewritten("what rate on steel?"), Retrieved((hit(1),)), Selected(()))
    assert [each.attrs["class"] for each in shown.all(tag="li")] == [
        "fn-trace-step fn-trace-rewritten",
        "fn-trace-step fn-trace-found",
        "fn-trace-step fn-trace-selected",
    ]
    for part in ("what rate?", "Asked as", "what rate on steel?", "0.25 s", "0.50 s", "1.00 s"):
        assert part in shown.text


def test_a_hit_shows_its_rank_and_score_in_each_search() -> None:
    shown = page(Retrieved((hit(1, 0.0328), hit(2)), (hit(2, 0.61),), (hit(1, 1e-6),)))
    assert "Found 2 chunks" in shown.text
    cells = shown.text.partition("Words")[2]
    assert "1 0.0328" in cells
    assert "1 0.61" in cells
    assert "≈ 0" in cells
    assert cells.count("not found") == 2


def test_the_text_of_a_chunk_is_shown_shortened() -> None:
    shown = page(Retrieved((hit(1),)), text=lambda span: f"Begins {span.start} " + "word " * 200)
    assert "Begins 1 word" in shown.text
    assert len(shown.text) < 600


def test_a_chunk_that_the_library_has_no_more_is_named_by_its_place() -> None:
    def gone(span: Span) -> str:
        raise NoSuchDocument("There is no document.", "List them.")

    shown = page(Retrieved((hit(1),)), text=gone)
    assert "characters 1 to 10, which the index does not have any more" in shown.text


def test_a_title_leads_to_the_place_in_the_source() -> None:
    shown = page(Retrieved((hit(3),)), Selected((passage(1, "x"),)))
    chunk, chosen = shown.all(tag="a")
    assert chunk.attrs == {
        "class": "fn-trace-link",
        "data-act": "source",
        "data-document": "news/a.txt",
        "data-start": "3",
        "href": "source?document=news%2Fa.txt&start=3&end=12#fn-current",
    }
    assert chosen.attrs["data-start"] == "0"
    assert shown.text.count("Duties rise") == 2


def test_many_hits_are_folded_away() -> None:
    shown = page(Retrieved(tuple(hit(n) for n in range(70))))
    assert "52 more" in shown.text
    assert "10 more were not recorded" in shown.text
    assert len(shown.all(tag="details")) == 1


def test_what_was_chosen_and_what_was_cut_off() -> None:
    shown = page(Selected((passage(1, "Read this."),), (passage(2, "Not that."),)))
    assert "Chose 1 passage for the model" in shown.text
    assert "1 passage cut off to fit the model" in shown.text
    assert shown.text.index("Read this.") < shown.text.index("Not that.")


def test_requests_of_one_kind_are_one_step_with_its_first_and_last_time() -> None:
    shown = page(asked(0.43), asked(0.07))
    assert "Asked the model whether the answer is stated, 2 times" in shown.text
    assert "0.25 s – 0.50 s" in shown.text
    assert "yes is 43% likely" in shown.text
    assert [each.attrs["value"] for each in shown.all(tag="meter")] == ["0.430", "0.070"]


def test_a_request_shows_prompt_reply_and_tokens() -> None:
    request = ModelCalled(
        "answer",
        (Message("system", "Be brief."), Message("user", "Line one\nline two")),
        "Duties rose.",
        usage=Usage(1120, 90, 12),
    )
    shown = page(request)
    assert "Instructions" in shown.text
    assert "Line one\nline two" in shown.text
    assert "“" not in shown.text  # the browser writes the marks of a q
    assert "1,120 tokens read (90 of them known already), 12 written." in shown.text


def test_a_request_says_which_passages_it_showed() -> None:
    passages = (passage(1, "Duties  rose."), passage(2, "Trade <fell>."), passage(3, "Other."))
    prompt = "Read:\nDuties rose. Trade ‹fell>.\nWhat rate?"
    assert "Passages 1, 2: " in page(Selected(passages), asked(0.5, prompt)).text


def test_a_text_that_was_cut_says_so() -> None:
    shown = page(ModelCalled("answer", (Message("user", "word " * 2000),), "Yes."))
    assert shown.text.count("Only the beginning was kept.") == 1


@pytest.mark.parametrize(
    ("support", "action", "says"),
    [
        ("supported", "kept", "✓ supported"),
        ("partial", "repaired", "~ partly supported · mended"),
        ("unsupported", "removed", "✗ not supported · left out"),
        ("unchecked", "kept", "? not checked"),
    ],
)
def test_a_verdict_is_told_by_shape_and_word(support: str, action: str, says: str) -> None:
    claim = Claim("Duties rose.", (QUOTE,), support, ("the date differs",), "model", 0.9)  # type: ignore[arg-type]
    shown = page(Checked(claim, action))  # type: ignore[arg-type]
    assert says in shown.text
    assert "The date differs." in shown.text
    assert "Duties rose to 20%." in shown.text
    assert bool(shown.all(tag="s")) == (action == "removed")


def test_verdicts_are_counted() -> None:
    claim = Claim("Duties rose.", (QUOTE,), "supported", (), "matched", 0.9)
    shown = page(Checked(claim, "kept"), Checked(claim, "removed"), Checked(claim, "removed"))
    assert "Checked 3 sentences: 1 kept, 2 left out" in shown.text
    assert "Matched by code; grounding score 90%." in shown.text


def test_the_end_and_other_notes_are_lines_of_their_own() -> None:
    clock = ticking()
    trace = add_note(add_note(start_trace("q", clock), "Its turn came.", clock), "Stopped.", clock)
    shown = parse(render(trace))
    assert len(shown.all(tag="li")) == 2
    assert "Its turn came." in shown.text
    assert "Stopped." in shown.text


def test_nothing_found_and_nothing_recorded_can_be_shown() -> None:
    assert "Found nothing" in page(Retrieved(())).text
    assert "Nothing to read" in page(Selected(())).text
    assert "what rate?" in page().text


def test_headings_have_no_gap_and_the_section_has_a_name() -> None:
    shown = page(Retrieved((hit(1),)), Selected(()), asked(0.1))
    assert [each.tag for each in shown.walk() if each.tag[0] == "h" and len(each.tag) == 2] == [
        "h2",
        "h3",
        "h3",
        "h3",
    ]
    (section,) = shown.all(tag="section")
    assert section.attrs["aria-labelledby"] == shown.all(tag="h2")[0].attrs["id"]


def test_nothing_in_it_acts_whatever_the_texts_say() -> None:
    span = Span(EVIL, 0, 3)
    claim = Claim(EVIL, (Citation(1, span, EVIL),), "supported", (EVIL,), "model", 0.5)
    shown = page(
        Rewritten(EVIL),
        Retrieved((Hit(Chunk(EVIL, span), 1.0, "fused"),)),
        Selected((Passage(1, span, EVIL, EVIL, EVIL, 1.0),)),
        ModelCalled("answer", (Message("user", EVIL),), EVIL),
        Checked(claim, "removed"),
        Finished(Answer(EVIL, EVIL, (), (), "answered", None, EVIL)),
        text=lambda span: EVIL,
    )
    allowed = {
        "section", "header", "h2", "h3", "p", "ol", "ul", "li", "button", "span", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "a", "details", "summary", "pre", "q", "s",
        "strong", "meter",
    }  # fmt: skip
    assert {each.tag for each in shown.walk()} <= allowed
    named = {name for each in shown.walk() for name in each.attrs}
    assert named <= {
        "class", "id", "href", "type", "scope", "tabindex", "value", "aria-label",
        "aria-labelledby", "aria-hidden", "data-act", "data-document", "data-start",
    }  # fmt: skip
    assert all(a.attrs["href"].startswith("source?document=") for a in shown.all(tag="a"))
    assert "alert(1)" in shown.text
    assert "\u202e" not in shown.text
    assert "\x00" not in shown.text


def test_a_trace_that_was_kept_looks_the_same() -> None:
    claim = Claim("Duties rose.", (QUOTE,), "partial", ("why",), "model", 0.9)
    trace = recorded(Retrieved((hit(1),)), asked(0.4), Checked(claim, "kept"))
    assert render(trace_from_json(trace_to_json(trace))) == render(trace)


def test_its_style_sheet_knows_every_class() -> None:
    claim = Claim("Duties rose.", (QUOTE,), "partial", ("why",), "model", 0.9)
    shown = page(
        Retrieved(tuple(hit(n) for n in range(20))),
        Selected((passage(1, "x"),), (passage(2, "y"),)),
        asked(0.4),
        Checked(claim, "kept"),
    )
    unstyled = {"fn-trace-reply", "fn-trace-kept"}  # and the kinds of steps
    sheet = stylesheets.standalone_css("trace")
    for attrs in (each.attrs for each in shown.walk()):
        names = (attrs.get("class") or "").split()
        if "fn-trace-step" not in names:
            assert not [name for name in names if name not in unstyled and f".{name}" not in sheet]
