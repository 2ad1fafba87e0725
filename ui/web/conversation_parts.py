"""Makes the parts of the page that show conversations: the list, the open one, what can be undone.

It changes nothing. Ids come from the browser and cannot be trusted, so every one is looked up under
its owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag import relocate_all
from rag.types import Citation
from ui import settings_summary
from ui.questions.exchange import Exchange
from ui.records.history import NoSuchConversation
from ui.translation import to_translate, translate
from ui.views import conversation_list, conversation_view, page_frame, start_screen

if TYPE_CHECKING:
    from rag import Library, Overviews
    from rag.settings import Settings
    from ui.records.history import History
    from ui.web.browser_windows import BrowserWindow, BrowserWindows
    from ui.web.questions_under_way import QuestionsUnderWay, UnderWay

Parts = Mapping[str, Any]
"""Parts of the page to change: past, live (HTML), conversation (its id), conversations (HTML),
question (of the box), editing (id of the exchange that the next question replaces), notice."""

GONE = to_translate("This conversation is not here, or it was deleted.")
MAX_PAST_SHOWN = 12  # exchanges of a long conversation that are shown at first


@dataclass(frozen=True)
class ConversationParts:
    """Parts over one history."""

    library: Library
    overviews: Overviews
    history: History
    windows: BrowserWindows
    questions: QuestionsUnderWay
    settings: Settings

    @property
    def privacy(self) -> str:
        """Whether text leaves the machine: a sentence below each answer, in the language of the
        current request."""
        return settings_summary.privacy_sentence(self.settings)

    def opened(self, owner: str, conversation: str = "") -> dict[str, Any]:
        """A conversation, as far as it has come; an empty page where there is none of that id."""
        shown = self.thread(owner, conversation)
        is_gone = conversation and not shown["conversation"]
        notice = translate(GONE) if is_gone else ""
        return {**shown, "editing": "", "notice": page_frame.notice(notice)}

    def thread(self, owner: str, conversation: str) -> dict[str, Any]:
        """The questions and answers of a conversation, and its id."""
        _, version = self.history.versions(owner, conversation)
        try:
            exchanges = self.history.exchanges(owner, conversation) if conversation else []
        except NoSuchConversation:
            conversation, exchanges = "", []
        if under_way := self.questions.of_conversation(owner, conversation):
            return {
                "past": self.past(before(exchanges, under_way)),
                "live": self.live(under_way.exchange) + conversation_list.follow_mark(conversation),
                "conversation": conversation,
            }
        return {
            "past": self.past(exchanges[:-1]),
            "live": self._last(exchanges) + self._steps(owner, conversation, version),
            "conversation": conversation,
        }

    def listed(self, window: BrowserWindow, conversation: str) -> dict[str, Any]:
        """The list of conversations as the window wants it; `conversation` is open."""
        owner, listing = window.owner, self.windows.listing(window)
        most = listing.pages * conversation_list.PAGE
        version, _ = self.history.versions(owner)
        found = self.history.conversations(
            owner, listing.matching, current=conversation, most=most + 1
        )
        if listing.matching.strip() and not found:
            return {"conversations": page_frame.no_match()}
        busy = self.questions.conversations(owner)
        return {
            "conversations": conversation_list.render_list(
                found[:most], conversation, busy=busy, version=version, has_more=len(found) > most
            )
        }

    def past(self, exchanges: Sequence[Exchange], most: int | None = MAX_PAST_SHOWN) -> str:
        """Exchanges before the last one, at most the last `most` of them."""
        shown = exchanges[-most:] if most else exchanges
        states = {each.id: self.citation_states(each) for each in shown}
        thread = conversation_view.render_thread(shown, states=states, privacy=self.privacy)
        return page_frame.show_earlier_button(len(exchanges) - len(shown)) + thread

    def live(self, exchange: Exchange) -> str:
        """An exchange while it is answered."""
        return conversation_view.render_exchange(exchange, privacy=self.privacy)

    def citation_states(self, exchange: Exchange) -> dict[str, str]:
        """The state of each citation today: "CLAIM.CITATION" to same, moved, changed or gone."""
        cited = {
            f"{number}.{index}": citation
            for number, claim in enumerate(exchange.claims)
            for index, citation in enumerate(claim.citations)
        }
        context = [Citation(each.number, each.span, each.text) for each in exchange.evidence]
        found = relocate_all(list(cited.values()), self.library, context, exchange.digests)
        return {name: each.state for name, each in zip(cited, found, strict=True)}

    def _last(self, exchanges: Sequence[Exchange]) -> str:
        """The last exchange stands apart from the others, in `live`, where it was written."""
        if not exchanges:
            return start_screen.render_start(self.overviews.of_library())
        last = exchanges[-1]
        states = self.citation_states(last)
        shown = conversation_view.render_exchange(last, states=states, privacy=self.privacy)
        return shown + start_screen.render_related(self._related(exchanges))

    def _related(self, exchanges: Sequence[Exchange]) -> Sequence[str]:
        """Questions to ask after the last answer, none that was asked."""
        last = exchanges[-1]
        if last.answer is None or not last.claims:
            return ()
        asked = [each.question for each in exchanges]
        return self.overviews.related_questions(last.answer, asked)

    def _steps(self, owner: str, conversation: str, version: int) -> str:
        if not conversation:
            return ""
        steps = self.history.steps(owner, conversation)
        return conversation_list.render_steps(steps, version, page_frame.save_links(conversation))


def before(exchanges: Sequence[Exchange], under_way: UnderWay) -> list[Exchange]:
    """The exchanges that stand before a question that is being answered: not itself, and not those
    that its answer will replace."""
    ids = [each.id for each in exchanges]
    replaced = under_way.recording.replaced
    first = replaced[0].id if replaced else under_way.exchange.id
    return list(exchanges[: ids.index(first)] if first in ids else exchanges)
