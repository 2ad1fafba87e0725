"""The page in Gradio: its components, and which of them each event changes.

What the events do is in `ui.web.page_actions`, `ui.web.source_pane` and `ui.web.indexing_jobs`; how
things look is in `ui.views`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, cast

import gradio as gr
from gradio.events import api

from rag.errors import FootnoteError
from rag.settings import Settings
from ui import settings_summary, stylesheets
from ui.api.functions import ApiFunctions
from ui.gate.sign_in import Access
from ui.page_settings import LANGUAGES, PageSettings, current_settings, using_settings
from ui.questions.model_status import ModelLoader
from ui.stylesheets import ASSETS
from ui.translation import translate
from ui.views import page_frame, question_box, settings_dialog, source_highlights, source_rail
from ui.web.browser_windows import BrowserWindow
from ui.web.event_binding import ElementData, EventBinding, Handler, PartNames
from ui.web.indexing_jobs import IndexingJobs
from ui.web.page_actions import PageActions
from ui.web.page_request import request_settings
from ui.web.source_pane import SourcePane

THREADS = 100  # each question that is followed takes one
SESSIONS = 100  # of Gradio that are kept, 4 kB each: every load of the page begins one
READY_S = 1.0  # between looks at whether the model is ready
WORDS = ("label", "placeholder", "value")  # properties of components that hold words

BRIDGE = "window.footnoteConnect(trigger);"  # acts_in_order.js sends acts to Gradio through it


class _Blocks(gr.Blocks):
    """Gradio's blocks in several languages, and without what its sessions pile up.

    A session keeps what describes each part and its last value, for links to the page as it stands,
    of which there are none here; and of each part that an event skips it makes a copy under another
    number.

    `translated` holds, by language, the words of the components of `_layout`, in order.
    """

    def __init__(self, **options: Any) -> None:
        self.translated: dict[str, list[dict[str, Any]]] = {}
        super().__init__(**options)
        self.state_session_capacity = SESSIONS

    @property
    def config(self) -> Any:
        """What the browser builds the page from, in the language of the current request."""
        translated = self.translated.get(current_settings().language)
        if not translated:
            return self._config
        own = self._config["components"]
        words = [
            {**each, "props": {**each["props"], **props}}
            for each, props in zip(own, translated, strict=False)
        ]
        return {**self._config, "components": words + own[len(words) :]}

    @config.setter
    def config(self, config: Any) -> None:
        self._config = config

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        output = await super().postprocess_data(block_fn, predictions, state)
        if state is not None:
            state.blocks_config.blocks = dict(self.blocks)
            state.config_values.clear()
        return output


def build_blocks(
    page: PageActions,
    pane: SourcePane,
    indexing: IndexingJobs,
    loader: ModelLoader,
    access: Access,
    functions: ApiFunctions,
) -> gr.Blocks:
    """The page as Gradio blocks, not yet mounted."""
    with _Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as blocks:
        settings = page.assistant.settings
        parts, evals_tab = _layout(settings)
        binding = EventBinding(parts, access)
        _bind_questions(binding, page, indexing)
        opened = _bind_acts(
            binding, "select", lambda window, data: {"pane": pane.show(window, data)}, (), ("pane",)
        )
        opened.then(None, js="() => window.footnoteArrived()")
        _bind_sources(binding, indexing)
        _bind_state(binding, blocks, evals_tab, page, loader)
        _add_api(functions)
    blocks.translated = {name: _translated(name, settings) for name in LANGUAGES if name != "en"}
    blocks.queue(default_concurrency_limit=None, max_size=200)
    blocks.max_threads = THREADS
    blocks.create_limiter()
    return cast(gr.Blocks, blocks)


def mount_options() -> dict[str, Any]:
    """Options for mounting the blocks: theme, styles, the browser's script."""
    fonts = ["system-ui", "sans-serif"]
    script = stylesheets.page_scripts()
    return {
        "theme": gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
        "head": f"<style>{stylesheets.page_css()}</style><script>{script}</script>",
        "favicon_path": str(ASSETS / "icon.png"),
    }


# --- components -------------------------------------------------------------------------------


