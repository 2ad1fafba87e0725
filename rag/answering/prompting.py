"""The prompts for an answer, and the reply to one."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing

from rag.answering.model_requests import running_text
from rag.events import ModelCalled, Purpose, Token
from rag.prompts import PACKAGED, Prompts
from rag.query.question_kind import AnswerKind
from rag.query.requested_length import RequestedLength
from rag.text.dates import parse_day
from rag.text.machine_orders import is_order
from rag.types import ChatModel, Message, Passage, Usage

NOT_STATED = "NOT STATED"
"""What a large model is told to reply where the passages do not answer."""


def small_model_messages(
    question: str, passages: Sequence[Passage], prompts: Prompts = PACKAGED
) -> list[Message]:
    """For a small model: a short running text, to be answered in a sentence."""
    return prompts.render("answer_briefly", passages=running_text(passages), question=question)


_SENTENCES = "one to three short, full sentences."
_POINTS = "three to six points"
_POINT = 'each on a line of its own that begins with "- "'
_FORMS: Mapping[AnswerKind, str] = {
    "explanation": "two to five full sentences: the answer first, then each reason or step in its"
    " order.",
    "list": f"all the items that the passages give, {_POINT}, and nothing else.",
    "statement": f"what that person says about it, {_POINT}, quoted or closely"
    " reported, and nothing else.",
    "comparison": "each side on a line of its own in bold, such as **The old bridge**, and"
    f" below it its points, {_POINT}. Where one sentence says how they differ, begin with it.",
    "summary": f"{_POINTS} that cover what the passages say, {_POINT}; where"
    " they are of several articles, below the title of each in bold.",
}
"""How a large model is told to answer, where not in a few sentences."""
LONG_KINDS = frozenset(_FORMS)
"""The kinds of answer that may be long."""


def large_model_messages(
    question: str,
    passages: Sequence[Passage],
    kind: AnswerKind = "fact",
    prompts: Prompts = PACKAGED,
    length: RequestedLength | None = None,
) -> list[Message]:
    """For a large model: numbered passages, the form of the answer, as long as it is wanted, and
    the words with which to decline."""
    form = _FORMS.get(kind, _SENTENCES)
    if length is not None and _POINTS in form:
        form = form.replace(_POINTS, _points(length))
    elif length is not None:
        form += f" Write {_sentences(length)}."
    return prompts.render("answer", form=form, passages=_numbered(passages), question=question)


def _points(length: RequestedLength) -> str:
    wanted = "one point" if length.points == 1 else f"{length.points} points and no more"
    return f"{wanted} for each article" if length.of_each else wanted


def _sentences(length: RequestedLength) -> str:
    return "one sentence" if length.points == 1 else f"no more than {length.points} sentences"


def write_reply(
    messages: Sequence[Message], model: ChatModel, max_tokens: int, purpose: Purpose = "answer"
) -> Generator[Token | ModelCalled, None, str]:
    """Yield the reply as it is written, then the whole call; return the reply's text, empty where
    the model declined. Closing it ends the request. Raises what `ChatModel.stream` does."""
    written, waiting, usage = "", "", Usage()
    with closing(model.stream(messages, max_tokens=max_tokens)) as deltas:
        for delta in deltas:
            usage = delta.usage or usage
            written += delta.text
            waiting += delta.text
            # What may still turn out to be a decline is not shown as an answer.
            opening = written.lstrip()[: len(NOT_STATED)].upper()
            if waiting and not NOT_STATED.startswith(opening):
                yield Token(waiting)
                waiting = ""
    yield ModelCalled(purpose, tuple(messages), written, usage=usage)
    declined = NOT_STATED in written or written.strip().upper().startswith(NOT_STATED)
    return "" if declined else written.strip()


def calls_only(
    steps: Generator[Token | ModelCalled, None, str],
) -> Generator[ModelCalled, None, str]:
    """The calls of the model among `steps`, and their result: tokens of a reply that may be dropped
    are not shown."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            text: str = end.value
            return text
        if isinstance(step, ModelCalled):
            yield step


def _numbered(passages: Sequence[Passage]) -> str:
    """Passages between fences that their own text cannot close."""
    blocks = []
    for passage in passages:
        text = passage.text.replace("<", "‹")
        title = "" if is_order(passage.title) else passage.title
        title = " ".join(title.replace("<", "‹").split())
        day = parse_day(passage.published)
        dated = f", {day}" if day else ""
        blocks.append(f"[{passage.number}] <passage from “{title}”{dated}>\n{text}\n</passage>")
    return "\n\n".join(blocks)
