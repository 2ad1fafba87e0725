"""What a person sees of a question, event by event."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from rag.events import Checked, Event, Finished, ModelCalled, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Chunk, Citation, Claim, Hit, Message, Passage, Span
from ui.questions.exchange import MAX_FIRST_HITS, Exchange, after_event

ASKED = Exchange("0123456789abcdef", "And there?")
HITS = tuple(Hit(Chunk(f"c{n}", Span("a.txt", n, n + 1)), 1 / (n + 1), "fused") for n in range(9))


def passage(number: int, hit: Hit) -> Passage:
    return Passage(number, hit.chunk.span, "x", "A", "a.txt", hit.score)


PASSAGES = tuple(passage(n, hit) for n, hit in enumerate(HITS[:2], 1))
CLAIM = Claim("It is so.", (Citation(1, Span("a.txt", 0, 1), "x"),), "supported")
ANSWER = Answer("And there?", "It is so. [1]", (CLAIM,), PASSAGES, "answered", None, "m")


def after(*events: Event, of: Exchange = ASKED) -> Exchange:
    return reduce(lambda exchange, event: after_event(exchange, event, passage), events, of)


def test_a_follow_up_says_as_what_it_was_asked() -> None:
    assert after(Rewritten("And in France?")).rewritten_as == "And in France?"
    assert after(Rewritten("And there?")).rewritten_as is None


def test_the_best_hits_are_shown_until_passages_are_selected() -> None:
    found = after(Retrieved(HITS))
    assert found.state == "searching"
    assert [each.number for each in found.evidence] == list(range(1, MAX_FIRST_HITS + 1))
    assert found.evidence[0] == passage(1, HITS[0])
    chosen = after(Selected(PASSAGES, PASSAGES), of=found)
    assert (chosen.state, chosen.evidence) == ("reading", PASSAGES)


def test_words_gather_until_their_sentence_is_checked() -> None:
    writing = after(Token("It "), Token("is so."))
    assert (writing.state, writing.draft) == ("writing", "It is so.")
    checked = after(Checked(CLAIM, "kept"), of=writing)
    assert (checked.state, checked.draft, checked.claims) == ("reading", "", (CLAIM,))


@pytest.mark.parametrize("action", ["kept", "repaired"])
def test_a_sentence_that_stands_is_added(action: str) -> None:
    exchange = after(Checked(CLAIM, action), Checked(CLAIM, action))  # type: ignore[arg-type]
    assert (exchange.claims, exchange.removed) == ((CLAIM, CLAIM), 0)


def test_a_sentence_that_is_withdrawn_is_no_longer_shown() -> None:
    other = replace(CLAIM, text="It was 10%.")
    exchange = after(Checked(CLAIM, "kept"), Checked(other, "kept"), Checked(CLAIM, "removed"))
    assert (exchange.claims, exchange.removed) == ((other,), 0)


def test_a_removed_sentence_is_counted_and_not_shown() -> None:
    exchange = after(Token("It is."), Checked(CLAIM, "removed"))
    assert (exchange.claims, exchange.removed, exchange.draft) == ((), 1, "")


def test_a_new_attempt_does_not_begin_with_the_words_of_the_last() -> None:
    """A reply of which no sentence was left is followed by no check."""
    ask = ModelCalled("judge", (Message("user", "Stated?"),), "yes", 0.9)
    answer = ModelCalled("answer", (Message("user", "Answer."),), "[1]")
    exchange = after(ask, Token("[1]"), answer, ask, Token("It is so."))
    assert (exchange.state, exchange.draft) == ("writing", "It is so.")
    assert after(ask, of=exchange).state == "reading"


def test_words_stay_on_screen_while_they_are_checked() -> None:
    reply = ModelCalled("answer", (), "It is so.")
    assert after(Token("It is so."), reply, ModelCalled("repair", (), "x")).draft == "It is so."


def test_the_answer_has_the_last_word() -> None:
    other = replace(CLAIM, text="Something else.")
    exchange = after(Selected(PASSAGES), Token("x"), Checked(other, "kept"), Finished(ANSWER))
    assert exchange.is_over
    assert (exchange.state, exchange.draft, exchange.answer) == ("done", "", ANSWER)
    assert (exchange.claims, exchange.evidence) == ((CLAIM,), PASSAGES)


@pytest.mark.parametrize(
    ("state", "over"),
    [
        ("waiting", False),
        ("searching", False),
        ("reading", False),
        ("writing", False),
        ("done", True),
        ("stopped", True),
        ("failed", True),
    ],
)
def test_it_is_over_when_done_stopped_or_failed(state: str, over: bool) -> None:
    assert replace(ASKED, state=state).is_over is over  # type: ignore[arg-type]
