"""Does the cited text say what the claim says?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking import citations
from rag.checking import verdict as verdicts
from rag.checking.scorer import Scorer
from rag.text.sentences import split_sentences
from rag.thresholds import CHECKING
from rag.types import Citation, Claim, Passage, Span

SEEDS = Path(__file__).parent.parent / "seeds"
RATES = (
    "That was later hiked to 125% for reciprocal duties and a 20% rate just for the fentanyl "
    "demands."
)
SEIZED = (
    "But enough fentanyl has already been seized so far this year by the feds to kill as many as "
    "122 million Americans, around a third of the country, according to the Drug Enforcement "
    "Administration."
)
BESSENT = (
    "Treasury Secretary Scott Bessent told Fox Business Network earlier this week that “I am "
    "confident that the Chinese will want to reach a deal."
)
SIGNALS = (
    "Amid rising tensions and the ongoing opioid crisis, China signals potential cooperation with "
    "the U.S. on fentanyl precursor controls and trade talks revival."
)
INSISTS = (
    "China, however, insists the issue is being politicized and deflects blame, saying the crisis "
    "is driven by American demand."
)
MAY_MEET = (
    "China's Minister of Public Security, Wang Xiaohong, may soon meet U.S. officials to discuss "
    "potential steps in curbing fentanyl chemicals."
)
NEAR = "The U.S. and China have been in a trade war."


@pytest.mark.parametrize(
    ("claim", "quote", "expected"),
    [
        ("A 20% rate applies to fentanyl.", RATES, "supported"),
        ("A 125% rate applies to fentanyl.", RATES, "unsupported"),
        ("The fentanyl tariff rate is 125%.", RATES, "unsupported"),
        ("The reciprocal duty rate is 125%.", RATES, "supported"),
        ("The reciprocal duty rate is 20%.", RATES, "unsupported"),
        ("Fentanyl has killed as many as 122 million Americans.", SEIZED, "unsupported"),
        (
            "Enough fentanyl has been seized this year to kill as many as 122 million Americans.",
            SEIZED,
            "supported",
        ),
        ("Scott Bessent is the US Treasury Secretary.", BESSENT, "supported"),
        ("Scott Bessent is the US Secretary of State.", BESSENT, "unsupported"),
        ("The US blames China.", "China blames the US.", "unsupported"),
        ("China signals potential cooperation with the US.", SIGNALS, "supported"),
        ("The issue is being politicized.", INSISTS, "partial"),
        ("China insists the issue is being politicized.", INSISTS, "supported"),
        ("Wang Xiaohong will meet U.S. officials.", MAY_MEET, "partial"),
        ("Wang Xiaohong may meet U.S. officials soon.", MAY_MEET, "supported"),
        ("Yes, Wang Xiaohong may meet U.S. officials.", MAY_MEET, "supported"),
        ("1. Wang Xiaohong may meet U.S. officials.", MAY_MEET, "supported"),
    ],
)
def test_check(claim: str, quote: str, expected: str) -> None:
    assert verdicts.check_claim(claim, [quote], NEAR).support == expected


ABOVE = "Minutes of the Vessey allotment society. Water"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The Vessey allotment society meets on 9 May at the mill.", "supported"),
        ("The Vessey allotment society meets on 8 May at the mill.", "unsupported"),
        ("The Vessey allotment society does not meet on 9 May at the mill.", "unsupported"),
        ("The Orrin allotment society meets on 9 May at the mill.", "unsupported"),
        ("The Vessey allotment society elects on 9 May its chair.", "partial"),
    ],
)
def test_what_the_title_and_headings_name_need_not_stand_in_the_quote(
    claim: str, expected: str
) -> None:
    quote = "It meets on 9 May at the mill."
    assert verdicts.check_claim(claim, [quote], above=ABOVE).support == expected
    assert verdicts.check_claim(claim, [quote]).support != "supported"


@pytest.mark.parametrize(
    "claim",
    [
        "China's rise in opioid crisis is driven by rising tensions and the ongoing opioid crisis.",
        "Rising tensions drive cooperation between China and the U.S.",
    ],
)
def test_a_relation_that_the_source_lacks_is_not_supported(claim: str) -> None:
    verdict = verdicts.check_claim(claim, [SIGNALS])
    assert verdict.support != "supported"
    assert verdict.reasons


def test_without_quotes_nothing_is_supported() -> None:
    verdict = verdicts.check_claim("It rained.", [])
    assert (verdict.support, verdict.score) == ("unsupported", 0.0)


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.name)
def test_every_sentence_of_a_source_supports_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for start, end in split_sentences(text):
        verdict = verdicts.check_claim(text[start:end], [text[start:end]])
        assert (verdict.support, verdict.reasons) == ("supported", ())


@given(st.lists(st.sampled_from("Oslo Lee not 5 20% may rose the all and Monday".split())))
def test_a_verdict_repeats_and_its_score_is_a_share(words: list[str]) -> None:
    claim, quote = " ".join(words), " ".join(reversed(words)) + "."
    verdict = verdicts.check_claim(claim, [quote])
    assert verdict == verdicts.check_claim(claim, [quote])
    assert 0 <= verdict.score <= 1
    assert verdicts.check_claim(claim, [claim]).support == "supported"


def test_coverage_is_the_share_of_words_that_the_quotes_carry() -> None:
    assert verdicts.coverage("Ferries sank quickly.", ["The ferry sank."]) == pytest.approx(2 / 3)
    assert verdicts.coverage("It is so.", ["The ferry sank."]) == 1.0


PASSAGE_TEXT = "The ferry Astrid sank on Monday. The bridge in Oslo was closed by the police."


def _judge(text: str, numbers: frozenset[int] = frozenset()) -> Claim:
    passage = Passage(1, Span("a", 0, len(PASSAGE_TEXT)), PASSAGE_TEXT, "Title", "source", 1.0)
    return verdicts.cite_and_check(
        citations.DraftSentence(text, numbers),
        citations.candidate_sentences([passage]),
        lambda span: PASSAGE_TEXT,
    )


def test_a_sentence_that_joins_two_sources_is_checked_in_halves() -> None:
    claim = _judge("The ferry Astrid sank on Monday and the bridge in Oslo was closed.")
    assert claim.support == "supported"
    assert len(claim.citations) == 2


def test_a_half_without_a_subject_is_not_taken_from_another_sentence() -> None:
    claim = _judge("The ferry Astrid sank on Monday and was closed by the police.")
    assert claim.support != "supported"


def test_one_wrong_half_is_not_supported() -> None:
    claim = _judge("The ferry Astrid sank on Monday and the bridge in Bergen was closed.")
    assert claim.support == "unsupported"


def test_a_claim_says_who_pointed_at_the_source() -> None:
    assert _judge("The ferry Astrid sank.", frozenset({1})).origin == "model"
    assert _judge("The ferry Astrid sank.").origin == "matched"


def test_what_resembles_nothing_has_no_citation() -> None:
    claim = _judge("Bananas are yellow.")
    assert (claim.citations, claim.support) == ((), "unsupported")


@pytest.mark.parametrize(
    ("quote", "expected"), [("It sank.", "“It sank.”"), ("“It sank,” he said.",) * 2]
)
def test_a_quoted_claim_is_the_source_in_quotation_marks(quote: str, expected: str) -> None:
    claim = verdicts.quote_as_claim(Citation(1, Span("a", 0, len(quote)), quote))
    assert (claim.text, claim.support) == (expected, "supported")


# --- with a scorer ----------------------------------------------------------------------------


class Sure(Scorer):
    """Gives every claim the same chance; knows what it was asked."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def score_claim(self, text: str, quotes: Sequence[str]) -> float:
        self.asked.append((text, tuple(quotes)))
        return self.chance


