"""What the page does when a person acts on it: asks, stops, edits, rates, undoes, deletes.

`PageActions` knows nothing of Gradio: each method takes plain values and gives the parts of the
page that change, by name. Ids come from the browser and cannot be trusted, so every one is looked
up under its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rag.types import Turn
from ui import settings_summary
from ui.questions.exchange import Exchange, Thumb
from ui.records.history import NoSuchConversation
from ui.translation import format_number, to_translate, translate
from ui.views import conversation_list, page_frame
from ui.web.browser_windows import BrowserWindow, BrowserWindows
from ui.web.conversation_parts import ConversationParts, Parts
from ui.web.questions_under_way import QuestionsUnderWay, UnderWay

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from ui.questions.runner import QuestionRunner
    from ui.records.feedback import Feedback, FeedbackStore
    from ui.records.history import History

BUSY = to_translate("Wait for the answer, or stop it first.")
DELETED = to_translate("This conversation was deleted.")
STEPS = frozenset({"undo", "redo", "remove"})
CHANGING_ACTS = STEPS | {"edit", "thumb", "note"}


@dataclass
class PageActions:
    """The actions of the page, for all its users."""

    assistant: Assistant
    runner: QuestionRunner
    history: History
    windows: BrowserWindows = field(default_factory=BrowserWindows)
    feedback: FeedbackStore | None = None

    @cached_property
    def questions(self) -> QuestionsUnderWay:
        """The questions that are being answered."""
        return QuestionsUnderWay(self.runner, self.history)

    @cached_property
    def parts(self) -> ConversationParts:
        """Makes the parts of the page that show conversations."""
        return ConversationParts(
            self.assistant.library,
            self.assistant.overviews,
            self.history,
            self.windows,
            self.questions,
            self.assistant.settings,
        )

    @property
    def privacy(self) -> str:
        """Whether text leaves the machine, in one sentence."""
        return settings_summary.privacy_sentence(self.assistant.settings)

    @property
    def model(self) -> str:
        """Which model answers; "" where passages are quoted without one."""
        is_none = self.assistant.settings.provider == "none"
        return "" if is_none else self.assistant.model.name

    def evals_tab(self, owner: str) -> str:
        """Past runs of the evals, and the review of the cases that the owner's thumbs make."""
        from eval.runs.listing import list_runs
        from ui.records.feedback_cases import review_cases
        from ui.views import eval_runs, review_list

        library, thumbs = self.assistant.library, self.history.with_thumbs(owner)
        given: Mapping[str, Feedback] = {}
        if self.feedback:
            self.feedback.keep_only(owner, [each.id for talk in thumbs for each in talk])
            given = self.feedback.of(owner)
        made = [*review_cases(thumbs, lambda id: library.document(id).text, given)]
        past = list_runs(self.assistant.settings.data_dir / "evals")
        return eval_runs.render_tab(past) + review_list.render_review(made)

    # --- conversations ------------------------------------------------------------------------

    def open_conversation(self, window: BrowserWindow, conversation: str = "") -> dict[str, Any]:
        """A conversation and the list of all; an empty page where there is none of that id."""
        shown = self.parts.opened(window.owner, conversation)
        return {**shown, **self.parts.listed(window, shown["conversation"])}

    def search(self, window: BrowserWindow, now: str, words: str) -> dict[str, Any]:
        """List the conversations that hold the words, from now on in this window."""
        self.windows.list_otherwise(window, pages=1, matching=words)
        return self.parts.listed(window, now)

    def act(
        self,
        window: BrowserWindow,
        data: Mapping[str, str],
        now: str,
        written: str = "",
    ) -> Parts:
        """Act on a button of the conversation or of the list.

        `now` is the open conversation, and `written` is what stands in the box for questions.
        """
        if data.get("act") in CHANGING_ACTS and self.questions.of_conversation(window.owner, now):
            return {"notice": page_frame.notice(translate(BUSY))}
        of_list = self._act_on_list(window, data, now)
        if of_list is None:
            of_list = self._act_on_conversation(window, data, now)
        if of_list is not None:
            return of_list
        shown = self._act_on_exchange(window.owner, data, now, written)
        if data.get("act") in STEPS:  # the list counts questions
            shown |= self.parts.listed(window, now)
        return shown

    def _act_on_list(
        self, window: BrowserWindow, data: Mapping[str, str], now: str
    ) -> dict[str, Any] | None:
        owner, which = window.owner, data.get("conversation", "")
        match data.get("act"):
            case "rename":
                self.history.rename(owner, which, data.get("title", ""))
            case "more":
                pages = self.windows.listing(window).pages
                self.windows.list_otherwise(window, pages=pages + 1)
            case "delete":
                return self._delete(window, which, now)
            case _:
                return None
        return self.parts.listed(window, now)

    def _act_on_conversation(
        self, window: BrowserWindow, data: Mapping[str, str], now: str
    ) -> dict[str, Any] | None:
        owner, which = window.owner, data.get("conversation", "")
        match data.get("act"):
            case "conversation" | "new":
                self.windows.stop_following(window)
                return self.parts.opened(owner, which)
            case "restore":
                self.history.restore(owner, which)
                shown = {"notice": ""} if now else self.parts.opened(owner, which)
                return {**shown, **self.parts.listed(window, now or which)}
            case "refresh":
                return self._refresh(window, data, now)
        return None

    def _delete(self, window: BrowserWindow, which: str, now: str) -> dict[str, Any]:
        if under_way := self.questions.of_conversation(window.owner, which):
            under_way.active.stop()
        self.history.delete(window.owner, which)
        shown: dict[str, Any] = {}
        if which == now:
            self.windows.stop_following(window)
            shown = self.parts.opened(window.owner)
            now = ""
        notice = conversation_list.undo_notice(translate("Conversation deleted."), "restore", which)
        return {**shown, **self.parts.listed(window, now), "notice": notice}

    def _refresh(self, window: BrowserWindow, data: Mapping[str, str], now: str) -> dict[str, Any]:
        """What has changed elsewhere since the versions `list` and `thread` of `data`."""
        of_list, of_thread = self.history.versions(window.owner, now)
        shown: dict[str, Any] = {}
        if now and of_thread < 0:
            notice = conversation_list.undo_notice(translate(DELETED), "restore", now)
            shown, now = {**self.parts.opened(window.owner), "notice": notice}, ""
        elif now and not self.windows.followed(window) and data.get("thread") != str(of_thread):
            # A window that follows an answer is shown it by that stream; what it may have sent
            # meanwhile is newer than this.
            shown = self.parts.thread(window.owner, now)
        if data.get("list") != str(of_list):
            shown |= self.parts.listed(window, now)
        return shown

    # --- exchanges ----------------------------------------------------------------------------

    def _act_on_exchange(
        self, owner: str, data: Mapping[str, str], now: str, written: str
    ) -> dict[str, Any]:
        exchange = data.get("exchange", "")
        match data.get("act"):
            case "earlier":
                past = self.history.exchanges(owner, now)[:-1]
                return {"past": self.parts.past(past, most=None)}
            case "keep":
                return {"editing": "", "notice": "", "question": ""}
            case "undo":
                return self._undo(owner, now, written)
            case "redo":
                return self._redo(owner, now, written)
            case "remove":
                self.history.delete_exchange(owner, now, exchange)
                notice = conversation_list.undo_notice(translate("Deleted."), "undo")
                return {**self.parts.thread(owner, now), "notice": notice}
            case "edit":
                return self.edit(owner, now, exchange)
            case "thumb":
                return self.rate(owner, now, exchange, data.get("thumb", ""), None)
            case "note":
                return self.rate(owner, now, exchange, "", data.get("note", ""))
        return {}

    def _undo(self, owner: str, now: str, written: str) -> dict[str, Any]:
        """Undo a step. A question that goes is put into the box, unless something is written."""
        gone = self.history.undo(owner, now)
        question = {"question": gone[0].question} if gone and not written.strip() else {}
        return {**self.parts.opened(owner, now), **question}

    def _redo(self, owner: str, now: str, written: str) -> dict[str, Any]:
        """Redo a step. A question that comes back is taken out of the box."""
        back = self.history.redo(owner, now)
        question = {"question": ""} if back and back[0].question == written else {}
        return {**self.parts.opened(owner, now), **question}

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
        """Ask a question and show the answer as it grows; it is stored as it goes.

        An exchange that is replaced, and those after it, are hidden only when the new one is there,
        so that a model that fails loses nothing. Closing the iterator stops nothing.
        """
        followed = self.windows.followed(window)
        if followed and followed.exchange.is_over:  # its stream is about to end
            followed.stored()
            followed = None
        if followed and followed.exchange.question == question:  # Enter was pressed twice
            return
        chosen = self.assistant.library.digests().keys() & document_ids
        if followed or self.questions.of_conversation(window.owner, conversation):
            yield {"notice": page_frame.notice(translate(BUSY))}
        elif refusal := self._refusal(question, document_ids, chosen):
            yield {"notice": page_frame.notice(refusal)}
        else:
            stays, replaced = self._split(window.owner, conversation, replacing)
            begin = partial(
                self.questions.begin,
                *(window.owner, conversation, question, _turns(stays), sorted(chosen), replaced),
            )
            with self.windows.follow(window, begin) as followed_now:
                if followed_now:
                    under_way, is_here = followed_now
                    past = self.parts.past(stays)
                    yield {
                        "past": past,
                        "question": "",
                        "editing": "",
                        "notice": "",
                        "conversation": under_way.conversation,
                        **self.parts.listed(window, under_way.conversation),
                    }
                    for parts in self._show(window, under_way, is_here, replacing):
                        is_shown = parts.get("past") == past  # it is much to lay out
                        yield {n: v for n, v in parts.items() if not (is_shown and n == "past")}

    def _refusal(self, question: str, document_ids: Collection[str], chosen: Set[str]) -> str:
        """Why the question cannot be asked, "" where it can be."""
        longest = self.assistant.settings.max_question_chars
        if not question.strip():
            return translate("Write a question first.")
        if len(question) > longest:
            return translate(
                "The question has {n} characters; {longest} are allowed.",
                n=format_number(len(question)),
                longest=format_number(longest),
            )
        if document_ids and not chosen:
            return translate("The sources that you chose are gone; choose others.")
        return ""

    def follow(self, window: BrowserWindow, conversation: str) -> Iterator[Parts]:
        """Show the answer of a conversation as it grows, where one is being written: after a
        reload, and in a second window."""
        found = self.questions.of_conversation(window.owner, conversation)
        with self.windows.follow(window, lambda: found, instead=True) as followed:
            if followed:
                yield from self._show(window, *followed)
                return
        yield self.parts.thread(window.owner, conversation)  # it has just ended

    def _show(
        self,
        window: BrowserWindow,
        under_way: UnderWay,
        is_here: Callable[[], bool],
        replacing: str = "",
    ) -> Iterator[Parts]:
        """The answer as it grows, and the conversation at its end, while the window follows it."""
        shown = None
        for exchange in under_way.active.watch():
            # Where a window was closed, this is closed at a yield: there must be some.
            step = {"live": self.parts.live(exchange)} if exchange is not shown else {}
            if not is_here():  # that may have changed while the step was rendered
                return
            yield step
            shown = exchange
        last = under_way.stored()
        if is_here():
            final = self._final_parts(window, under_way.conversation, replacing, last)
            if is_here():  # the next question may have been asked meanwhile
                yield final

    def _final_parts(
        self, window: BrowserWindow, conversation: str, replacing: str, last: Exchange
    ) -> dict[str, Any]:
        shown = self.open_conversation(window, conversation)
        if last.state == "failed" and last.id not in shown["live"]:  # it replaced nothing
            stays = translate("The earlier answer stays until then.")
            notice = page_frame.notice(f"{last.error} {stays}")
            shown |= {"question": last.question, "editing": replacing, "notice": notice}
        elif replacing and last.id in shown["live"]:
            notice = conversation_list.undo_notice(
                translate("The earlier answer was replaced."), "undo"
            )
            shown |= {"notice": notice}
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

    def stop(self, window: BrowserWindow) -> None:
        """Stop the question that this window follows."""
        if followed := self.windows.followed(window):
            followed.active.stop()

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
        return self.parts.thread(owner, conversation)

    def exchange(self, window: BrowserWindow, id: str) -> Exchange:
        """A stored exchange, or one that is being answered. Raises `NoSuchExchange`."""
        under_way = self.questions.of_exchange(window.owner, id)
        return under_way.exchange if under_way else self.history.find(window.owner, id)


def _turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    return [Turn.of(each.question, each.answer) for each in exchanges if each.answer is not None]
