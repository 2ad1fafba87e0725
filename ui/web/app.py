"""How is the page wired?

Gradio's components, and which of them each act changes. What the acts do is in `ui.web.page`,
`ui.web.opening` and `ui.web.intake`, what they look like in the render modules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import gradio as gr
from gradio.events import api

from rag.errors import FootnoteError
from ui import styles
from ui.api.programs import Programs
from ui.asking.warming import Warming
from ui.gate.access import Access
from ui.styles import ASSETS
from ui.views import frame, reader
from ui.web.intake import Intake
from ui.web.page import Page
from ui.web.reading import Reading
from ui.web.windows import Who
from ui.web.wiring import Data, Wiring

THREADS = 100  # each question that somebody watches takes one
READY_S = 1.0  # between looks at whether the model is ready


BRIDGE = "window.footnoteTrigger = trigger;"  # app.js hands acts to Gradio through it


class _Blocks(gr.Blocks):
    """Gradio's blocks, without what they would remember of a session for ever: a part that is
    passed over is made anew under another number, and each value that it has later stays there."""

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        output = await super().postprocess_data(block_fn, predictions, state)
        if state is not None:
            for number in state.config_values.keys() - self.blocks.keys():
                del state.config_values[number]
        return output


def build(
    page: Page,
    reading: Reading,
    intake: Intake,
    warming: Warming,
    access: Access,
    programs: Programs,
) -> gr.Blocks:
    """The page as Gradio blocks, not yet mounted."""
    with _Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as blocks:
        with gr.Row(elem_id="fn-top"):
            gr.HTML(frame.header(), apply_default_css=False)
            status = _panel("status")
        bridge = gr.HTML(js_on_load=BRIDGE, elem_id="fn-bridge")
        with gr.Tabs(elem_id="fn-tabs"):
            with gr.Tab("Ask", id="ask"):
                parts = _ask_tab()
            with gr.Tab("Sources", id="sources") as sources_tab:
                parts |= _sources_tab()
            with gr.Tab("Evals", id="evals") as evals_tab:
                parts |= {"runs": _panel("evals"), "status": status}
        wiring = Wiring(parts, access)
        _wire_asking(wiring, bridge, page)
        opened = wiring.on(
            bridge.select, lambda who, data: {"pane": reading.show(who, data)}, (), ("pane",)
        )
        opened.then(None, js="() => window.footnoteArrived()")
        _wire_sources(wiring, bridge, sources_tab, intake)
        _wire_state(wiring, blocks, evals_tab, page, warming, intake)
        _offer(programs)
    blocks.queue(default_concurrency_limit=None, max_size=200)
    blocks.max_threads = THREADS
    blocks.create_limiter()
    return cast(gr.Blocks, blocks)


def mounting() -> dict[str, Any]:
    """What Gradio is told when the blocks are mounted: theme, styles, the browser's script."""
    fonts = ["system-ui", "sans-serif"]
    script = (ASSETS / "app.js").read_text(encoding="utf-8")
    return {
        "theme": gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
        "head": f"<style>{styles.page()}</style><script>{script}</script>",
        "favicon_path": str(ASSETS / "icon.png"),
    }


# --- components -------------------------------------------------------------------------------


def _panel(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, elem_id=f"fn-{name}")


def _ask_tab() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Row(elem_id="fn-desk"):
        with gr.Column(elem_id="fn-shelf", min_width=0):
            gr.HTML(frame.shelf_head(), apply_default_css=False)
            parts["search"] = gr.Textbox(
                label="Search conversations", placeholder="Search", max_lines=1, elem_id="fn-search"
            )
            parts["conversations"] = _panel("conversations")
        with gr.Column(elem_id="fn-talk", min_width=0):
            gr.HTML(frame.talk_head(), apply_default_css=False)
            parts["past"] = _panel("past")
            parts["live"] = _panel("live")
            parts |= _composer()
        with gr.Column(elem_id="fn-side", min_width=0):
            parts["pane"] = _panel("pane", reader.nothing())
    for name in ("conversation", "editing"):
        parts[name] = gr.Textbox(visible="hidden", elem_id=f"fn-{name}", label=name)
    return parts


def _composer() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Column(elem_id="fn-composer", min_width=0):
        parts["notice"] = _panel("notice")
        with gr.Row(elem_id="fn-box"):
            parts["question"] = gr.Textbox(
                label="Your question",
                placeholder="Ask the articles something",
                show_label=False,
                lines=1,
                max_lines=6,
                submit_btn=False,
                elem_id="fn-question",
                autofocus=True,
            )
            parts["ask"] = gr.Button("Ask", variant="primary", elem_id="fn-ask", min_width=0)
            parts["stop"] = gr.Button("Stop", elem_id="fn-stop", min_width=0)
        with gr.Accordion("Ask only some of the sources", open=False, elem_id="fn-limit"):
            parts["only"] = gr.Dropdown(
                label="Only these sources", show_label=False, multiselect=True, elem_id="fn-only"
            )
    return parts


