// The source pane: opens and closes it, goes from footnote to footnote, finds words in the text.
(() => {
  "use strict";

  const say = window.footnoteSay; // a text in the language of the page
  const byId = (id) => document.getElementById(id);
  const side = () => byId("fn-source-pane");
  const isSheet = () => window.matchMedia("(max-width: 760px)").matches;
  const classes = () => document.body.classList;
  let opener = null; // the element that gets the focus back when the source closes
  let byKeyboard = false; // how the source was opened

  const acts = {
    close: () => close(true),
    "show-source": () => { classes().remove("fn-pane-away"); classes().add("fn-pane-open"); },
    footnote: (button) => toFootnote(button.dataset),
    find: (button) => toHit(Number(button.dataset.step)),
    "whole-page": () => {
      classes().toggle("fn-whole-page");
      showZoom();
      const current = side().querySelector(".fn-current");
      if (current) center(current);
    },
    go: (link) => goTo(byId(link.getAttribute("href").slice(1)), link),
  };

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-act]");
    const act = element && acts[element.dataset.act];
    if (!act || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    act(element);
  });

  // --- opening and closing --------------------------------------------------------------------

  // page.js calls this before it asks for a source; what it returns is sent too.
  function open(element, byKey) {
    byKeyboard = byKey;
    if (!side().contains(element)) {
      opener = element;
      document.querySelector(".fn-chip-open")?.classList.remove("fn-chip-open");
      element.classList.add("fn-chip-open");
      putAway(element.closest(".fn-cite"));
      if (!element.closest("#fn-ask-tab")) document.querySelector('#fn-tabs [role="tab"]')?.click();
    }
    classes().add("fn-pane-open");
    classes().remove("fn-pane-away");
    classes().add("fn-pane-waiting");
    coverWithSheet();
    const { view } = element.dataset;
    if (view && element.closest(".fn-switch")) remember(view);
    return { view: view ?? remembered() };
  }

  // Whether a person reads pages or text; a browser may refuse to keep it.
  function remember(view) {
    try { window.localStorage.setItem("fn-source-view", view); } catch { /* it is forgotten */ }
  }
  function remembered() {
    try { return window.localStorage.getItem("fn-source-view") ?? ""; } catch { return ""; }
  }

  function close(away = false) {
    classes().remove("fn-pane-open");
    if (away) classes().add("fn-pane-away");
    document.querySelector(".fn-chip-open")?.classList.remove("fn-chip-open");
    if (covered) uncover();
    const { exchange, claim, citation } = opener?.dataset ?? {};
    const back = opener?.isConnected ? opener : footnoteMark(exchange, claim, citation);
    back?.focus();
    opener = null;
  }

  // Gradio calls this when the pane holds the source.
  window.footnoteArrived = () => requestAnimationFrame(() => {
    index = null;
    classes().remove("fn-pane-waiting");
    showZoom();
    const place = side().querySelector("[data-here]") ?? side().querySelector(".fn-current");
    if (place) center(place);
    else side().scrollTop = 0;
    if (!classes().contains("fn-pane-open")) return; // it was closed while its source was on its way
    markOpen(side().querySelector(".fn-reader")?.dataset ?? {});
    const isFinding = findAgain();
    const current = side().querySelector(".fn-current") ?? side().querySelector("h2");
    if (byKeyboard && !isFinding && current) focus(current);
  });

  window.footnotePane = { open, close };

  // An element or a range comes to the middle of the pane, and of the page of a PDF.
  function center(place) {
    const [around, inner] = [side().getBoundingClientRect(), place.getBoundingClientRect()];
    side().scrollTop += inner.top - around.top - (around.height - inner.height) / 2;
    const sheet = side().querySelector(".fn-sheet-scroll");
    if (!sheet) return;
    const boxes = [...sheet.querySelectorAll(".fn-current")].map((box) => box.getBoundingClientRect());
    const [left, right] = [Math.min(...boxes.map((box) => box.left)), Math.max(...boxes.map((box) => box.right))];
    if (!boxes.length) return;
    const room = Math.max(12, (sheet.clientWidth - (right - left)) / 2);
    sheet.scrollLeft += left - sheet.getBoundingClientRect().left - room;
  }

  function showZoom() {
    const button = side().querySelector(".fn-zoom");
    button?.setAttribute("aria-pressed", String(classes().contains("fn-whole-page")));
  }

  // An answer that is written anew while its source is open keeps its mark.
  function markOpen({ exchange, claim, citation }) {
    if (document.querySelector(".fn-chip-open")) return; // perhaps the next one, asked for since
    const mark = citation && footnoteMark(exchange, claim, citation);
    if (mark && opener?.classList.contains("fn-chip")) mark.classList.add("fn-chip-open");
  }

  function focus(element) {
    element.setAttribute("tabindex", "-1");
    element.focus({ preventScroll: true });
    if (document.activeElement === element) return;
    // What is hidden cannot be focused, and the sheet of a phone is until it has begun to move.
    const again = () => classes().contains("fn-pane-open") && element.focus({ preventScroll: true });
    requestAnimationFrame(() => requestAnimationFrame(again));
  }

  // --- on a phone the pane is a sheet, which the browser's Back closes ---------------------------

  let covered = false;
  let leaving = false; // the sheet was closed by other means, and its entry in the history goes

  function coverWithSheet() {
    if (covered || leaving || !isSheet()) return;
    window.history.pushState({ ...window.history.state, fnSheet: true }, "");
    covered = true;
  }

  function uncover() {
    covered = false;
    if (!window.history.state?.fnSheet) return;
    leaving = true;
    window.history.back();
  }

  window.addEventListener("popstate", (event) => {
    if (leaving) {
      leaving = false;
      if (classes().contains("fn-pane-open")) coverWithSheet(); // it was opened again meanwhile
      event.stopImmediatePropagation();
    } else if (covered && !event.state?.fnSheet) {
      covered = false;
      close();
      event.stopImmediatePropagation();
    }
  }, { capture: true });

  if (window.history.state?.fnSheet) {
    window.history.replaceState({ ...window.history.state, fnSheet: undefined }, "");
  }

  // --- footnotes ------------------------------------------------------------------------------

  // The next footnote is opened as by its mark in the answer, which gets the focus back later.
  const footnoteMark = (exchange, claim, citation) =>
    [...document.querySelectorAll(".fn-chip")].find(({ dataset }) =>
      dataset.exchange === exchange && dataset.claim === claim && dataset.citation === citation);

  function toFootnote({ exchange, claim, citation }) {
    const mark = footnoteMark(exchange, claim, citation);
    if (mark) mark.click();
    else window.footnoteTrigger?.("select", { act: "cite", exchange, claim, citation });
  }

  // The card of a mark stays away once its source is open or Escape is pressed, until another mark
  // is pointed at.
  let quiet = null;

  function putAway(mark) {
    quiet = mark;
    classes().add("fn-tips-hidden");
  }

  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const mark = event.target.closest?.(".fn-cite");
      if (mark === quiet && mark) return;
      quiet = null;
      classes().remove("fn-tips-hidden");
    });
  }

  // --- find -----------------------------------------------------------------------------------

  const MOST_HITS = 2000;
  let index = null; // the visible text of the pane, folded, with the node and place of each letter
  let hits = [];
  let at = -1;
  let wanted = null; // words that are looked for in another part of the text
  const box = () => side().querySelector(".fn-find-words");

  const fold = (letter) => {
    const plain = letter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.length === 1 ? plain : letter;
  };

  function indexed() {
    const text = [], nodes = [], places = [];
    const root = side().querySelector(".fn-text");
    const walker = root && document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    let block = null;
    const add = (letter, node, place) => {
      const isSpace = !letter.trim();
      if (isSpace && text.at(-1) === " ") return;
      text.push(isSpace ? " " : fold(letter));
      nodes.push(node);
      places.push(place);
    };
    while (walker?.nextNode()) {
      const node = walker.currentNode;
      if (node.parentElement.closest("[hidden], .fn-bullet, .fn-page-break")) continue;
      const inner = node.parentElement.closest("p, h3, h4, h5, h6, td, th, pre");
      if (block && inner !== block) add(" ", node, 0);
      block = inner;
      for (let place = 0; place < node.length; place += 1) add(node.data[place], node, place);
    }
    return { text: text.join(""), nodes, places };
  }

  function search(words) {
    index ??= indexed();
    const sought = [...words.trim().replace(/\s+/g, " ")].map(fold).join("");
    hits = [];
    at = -1;
    for (let from = 0; sought && hits.length < MOST_HITS;) {
      const start = index.text.indexOf(sought, from);
      if (start < 0) break;
      const range = document.createRange();
      const end = start + sought.length - 1;
      range.setStart(index.nodes[start], index.places[start]);
      range.setEnd(index.nodes[end], index.places[end] + 1);
      hits.push(range);
      from = start + sought.length;
    }
  }

  function show(number) {
    at = number;
    const place = side().querySelector("[data-hits]");
    const many = hits.length < MOST_HITS ? hits.length : `${MOST_HITS}+`;
    const found = hits.length ? say("{at} of {n}", { at: at + 1, n: many }) : say("None");
    if (place) place.textContent = box()?.value.trim() ? found : "";
    if (window.Highlight && CSS.highlights) {
      CSS.highlights.set("fn-find", new Highlight(...hits));
      CSS.highlights.set("fn-find-now", new Highlight(...hits.slice(at, at + 1)));
    } else if (hits[at]) {
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(hits[at]);
    }
    if (hits[at]) center(hits[at]);
  }

  function toHit(by) {
    const reader = side().querySelector(".fn-reader");
    const isPart = reader?.dataset.from !== undefined || !side().querySelector(".fn-text");
    const next = at + by;
    if (isPart && (next >= hits.length || next < 0) && box()?.value.trim()) return findElsewhere(reader);
    if (hits.length) show((next + hits.length) % hits.length);
  }

  // The server looks for the words in the whole text, and shows the part that has them.
  function findElsewhere(reader) {
    const { open: act, ...data } = reader.dataset;
    wanted = box().value;
    window.footnoteTrigger?.("select", { ...data, act, view: "text", find: wanted });
  }

  function findAgain() {
    const field = box();
    if (wanted === null || !field) return false;
    field.value = wanted;
    wanted = null;
    search(field.value);
    const here = side().querySelector("[data-here]");
    const isAfter = (range) => !here
      || here.contains(range.startContainer)
      || here.compareDocumentPosition(range.startContainer) & Node.DOCUMENT_POSITION_FOLLOWING;
    show(Math.max(hits.findIndex(isAfter), hits.length ? 0 : -1));
    field.focus({ preventScroll: true });
    return true;
  }

  let typing = null;
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".fn-find-words")) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      search(event.target.value);
      const top = side().getBoundingClientRect().top;
      show(Math.max(hits.findIndex((hit) => hit.getBoundingClientRect().top > top), hits.length ? 0 : -1));
    }, 120);
  });

  // --- outline and keys -----------------------------------------------------------------------

  function goTo(place, link) {
    link.closest("details").open = false;
    if (!place) return;
    place.scrollIntoView({ block: "start" });
    focus(place);
  }

  document.addEventListener("click", (event) => {
    const outline = side()?.querySelector(".fn-outline[open]");
    if (outline && !outline.contains(event.target)) outline.open = false;
  });

  function escape(event) {
    putAway(document.querySelector(".fn-cite:hover") ?? event.target.closest?.(".fn-cite"));
    const outline = side()?.querySelector(".fn-outline[open]");
    if (outline) {
      outline.open = false;
      outline.querySelector("summary").focus();
    } else if (event.target.matches?.(".fn-find-words") && event.target.value) {
      event.target.value = "";
      search("");
      show(-1);
    } else if (classes().contains("fn-pane-open")) {
      close();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape(event);
    if (event.key === "Enter" && event.target.matches?.(".fn-find-words")) {
      event.preventDefault();
      return toHit(event.shiftKey ? -1 : 1);
    }
  });
})();
