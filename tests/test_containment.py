"""The baseline finds an answer's words and pairs of words in the sources."""

from __future__ import annotations

import pytest

from eval.scorer.containment_baseline import Containment

SOURCE = "Heavy rain flooded the old town on Monday. The mayor closed two bridges."
MEAN, WORST = Containment(), Containment(worst=True)


@pytest.mark.parametrize("scorer", [MEAN, WORST])
def test_a_verbatim_answer_is_contained(scorer: Containment) -> None:
    assert scorer.score_text(SOURCE, [SOURCE]) == 1


def test_an_invented_answer_is_not() -> None:
    assert MEAN.score_text("Gold fell sharply.", [SOURCE]) == 0


def test_a_sentence_scores_the_mean_of_its_words_and_pairs() -> None:
    # rain, mayor, slept: two of three; rain the, the mayor, mayor slept: one of three
    assert MEAN.score_text("Rain the mayor slept.", [SOURCE]) == pytest.approx((2 / 3 + 1 / 3) / 2)


def test_words_in_another_order_score_less() -> None:
    ordered = MEAN.score_text("The mayor closed two bridges.", [SOURCE])
    assert MEAN.score_text("Two bridges closed the mayor.", [SOURCE]) < ordered


def test_forms_of_a_word_count_as_that_word() -> None:
    assert MEAN.score_text("flooding", [SOURCE]) == 1


def test_the_worst_sentence_decides_where_that_is_asked() -> None:
    answer = "The mayor closed two bridges. Gold fell sharply."
    assert MEAN.score_text(answer, [SOURCE]) == pytest.approx(0.5)
    assert WORST.score_text(answer, [SOURCE]) == 0


def test_any_of_the_sources_may_hold_a_word_but_no_pair_spans_two() -> None:
    assert MEAN.score_text("Rain flooded bridges.", ["Rain flooded.", "Bridges."]) == pytest.approx(
        (1 + 1 / 2) / 2
    )


def test_a_source_without_a_space_after_a_full_stop_still_has_its_words() -> None:
    assert MEAN.score_text("town", ["It flooded the town.The mayor slept."]) == 1


@pytest.mark.parametrize("sources", [[], [""], [" \n"]])
def test_without_a_source_nothing_is_grounded(sources: list[str]) -> None:
    assert MEAN.score_text(SOURCE, sources) == 0
    assert MEAN.score_text("", sources) == 0


def test_a_text_that_states_nothing_is_contained() -> None:
    assert MEAN.score_text("So it is.", [SOURCE]) == 1
    assert MEAN.score_text("", [SOURCE]) == 1


def test_a_sentence_that_states_nothing_does_not_count() -> None:
    answer = "So it is. Gold fell sharply."
    assert MEAN.score_text(answer, [SOURCE]) == 0
