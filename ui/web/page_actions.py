"""What the page does when a person acts on it: asks, stops, edits, rates, opens a conversation.

`PageActions` knows nothing of Gradio: each method takes plain values and gives the parts of the
page that change, by name. Ids come from the browser and cannot be trusted, so every one is looked
up under its owner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rag import relocate_all
from rag.types import Citation, Turn
from ui import settings_summary
from ui.questions.exchange import Exchange, Thumb
from ui.records.history import NoSuchConversation
from ui.views import conversation_view, page_frame
from ui.web.browser_windows import BrowserWindow, BrowserWindows

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from ui.questions.runner import ActiveQuestion, QuestionRunner
    from ui.records.history import History

Parts = Mapping[str, Any]
"""Parts of the page to change: past, live (HTML), conversation (its id), conversations (HTML),
question (of the box), editing (id of the exchange that the next question replaces), notice."""

BUSY = "Wait for the answer, or stop it first."
MAX_PAST_SHOWN = 25  # exchanges of a long conversation that are shown at first
CHANGING_ACTS = frozenset({"undo", "edit", "thumb", "note"})  # that change stored exchanges


@dataclass
class PageActions:
    """The actions of the page, for all its users."""

    assistant: Assistant
    runner: QuestionRunner
    history: History
    windows: BrowserWindows = field(default_factory=BrowserWindows)

    @property
    def privacy(self) -> str:
        """Whether text leaves the machine, in one sentence."""
        return settings_summary.privacy_sentence(self.assistant.settings)

    @property
    def model(self) -> str:
        """Which model answers."""
        return self.assistant.model.name

    def evals_tab(self, owner: str) -> str:
        """Past runs of the evals, and the cases that the owner's thumbs make."""
        from eval.runs.listing import list_runs
        from ui.records import feedback_cases
        from ui.views import eval_runs

        library = self.assistant.library
        past = list_runs(self.assistant.settings.data_dir / "evals")
        made = feedback_cases.cases_from_feedback(
            self.history.with_thumbs(owner), lambda id: library.document(id).text
        )
        return eval_runs.render_tab(past) + page_frame.feedback_summary(made)

    # --- conversations ------------------------------------------------------------------------

    def open_conversation(self, owner: str, conversation: str = "") -> dict[str, Any]:
        """A conversation and the list of all; an empty page where there is none of that id."""
        try:
            exchanges = self.history.exchanges(owner, conversation) if conversation else []
        except NoSuchConversation:
            conversation, exchanges = "", []
        return {
            **self._thread(exchanges),
            "conversation": conversation,
            "conversations": self.conversation_list(owner, conversation),
            "editing": "",
            "notice": "",
        }

    def conversation_list(self, owner: str, conversation: str, matching: str = "") -> str:
        """The list of the owner's conversations that hold the words `matching`."""
        found = self.history.conversations(owner, matching)
        found = [each for each in found if each.exchanges or each.id == conversation]
        if matching.strip() and not found:
            return page_frame.no_match()
        return conversation_view.render_conversations(
            found, conversation or None
        ) + page_frame.save_links(conversation)

    # --- exchanges ----------------------------------------------------------------------------

    def act(self, window: BrowserWindow, data: Mapping[str, str], now: str) -> Parts:
        """Act on a button of the conversation or of the list; `now` is the open conversation."""
        if data.get("act") in CHANGING_ACTS and self.windows.followed(window):
            return {"notice": page_frame.notice(BUSY)}
        of_list = self._act_on_conversation(window, data, now)
        return of_list or self._act_on_exchange(window.owner, data, now)

    def _act_on_conversation(
        self, window: BrowserWindow, data: Mapping[str, str], now: str
    ) -> dict[str, Any]:
        owner, which = window.owner, data.get("conversation", "")
        match data.get("act"):
            case "conversation" | "new":
                self.windows.stop_following(window)
                return self.open_conversation(owner, which)
            case "rename":
                self.history.rename(owner, which, data.get("title", ""))
                return {"conversations": self.conversation_list(owner, now)}
            case "delete":
                self.history.delete(owner, which)
                if which != now:
                    return {"conversations": self.conversation_list(owner, now)}
                self.windows.stop_following(window)
                return self.open_conversation(owner)
        return {}

    def _act_on_exchange(self, owner: str, data: Mapping[str, str], now: str) -> dict[str, Any]:
        exchange = data.get("exchange", "")
        match data.get("act"):
            case "earlier":
                return {"past": self._past(self.history.exchanges(owner, now)[:-1], most=None)}
            case "keep":
                return {"editing": "", "notice": "", "question": ""}
            case "undo":
                return self.undo(owner, now, exchange)
            case "edit":
                return self.edit(owner, now, exchange)
            case "thumb":
                return self.rate(owner, now, exchange, data.get("thumb", ""), None)
            case "note":
                return self.rate(owner, now, exchange, "", data.get("note", ""))
        return {}

    def ask_again(self, window: BrowserWindow, conversation: str, exchange: str) -> Iterator[Parts]:
        """Ask the question of an exchange again, in its place."""
        old = self.history.find(window.owner, exchange)
        return self.ask(
            window, old.question, conversation, document_ids=old.document_ids, replacing=exchange
        )

    def ask(
        self,
        window: BrowserWindow,
        question: str,
        conversation: str = "",
        *,
        document_ids: Collection[str] = (),
        replacing: str = "",
    ) -> Iterator[Parts]:
        """Ask a question and show the answer as it grows; the conversation is stored at the end.

        An exchange that is replaced, and those after it, are forgotten only when the new one is
        there, so that a model that fails loses nothing. Closing the iterator stops the question.
        """
        waits_for = self.windows.followed(window)
        chosen = self.assistant.library.digests().keys() & document_ids
        if waits_for and waits_for.exchange.question == question:  # Enter was pressed twice
            return
        if waits_for:
            yield {"notice": page_frame.notice(BUSY)}
        elif not question.strip():
            yield {"notice": page_frame.notice("Write a question first.")}
        elif document_ids and not chosen:
            yield {
                "notice": page_frame.notice("The sources that you chose are gone; choose others.")
            }
        else:
            yield from self._answer_live(window, question, conversation, chosen, replacing)

    def _answer_live(
        self,
        window: BrowserWindow,
        question: str,
        conversation: str,
        chosen: Set[str],
        replacing: str,
    ) -> Iterator[Parts]:
        before, replaced = self._split(window.owner, conversation, replacing)
        put = partial(self.runner.ask, question, _turns(before), sorted(chosen))
        with self.windows.follow(window, put) as followed:
            if not followed:
                return
            (active, is_here), shown = followed, None
            try:
                yield {"past": self._past(before), "question": "", "editing": "", "notice": ""}
                for exchange in active.snapshots():
                    news = exchange is not shown and is_here()
                    shown = exchange
                    # Where a window was closed, this is closed at a yield: there must be some.
                    yield (
                        {"live": conversation_view.render_exchange(shown, privacy=self.privacy)}
                        if news
                        else {}
                    )
            finally:
                active.stop()
                stored = self._store(window.owner, conversation, replaced, active)
            if is_here():
                yield self._final_parts(window.owner, stored, replacing, active.exchange)

    def _final_parts(
        self, owner: str, conversation: str, replacing: str, last: Exchange
    ) -> dict[str, Any]:
        shown = self.open_conversation(owner, conversation)
        if last.state == "failed" and last.id not in shown["live"]:  # it replaced nothing
            notice = page_frame.notice(f"{last.error} The earlier answer stays until then.")
            shown |= {"question": last.question, "editing": replacing, "notice": notice}
        return shown

    def _split(
        self, owner: str, conversation: str, replacing: str
    ) -> tuple[list[Exchange], list[Exchange]]:
        """The exchanges that stay, and those that the next one replaces."""
        try:
            exchanges = self.history.exchanges(owner, conversation) if conversation else []
        except NoSuchConversation:  # deleted in another window: the question starts a new one
            return [], []
        ids = [exchange.id for exchange in exchanges]
        at = ids.index(replacing) if replacing in ids else len(ids)
        return exchanges[:at], exchanges[at:]

    def _store(
        self, owner: str, conversation: str, replaced: Sequence[Exchange], active: ActiveQuestion
    ) -> str:
        """Store the exchange, in place of those that it replaces; the conversation's id."""
        from ui.questions import trace

        last = active.exchange
        if not _has_content(last) and any(map(_has_content, replaced)):
            return conversation
        return self.history.put(
            owner,
            conversation or None,
            last,
            trace=trace.trace_to_json(active.trace),
            replacing=replaced[0].id if replaced else None,
        )

    def stop(self, window: BrowserWindow) -> None:
        """Stop the question that this window follows."""
        if active := self.windows.followed(window):
            active.stop()

    def undo(self, owner: str, conversation: str, exchange: str) -> dict[str, Any]:
        """Forget an exchange and those after it; its question returns to the box."""
        dropped = self.history.delete_from(owner, conversation, exchange)
        question = dropped[0].question if dropped else ""
        return {**self.open_conversation(owner, conversation), "question": question}

    def edit(self, owner: str, conversation: str, exchange: str) -> dict[str, Any]:
        """The question goes into the box, and the next one will replace it."""
        exchanges = self.history.exchanges(owner, conversation)
        ids = [each.id for each in exchanges]
        if exchange not in ids:
            return {}
        later = len(ids) - ids.index(exchange) - 1
        return {
            "question": exchanges[ids.index(exchange)].question,
            "editing": exchange,
            "notice": page_frame.replacing_notice(later),
        }

    def rate(
        self, owner: str, conversation: str, exchange: str, thumb: str, note: str | None
    ) -> dict[str, Any]:
        """Store a thumb, or take it back when it is given again; `note` is the comment with it."""
        old = self.history.find(owner, exchange)
        if note is not None:
            self.history.set_thumb(owner, exchange, old.thumb, note)
        else:
            given: Thumb = "up" if thumb == "up" else "down"
            wanted = None if given == old.thumb else given
            self.history.set_thumb(owner, exchange, wanted, old.note if wanted else "")
        return self._thread(self.history.exchanges(owner, conversation))

    def exchange(self, window: BrowserWindow, id: str) -> Exchange:
        """A stored exchange, or the one that this window follows.

        Raises `NoSuchExchange`.
        """
        active = self.windows.followed(window)
        if active and active.id == id:
            return active.exchange
        return self.history.find(window.owner, id)

    # --- parts --------------------------------------------------------------------------------

    def _thread(self, exchanges: Sequence[Exchange]) -> dict[str, Any]:
        """The last exchange stands apart from the others, in `live`, where it was written."""
        if not exchanges:
            return {"past": "", "live": conversation_view.render_start(page_frame.EXAMPLES)}
        *before, last = exchanges
        live = conversation_view.render_exchange(
            last, states=self.citation_states(last), privacy=self.privacy
        )
        return {"past": self._past(before), "live": live}

    def _past(self, exchanges: Sequence[Exchange], most: int | None = MAX_PAST_SHOWN) -> str:
        shown = exchanges[-most:] if most else exchanges
        states = {each.id: self.citation_states(each) for each in shown}
        thread = conversation_view.render_thread(shown, states=states, privacy=self.privacy)
        return page_frame.show_earlier_button(len(exchanges) - len(shown)) + thread

    def citation_states(self, exchange: Exchange) -> dict[str, str]:
        """The state of each citation today: "CLAIM.CITATION" to same, moved, changed or gone."""
        cited = {
            f"{number}.{index}": citation
            for number, claim in enumerate(exchange.claims)
            for index, citation in enumerate(claim.citations)
        }
        context = [Citation(each.number, each.span, each.text) for each in exchange.evidence]
        found = relocate_all(
            list(cited.values()), self.assistant.library, context, exchange.digests
        )
        return {name: each.state for name, each in zip(cited, found, strict=True)}


def _has_content(exchange: Exchange) -> bool:
    """True for an answer, a decline, and a stopped answer with a checked sentence."""
    return exchange.answer is not None or (exchange.state == "stopped" and bool(exchange.claims))


def _turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    return [Turn.of(each.question, each.answer) for each in exchanges if each.answer is not None]
