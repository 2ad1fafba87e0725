"""Which words of an answer are its answer, and which forms of a choice count?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from eval.benchmarks.answer_matching import states_choice
from eval.benchmarks.short_answers import extract_short_answer


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Four astronauts are on board. [1]", "4"),
        ("It passed 4 dollars a gallon.", "$4"),
        ("The war has cost $25bn so far.", "$25 billion"),
        ("A café in Medellin closed.", "Medellín, Colombia"),
        ("They train dolphins.", "Dolphin"),
        ("King Charles III flew in.", "Britain’s King Charles III"),
        ("Apollo 13 held the record.", "Apollo 13 (NASA)"),
        ("Elon Musk and Sam Altman met in court.", "Sam Altman and Elon Musk"),
        ("It was the Masters.", "The Masters"),
    ],
)
def test_a_choice_is_stated_in_any_usual_form(text: str, choice: str) -> None:
    assert states_choice(text, choice)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("It costs 14 dollars.", "$4"),
        ("Four percent agreed.", "$4"),
        ("It struck 700 people.", "700 miles"),
        ("They were gone for three days.", "3"),
        ("It began in the 1960s.", "1960"),
        ("The war has cost $25 million so far.", "$25 billion"),
        ("Kendall Jenner was there.", "Kim Kardashian"),
        ("Sam Altman was alone in court.", "Sam Altman and Elon Musk"),
        ("Colombia won.", "Medellín, Colombia"),
        ("The class was a bus ride.", "Clas"),
        ("", "Spinach"),
        ("Of the lake.", "The"),
    ],
)
def test_what_is_near_a_choice_is_not_the_choice(text: str, choice: str) -> None:
    assert not states_choice(text, choice)


def test_a_number_may_have_the_unit_that_the_question_names() -> None:
    assert states_choice("He ruled for 16 years.", "16", question="How many years did he rule?")
    assert not states_choice(
        "He ruled for 16 days.", "16 years", question="How many years did he rule?"
    )


def test_what_all_choices_share_need_not_be_said() -> None:
    oceans = ["Pacific Ocean", "Atlantic Ocean"]
    assert states_choice("It grows in the Pacific.", oceans[0], oceans)
    assert not states_choice("It grows in the Pacific.", oceans[0])
    assert not states_choice("It grows in the ocean.", oceans[0], oceans)


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("How many astronauts are on board?", "There are four astronauts on board. [1]", "4"),
        ("How much did it cost in 2024?", "In 2024 it cost $25 billion.", "$25 billion"),
        ("Which year did the mill open?", "The mill of 12 wheels opened in 1874.", "1874"),
        ("When was the bridge closed?", "The bridge was closed on Tuesday. [2]", "Tuesday"),
        ("Which bridge did a storm close?", "A storm closed the Tarn bridge.", "Tarn"),
        (
            "Who is the mayor of Ostby?",
            "The mayor of Ostby, said Ida Lund, is Vera Holt.",
            "Vera Holt",
        ),
        ("Which film won?", "The film “Salt Marsh” won.", "Salt Marsh"),
        ("Is the bridge closed?", "No, it is open again.", "No"),
        ("Which bridge?", "Bridge.", "Bridge"),
        ("Which bridge?", "", ""),
    ],
)
def test_the_short_form_is_what_the_answer_adds(question: str, answer: str, found: str) -> None:
    assert extract_short_answer(question, answer) == found


def test_the_kind_that_is_asked_for_decides_between_names() -> None:
    def liken(asked: str, runs: Sequence[str]) -> list[float]:
        assert asked == "country won"
        return [float(run == "Norway") for run in runs]

    question, answer = "Which country won the race?", "Ida Lund won the race for Norway."
    assert extract_short_answer(question, answer) == "Ida Lund"
    assert extract_short_answer(question, answer, liken) == "Norway"
