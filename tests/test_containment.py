"""The baseline finds an answer's words and pairs of words in the sources."""

from __future__ import annotations

import pytest

from eval.scorer.containment import Containment

SOURCE = "Heavy rain flooded the old town on Monday. The mayor closed two bridges."
MEAN, WORST = Containment(), Containment(worst=True)


@pytest.mark.parametrize("scorer", [MEAN, WORST])
def test_a_verbatim_answer_is_contained(scorer: Containment) -> None:
    assert scorer.response(SOURCE, [SOURCE]) == 1


def test_an_invented_answer_is_not() -> None:
    assert MEAN.response("Gold fell sharply.", [SOURCE]) == 0


def test_a_sentence_scores_the_mean_of_its_words_and_pairs() -> None:
    # rain, mayor, slept: two of three; rain the, the mayor, mayor slept: one of three
    assert MEAN.response("Rain the mayor slept.", [SOURCE]) == pytest.approx((2 / 3 + 1 / 3) / 2)


def test_words_in_another_order_score_less() -> None:
    ordered = MEAN.response("The mayor closed two bridges.", [SOURCE])
    assert MEAN.response("Two bridges closed the mayor.", [SOURCE]) < ordered


def test_forms_of_a_word_count_as_that_word() -> None:
    assert MEAN.response("flooding", [SOURCE]) == 1


def test_the_worst_sentence_decides_where_that_is_asked() -> None:
    answer = "The mayor closed two bridges. Gold fell sharply."
    assert MEAN.response(answer, [SOURCE]) == pytest.approx(0.5)
    assert WORST.response(answer, [SOURCE]) == 0


def test_any_of_the_sources_may_hold_a_word_but_no_pair_spans_two() -> None:
    assert MEAN.response("Rain flooded bridges.", ["Rain flooded.", "Bridges."]) == pytest.approx(
        (1 + 1 / 2) / 2
    )


def test_a_source_without_a_space_after_a_full_stop_still_has_its_words() -> None:
    assert MEAN.response("town", ["It flooded the town.The mayor slept."]) == 1


@pytest.mark.parametrize("sources", [[], [""], [" \n"]])
def test_without_a_source_nothing_is_grounded(sources: list[str]) -> None:
    assert MEAN.response(SOURCE, sources) == 0
    assert MEAN.response("", sources) == 0


def test_a_text_that_states_nothing_is_contained() -> None:
    assert MEAN.response("So it is.", [SOURCE]) == 1
    assert MEAN.response("", [SOURCE]) == 1


def test_a_sentence_that_states_nothing_does_not_count() -> None:
    answer = "So it is. Gold fell sharply."
    assert MEAN.response(answer, [SOURCE]) == 0
