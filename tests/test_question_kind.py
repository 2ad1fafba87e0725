"""The kind of answer that a question wants, and the labelled questions that it is learnt from."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eval.benchmarks import question_kinds_fit
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.question_kinds import (
    QUESTIONS,
    TEST,
    LabelledQuestion,
    confusion_table,
    measure_recognition,
    read_questions,
)
from eval.benchmarks.question_kinds_fit import fit, likeliest
from rag.errors import ModelFileError
from rag.models.embeddings import MiniLM
from rag.query.question_kind import (
    COMMAND,
    KINDS,
    VECTOR_SIZE,
    WEIGHTS,
    AnswerKind,
    fold_question,
    load_kind_weights,
    question_kind,
    wording_features,
)

LABELLED = read_questions(QUESTIONS)

# --- kinds of questions -----------------------------------------------------------------------

# None of them is in the file that the weights are fitted on; a test below sees to that.
CLEAR: tuple[tuple[AnswerKind, str], ...] = (
    ("fact", "When was the opera house in Sydney finished?"),
    ("fact", "how many teeth does a horse have"),
    ("fact", "What is the boiling point of ethanol?"),
    ("fact", "WHO INVENTED THE TELEPHONE"),
    ("fact", "Wann wurde der Kölner Dom fertig?"),
    ("fact", "¿Cuándo murió Picasso?"),
    ("fact", "Combien coûte le billet ?"),
    ("yes_no", "Is the Danube longer than the Rhine?"),
    ("yes_no", "did the senate approve the budget"),
    ("yes_no", "Can I swim in the lake?"),
    ("yes_no", "Has the tunnel been reopened yet"),
    ("explanation", "Why did the Aztec empire fall?"),
    ("explanation", "how does a refrigerator work"),
    ("explanation", "How do I change a flat tyre?"),
    ("explanation", "What are the reasons for the shortage of teachers?"),
    ("explanation", "why?"),
    ("explanation", "Warum ist der Himmel blau?"),
    ("list", "List all rivers in Poland"),
    ("list", "Which countries border Bolivia?"),
    ("list", "Name three painters of the Renaissance."),
    ("list", "what are the ingredients of a Waldorf salad"),
    ("list", "Welche Städte liegen am Rhein?"),
    ("statement", "What did the bishop say about the bells?"),
    ("statement", "what does the report say about overtime"),
    ("statement", "What do economists think of the new currency?"),
    ("statement", "How did the airline respond to the complaints?"),
    ("statement", "Summarize what the bishop says about the bells"),
    ("statement", "Sum up Dr Lindqvist's position"),
    ("statement", "What does the pilot think, in short?"),
    ("comparison", "What is the difference between jam and marmalade?"),
    ("comparison", "Compare Spain and Portugal"),
    ("comparison", "diesel vs petrol"),
    ("comparison", "How do frogs differ from toads?"),
    ("summary", "Summarize the third chapter"),
    ("summary", "What is this article about?"),
    ("summary", "give me an overview of the trial"),
    ("summary", "Tell me about the life of Nikola Tesla."),
    ("summary", "What happened in Oslo?"),
    ("summary", "Summarize what the chapter says about bees"),
    ("summary", "Fasse den Text zusammen"),
    ("keyword", "solvik bridge toll"),
    ("keyword", "population Ghana"),
    ("keyword", "passport renewal fee"),
    ("conversation", "hello"),
    ("conversation", "Thanks!"),
    ("conversation", "what can you do?"),
    ("conversation", "who are you"),
    ("conversation", "Goodbye."),
)


@pytest.mark.parametrize(("kind", "question"), CLEAR)
def test_a_clear_question_is_recognised_by_its_wording(kind: AnswerKind, question: str) -> None:
    assert question_kind(question).kind == kind


def test_clear_questions_are_recognised_with_their_vectors_too() -> None:
    vectors = MiniLM(threads=2).embed([fold_question(question) for _, question in CLEAR])
    given = [
        question_kind(question, vector).kind
        for (_, question), vector in zip(CLEAR, vectors, strict=True)
    ]
    assert given == [kind for kind, _ in CLEAR]


def test_the_clear_questions_were_not_learnt() -> None:
    learnt = {fold_question(each.question) for each in LABELLED}
    common = {question for _, question in CLEAR if fold_question(question) in learnt}
    assert common <= {"why?", "hello", "Thanks!", "what can you do?", "who are you", "Goodbye."}


def test_of_two_questions_the_first_decides() -> None:
    assert question_kind("Who wrote the letter, and why?").kind == "fact"
    assert question_kind("Why was the letter written, and by whom?").kind == "explanation"


def test_the_two_likeliest_kinds_come_with_their_probabilities() -> None:
    found = question_kind("What are the reasons for the delay of the opera?")
    assert found.kind != found.runner_up
    assert {found.kind, found.runner_up} == {"explanation", "list"}
    assert 1 >= found.probability > found.runner_up_probability > 0
    assert found.probability + found.runner_up_probability <= 1


@pytest.mark.parametrize("question", ["", "???", "\u200b", "…!", "北京的人口是多少", "x" * 5000])
def test_any_text_has_a_kind(question: str) -> None:
    assert question_kind(question).kind in KINDS


def test_a_vector_counts_and_has_its_length() -> None:
    bare = load_kind_weights().probabilities("the toll")
    weighed = load_kind_weights().probabilities("the toll", [0.05] * VECTOR_SIZE)
    assert bare != weighed
    assert sum(weighed.values()) == pytest.approx(1)
    with pytest.raises(ValueError, match="384"):
        question_kind("the toll", [0.1, 0.2])


# --- any spelling of case and punctuation -----------------------------------------------------

questions = st.sampled_from([each.question for each in LABELLED])
spellings = st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str.capitalize])
marks = st.text(alphabet='?!.,;:-–—…()[]"“”«»¿¡*_/\\|<>#~ \n', max_size=4)


@settings(max_examples=30)  # the first example loads the weights
@given(questions, spellings, marks, marks)
@example("What's the daß-clause in Güiraldes' naïve ﬁle?", str.upper, "- ", "?!")
@example("DİYARBAKIR kaç kilometre", str.lower, "", "")
def test_case_and_marks_around_a_question_change_nothing(
    question: str, spelling: object, before: str, after: str
) -> None:
    assert callable(spelling)
    assert question_kind(before + spelling(question) + after) == question_kind(question)


@settings(max_examples=30)  # the first example loads the weights
@given(questions, st.randoms(use_true_random=False))
def test_punctuation_between_words_changes_nothing(question: str, chance: Random) -> None:
    words = fold_question(question).split()
    written = "".join(f"{word}{chance.choice([' ', ', ', ' - ', '? ', ': '])}" for word in words)
    assert fold_question(written) == fold_question(question)


@pytest.mark.parametrize(
    ("question", "folded"),
    [
        ("What’s THE café’s price?", "whats the cafes price"),
        ("¿Qué dijo él?", "que dijo el"),
        ("l'été d'Anna", "l ete d anna"),
        ("Stra\u00adße, STRASSE", "strasse strasse"),
        ("zero\u200bwidth ﬁsh", "zerowidth fish"),
        ("- [x] Isn't it?!", "x isnt it"),
        ("???", ""),
    ],
)
def test_a_folded_question_is_its_words(question: str, folded: str) -> None:
    assert fold_question(question) == folded


def test_unknown_words_and_numbers_are_masked() -> None:
    found = wording_features(["which", "bridges", "opened", "in", "1932"], {"which", "in"})
    assert {"^ which *s", "*s *ed in", "in # $", "unknown=3", "known=2", "words=5"} <= found.keys()
    assert not any("bridges" in name.split() for name in found)


# --- the weights ------------------------------------------------------------------------------


def test_the_file_of_weights_is_whole_and_small() -> None:
    weights = load_kind_weights()
    assert f"{len(LABELLED):,} questions" in weights.about
    assert all(kind in weights.about for kind in KINDS)
    assert WEIGHTS.stat().st_size < 400_000
    for name in ("^", "$", "what", "^ why", ":compa", "words=1", "unknown=0", "known=1"):
        assert any(weights.features[name])
    for column in weights.vector:
        assert any(column)


@pytest.mark.parametrize("part", ["intercept", "vector", "features"])
def test_damaged_weights_name_the_command_that_fits_them(tmp_path: Path, part: str) -> None:
    written = json.loads(WEIGHTS.read_text("utf-8"))
    written[part] = written[part][1:] if isinstance(written[part], list) else {"what": [1.0]}
    file = tmp_path / "question_kind.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(ModelFileError, match=COMMAND):
        load_kind_weights(file)
    with pytest.raises(ModelFileError, match=COMMAND):
        load_kind_weights(tmp_path / "none.json")


# --- fitting ----------------------------------------------------------------------------------


def small_set() -> tuple[list[LabelledQuestion], list[list[float]]]:
    """The questions of some subjects, each with a vector that tells nothing."""
    subjects = sorted({each.subject for each in LABELLED})[::15]
    chosen = [each for each in LABELLED if each.subject in subjects]
    return chosen, [[0.05] * VECTOR_SIZE for _ in chosen]


def test_the_same_questions_give_the_same_weights_which_recognise_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(question_kinds_fit, "MAX_FEATURES", 600)
    chosen, vectors = small_set()
    weights = fit(chosen, vectors)
    assert fit(chosen, vectors) == weights
    assert len(weights.features) == 600
    right = [likeliest(weights, each.question) == each.kind for each in chosen]
    assert sum(right) / len(right) > 0.9


# --- the labelled questions -------------------------------------------------------------------


def test_each_kind_and_language_has_its_questions() -> None:
    kinds = Counter(each.kind for each in LABELLED)
    assert len(LABELLED) >= 800
    assert min(kinds[kind] for kind in KINDS) >= 50
    foreign = [each for each in LABELLED if each.language != "en"]
    assert len(foreign) >= 60
    assert {each.kind for each in foreign} == set(KINDS)


def test_no_question_is_there_twice_and_none_is_tested_that_was_learnt() -> None:
    folded = [fold_question(each.question) for each in [*LABELLED, *read_questions(TEST)]]
    assert [text for text, count in Counter(folded).items() if count > 1] == []


def test_a_line_with_an_unknown_kind_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "Why?", "kind": "riddle", "language": "en", "subject": "s"}')
    with pytest.raises(EvalDataError, match=r"questions\.jsonl, line 1"):
        read_questions(file)


def test_recognition_counts_what_was_given_for_what() -> None:
    def labelled(kind: AnswerKind, subject: str) -> LabelledQuestion:
        return LabelledQuestion(question="q", kind=kind, language="en", subject=subject)

    asked = [labelled("fact", "a"), labelled("fact", "b"), labelled("list", "c")]
    found = measure_recognition(asked, ["fact", "list", "list"])
    assert found.accuracy.mean == pytest.approx(2 / 3)
    assert found.accuracy.low < found.accuracy.mean < found.accuracy.high
    assert found.macro_f1 == pytest.approx(2 / 3)  # of both kinds 2 * 1 / (2 + 1)
    assert found.confusion["fact"] == dict.fromkeys(KINDS, 0) | {"fact": 1, "list": 1}
    table = confusion_table(found).splitlines()
    assert table[2] == "| fact | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 |"
    assert len(table) == 2 + len(KINDS)
    with pytest.raises(ValueError):
        measure_recognition([], [])
    with pytest.raises(ValueError):
        measure_recognition(asked, ["fact"])
