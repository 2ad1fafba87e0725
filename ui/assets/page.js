// The script of the page: one listener sends the acts of buttons and links to Gradio, and
// the source pane is scrolled to what was cited. Without it, links still open pages of their own.
(() => {
  "use strict";

  const KINDS = {
    cite: "select", passage: "select", source: "select", why: "select",
    conversation: "input", new: "input", delete: "input", restore: "input", more: "input",
    undo: "input", redo: "input", remove: "input", edit: "input", keep: "input", earlier: "input", thumb: "input", note: "input",
    retry: "submit", example: "submit",
    "remove-source": "change", "refresh-source": "change",
    "cancel-job": "change", "resume-job": "change",
  };
  const byId = (id) => document.getElementById(id);
  let opener = null; // the element that gets the focus back when the source closes

  const local = {
    mark: (element) => step(Number(element.dataset.step)),
    close: closePane,
    copy,
    sidebar: () => document.body.classList.toggle("fn-sidebar-open"),
  };

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-act]");
    const asks = event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0;
    if (!element || (asks && element.href)) return; // a link in a window of its own
    const act = element.dataset.act;
    if (local[act]) {
      event.preventDefault();
      local[act](element);
    } else if (KINDS[act] && window.footnoteTrigger) {
      event.preventDefault();
      send(act, element, event.detail === 0);
    }
  });

  function send(act, element, byKey) {
    const data = { ...element.dataset };
    if (act === "remove-source" && !window.confirm("Remove this source from the index?")) return;
    if (act === "note") data.note = element.closest(".fn-note").querySelector("input").value;
    if (KINDS[act] === "select") openPane(element, byKey);
    if (act === "conversation" || act === "new") document.body.classList.remove("fn-sidebar-open");
    window.footnoteTrigger(KINDS[act], data);
    if (act === "edit" || act === "new") setTimeout(() => box()?.focus(), 300);
  }

  const box = () => document.querySelector("#fn-question textarea, #fn-question input");

  // --- the source pane ------------------------------------------------------------------------

  let byKeyboard = false; // how the source was opened

  function openPane(element, byKey) {
    if (began !== null) light(began); // the pane may be given the very same text again
    opener = element;
    document.querySelector(".fn-chip-open")?.classList.remove("fn-chip-open");
    element.classList.add("fn-chip-open");
    document.body.classList.add("fn-pane-open");
    if (!element.closest("#fn-ask-tab")) document.querySelector('#fn-tabs [role="tab"]')?.click();
    byKeyboard = byKey;
    began = null;
  }

  // Gradio calls this when the pane holds the source.
  window.footnoteArrived = () => requestAnimationFrame(() => {
    const side = byId("fn-source-pane");
    const current = side.querySelector(".fn-current");
    if (current) {
      const [around, mark] = [side.getBoundingClientRect(), current.getBoundingClientRect()];
      side.scrollTop += mark.top - around.top - (around.height - mark.height) / 2;
    } else {
      side.scrollTop = 0;
    }
    if (byKeyboard) focus(current ?? side.querySelector("h2"));
  });

  function focus(element) {
    if (!element) return;
    element.setAttribute("tabindex", "-1");
    element.focus({ preventScroll: true });
  }

  function closePane() {
    document.body.classList.remove("fn-pane-open");
    document.querySelector(".fn-chip-open")?.classList.remove("fn-chip-open");
    opener?.isConnected && opener.focus();
    opener = null;
  }

  let began = null; // the number of the mark that the pane was opened at, once one has left it

  function step(by) {
    const place = byId("fn-pane").querySelector("[data-place]");
    const last = Number.parseInt(place?.textContent.split(" of ")[1] ?? "", 10);
    if (!last) return;
    const at = Number.parseInt(place.textContent, 10) || 0;
    began ??= at;
    light(((at || (by > 0 ? 0 : 1)) - 1 + by + last) % last + 1);
    byId("fn-pane").querySelector(".fn-current")?.scrollIntoView({ block: "center" });
  }

  // A piece of text may lie in several marks: data-span holds the numbers of all of them.
  function light(number) {
    const place = byId("fn-pane").querySelector("[data-place]");
    for (const mark of byId("fn-pane").querySelectorAll(".fn-mark")) {
      mark.classList.toggle("fn-current", mark.dataset.span.split(" ").includes(String(number)));
    }
    if (place) place.textContent = `${number || "–"} of ${place.textContent.split(" of ")[1]}`;
  }

  // --- copying --------------------------------------------------------------------------------

  async function copy(button) {
    const said = button.textContent;
    try {
      const reply = await fetch(button.dataset.url, { credentials: "same-origin" });
      if (!reply.ok) throw new Error(String(reply.status));
      await put(await reply.text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Could not copy";
    }
    setTimeout(() => (button.textContent = said), 1800);
  }

  async function put(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // plain http on another machine
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("refused");
  }

  // --- the rest of the page -------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") document.body.classList.add("fn-tips-hidden");
    if (event.key === "Escape" && document.body.classList.contains("fn-pane-open")) closePane();
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && box()) {
      event.preventDefault();
      box().focus();
    }
    if (event.key === "Enter" && event.target.closest?.(".fn-note")) {
      event.preventDefault();
      event.target.closest(".fn-note").querySelector("[data-act=note]")?.click();
    }
  });

  for (const kind of ["mousemove", "focusin"]) {
    document.addEventListener(kind, () => document.body.classList.remove("fn-tips-hidden"));
  }

  let shown = null;
  new MutationObserver(() => {
    const live = document.querySelector("#fn-live [data-exchange-id]");
    const id = live?.dataset.exchangeId ?? "";
    if (shown !== null && id && id !== shown) {
      // Room below a question that is being answered, so that it can be scrolled to the top.
      document.body.classList.toggle("fn-asked", live.getAttribute("aria-busy") === "true");
      live.scrollIntoView({ block: "start" });
    }
    if (live || shown === null) shown = id || shown;
    announce(live);
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });

  let busy = false;
  function announce(live) {
    const now = live?.getAttribute("aria-busy") === "true";
    const place = byId("fn-announcement");
    if (busy && !now && live && place) {
      const said = live.querySelector(".fn-stage")?.textContent;
      place.textContent = said || (live.querySelector(".fn-answer")?.textContent ?? "");
    }
    busy = now;
  }
})();
