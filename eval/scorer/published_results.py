"""Published results on the labelled sets, and the targets of the scorer.

Figures are percentages. Systems were not run here: theirs were read from their papers,
repositories or committed result files. Those of containment were computed on data of the same
sets, on WiCE on its test half, so they differ somewhat from the card's own containment row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eval.statistics.agreement import Measure

MEASURE_NAMES: Mapping[Measure, str] = {
    "auroc": "AUROC",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1 of ungrounded",
    "spearman": "Spearman",
}
MAX_MS_PER_CLAIM = 20.0  # on two cores, after the states of the passages are cached
MAX_CALIBRATION_ERROR = 5.0  # percent, of sentences of all sets together
MAX_FALSE_ALARMS = 3.0  # percent, by kind of true claim
FALSE_ALARM_KINDS = ("verbatim", "verbatim in its passage")
MIN_CAUGHT: Mapping[str, float] = {  # percent, by kind of mutation
    "number": 98.0,
    "date": 98.0,
    "name": 90.0,
    "name from elsewhere": 90.0,
    "negation added": 90.0,
    "negation removed": 90.0,
}


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    """What others `reached` of one measure, in percent by name, and where that is from."""

    measure: Measure
    source: str
    reached: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CardSet:
    """One part of the card: a labelled set, or a subset of it. `headline` is the measure that
    others report on it. The card's containment takes the worst sentence of a text, or the mean of
    all: whichever is the stronger on the set."""

    name: str
    title: str
    labelled: str  # as in `labelled.SOURCES`
    headline: Measure
    subset: str = ""
    worst: bool = False
    target: float | None = None  # of the headline, in percent
    anchors: tuple[PublishedFigures, ...] = field(default=())


CARD_SETS: tuple[CardSet, ...] = (
    CardSet(
        "frank_cnndm",
        "FRANK, CNN/DM: summaries of news",
        "frank_valid",
        "auroc",
        subset="cnndm",
        worst=True,
        target=78.0,
        anchors=(
            PublishedFigures("auroc", "committed metric outputs", {"best older metric": 75.3}),
            PublishedFigures("auroc", "computed", {"containment": 73.7}),
        ),
    ),
    CardSet(
        "frank_bbc",
        "FRANK, BBC (XSum): one-sentence summaries of news",
        "frank_valid",
        "auroc",
        subset="bbc",
        worst=True,
    ),
    CardSet(
        "wice",
        "WiCE, development half: claims of Wikipedia",
        "wice_dev",
        "balanced_accuracy",
        worst=True,
        target=70.0,
        anchors=(
            PublishedFigures(
                "balanced_accuracy",
                "papers and leaderboards",
                {"MiniCheck 7B": 83.0, "GPT-4o": 78.5, "MiniCheck-FT5": 72.2},
            ),
            PublishedFigures("balanced_accuracy", "computed", {"containment": 63.5}),
        ),
    ),
    CardSet(
        "ragtruth_qa",
        "RAGTruth, question answering: answers",
        "ragtruth_qa_dev",
        "auroc",
        worst=True,
        target=82.0,
        anchors=(
            PublishedFigures(
                "auroc", "computed, today's labels", {"containment, worst sentence": 75.2}
            ),
            PublishedFigures(
                "f1",
                "papers, older and sparser labels: indicative",
                {
                    "RAG-HAT 8B": 74.8,
                    "LettuceDetect large": 70.2,
                    "LettuceDetect base": 65.5,
                    "GPT-4-turbo": 45.6,
                    "TruLens": 36.6,
                    "RAGAS": 35.7,
                },
            ),
        ),
    ),
    CardSet(
        "qags_cnndm",
        "QAGS, CNN/DM: summaries of news",
        "qags_cnndm",
        "spearman",
        target=65.0,
        anchors=(
            PublishedFigures("spearman", "paper", {"AlignScore-base": 69.0}),
            PublishedFigures("spearman", "computed", {"containment": 60.4}),
        ),
    ),
    CardSet(
        "mtrag",
        "MTRAG: answers in conversations",
        "mtrag_human",
        "spearman",
        target=62.0,
        anchors=(
            PublishedFigures(
                "spearman", "scores in the set's own file", {"RAGAS-style GPT judge": 58.2}
            ),
            PublishedFigures("spearman", "computed", {"containment": 59.7}),
        ),
    ),
)
