"""Links of the report that filter its cases.

Pure. The page runs no script: a link's target decides, by rules of style, which cases show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.case_result import CaseResult
from eval.report.html_text import escape_text
from eval.runs.results import CaseRecord

CURRENT = "background:var(--accent);border-color:var(--accent);color:var(--on-accent)"
VERDICTS = (  # misses first
    "error",
    "wrong",
    "wrongly declined",
    "should have declined",
    "right",
    "rightly declined",
)


def case_verdict(row: CaseResult) -> str:
    """What came of a case, one of `VERDICTS`."""
    if row.outcome == "error":
        return "error"
    if not row.answerable:
        return "rightly declined" if row.outcome == "declined" else "should have declined"
    return "wrongly declined" if row.outcome == "declined" else row.outcome


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases a link's target leaves: maps each verdict and each tag to the target's id,
    which is also the class of its cases."""

    verdicts: Mapping[str, str]
    tags: Mapping[str, str]

    @classmethod
    def of(cls, entries: Sequence[CaseRecord]) -> Filters:
        """Those that some entry meets. Ids are ours alone: a tag may be any text."""
        found = {case_verdict(entry.result) for entry in entries}
        tags = sorted({tag for entry in entries for tag in entry.result.tags})
        return cls(
            {each: f"only-{each.replace(' ', '-')}" for each in VERDICTS if each in found},
            {tag: f"only-kind-{number}" for number, tag in enumerate(tags, 1)},
        )

    @property
    def ids(self) -> list[str]:
        return [*self.verdicts.values(), *self.tags.values()]

    def ids_of(self, row: CaseResult) -> list[str]:
        """The ids of those that leave `result`."""
        return [
            self.verdicts[case_verdict(row)],
            *(self.tags[tag] for tag in dict.fromkeys(row.tags)),
        ]

    def rules(self, entries: Sequence[CaseRecord]) -> str:
        """The style rules that hide the cases, and the groups that would be empty."""
        rules = []
        for id in self.ids:
            left = [
                entry.result.is_expected for entry in entries if id in self.ids_of(entry.result)
            ]
            hidden = [f".case:not(.{id})"]
            hidden += [] if False in left else [".misses"]
            hidden += [] if True in left else [".hits"]
            rules += [f"#{id}:target~{each}{{display:none}}" for each in _under_groups(hidden)]
            rules.append(f'#{id}:target~nav a[href="#{id}"]{{{CURRENT}}}')
        return "".join(rules)

    def targets(self) -> str:
        """The places that the links lead to; they stand before all that they hide."""
        return "".join(f'<span class="target" id="{id}"></span>' for id in self.ids)

    def links(self, rows: Sequence[CaseResult]) -> str:
        """A link for each verdict and each tag, with how many of `rows` it leaves."""
        counts = Counter(map(case_verdict, rows))
        links = [f'<a class="all" href="#cases">all {len(rows):,}</a>']
        links += [
            f'<a href="#{id}">{name} {counts[name]:,}</a>' for name, id in self.verdicts.items()
        ]
        kinds = []
        for tag, id in self.tags.items():
            tagged = [row.is_expected for row in rows if tag in row.tags]
            missed = f"{tagged.count(False):,} of {len(tagged):,} missed"
            kinds.append(f'<a href="#{id}">{escape_text(tag)} <span>{missed}</span></a>')
        more = f'<p class="filters kinds">{" ".join(kinds)}</p>' if kinds else ""
        shown = f'<p class="filters">{" ".join(links)}</p>{more}'
        return f'<nav aria-label="Filter the questions">{shown}</nav>'


def _under_groups(selectors: Iterable[str]) -> list[str]:
    return [f".group {each}" if each.startswith(".case") else each for each in selectors]