def _sources_tab() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Row(elem_id="fn-intake"):
        parts["files"] = gr.File(
            label="Add articles: drop files here", file_count="multiple", elem_id="fn-files"
        )
        with gr.Column(min_width=0, elem_id="fn-address"):
            parts["url"] = gr.Textbox(
                label="Or the address of a public web page",
                placeholder="https://…",
                max_lines=1,
                elem_id="fn-url",
            )
            parts["add"] = gr.Button("Add the page", elem_id="fn-add")
    parts["progress"] = _panel("progress")
    parts["table"] = _panel("table")
    return parts


# --- wiring -----------------------------------------------------------------------------------


THREAD = ("past", "live", "conversation", "conversations", "editing", "notice", "question")


def _wire_asking(wiring: Wiring, bridge: gr.HTML, page: Page) -> None:
    parts = wiring.parts

    def ask(who: Who, _: Data, question: str, now: str, only: Any, editing: str) -> Any:
        return page.ask(who, question, now, document_ids=only or (), replacing=editing)

    def again(who: Who, data: Data, now: str, only: Any) -> Any:
        if data.get("act") == "example":
            return page.ask(who, data.get("question", ""), now, document_ids=only or ())
        return page.asked_again(who, now, data.get("exchange", ""))

    def listed(who: Who, _: Data, now: str, words: str) -> Any:
        return {"conversations": page.listed(who.owner, now, words)}

    def relisted(who: Who, data: Data, now: str, words: str) -> Any:
        return {} if page.windows.followed(who) else listed(who, data, now, words)

    given = ("question", "conversation", "only", "editing")
    parts["conversation"].change(
        None, [parts["conversation"]], None, js="(id) => window.footnoteRemember(id)"
    )
    asked = [
        wiring.follow(parts["question"].submit, ask, given, THREAD),
        wiring.follow(parts["ask"].click, ask, given, THREAD),
        wiring.follow(bridge.submit, again, ("conversation", "only"), THREAD),
    ]
    wiring.on(parts["stop"].click, lambda who, _: page.stop(who), (), ())
    wiring.on(bridge.input, page.act, ("conversation",), THREAD)
    named, shelf = ("conversation", "search"), ("conversations",)
    wiring.on(parts["search"].change, listed, named, shelf)  # a paste is no "input" to Gradio
    for event in asked:  # whoever left an answer to itself finds it in the list when it is there
        wiring.on(event.then, relisted, named, shelf)


def _wire_sources(wiring: Wiring, bridge: gr.HTML, tab: gr.Tab, intake: Intake) -> None:
    parts = wiring.parts
    changed = ("progress", "table", "only", "files", "url")
    wiring.follow(
        parts["files"].upload, lambda _, __, files: intake.files(files), ("files",), changed
    )
    for event in (parts["add"].click, parts["url"].submit):
        wiring.follow(event, lambda _, __, url: intake.address(url), ("url",), changed)
    wiring.follow(bridge.change, lambda _, data: intake.act(data), (), changed)
    wiring.on(tab.select, lambda _, __: intake.shown(), (), changed)


def _wire_state(
    wiring: Wiring, blocks: gr.Blocks, tab: gr.Tab, page: Page, warming: Warming, intake: Intake
) -> None:
    def load(request: gr.Request) -> Any:
        wanted = str(request.query_params.get("c", ""))
        shown = page.opened(wiring.access.owner(request), wanted)
        return wiring.values({**shown, "only": intake.choices()}, (*THREAD, "only"))

    names = (*THREAD, "only")
    blocks.load(load, None, [wiring.parts[name] for name in names], api_visibility="private")
    timer = gr.Timer(READY_S)

    def tick() -> Any:
        state = warming.state
        over = state.ready or bool(state.error)
        return frame.status(state, page.model, page.privacy), gr.Timer(active=not over)

    timer.tick(
        tick,
        None,
        [wiring.parts["status"], timer],
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    wiring.on(tab.select, lambda who, _: {"runs": page.evals(who.owner)}, (), ("runs",))


def _offer(programs: Programs) -> None:
    """The endpoints for other programs; all the others are private."""
    for name, function in programs.functions().items():
        api(_explained(function), api_name=name)


def _explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its errors as Gradio tells them to a client."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except FootnoteError as error:
            raise gr.Error(str(error)) from error

    return run
