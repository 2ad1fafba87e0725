// Keyboard shortcuts. The keys stand in the list that `?` opens; none acts while somebody types,
// and the settings turn all of them off.
(() => {
  "use strict";

  const TYPING =
    'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable], [role="textbox"]';
  const find = (selector) => document.querySelector(selector);

  const acts = {
    ask: () => toAsk(() => find("#fn-question textarea, #fn-question input")?.focus()),
    new: () => find('[data-act="new"]')?.click(),
    search: () => toAsk(search),
    next: () => step(1),
    previous: () => step(-1),
    open: () => (footnote() ?? first())?.click(),
    find: () => find("#fn-source-pane .fn-find-words")?.focus(),
    settings: () => find('[data-act="settings"]')?.click(),
    shortcuts: () => find("#fn-shortcuts")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(TYPING) || find("dialog[open]")) return;
    if (document.documentElement.dataset.shortcuts === "off") return;
    const rows = [...document.querySelectorAll("#fn-shortcuts [data-key]")];
    const act = acts[rows.find((row) => row.dataset.key === event.key)?.dataset.shortcut];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.('[data-act="shortcuts"]')) {
      find("dialog[open]")?.close();
      acts.shortcuts();
    }
  });

  function toAsk(then) {
    const tab = find('#fn-tabs [role="tab"]');
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
    requestAnimationFrame(then);
  }

  function search() {
    const box = () => find("#fn-search input, #fn-search textarea");
    if (!box()?.checkVisibility()) find('[data-act="sidebar"]')?.click();
    box()?.focus();
  }

  // --- footnotes ------------------------------------------------------------------------------

  const chips = (within) =>
    [...document.querySelectorAll(`:is(${within}) .fn-chip`)].filter((chip) => chip.checkVisibility());
  const first = () => chips("#fn-live")[0];
  const footnote = () => document.activeElement.closest(".fn-chip") ?? find(".fn-chip-open");

  function step(by) {
    const all = chips("#fn-past, #fn-live");
    const at = all.indexOf(footnote());
    const to = at < 0 ? first() : all[(at + by + all.length) % all.length];
    if (!to) return;
    to.scrollIntoView({ block: "nearest" });
    to.focus();
    if (document.body.classList.contains("fn-pane-open")) to.click();
  }
})();
