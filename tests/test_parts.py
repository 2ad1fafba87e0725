"""The parts of a question are answered one after the other, each with those before it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from rag.answering.draft import AnswerDraft, Step
from rag.answering.parts import answer_parts
from rag.events import Checked, Event, Retrieved, Selected
from rag.types import Citation, Claim, Passage, Span, Turn, Usage

BRIDGE, TOLL = "The bridge is 900 metres long.", "Lorries pay six crowns."
TEXT = f"{BRIDGE} {TOLL}"


def passage(number: int, text: str) -> Passage:
    start = TEXT.index(text)
    return Passage(number, Span("a.txt", start, start + len(text)), text, "A", "a.txt", 1.0)


def claim(number: int, text: str, group: str | None = None) -> Claim:
    cited = Citation(number, passage(number, text).span, text)
    return Claim(text, (cited,), "supported", group=group)


def answered(
    found: dict[str, list[Claim]],
) -> tuple[list[Event], AnswerDraft, dict[str, list[Turn]]]:
    """What happens where each part has these claims, the draft, and the turns before each part."""
    seen: dict[str, list[Turn]] = {}

    def answer_part(part: str, before: Sequence[Turn]) -> Generator[Step, None, AnswerDraft]:
        seen[part] = list(before)
        yield Retrieved(())
        passages = tuple(passage(n, text) for n, text in enumerate((BRIDGE, TOLL), start=1))
        if part.startswith("what"):
            passages = tuple(replace(each, number=3 - each.number) for each in passages[::-1])
        yield Selected(passages)
        yield from (Checked(each, "kept") for each in found[part])
        draft = AnswerDraft(part, passages=passages, claims=tuple(found[part]))
        return draft if draft.claims else draft.declined("not stated")

    steps, events = answer_parts(AnswerDraft("both?"), list(found), answer_part), list[Event]()
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return events, end.value, seen
        assert not hasattr(step, "seconds")
        events.append(step)


def test_passages_of_all_parts_are_numbered_as_one_row() -> None:
    """The second part numbers them the other way round."""
    events, draft, _ = answered(
        {"how long?": [claim(1, BRIDGE)], "what do lorries pay?": [claim(1, TOLL)]}
    )
    answer = draft.to_answer(Usage(), {})
    assert answer.text == f"{BRIDGE} [1] {TOLL} [2]"
    assert [each.text for each in answer.passages] == [BRIDGE, TOLL]
    shown: dict[int, str] = {}
    for event in events:
        if isinstance(event, Selected):
            shown = {each.number: each.text for each in event.passages}
        if isinstance(event, Checked):
            assert all(shown[each.number] == each.quote for each in event.claim.citations)


def test_a_part_without_an_answer_is_named() -> None:
    _, draft, _ = answered({"how long?": [claim(1, BRIDGE)], "what colour is it?": []})
    answer = draft.to_answer(Usage(), {})
    assert (answer.answers, answer.missing) == ("partly", ("what colour is it?",))
    assert answer.text == f"{BRIDGE} [1]\n\nThe articles do not say: what colour is it?"


def test_where_no_part_is_answered_the_whole_is_declined() -> None:
    _, draft, _ = answered({"how high?": [], "what colour is it?": []})
    answer = draft.to_answer(Usage(), {})
    assert (answer.status, answer.reason, answer.missing) == ("declined", "not stated", ())


def test_points_stand_below_the_part_that_they_answer() -> None:
    _, draft, _ = answered(
        {"how long?": [claim(1, BRIDGE, "")], "what?": [claim(1, TOLL, "Tolls")]}
    )
    assert [each.group for each in draft.claims] == ["how long?", "Tolls"]


def test_points_that_follow_a_sentence_need_no_heading() -> None:
    parts = {"how long?": [claim(1, BRIDGE), claim(1, BRIDGE, "")]}
    _, draft, _ = answered(parts | {"what?": [claim(1, TOLL, "")]})
    assert [each.group for each in draft.claims] == [None, "", "what?"]


def test_a_sentence_that_answers_two_parts_is_said_once() -> None:
    _, draft, _ = answered({"how long?": [claim(1, BRIDGE)], "how wide?": [claim(1, BRIDGE)]})
    assert [each.text for each in draft.claims] == [BRIDGE]
    assert draft.missing == ()


def test_a_sentence_that_one_part_quotes_is_no_point_of_the_next() -> None:
    quoted = replace(claim(1, BRIDGE), text=f"“{BRIDGE}”")
    _, draft, _ = answered({"how long?": [quoted], "why?": [claim(1, BRIDGE, "")]})
    assert [each.text for each in draft.claims] == [f"“{BRIDGE}”"]


def test_a_part_is_read_with_the_answers_before_it() -> None:
    _, _, seen = answered({"how long?": [claim(1, BRIDGE)], "what colour is it?": []})
    assert seen["how long?"] == []
    assert seen["what colour is it?"] == [
        Turn("how long?", f"{BRIDGE} [1]", (passage(1, BRIDGE).span,))
    ]


def test_a_question_in_parts_is_as_likely_answered_as_its_least_likely_part() -> None:
    chances = {"how long?": 0.9, "what do lorries pay?": 0.4}

    def answer_part(part: str, before: Sequence[Turn]) -> Generator[Step, None, AnswerDraft]:
        passages = (passage(1, BRIDGE),)
        yield Selected(passages)
        claims = (claim(1, BRIDGE),)
        return AnswerDraft(part, passages=passages, claims=claims, chances=(chances[part],))

    def joined() -> Generator[Step, None, None]:
        draft = yield from answer_parts(AnswerDraft("both?"), list(chances), answer_part)
        assert draft.to_answer(Usage(), {}).chance == 0.4

    assert list(joined())


def test_where_no_part_is_answered_the_passages_of_all_are_the_nearest() -> None:
    _, draft, _ = answered({"how long?": [], "what do lorries pay?": []})
    answer = draft.to_answer(Usage(), {})
    assert answer.status == "declined"
    assert [each.text for each in answer.passages] == [BRIDGE, TOLL]
    assert [each.number for each in answer.passages] == [1, 2]