FERRY = "The ferry Astrid sank on Monday."
REWORDED = "A passenger vessel went down and was lost."


def test_other_words_are_partial_only_where_the_score_calls_them_grounded() -> None:
    edge = Sure(0).threshold
    assert verdicts.coverage(REWORDED, [FERRY]) < CHECKING.min_partial_coverage
    assert verdicts.check_claim(REWORDED, [FERRY], "", Sure(edge)).support == "partial"
    assert verdicts.check_claim(REWORDED, [FERRY], "", Sure(edge - 0.01)).support == "unsupported"
    assert verdicts.check_claim(REWORDED, [FERRY]).support == "unsupported"


def test_a_score_alone_makes_no_claim_supported() -> None:
    verdict = verdicts.check_claim(REWORDED, [FERRY], "", Sure(1.0))
    assert (verdict.support, verdict.score) == ("partial", 1.0)
    assert "the cited text carries" in verdict.reasons[-1]


@pytest.mark.parametrize("begins", ["The owner denies that", "Experts doubt that"])
def test_what_somebody_is_said_to_think_of_it_is_never_supported(begins: str) -> None:
    """The words after it are the source's, so its score is high."""
    claim = f"{begins} the ferry Astrid sank on Monday."
    assert verdicts.check_claim(claim, [FERRY], "", Sure(1.0)).support != "supported"