def _layout(settings: Settings) -> tuple[dict[str, Any], gr.Tab]:
    """Every component that shows words; the parts by name, and the tab of evals."""
    with gr.Row(elem_id="fn-top"):
        gr.HTML(page_frame.page_header(), apply_default_css=False)
        status = _panel("status")
        models = settings_summary.configured_models(settings)
        privacy = settings_summary.privacy_sentence(settings)
        _panel("menu", settings_dialog.settings_button(models, privacy))
    bridge = gr.HTML(js_on_load=BRIDGE, elem_id="fn-bridge")
    with gr.Tabs(elem_id="fn-tabs"):
        with gr.Tab(translate("Ask"), id="ask"):
            parts = _ask_tab(settings.max_question_chars)
        with gr.Tab(translate("Evals"), id="evals") as evals_tab:
            parts |= {"runs": _panel("evals"), "status": status, "bridge": bridge}
    return parts, evals_tab


def _translated(language: str, settings: Settings) -> list[dict[str, Any]]:
    """The words of the components of `_layout` in `language`."""
    with using_settings(PageSettings(language=language)), gr.Blocks() as blocks:
        _layout(settings)
    return [
        {name: each["props"][name] for name in WORDS if name in each["props"]}
        for each in blocks.config["components"]
    ]


def _panel(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, elem_id=f"fn-{name}")


def _ask_tab(longest_question: int) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Row(elem_id="fn-ask-tab"):
        with gr.Column(elem_id="fn-left", min_width=0):
            _panel("rail", source_rail.render_frame())
            with gr.Column(elem_id="fn-sidebar", min_width=0):
                gr.HTML(page_frame.conversations_header(), apply_default_css=False)
                parts["search"] = gr.Textbox(
                    label=translate("Search conversations"),
                    show_label=False,
                    placeholder=translate("Search conversations"),
                    max_lines=1,
                    elem_id="fn-search",
                )
                parts["conversations"] = _panel("conversations")
        with gr.Column(elem_id="fn-thread", min_width=0):
            gr.HTML(page_frame.conversation_header(), apply_default_css=False)
            parts["past"] = _panel("past")
            parts["live"] = _panel("live")
            parts |= _composer(longest_question)
        with gr.Column(elem_id="fn-source-pane", min_width=0):
            parts["pane"] = _panel("pane", source_highlights.render_empty())
    parts["files"] = gr.File(
        label=translate("Files to add"), file_count="multiple", elem_id="fn-files", visible="hidden"
    )
    for name in ("conversation", "editing", "only"):
        parts[name] = gr.Textbox(visible="hidden", elem_id=f"fn-{name}", label=name)
    return parts


def _composer(longest_question: int) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Column(elem_id="fn-composer", min_width=0):
        parts["notice"] = _panel("notice")
        with gr.Row(elem_id="fn-box"):
            parts["question"] = gr.Textbox(
                label=translate("Your question"),
                placeholder=translate("Ask the articles something"),
                show_label=False,
                lines=1,
                max_lines=6,
                submit_btn=False,
                elem_id="fn-question",
                autofocus=True,
            )
            parts["ask"] = gr.Button(
                translate("Ask"), variant="primary", elem_id="fn-ask", min_width=0
            )
            parts["stop"] = gr.Button(translate("Stop"), elem_id="fn-stop", min_width=0)
        gr.HTML(question_box.render_counter(longest_question), apply_default_css=False)
        _panel("limit", source_rail.render_limit())
    return parts


# --- events -----------------------------------------------------------------------------------


THREAD_PARTS = ("past", "live", "conversation", "conversations", "editing", "notice", "question")


