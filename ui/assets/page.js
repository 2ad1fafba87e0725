// The script of the page: one listener sends the acts of buttons and links to Gradio.
// Without it, links still open pages of their own.
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
  const say = window.footnoteSay; // a text in the language of the page
  // Acts that another script does by itself, on the way down to the listener below.
  window.footnoteOwnActs = (acts) => document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    const act = button && acts[button.dataset.act];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act(button);
  }, true);

  const byId = (id) => document.getElementById(id);

  const local = {
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
    if (act === "remove-source" && !window.confirm(say("Remove this source from the index?"))) return;
    if (act === "note") data.note = element.closest(".fn-note").querySelector("input").value;
    if (KINDS[act] === "select") Object.assign(data, window.footnotePane.open(element, byKey));
    if (act === "conversation" || act === "new") document.body.classList.remove("fn-sidebar-open");
    window.footnoteTrigger(KINDS[act], data);
    if (act === "edit" || act === "new") setTimeout(() => box()?.focus(), 300);
  }

  const box = () => document.querySelector("#fn-question textarea, #fn-question input");

  // --- the rest of the page -------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return; // it closes itself
    if (event.key === "Enter" && event.target.closest?.(".fn-note")) {
      event.preventDefault();
      event.target.closest(".fn-note").querySelector("[data-act=note]")?.click();
    }
  });

  // --- what a person opened in an answer stays open where the answer is shown anew ---------------

  const opened = new Set(); // keys of the <details>
  window.footnoteOpened = opened;

  function keyOf(details) {
    const article = details.closest("[data-exchange-id]");
    if (!article) return null;
    const same = [...article.querySelectorAll("details")].filter((each) => each.className === details.className);
    return `${article.dataset.exchangeId} ${details.className} ${same.indexOf(details)}`;
  }

  // Not by its toggling: it is also closed where the answer is shown anew, and tells so only later.
  document.addEventListener("click", (event) => {
    const details = event.target.closest?.("summary")?.parentElement;
    const key = details && keyOf(details);
    if (!key || event.defaultPrevented) return;
    if (details.open) opened.delete(key);
    else opened.add(key);
  });

  new MutationObserver(() => {
    if (!opened.size) return;
    for (const each of document.querySelectorAll("[data-exchange-id] details:not([open])")) {
      if (opened.has(keyOf(each))) each.open = true;
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["open"] });

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
