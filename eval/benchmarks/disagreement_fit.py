"""Fits the weights of `rag.conflicts.pair_scorer`, which tells contradictions from look-alikes.

``python -m eval.benchmarks.disagreement_fit --data DIR`` fits ``rag/contradict.json`` on the cases
that are shipped, and on sentences of the RealTimeQA articles in DIR beside the nearest of other
articles, which as good as never contradict each other. Prints how well it does held out: by folds
over cases, and each set of cases by the other. Newton's method: deterministic.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.benchmarks import realtimeqa
from eval.benchmarks.disagreement_training_pairs import (
    FOLDS,
    Candidate,
    Planted,
    read_articles,
    read_cases,
)
from eval.fitting import FREE, fit_logistic, shorten, standardise, write_weights
from eval.statistics.bootstrap import mean_interval
from rag.internals import (
    PAIR_FEATURE_NAMES,
    PAIR_SCORER_FILE,
    PairModel,
    PairScorer,
    TokenEncoder,
    Weight,
)

ARTICLES = "realtimeqa_2026_dev"
PENALTY = 2.0
ALARMS = 0.03  # of the quiet cases, at most
ARTICLE_ALARMS = 3  # points of articles, at most
LEAST_ODDS = 0.5  # at other articles, 300 sentences at a time, more were flagged below this
ARTICLE_WEIGHT = 1.0  # of a point of theirs, beside 1 of a case's


# --- fitting ----------------------------------------------------------------------------------


def fit(cases: Sequence[Planted], articles: Sequence[Candidate]) -> PairModel:
    """The weights, with the least threshold that keeps alarms on these cases within `ALARMS`."""
    import numpy as np

    planted = [each for case in cases for each in case.learnt()]
    known = [*planted, *articles]
    values = np.array([[each.found[name] for name in PAIR_FEATURE_NAMES] for each in known])
    unit, means, spreads = standardise(values)
    columns = np.hstack([unit, np.ones((len(known), 1))])
    truth = np.array([float(each.truth) for each in known])
    weights = np.array([1.0] * len(planted) + [ARTICLE_WEIGHT] * len(articles))
    penalty = np.array([PENALTY] * len(PAIR_FEATURE_NAMES) + [FREE])
    found = fit_logistic(columns, truth, weights, penalty)
    rows = zip(PAIR_FEATURE_NAMES, means, spreads, found[:-1], strict=True)
    features = {
        name: Weight(mean=shorten(mean, 4), spread=shorten(spread, 4), weight=shorten(weight, 4))
        for name, mean, spread, weight in rows
    }
    fitted = PairModel(intercept=shorten(found[-1], 4), threshold=0, features=features)
    return fitted.model_copy(update={"threshold": threshold([fitted] * len(cases), cases)})


# --- held out ---------------------------------------------------------------------------------


def threshold(weights: Sequence[PairModel], cases: Sequence[Planted]) -> float:
    """The least log-odds, each case judged by the weights beside it, from which alarms stay within
    `ALARMS`."""
    quiet = [
        _odds(each, case)[0] for each, case in zip(weights, cases, strict=True) if not case.differs
    ]
    allowed = int(ALARMS * len(quiet) - 1e-9)
    return round(sorted(quiet, reverse=True)[allowed] + 1e-3, 4)


def chosen(cases: Sequence[Planted], articles: Sequence[Candidate]) -> float:
    """The least log-odds that keep alarms within both bounds."""
    fitted = fit(cases, articles)
    odds = sorted((fitted.log_odds(each.found) for each in articles), reverse=True)
    odds_of_articles = round(odds[ARTICLE_ALARMS] + 1e-3, 4)
    return max(LEAST_ODDS, odds_of_articles, threshold(by_folds(cases, articles), cases))


def _odds(weights: PairModel, case: Planted) -> tuple[float, bool]:
    """The highest log-odds of a case, and whether it is that of what was planted."""
    every = [each for points in case.sentences for each in points]
    odds = [(weights.log_odds(each.found), each.truth) for each in every]
    return max(odds, key=lambda each: each[0], default=(-99.0, False))


def _rates(
    weights: Sequence[PairModel], cases: Sequence[Planted], least: float | None = None
) -> tuple[list[float], list[float]]:
    """Whether each planted contradiction is told in its point, and whether each quiet case raises
    an alarm, at `least` or else at the threshold of the weights."""
    found: list[float] = []
    alarms: list[float] = []
    for each, case in zip(weights, cases, strict=True):
        odds, right = _odds(each, case)
        over = odds >= (each.threshold if least is None else least)
        if case.differs:
            found.append(float(over and right))
        else:
            alarms.append(float(over))
    return found, alarms


def by_folds(cases: Sequence[Planted], articles: Sequence[Candidate]) -> list[PairModel]:
    """For each case the weights that were fitted without its fold."""
    folds = [fit([c for c in cases if c.fold != n], articles) for n in range(FOLDS)]
    return [folds[case.fold] for case in cases]


def report(cases: Sequence[Planted], articles: Sequence[Candidate]) -> Iterator[str]:
    """What is printed of how well it does."""
    weights, least = by_folds(cases, articles), chosen(cases, articles)
    yield _line(
        "both sets, by folds, alarms held", *_rates(weights, cases, threshold(weights, cases))
    )
    yield _line(f"both sets, by folds, as written ({least})", *_rates(weights, cases, least))
    for own in (0, 1):
        here = [place for place, case in enumerate(cases) if case.set == own]
        part, known = [cases[n] for n in here], [weights[n] for n in here]
        yield _line(f"of these, set {own + 1}", *_rates(known, part, least))
    for own in (0, 1):
        part = [case for case in cases if case.set == own]
        other = [fit([case for case in cases if case.set != own], articles)] * len(part)
        yield _line(f"set {own + 1} from the other, its threshold", *_rates(other, part))
        least = threshold(other, part)
        yield _line(f"set {own + 1} from the other, alarms held", *_rates(other, part, least))


def _line(name: str, found: Sequence[float], alarms: Sequence[float]) -> str:
    return f"{name}: told {_interval(found)}, alarms {_interval(alarms)}"


def _interval(values: Sequence[float]) -> str:
    found = mean_interval(values, [str(place) for place in range(len(values))])
    assert found is not None
    return f"{found.mean:.1%} [{found.low:.1%}, {found.high:.1%}] of {found.n}"


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=PAIR_SCORER_FILE, metavar="FILE")
    given = parser.parse_args()
    judge = PairScorer(TokenEncoder(), fit_nothing())
    cases = read_cases(judge)
    articles = read_articles(realtimeqa.read(given.data / ARTICLES), judge)
    for line in report(cases, articles):
        print(line)
    least = chosen(cases, articles)
    about = (
        f"fitted by python -m eval.benchmarks.disagreement_fit on {len(cases)} cases"
        f" and {len(articles):,} points of articles"
    )
    fitted = fit(cases, articles)
    write_weights(fitted.model_copy(update={"about": about, "threshold": least}), given.out)
    print(f"{given.out.name}: {about}.")


def fit_nothing() -> PairModel:
    """Weights that say nothing, for a judge that only makes features."""
    return PairModel(intercept=0, threshold=0, features={})


if __name__ == "__main__":
    main()
