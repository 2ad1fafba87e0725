"""The FastAPI application: our own routes, the APIs, and Gradio's page mounted below them at "/".

The request guard and the security headers wrap all of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import SettingsError

if TYPE_CHECKING:
    import gradio
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from rag.assistant import Assistant
    from ui.api.mcp_server import McpEndpoint
    from ui.gate.sign_in import Access
    from ui.questions.model_status import ModelLoader
    from ui.questions.prometheus_metrics import Metrics
    from ui.questions.runner import QuestionRunner
    from ui.records.feedback import FeedbackStore
    from ui.records.history import History
    from ui.records.share_links import ShareLinks


def create_app(  # noqa: PLR0913
    blocks: gradio.Blocks,
    *,
    assistant: Assistant,
    history: History,
    runner: QuestionRunner,
    access: Access,
    root_path: str = "",
    mcp: bool = False,
    loader: ModelLoader | None = None,
    feedback: FeedbackStore | None = None,
    metrics: Metrics | None = None,
    **mounting: Any,
) -> FastAPI:
    """The application. `mounting` goes to `gradio.mount_gradio_app` (theme, css, head, …).

    `root_path` is a path, or a whole URL where a proxy serves the page; `metrics` are shown at
    ``/metrics`` where given. Raises `SettingsError`
    when `mcp` is wanted and its package is missing.
    """
    from fastapi import FastAPI
    from starlette.routing import Route

    from ui.api.chat_completions import ChatCompletions
    from ui.records.feedback import FeedbackStore
    from ui.records.share_links import ShareLinks
    from ui.web.ended_streams import EndedStreams
    from ui.web.feedback_forms import FeedbackForms
    from ui.web.monitoring_routes import MonitoringRoutes
    from ui.web.routes import Routes
    from ui.web.sharing import Sharing

    links = ShareLinks.from_settings(assistant.settings, history)
    feedback = feedback or FeedbackStore.from_settings(assistant.settings)
    mcp_endpoint = _mcp_endpoint(assistant, runner, access) if mcp else None
    app = FastAPI(
        lifespan=partial(_lifespan, mcp_endpoint=mcp_endpoint, closed=[links, feedback]),
        docs_url=None,  # these pages fetch scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
    )
    completions = ChatCompletions(assistant, runner)
    app.router.routes += [
        *MonitoringRoutes(assistant, access, loader, metrics).all(),
        *Routes(assistant, history, access, feedback).all(),
        *Sharing(history, links, access).routes(),
        *FeedbackForms(assistant.library, history, feedback, access).routes(),
        Route("/v1/chat/completions", completions, methods=["POST"]),
        Route("/v1/models", _models),
        Route("/v1/models/{model}", _models),
        *(mcp_endpoint.routes if mcp_endpoint else ()),
    ]
    _mount(app, blocks, root_path, mounting)
    app.add_middleware(EndedStreams, blocks=blocks)
    _add_middleware(app, access, root_path, metrics)
    return app


def _add_middleware(app: FastAPI, access: Access, root_path: str, metrics: Metrics | None) -> None:
    """What every request passes, the last one added first."""
    from starlette.middleware.gzip import GZipMiddleware

    from ui.gate.reply_counter import ReplyCounter
    from ui.gate.request_guard import RequestGuard
    from ui.gate.request_limits import RequestLimits
    from ui.gate.security_headers import SecurityHeaders
    from ui.gate.stream_owners import StreamOwners
    from ui.web.page_request import PersonalPage

    app.add_middleware(PersonalPage)
    app.add_middleware(StreamOwners)
    app.add_middleware(RequestGuard, access=access)
    app.add_middleware(RequestLimits)
    # Outside of all others: it sees refusals, too.
    app.add_middleware(SecurityHeaders, root_path=urlsplit(root_path).path.rstrip("/"))
    # The page is 160 kB as it is and a fifth of that compressed; streams are left alone.
    app.add_middleware(GZipMiddleware, minimum_size=10_000, compresslevel=5)
    if metrics:
        app.add_middleware(ReplyCounter, count=metrics.count_reply)


def _mount(app: FastAPI, blocks: gradio.Blocks, root_path: str, mounting: dict[str, Any]) -> None:
    """Mount the page at "/", with everything off that would contact other hosts."""
    import gradio
    from gradio import processing_utils

    from rag import MAX_FILE_BYTES
    from ui.web import full_disk

    # Gradio fetches the address that a client names in place of an uploaded file.
    processing_utils.async_ssrf_protected_download = _unfetched
    full_disk.remove_broken_uploads()
    gradio.mount_gradio_app(
        app,
        blocks,
        path="/",
        root_path=root_path or None,
        footer_links=[],
        run_history=False,
        show_error=True,
        max_file_size=MAX_FILE_BYTES,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        app_kwargs={
            "openapi_url": None,
            "exception_handlers": {OSError: full_disk.reply_without_room},
        },
        **mounting,
    )


async def _unfetched(url: str, cache_dir: str) -> str:
    import gradio

    raise gradio.Error("A file is uploaded here, not named by its address.", print_exception=False)


async def _models(request: Request) -> Response:
    from ui.api import chat_completions

    return chat_completions.list_models(request.path_params.get("model", ""))


@asynccontextmanager
async def _lifespan(
    _: FastAPI, mcp_endpoint: McpEndpoint | None, closed: Sequence[ShareLinks | FeedbackStore]
) -> AsyncIterator[None]:
    """Gradio puts its own around this one. What is `closed` is so at the end."""
    with ExitStack() as stack:
        for each in closed:
            stack.callback(each.close)
        if mcp_endpoint is None:
            yield
        else:
            async with mcp_endpoint.open():
                yield


def _mcp_endpoint(assistant: Assistant, runner: QuestionRunner, access: Access) -> McpEndpoint:
    try:
        from ui.api import mcp_server
    except ImportError as error:
        raise SettingsError(
            "The package for the Model Context Protocol is not installed.",
            "Install it: `pip install 'footnote-qa[mcp]'`.",
        ) from error
    from ui.api.functions import ApiFunctions

    return mcp_server.mcp_endpoint(ApiFunctions(assistant, runner), access)
