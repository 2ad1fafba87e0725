"""Whether a server can answer: the index opens, the embedder is loaded, the model is not broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rag.errors import FootnoteError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from ui.questions.model_status import ModelLoader

PartState = Literal["ready", "starting", "failed"]


@dataclass(frozen=True, slots=True)
class Part:
    """The state of one part of the server; `error` says why it failed, with the remedy."""

    state: PartState
    error: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The parts that an answer needs."""

    index: Part
    embedder: Part
    model: Part

    @property
    def is_ready(self) -> bool:
        """Whether a question would be answered. A model that is starting is waited for, and the
        passages are shown meanwhile; so it counts as ready."""
        starting = self.index.state != "ready" or self.embedder.state != "ready"
        return not starting and self.model.state != "failed"


@dataclass
class ReadinessCheck:
    """Looks at the parts of one server. Without a `loader`, the models count as ready."""

    assistant: Assistant
    loader: ModelLoader | None = None
    _is_open: bool = field(default=False, init=False)

    def look(self) -> Readiness:
        """The state of now. A model that could not be loaded is tried again in the background."""
        embedder, model = self._models()
        return Readiness(self._index(embedder), embedder, model)

    def _models(self) -> tuple[Part, Part]:
        if self.loader is None:
            return Part("ready"), Part("ready")
        self.loader.retry()
        status = self.loader.status
        failed = Part("failed", status.error) if status.error else Part("starting")
        if not status.embeds:
            return failed, Part("starting")
        return Part("ready"), Part("ready") if status.ready else failed

    def _index(self, embedder: Part) -> Part:
        """Documents are looked at each time. Vectors only until they opened once: while somebody
        writes to the index, they can be locked for longer than a probe waits."""
        try:
            _ = self.assistant.library.embedder
            if embedder.state == "ready" and not self._is_open:
                self.assistant.open_vectors()
                self._is_open = True
        except FootnoteError as error:
            return Part("failed", str(error))
        return Part("ready" if self._is_open else "starting")