def _bind_questions(binding: EventBinding, page: PageActions, indexing: IndexingJobs) -> None:
    parts = binding.parts

    def ask(
        window: BrowserWindow, _: ElementData, question: str, now: str, only: Any, editing: str
    ) -> Any:
        chosen = indexing.chosen(only)
        return page.ask(window, question, now, document_ids=chosen, replacing=editing)

    def again(window: BrowserWindow, data: ElementData, now: str, only: Any) -> Any:
        if data.get("act") == "follow":
            return page.follow(window, data.get("conversation", ""))
        if data.get("act") == "example":
            chosen = indexing.chosen(only)
            return page.ask(window, data.get("question", ""), now, document_ids=chosen)
        return page.ask_again(window, now, data.get("exchange", ""))

    def search(window: BrowserWindow, _: ElementData, now: str, words: str) -> Any:
        return page.search(window, now, words)

    given = ("question", "conversation", "only", "editing")
    parts["conversation"].change(
        None, [parts["conversation"]], None, js="(id) => window.footnoteRemember(id)"
    )
    parts["question"].change(
        None,
        [parts["question"], parts["editing"]],
        None,
        js="(text, editing) => window.footnoteWritten(text, editing)",
    )
    binding.bind_stream(parts["question"].submit, ask, given, THREAD_PARTS)
    binding.bind_stream(parts["ask"].click, ask, given, THREAD_PARTS)
    binding.bind_stream(parts["bridge"].submit, again, ("conversation", "only"), THREAD_PARTS)
    binding.bind(parts["stop"].click, lambda window, _: page.stop(window), (), ())
    _bind_acts(binding, "input", page.act, ("conversation", "question"), THREAD_PARTS)
    # "change", because Gradio does not count a paste as "input"
    binding.bind(parts["search"].change, search, ("conversation", "search"), ("conversations",))


def _bind_acts(
    binding: EventBinding,
    kind: Literal["input", "change", "select"],
    handler: Handler,
    inputs: PartNames,
    outputs: PartNames,
) -> Any:
    """Bind the acts of this kind, of which acts_in_order.js sends one at a time."""
    event = getattr(binding.parts["bridge"], kind)
    # Of acts that come in the meantime Gradio itself would lose one.
    acted = binding.bind(event, handler, inputs, outputs, trigger_mode="multiple")
    js = f"(conversation) => window.footnoteReplied('{kind}', conversation)"
    for when in (acted.then, acted.failure):
        when(None, [binding.parts["conversation"]], None, js=js)
    return acted


def _bind_sources(binding: EventBinding, indexing: IndexingJobs) -> None:
    outputs = ("files", "notice")
    added = binding.bind(
        binding.parts["files"].upload,
        lambda _, __, files: indexing.add_files(files),
        ("files",),
        outputs,
        trigger_mode="multiple",
    )
    changed = _bind_acts(binding, "change", lambda _, data: indexing.act(data), (), outputs)
    for event in (added, changed):
        event.then(None, js="() => window.footnoteSources()")


def _bind_state(
    binding: EventBinding,
    blocks: gr.Blocks,
    tab: gr.Tab,
    page: PageActions,
    loader: ModelLoader,
) -> None:
    def load(request: gr.Request) -> Any:
        wanted = str(request.query_params.get("c", ""))
        with using_settings(request_settings(request)):
            shown = page.open_conversation(binding.window(request), wanted)
        return binding.values(shown, THREAD_PARTS)

    outputs = [binding.parts[name] for name in THREAD_PARTS]
    blocks.load(load, None, outputs, api_visibility="private").then(
        None, [binding.parts["conversation"]], None, js="(id) => window.footnoteLoaded(id)"
    )
    timer = gr.Timer(READY_S)

    def tick(request: gr.Request) -> Any:
        state = loader.status
        over = state.ready or bool(state.error)
        with using_settings(request_settings(request)):
            shown = page_frame.model_status(state, page.model, page.privacy)
        return shown, gr.Timer(active=not over)

    timer.tick(
        tick,
        None,
        [binding.parts["status"], timer],
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    binding.bind(
        tab.select, lambda window, _: {"runs": page.evals_tab(window.owner)}, (), ("runs",)
    )


def _add_api(functions: ApiFunctions) -> None:
    """The endpoints for other programs; all other endpoints are private."""
    for name, function in functions.by_name().items():
        api(_with_gradio_errors(function), api_name=name)


def _with_gradio_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its errors as Gradio sends them to a client."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except FootnoteError as error:
            raise gr.Error(str(error)) from error

    return run
