"""HTML of the settings of the page and of the list of keyboard shortcuts, both as dialogs.

`assets/settings.js` shows what is chosen and keeps what a person chooses; `assets/shortcuts.js`
reads the keys from the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from ui.page_settings import CHOICES, LANGUAGES
from ui.safe_text import one_line
from ui.settings_summary import ConfiguredModel
from ui.translation import to_translate, translate

TITLES = {
    "theme": to_translate("Theme"),
    "text": to_translate("Text size"),
    "evidence": to_translate("Passages below an answer"),
    "shortcuts": to_translate("Keyboard shortcuts"),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "theme": {
        "system": to_translate("As the system"),
        "light": to_translate("Light"),
        "dark": to_translate("Dark"),
    },
    "text": {
        "normal": to_translate("Normal"),
        "large": to_translate("Large"),
        "larger": to_translate("Larger"),
    },
    "evidence": {
        "folded": to_translate("Folded"),
        "open": to_translate("Open"),
        "hidden": to_translate("Hidden"),
    },
    "shortcuts": {"on": to_translate("On"), "off": to_translate("Off")},
}
SHORTCUTS = (  # the key, what `shortcuts.js` does, and what that is in words
    ("/", "ask", to_translate("Write a question")),
    ("n", "new", to_translate("New conversation")),
    ("s", "search", to_translate("Search conversations")),
    ("j", "next", to_translate("Next footnote")),
    ("k", "previous", to_translate("Previous footnote")),
    ("o", "open", to_translate("Open the source of a footnote")),
    ("f", "find", to_translate("Find in this source")),
    ("Escape", "close", to_translate("Close what is open")),
    (",", "settings", to_translate("Settings")),
    ("?", "shortcuts", to_translate("This list")),
)


def settings_button(models: Sequence[ConfiguredModel], privacy: str) -> str:
    """The button that opens the settings, with both dialogs; `privacy` is one sentence."""
    return (
        '<button type="button" class="fn-settings-open" data-act="settings" '
        f'aria-haspopup="dialog">{translate("Settings")}</button>'
        f"{_settings(models, privacy)}{_shortcuts()}"
    )


def _settings(models: Sequence[ConfiguredModel], privacy: str) -> str:
    shown = to_translate("Show the list")
    keys = f'<button type="button" class="fn-link" data-act="shortcuts">{translate(shown)}</button>'
    body = (
        _languages()
        + "".join(_choice(name) for name in ("theme", "text", "evidence"))
        + _choice("shortcuts", keys)
        + '<p class="fn-settings-note" role="status" data-refused hidden></p>'
        + _models(models, privacy)
    )
    return _dialog("fn-settings", translate("Settings"), body)


def _dialog(id: str, title: str, body: str) -> str:
    return (
        f'<dialog class="fn-dialog" id="{id}" aria-labelledby="{id}-title">'
        f'<header class="fn-dialog-head"><h2 id="{id}-title">{title}</h2>'
        '<button type="button" class="fn-close" data-act="close-dialog" '
        f'aria-label="{translate("Close")}"><span aria-hidden="true">✕</span></button></header>'
        f"{body}</dialog>"
    )


def _languages() -> str:
    options = "".join(
        f'<option value="{id}" lang="{id}">{name}</option>' for id, name in LANGUAGES.items()
    )
    return (
        f'<p class="fn-setting"><label for="fn-language">{translate("Language")}</label>'
        f'<select id="fn-language" name="language">{options}</select></p>'
    )


def _choice(name: str, more: str = "") -> str:
    """A choice between a few values, as radio buttons; the script checks the right one."""
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{value}">'
        f"<span>{translate(WORDS[name][value])}</span></label>"
        for value in CHOICES[name]
    )
    return (
        f'<fieldset class="fn-setting"><legend>{translate(TITLES[name])}</legend>'
        f'<span class="fn-choice">{buttons}</span>{more}</fieldset>'
    )


def _models(models: Sequence[ConfiguredModel], privacy: str) -> str:
    """The model that answers, and those that would with another setting: a server has one model
    for everybody, so there is nothing to switch here."""
    used = "".join(f"<li>{_model(each)}</li>" for each in models if each.is_used)
    others = "".join(
        f"<li>{_model(each)} <code>{escape(each.setting)}</code></li>"
        for each in models
        if not each.is_used
    )
    more = translate("Others that are set up; Footnote uses one when it is started with:")
    return (
        f'<section class="fn-settings-models"><h3>{translate("Model")}</h3><ul>{used}</ul>'
        f"<p>{escape(one_line(privacy))}</p>"
        + (f"<p>{more}</p><ul>{others}</ul>" if others else "")
        + "</section>"
    )


def _model(model: ConfiguredModel) -> str:
    name = escape(one_line(model.name, 120))
    where = escape(one_line(model.place, 120))
    return f"<b>{name}</b>, {where}" if where else f"<b>{name}</b>"


def _shortcuts() -> str:
    rows = "".join(_rows())
    note = translate("They do nothing while you write.")
    body = f'<dl class="fn-keys">{rows}</dl><p class="fn-settings-note">{note}</p>'
    return _dialog("fn-shortcuts", translate("Keyboard shortcuts"), body)


def _rows() -> Iterator[str]:
    for key, act, words in SHORTCUTS:
        shown = translate("Esc") if key == "Escape" else key
        yield (
            f'<div data-key="{escape(key)}" data-shortcut="{act}"><dt><kbd>{shown}</kbd></dt>'
            f"<dd>{translate(words)}</dd></div>"
        )
