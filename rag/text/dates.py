"""Publication dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


def parse_day(published: str | None) -> date | None:
    """The day of an ISO 8601 date; none for anything else."""
    try:
        return date.fromisoformat((published or "")[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `first` to `last`, both among them."""

    first: date
    last: date
    since: date | None = None  # an article from before it is too old to tell

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def outdated(self, published: str | None) -> bool:
        """True of an article that is known to be too old to tell what is asked."""
        own = parse_day(published)
        return self.since is not None and own is not None and own < self.since
