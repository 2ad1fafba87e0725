"""Drafts a file of cases from a person's own index.

Every kind of question gets its share and every article its turn, in an order that a seed decides:
the same index and seed give the same file. What is dropped is counted by reason.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from typing import Literal

from eval.drafting.checks import Checker
from eval.drafting.draft import Draft, Kind, draft_ids, draft_to_row
from eval.drafting.kept_replies import KeptReplies
from eval.drafting.near_misses import near_misses
from eval.drafting.progress import OnDraft, drafting_progress
from eval.drafting.templates import Article, keyword_draft, template_drafts
from eval.drafting.wording import Wording
from eval.interruption import EXIT_INTERRUPTED, signals_interrupt
from eval.text_format import count_of, one_line
from rag.assistant import Assistant
from rag.errors import EmptyLibrary, FootnoteError, ModelError
from rag.internals import build, find_dates, find_names, find_quantities, language_of
from rag.settings import Settings
from rag.types import Span

Words = Literal["auto", "template", "model"]

SHARES: Mapping[Kind, int] = {
    "fact": 30, "yes_no": 12, "explanation": 13, "list": 9, "statement": 11, "comparison": 6,
    "summary": 8, "keyword": 11,
}  # fmt: skip
"""Of answerable drafts, in per cent, as far as the articles give them."""
REWORDED: frozenset[Kind] = frozenset({"fact"})
"""What a model words: questions that one sentence answers. Of others its question asks for less
than the key points."""
UNANSWERABLE = 0.2  # share of near misses
ARTICLES_FOR_EACH = 4  # articles read for each case wanted
MIN_ARTICLES = 40  # that are read, where there are so many
MAX_USES = 2  # of one place, by drafts of different kinds


class DraftError(FootnoteError):
    """Drafts that cannot be made or written."""


@dataclass(slots=True)
class Drafted:
    """The drafts, and what was dropped: how many by reason."""

    drafts: list[Draft] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    stopped: str = ""  # why the model no longer words questions


def draft_cases(
    settings: Settings,
    count: int,
    out: Path,
    *,
    unanswerable: float = UNANSWERABLE,
    seed: int = 0,
    words: Words = "auto",
) -> int:
    """Write `count` drafts, or as many as the articles give, to the new file `out`; a share
    `unanswerable` (0..1) of them are near misses. Returns the exit code.

    With `words` "auto" a model on a server words the questions; the embedded one only if "model"
    is chosen, because it takes seconds for each. Raises `DraftError`, `EmptyLibrary`.
    """
    _check_place(out)
    try:
        with signals_interrupt():
            return _draft(settings, count, out, unanswerable, seed, words)
    except KeyboardInterrupt:  # perhaps once more, while what was drafted was written
        where = f"what was drafted is in {one_line(str(out))}"
        told = where if out.exists() else f"nothing was drafted; {_GO_ON.rstrip('.')}"
        print(f"\nStopped: {told}.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _check_place(out: Path) -> None:
    """Before minutes of work, not behind them."""
    if out.exists():
        raise DraftError(
            f"{one_line(str(out))} is there already, and may hold a review.",
            "Give another file with --out.",
        )
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise DraftError(
            f"The drafts cannot be written to {one_line(str(out))}: there is no such folder, or it"
            " is write-protected.",
            "Choose a file in a folder that can be written to.",
        )


def _draft(
    settings: Settings, count: int, out: Path, unanswerable: float, seed: int, words: Words
) -> int:
    """Write what was drafted also where it broke off; the exit code, or the error that it broke off
    with."""
    found, kept = Drafted(), KeptReplies.of(out)
    wording: Wording | None = None
    broken: BaseException | None = None
    with build(settings) as assistant:
        try:
            with drafting_progress(count) as tell:
                wording = _wording(assistant, words, found, kept)
                draft_from(
                    assistant, count, unanswerable=unanswerable, seed=seed, wording=wording,
                    found=found, tell=tell,
                )  # fmt: skip
        except (Exception, KeyboardInterrupt) as error:
            if not found.drafts:
                raise
            broken = error
        if not found.drafts:
            raise _nothing(found)
        write_drafts(found.drafts, out, assistant)
    _tell(found, count, out, wording is not None, broken is not None)
    if broken is None:
        kept.remove()
        return 0
    if isinstance(broken, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    raise broken


def _nothing(found: Drafted) -> DraftError:
    reasons = [f"{number} {reason}" for reason, number in (+found.dropped).most_common(4)]
    if found.stopped:
        reasons.append(f"the model stopped: {found.stopped.rstrip('.')}")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return DraftError(
        "Nothing could be drafted from these articles: no sentence, list or table in them has the"
        f" form of an answer{why}.",
        "Index articles of running text, in English if no model is set.",
    )


def _wording(
    assistant: Assistant, words: Words, found: Drafted, kept: KeptReplies
) -> Wording | None:
    """None where templates word all questions; with "auto" also where the model is not there."""
    provider = assistant.settings.provider
    if words == "template" or (words == "auto" and provider in ("none", "local")):
        return None
    try:
        return Wording(assistant.model.get(), kept)
    except ModelError as error:
        if words == "model":
            raise
        found.stopped = str(error)
        return None


def draft_from(
    assistant: Assistant,
    count: int,
    *,
    unanswerable: float = UNANSWERABLE,
    seed: int = 0,
    wording: Wording | None = None,
    found: Drafted | None = None,
    tell: OnDraft = lambda number: None,
) -> Drafted:
    """At most `count` drafts from the articles of an index, each checked. They are put into `found`
    as they are made, and `tell` is told of them. Raises `EmptyLibrary`."""
    if not assistant.library.count_chunks():
        raise EmptyLibrary("Nothing is indexed.", "Index your articles: `footnote index PATH`.")
    found = Drafted() if found is None else found
    random = Random(seed)  # noqa: S311 (nothing secret depends on it)
    articles = _articles(assistant, count, random, found)
    made = _candidates(assistant, articles, random, found, spare=wording is not None)
    answerable = list(chain.from_iterable(made.values()))
    missing = round(count * unanswerable)
    by_id = {each.document.id: each for each in articles}
    chosen = _Choice(Checker(assistant), wording, by_id, found, tell)
    chosen.fill(made, count - missing)
    topics = {each.document.id: _topics(assistant, each) for each in articles}
    for miss in near_misses(answerable, articles, topics, random):
        if len(found.drafts) >= count or not missing:
            break
        missing -= chosen.take(miss)
    chosen.fill(made, count)  # where there were too few near misses
    return found


def _articles(assistant: Assistant, count: int, random: Random, found: Drafted) -> list[Article]:
    ids = sorted(assistant.library.digests())
    random.shuffle(ids)
    read = ids[: max(MIN_ARTICLES, ARTICLES_FOR_EACH * count)]
    articles = [Article.of(assistant.library.document(id)) for id in read]
    empty = sum(not article.units for article in articles)
    found.dropped["articles without a sentence, list or table"] += empty
    return [article for article in articles if article.units]


def _candidates(
    assistant: Assistant,
    articles: Sequence[Article],
    random: Random,
    found: Drafted,
    *,
    spare: bool,
) -> dict[Kind, list[Draft]]:
    """The drafts of each kind, in the order in which they are tried: of each article one, then of
    each another one; those that need no title before those that do. With a `spare` model, units
    without a question come last of the facts."""
    by_article: list[dict[Kind, list[Draft]]] = []
    for article in articles:
        own: dict[Kind, list[Draft]] = defaultdict(list)
        if language_of(article.document.text) == "en":
            for draft in template_drafts(article, _topics(assistant, article)):
                own[draft.kind].append(draft)
        elif not spare:
            found.dropped["articles in another language than English"] += 1
        own["keyword"] = [
            made for draft in own["fact"] if draft.gold and (made := keyword_draft(draft))
        ]
        for drafts in own.values():
            random.shuffle(drafts)
            drafts.sort(key=lambda draft: "“" in draft.question)
        own["fact"] += _unworded(article, random) if spare else []
        by_article.append(own)
    return {kind: list(_in_turn([own[kind] for own in by_article])) for kind in SHARES}


def _topics(assistant: Assistant, article: Article) -> list[str]:
    return [each.text for each in assistant.library.overviews.topics(article.document.id)]


def _unworded(article: Article, random: Random) -> list[Draft]:
    """A draft without a question for each sentence that names or counts something."""
    kept = [
        unit
        for unit in article.units
        if unit.role == "sentence"
        and not unit.leans_on
        and (find_quantities(t := article.text(unit)) or find_dates(t) or find_names(t))
    ]
    random.shuffle(kept)
    id = article.document.id
    return [Draft("fact", "", id, ((article.span(unit),),)) for unit in kept]


def _in_turn(lists: Iterable[Sequence[Draft]]) -> Iterator[Draft]:
    waiting = [list(each) for each in lists]
    while any(waiting):
        yield from (each.pop(0) for each in waiting if each)


class _Choice:
    """Takes drafts that pass, no place too often."""

    def __init__(
        self,
        checker: Checker,
        wording: Wording | None,
        articles: Mapping[str, Article],
        found: Drafted,
        tell: OnDraft,
    ) -> None:
        self._checker, self._wording = checker, wording
        self._articles, self._found, self._tell = articles, found, tell
        self._uses: Counter[Span] = Counter()
        self._kinds: Counter[Kind] = Counter()

    def fill(self, made: Mapping[Kind, list[Draft]], count: int) -> None:
        """Take drafts until there are `count`, each time of the kind that is furthest below its
        share; those taken or dropped are removed from `made`."""
        while len(self._found.drafts) < count and any(made.values()):
            kinds = [kind for kind, drafts in made.items() if drafts]
            kind = min(kinds, key=lambda kind: (self._kinds[kind] + 1) / SHARES[kind])
            self.take(made[kind].pop(0))

    def take(self, draft: Draft) -> bool:
        """True where the draft passes and is taken."""
        checked = self._checked(draft)
        if isinstance(checked, str):
            self._found.dropped[checked] += 1
        else:
            self._found.drafts.append(checked)
            self._kinds[checked.kind] += 1
            self._uses.update(checked.evidence[:1])
        self._tell(len(self._found.drafts))
        return isinstance(checked, Draft)

    def _checked(self, draft: Draft) -> Draft | str:
        """The draft, in the words of the model where they pass the checks too; or why it is
        dropped."""
        if any(self._uses[span] >= MAX_USES for span in draft.evidence[:1]):
            return "its sentence has two drafts already"
        if made := self._worded(draft):
            return made
        return self._checker.check(draft) if draft.question else "no template fits"

    def _worded(self, draft: Draft) -> Draft | None:
        if not self._wording or self._wording.stopped or draft.kind not in REWORDED:
            return None
        article = self._articles[draft.document_id]
        unit = article.unit_at(draft.evidence[0])
        made = self._wording.reword(draft, article, unit) if unit else None
        checked = self._checker.check(made) if made else None
        if isinstance(checked, Draft):
            return checked
        self._found.stopped = self._wording.stopped
        self._found.dropped["the model's words could not be used"] += 1
        return None


# --- the file ---------------------------------------------------------------------------------


def write_drafts(drafts: Sequence[Draft], out: Path, assistant: Assistant) -> None:
    """Write `out`, whole or not at all. Raises `DraftError`."""
    ids = draft_ids(list(drafts))
    rows = [
        draft_to_row(draft, id, assistant.library.text)
        for draft, id in zip(drafts, ids, strict=True)
    ]
    part = out.with_name(f".{out.name}.part")
    try:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise DraftError(
            f"The drafts cannot be written to {one_line(str(out))} ({error.strerror or error}).",
            "Choose a file in a folder that can be written to.",
        ) from error


_GO_ON = "the same command goes on with what the model wrote."


def _tell(found: Drafted, count: int, out: Path, has_model: bool, is_broken: bool) -> None:
    kinds = Counter(draft.kind for draft in found.drafts)
    told = ", ".join(f"{number} {kind.replace('_', '/')}" for kind, number in kinds.most_common())
    lines = [f"{count_of(len(found.drafts), 'draft')} in {one_line(str(out))}: {told}."]
    if is_broken:
        lines.append(f"It broke off at {len(found.drafts)} of {count}; without that file {_GO_ON}")
    elif len(found.drafts) < count:
        lines.append(f"{count} were asked for; these articles give no more.")
    if has_model:
        worded = sum(draft.by != "template" for draft in found.drafts)
        lines.append(f"{worded or 'None'} of them in the words of a model.")
    if found.stopped:
        lines.append(f"The model stopped ({one_line(found.stopped)}); templates took its place.")
    dropped = +found.dropped
    if dropped:
        lines.append(f"Dropped: {dropped.total()}.")
        lines += [f"  {number:4} {reason}" for reason, number in dropped.most_common()]
    lines.append(f"Review them: footnote eval review {one_line(str(out))}")
    print("\n".join(lines), file=sys.stderr)