def test_a_low_score_takes_nothing_from_what_stands_word_for_word() -> None:
    verdict = verdicts.check_claim(FERRY, [FERRY], "", Sure(0.01))
    assert (verdict.support, verdict.reasons, verdict.score) == ("supported", (), 0.01)


@pytest.mark.parametrize("chance", [0.0, 0.05, 0.99])
def test_what_a_hard_rule_speaks_against_scores_next_to_nothing(chance: float) -> None:
    for claim in ("The ferry Astrid sank on Friday.", "The ferry Astrid did not sink on Monday."):
        verdict = verdicts.check_claim(claim, [FERRY], "", Sure(chance))
        assert verdict.support == "unsupported"
        assert verdict.score == min(chance, CHECKING.max_score_against_rules)
        assert verdicts.check_claim(claim, [FERRY]).score <= CHECKING.max_score_against_rules


def test_a_soft_rule_leaves_the_score_alone() -> None:
    verdict = verdicts.check_claim(
        "Wang Xiaohong will meet U.S. officials.", [MAY_MEET], "", Sure(0.8)
    )
    assert (verdict.support, verdict.score) == ("partial", 0.8)


def test_without_quotes_no_scorer_is_asked() -> None:
    scorer = Sure(1.0)
    assert verdicts.check_claim("It rained.", [], "", scorer).score == 0
    assert scorer.asked == []


def test_the_marker_of_a_list_and_a_yes_are_not_scored() -> None:
    scorer = Sure(0.5)
    verdicts.check_claim(f"1. Yes, {FERRY}", [FERRY], "", scorer)
    verdicts.check_claim("Yes.", [FERRY], "", scorer)
    assert scorer.asked[0] == (FERRY, (FERRY,))
    assert scorer.asked[1][0]


def _judge_with(scorer: Scorer, text: str) -> Claim:
    passage = Passage(1, Span("a", 0, len(PASSAGE_TEXT)), PASSAGE_TEXT, "Title", "source", 1.0)
    draft = citations.DraftSentence(text, frozenset())
    return verdicts.cite_and_check(
        draft, citations.candidate_sentences([passage]), lambda span: PASSAGE_TEXT, scorer
    )


def test_a_joined_sentence_is_scored_as_a_whole_by_the_quotes_of_both_halves() -> None:
    scorer, text = Sure(0.7), "The ferry Astrid sank on Monday and the bridge in Oslo was closed."
    claim = _judge_with(scorer, text)
    assert (claim.support, claim.reasons, claim.score) == ("supported", (), 0.7)
    quotes = tuple(citation.quote for citation in claim.citations)
    assert len(quotes) == 2
    assert scorer.asked[-1] == (text, quotes)


def test_the_shipped_scorer_is_sure_of_a_copy_and_not_of_another_day() -> None:
    scorer = Scorer()
    copied = _judge_with(scorer, "The ferry Astrid sank on Monday.")
    assert (copied.support, (copied.score or 0) > scorer.threshold) == ("supported", True)
    changed = _judge_with(scorer, "The ferry Astrid sank on Friday.")
    assert changed.support == "unsupported"
    assert (changed.score or 0) <= CHECKING.max_score_against_rules
    strange = _judge_with(scorer, "Bananas are yellow.")
    assert (strange.support, strange.score) == ("unsupported", 0)


def test_a_quoted_sentence_is_certain() -> None:
    assert verdicts.quote_as_claim(Citation(1, Span("a", 0, len(FERRY)), FERRY)).score == 1.0
