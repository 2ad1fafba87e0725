"""Does a check of claims notice when one thing in a true claim has been made false?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from eval.scorer import corrupted_answers
from eval.scorer.mutations import generate, names, numbers, wording
from eval.scorer.mutations.generate import Mutation, Rate, TrueClaim
from eval.scorer.mutations.replacements import MutationContext
from rag.checking.verdict import check_claim
from rag.types import Support

ARTICLE = """The ferry Astrid carried 40 cars and 125 passengers from Oslo to Kiel on Monday.
Ann Lee, who leads the port, said that many of the sailors had never seen such a storm.
The harbour was closed in March 2024 because the quay rose by 12% of its height.
Some farmers sold their herds, the ministry said, before the trade with Norway ended.
The captain, Bo Dahl, told Ann Lee that the crew of the Astrid is not tired."""
OTHER = """In the south of Spain the river Segura flooded 30 villages, Carmen Ruiz said.
The mayor of Murcia, Pablo Soto, asked the soldiers from Madrid to help with the work."""
NOWHERE = MutationContext((), (), (), "")


@dataclass(frozen=True)
class Verdict:
    support: Support


def texts(change: object, sentence: str, context: MutationContext = NOWHERE) -> set[str]:
    """What every change of a kind makes of a sentence, over a few draws."""
    assert callable(change)
    return {
        sentence[: c.start] + c.new + sentence[c.end :]
        for seed in range(12)
        for c in change(sentence, context, random.Random(seed))
    }


def test_a_mutation_is_its_sentence_with_one_thing_changed() -> None:
    found = list(generate.mutate([ARTICLE, OTHER]))
    assert {m.kind for m in found} >= {
        "number", "date", "name", "name from elsewhere", "unit", "negation added",
        "negation removed", "quantifier", "antonym",
    }  # fmt: skip
    for mutation in found:
        old, new = mutation.changed
        assert old != new
        assert new in mutation.text
        truths = {mutation.sentence, *generate.paraphrases(mutation.sentence)}
        undone = {
            mutation.text[:i] + old + mutation.text[i + len(new) :]
            for i in range(len(mutation.text))
            if mutation.text.startswith(new, i)
        }
        assert truths & undone
        assert mutation.text not in truths
        assert mutation.sentence in mutation.around


def test_the_same_seed_gives_the_same_mutations_and_another_others() -> None:
    documents = [ARTICLE, OTHER]
    first = list(generate.mutate(documents, 1))
    assert first == list(generate.mutate(documents, 1))
    assert first != list(generate.mutate(documents, 2))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (numbers.change_number, "It carried at least 20 cars and more than 30 lorries."),
        (numbers.change_number, "On March 12 the storm of 2024 hit a Boeing 737."),
        (numbers.change_date, "They may go there, and march on Black Friday."),
        (wording.add_negation, "If the quay is closed, the ferry will wait."),
        (wording.add_negation, "The quay is not closed."),
        (wording.remove_negation, "It was not only the ferry that sank."),
        (wording.change_quantifier, "In the last few days it rained a lot after all."),
        (wording.swap_antonym, "Imports and exports rose and fell by more than half."),
        (names.swap_roles, "Ann Lee met Bo Dahl, and Carmen Ruiz married Pablo Soto."),
    ],
)
def test_a_change_that_might_leave_a_sentence_true_is_not_made(
    change: object, sentence: str
) -> None:
    assert texts(change, sentence) == set()


@pytest.mark.parametrize(
    ("change", "sentence", "expected"),
    [
        (numbers.change_unit, "It cost $40 a day.", {"It cost €40 a day.", "It cost £40 a day."}),
        (wording.add_negation, "It rose fast.", {"It did not rise fast."}),
        (wording.remove_negation, "It can’t swim.", {"It can swim."}),
        (wording.remove_negation, "It did not swim.", {"It did swim."}),
        (wording.change_quantifier, "Both ferries sank.", {"Neither of ferries sank."}),
        (wording.swap_antonym, "Prices rose.", {"Prices fell."}),
        (names.swap_roles, "Norway accused Sweden.", {"Sweden accused Norway."}),
        (names.swap_roles, "It went from Oslo to Kiel.", {"It went from Kiel to Oslo."}),
    ],
)
def test_what_a_change_makes(change: object, sentence: str, expected: set[str]) -> None:
    assert texts(change, sentence) == expected


def test_a_name_is_swapped_only_for_somebody_else() -> None:
    sentence = "Yesterday, President Ann Lee spoke."
    context = MutationContext(["Ann Lee", "Lee Ann", "Bo Dahl", "Sweden", "AL"], (), (), sentence)
    assert texts(names.change_name, sentence, context) == {"Yesterday, President Bo Dahl spoke."}


def test_words_are_given_to_another_speaker() -> None:
    sentence = "The mine is unsafe, Ann Lee said, and researchers said so too."
    spoken = texts(names.change_attribution, "The mine is unsafe, police said.")
    assert spoken
    assert not any("police" in text or "officials" in text for text in spoken)
    context = MutationContext((), (), names.speakers_of(sentence + " Bo Dahl said no."), sentence)
    assert "The mine is unsafe, Bo Dahl said, and researchers said so too." in texts(
        names.change_attribution, sentence, context
    )


def test_another_number_is_another_amount() -> None:
    for sentence in ("It sold 1,099,000 copies.", "It grew 2.5 times.", "It took 3 tries."):
        found = texts(numbers.change_number, sentence)
        assert found
        assert all(check_claim(text, [sentence]).support == "unsupported" for text in found)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The mine near the old town is unsafe now, Ann Lee said.",
         "Ann Lee said that the mine near the old town is unsafe now."),
        ("“The mine near the old town is unsafe,” the union said.",
         "The union said, “The mine near the old town is unsafe.”"),
        ("The mine near the old town was closed in May, which nobody had expected.",
         "The mine near the old town was closed in May."),
        ("Bo Dahl, who leads the crew of the Astrid, was in town for the trial of his mate.",
         "Bo Dahl was in town for the trial of his mate."),
        ("On Monday evening, the crew of the ferry Astrid went back to its families.",
         "The crew of the ferry Astrid went back to its families."),
    ],
)  # fmt: skip
def test_a_safe_rewording(sentence: str, expected: str) -> None:
    assert expected in generate.paraphrases(sentence)
    assert check_claim(expected, [sentence]).support == "supported"


def test_only_prose_is_used() -> None:
    text = (
        "Is this a question that nobody would like to answer?\nShort one.\n| a | table of three |\n"
    )
    assert list(generate.sentences(text)) == []
    assert len(list(generate.sentences(ARTICLE))) == 5


def test_rates_count_each_kind() -> None:
    supports: list[Support] = ["unsupported", "partial", "supported"]

    def judged(claim: str, quotes: Sequence[str], around: str) -> Verdict:
        assert quotes == ["s"]
        return Verdict(supports[int(claim)])

    made = [Mutation("number", f"{i}", ("a", "b"), "s", "around") for i in range(3)]
    made.append(Mutation("name", "2", ("a", "b"), "s", "around"))
    rates = generate.catch_rates(judged, made)
    assert rates == {"number": Rate(2, 1, 3), "name": Rate(0, 0, 1)}
    true = [TrueClaim("paraphrase", "2", "s", ""), TrueClaim("verbatim", "0", "s", "")]
    assert generate.false_alarms(judged, true) == {
        "paraphrase": Rate(0, 0, 1),
        "verbatim": Rate(1, 1, 1),
    }


def test_a_sample_holds_as_many_of_each_kind_as_there_are() -> None:
    made = list(generate.mutate([ARTICLE, OTHER]))
    drawn = generate.sample(made, 2)
    kinds = [m.kind for m in made]
    assert [m for m in made if m in drawn] == drawn
    for kind in set(kinds):
        assert sum(m.kind == kind for m in drawn) == min(2, kinds.count(kind))


def test_the_check_catches_what_is_changed_in_the_seed_articles() -> None:
    documents = list(corrupted_answers.seed_articles().values())
    rows = generate.report(check_claim, documents)
    assert sum(n for _, _, n in rows) >= 80
    missed = {kind: n - caught for kind, caught, n in rows if caught < n}
    assert missed == {}


def test_the_check_lets_the_seed_articles_stand() -> None:
    true = list(generate.true_claims(list(corrupted_answers.seed_articles().values())))
    rates = generate.false_alarms(check_claim, true)
    assert set(rates) == {"verbatim", "verbatim in its passage", "paraphrase"}
    assert {kind: rate.caught for kind, rate in rates.items() if rate.caught} == {}
