"""Fits the classifier of `rag.query.question_kind` and measures it.

``python -m eval.benchmarks.question_kinds_fit`` measures it held out by subject, fits it on all
labelled questions, writes ``question_kind.json`` and measures that on the test questions.

Multinomial logistic regression with an L2 penalty. Each question counts twice, half each time: with
its vector and without, so that one set of weights serves both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from eval.benchmarks.question_kinds import (
    TEST,
    LabelledQuestion,
    Recognition,
    confusion_table,
    measure_recognition,
    read_questions,
)
from eval.fitting import check_installed, write_weights
from rag.internals import (
    ANSWER_KINDS,
    QUESTION_KIND_FILE,
    QUESTION_VECTOR_SIZE,
    AnswerKind,
    KindWeights,
    MiniLM,
    fold_question,
    scale_features,
    wording_features,
)

Vectors = Sequence[Sequence[float]]

MIN_SUBJECTS = 3  # that a word or feature must occur in
MAX_FEATURES = 4000  # of wording; 5,000 are no better, 3,000 half a point worse without a vector
INVERSE_PENALTY = 10.0  # 5 is worse
VECTOR_SCALE = 0.7  # beside a wording of length 1
FOLDS = 10


def embed_questions(questions: Iterable[LabelledQuestion]) -> list[list[float]]:
    """The vector of each question, as `question_kind` takes it."""
    return MiniLM(threads=2).embed([fold_question(each.question) for each in questions])


def fit(questions: Sequence[LabelledQuestion], vectors: Vectors) -> KindWeights:
    """The weights for these questions, among which each kind must occur. The same questions in the
    same order give the same weights. Raises `FittingError`."""
    words = [fold_question(each.question).split() for each in questions]
    subjects = [each.subject for each in questions]
    known = {word for word in _in_several_subjects(words, subjects) if word.isalpha()}
    found = [wording_features(each, known) for each in words]
    kinds = [each.kind for each in questions]
    every = _in_several_subjects(found, subjects)
    names = _largest(_solve(found, every, vectors, kinds), every, {*known, "^", "$"})
    return _rounded(_solve(found, names, vectors, kinds), sorted(names))


def _in_several_subjects(found: Sequence[Iterable[str]], subjects: Sequence[str]) -> set[str]:
    seen_in: dict[str, set[str]] = {}
    for names, subject in zip(found, subjects, strict=True):
        for name in names:
            seen_in.setdefault(name, set()).add(subject)
    return {name for name, seen in seen_in.items() if len(seen) >= MIN_SUBJECTS}


_INTERCEPT = ""
_Solved = dict[str, list[float]]  # of each feature a weight for each kind


def _solve(
    found: Sequence[Mapping[str, float]],
    names: set[str],
    vectors: Vectors,
    kinds: Sequence[AnswerKind],
) -> _Solved:
    check_installed()
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [scale_features(each, names) for each in found]
    for wording, vector in zip(list(rows), vectors, strict=True):
        rows.append({**wording, **{_axis(n): VECTOR_SCALE * x for n, x in enumerate(vector)}})
    read = DictVectorizer()
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000, tol=1e-3)
    model.fit(read.fit_transform(rows), [*kinds, *kinds], [0.5] * len(rows))
    order = [list(model.classes_).index(kind) for kind in ANSWER_KINDS]
    solved = dict(zip(read.get_feature_names_out(), model.coef_[order].T.tolist(), strict=True))
    return {**solved, _INTERCEPT: model.intercept_[order].tolist()}


def _axis(number: int) -> str:
    return f"={number}"


def _largest(solved: _Solved, names: set[str], needed: set[str]) -> set[str]:
    """The names with the largest weights, `needed` ones first: a word without a weight of its own
    would be masked."""

    def rank(name: str) -> tuple[bool, float, str]:
        return name not in needed, -sum(weight * weight for weight in solved[name]), name

    return set(sorted(names, key=rank)[:MAX_FEATURES])


def _rounded(solved: _Solved, names: Sequence[str]) -> KindWeights:
    axes = [solved[_axis(number)] for number in range(QUESTION_VECTOR_SIZE)]
    return KindWeights(
        intercept=tuple(round(x, 2) for x in solved[_INTERCEPT]),
        vector=tuple(
            tuple(round(VECTOR_SCALE * axis[kind], 2) for axis in axes)
            for kind in range(len(ANSWER_KINDS))
        ),
        # A value is about a tenth, so that a second digit would move no probability by a hundredth.
        features={name: tuple(round(x, 1) for x in solved[name]) for name in names},
    )


# --- measuring --------------------------------------------------------------------------------


def hold_out(
    questions: Sequence[LabelledQuestion], vectors: Vectors
) -> tuple[list[AnswerKind], list[AnswerKind]]:
    """The kinds that weights fitted on other subjects give, with the vectors and without. Raises
    `FittingError`."""
    check_installed()
    from sklearn.model_selection import GroupKFold

    with_vector, without = ([each.kind for each in questions] for _ in range(2))
    subjects = [each.subject for each in questions]
    for others, own in GroupKFold(FOLDS).split(questions, groups=subjects):
        weights = fit([questions[n] for n in others], [vectors[n] for n in others])
        for n in own:
            with_vector[n] = likeliest(weights, questions[n].question, vectors[n])
            without[n] = likeliest(weights, questions[n].question)
    return with_vector, without


def likeliest(
    weights: KindWeights, question: str, vector: Sequence[float] | None = None
) -> AnswerKind:
    """The kind of highest probability."""
    found = weights.probabilities(question, vector)
    return max(found, key=found.__getitem__)


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    questions = read_questions()
    vectors = embed_questions(questions)
    with_vector, without = hold_out(questions, vectors)
    held_out = _report("held out by subject", questions, with_vector)
    bare = _report("held out by subject, no vector given", questions, without)
    about = (
        f"fitted by python -m eval.benchmarks.question_kinds_fit on {len(questions):,} questions of"
        f" {len({each.subject for each in questions})} subjects; of other subjects it recognises"
        f" {held_out.accuracy.mean:.1%}, without the vector {bare.accuracy.mean:.1%}; the weights"
        f" are those of {', '.join(ANSWER_KINDS)}"
    )
    weights = fit(questions, vectors).model_copy(update={"about": about})
    write_weights(weights, QUESTION_KIND_FILE)
    print(f"\n{QUESTION_KIND_FILE.name}: {about}.")
    _measure_test(weights)


def _measure_test(weights: KindWeights) -> None:
    questions = read_questions(TEST)
    pairs = list(zip(questions, embed_questions(questions), strict=True))
    given = [likeliest(weights, each.question, vector) for each, vector in pairs]
    _report("test questions", questions, given)
    for each, kind in zip(questions, given, strict=True):
        if kind != each.kind:
            print(f"{each.kind}, given {kind}: {each.question}")
    without = [likeliest(weights, each.question) for each in questions]
    _report("test questions, no vector given", questions, without)


def _report(
    name: str, questions: Sequence[LabelledQuestion], given: Sequence[AnswerKind]
) -> Recognition:
    """Prints how well the kinds were recognised, and returns it."""
    whole = measure_recognition(questions, given)
    print(f"\n{name}")
    _print_accuracy("all", whole)
    for language in sorted({each.language for each in questions}):
        own = [n for n, each in enumerate(questions) if each.language == language]
        found = measure_recognition([questions[n] for n in own], [given[n] for n in own])
        _print_accuracy(language, found)
    print(confusion_table(whole), flush=True)
    return whole


def _print_accuracy(name: str, found: Recognition) -> None:
    right = found.accuracy
    print(
        f"{name:4} {right.mean:.1%} right ({right.low:.1%} to {right.high:.1%}, n = {right.n:,}),"
        f" macro F1 {found.macro_f1:.3f}"
    )


if __name__ == "__main__":
    main()
