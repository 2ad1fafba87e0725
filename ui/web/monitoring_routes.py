"""What those who run the server ask it: does it live, is it ready, what are its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ui.web.readiness import ReadinessCheck

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from rag.assistant import Assistant
    from ui.gate.sign_in import Access
    from ui.questions.model_status import ModelLoader
    from ui.questions.prometheus_metrics import Metrics

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class MonitoringRoutes:
    """The endpoints. Health and readiness are for everybody, but reasons are for those who may ask
    questions: they name paths and hosts. Metrics are there where `metrics` is given, for those
    who may ask questions."""

    assistant: Assistant
    access: Access
    loader: ModelLoader | None = None
    metrics: Metrics | None = None

    def all(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        routes = [
            Route("/healthz", self.health),
            Route("/health", self.health),  # its name until 0.2
            Route("/readyz", self.ready),
        ]
        return [*routes, Route("/metrics", self.show_metrics)] if self.metrics else routes

    async def health(self, request: Request) -> Response:
        """Says that the server runs; to those who may ask questions, also its version and whether
        the model is ready. It takes no thread, so that it answers when all are busy."""
        from importlib.metadata import version

        from starlette.responses import JSONResponse

        found: dict[str, object] = {"ok": True}
        if self.access.is_let_in(request):
            found["version"] = version("footnote-qa")
            if self.loader:
                status = self.loader.status
                found["model"] = {
                    "ready": status.ready,
                    "text": status.text,
                    "error": status.error,
                }
        return JSONResponse(found, headers=NO_STORE)

    @cached_property
    def _readiness(self) -> ReadinessCheck:
        return ReadinessCheck(self.assistant, self.loader)

    def ready(self, request: Request) -> Response:
        """200 where a question would be answered, else 503; with the state of each part."""
        from starlette.responses import JSONResponse

        readiness = self._readiness.look()
        found: dict[str, object] = {"ready": readiness.is_ready}
        for name, part in asdict(readiness).items():
            shown = {"state": part["state"]}
            if part["error"] and self.access.is_let_in(request):
                shown["error"] = part["error"]
            found[name] = shown
        return JSONResponse(found, 200 if readiness.is_ready else 503, NO_STORE)

    def show_metrics(self, request: Request) -> Response:
        """The metrics, in the text format of Prometheus."""
        from starlette.responses import Response

        assert self.metrics is not None
        text, media_type = self.metrics.render()
        return Response(text, headers={**NO_STORE, "Content-Type": media_type})
