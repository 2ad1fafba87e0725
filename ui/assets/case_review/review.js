// The review of cases: keys, and marking in the source. Everything else is forms and links.
(() => {
  "use strict";

  const form = document.getElementById("fn-review");
  const source = document.getElementById("fn-source-text");
  const bar = document.getElementById("fn-mark-bar");
  const isTyping = (element) => element.matches?.("textarea, select, input:not([type=checkbox])");
  let isLeaving = false;

  // --- keys -----------------------------------------------------------------------------------

  const areKeysOn = () => document.querySelector("[data-shortcuts]")?.checked ?? true;

  document.querySelector("[data-shortcuts]")?.addEventListener("change", (event) => {
    const value = event.target.checked ? "on" : "off";
    document.cookie = `footnote_shortcuts=${value}; path=/; max-age=31536000; samesite=lax`;
  });

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (isTyping(target)) {
      if (key === "Escape") target.blur();
      const saves = key === "Enter" && (event.ctrlKey || event.metaKey);
      if (saves && !event.repeat && target.form) press("a", event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !areKeysOn() || isLeaving) return;
    const step = { j: 1, k: -1 }[key.toLowerCase()];
    if (step && source && bar) {
      event.preventDefault();
      markSentence(step, event.shiftKey);
    } else if (!event.repeat && !event.shiftKey) {
      press(key.toLowerCase(), event);
    }
  });

  function press(key, event) {
    if (!/^[a-z1-9]$/.test(key)) return;
    const element = document.querySelector(`[data-key="${key}"]`);
    if (!element || element.closest("[hidden]")) return;
    event.preventDefault();
    if (element.matches("textarea")) {
      element.focus();
      element.setSelectionRange(element.value.length, element.value.length);
    } else element.click();
  }

  // One decision for one key press: what is pressed while the next page comes counts for nothing.
  form?.addEventListener("submit", (event) => {
    if (isLeaving) event.preventDefault();
    isLeaving = true;
  });
  window.addEventListener("pageshow", () => { isLeaving = false; });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && isChanged()) event.preventDefault();
  });

  function isChanged() {
    return [...(form?.querySelectorAll("textarea, select") ?? [])].some((field) =>
      field.matches("select")
        ? ![...field.options].every((each) => each.selected === each.defaultSelected)
          && [...field.options].some((each) => each.defaultSelected)
        : field.value !== field.defaultValue);
  }

  // --- marking --------------------------------------------------------------------------------

  const units = (source?.dataset.units ?? "").split(" ").filter(Boolean)
    .map((unit) => unit.split("-").map(Number));

  // What is selected in the source, as offsets in code units of its text; null for nothing.
  function selected() {
    const selection = window.getSelection();
    if (!source || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0).cloneRange();
    if (!range.intersectsNode(source)) return null;
    if (!source.contains(range.startContainer)) range.setStart(source, 0);
    if (!source.contains(range.endContainer)) range.setEnd(source, source.childNodes.length);
    const before = document.createRange();
    before.setStart(source, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const [start, words] = [before.toString(), range.toString()];
    return words.trim() ? { start: start.length, end: start.length + words.length, words } : null;
  }

  document.addEventListener("selectionchange", takeMark);

  // What is selected goes into the form.
  function takeMark() {
    if (!bar || isTyping(document.activeElement)) return;
    const marked = selected();
    bar.hidden = !marked;
    form.elements.words.value = marked?.words ?? "";
    if (!marked) return;
    // The server counts characters, the browser code units.
    const text = source.textContent;
    const from = Number(source.dataset.from) + [...text.slice(0, marked.start)].length;
    form.elements.start.value = from;
    form.elements.end.value = from + [...marked.words].length;
    const words = marked.words.split(/\s+/).join(" ").trim();
    document.getElementById("fn-marked").textContent =
      words.length > 160 ? `${words.slice(0, 160)}…` : words;
  }

  // A press on a button of the bar leaves the selection as it is.
  bar?.addEventListener("mousedown", (event) => event.preventDefault());

  // Go through the sentences with keys; the first is the lit one.
  function markSentence(step, extends_) {
    const marked = selected();
    let first, last;
    if (marked) {
      first = units.findIndex(([, end]) => end > marked.start);
      last = units.findLastIndex(([start]) => start < marked.end);
      if (extends_) step > 0 ? last++ : first--;
      else first = last = step > 0 ? last + 1 : first - 1;
    } else {
      const lit = source.querySelector(".fn-current");
      const range = document.createRange();
      range.setStart(source, 0);
      if (lit) range.setEndBefore(lit);
      const at = range.toString().length;
      first = last = Math.max(0, units.findIndex(([, end]) => end > at));
    }
    if (!units[first] || !units[last]) return;
    const range = document.createRange();
    range.setStart(...placeOf(units[first][0]));
    range.setEnd(...placeOf(units[last][1]));
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    takeMark(); // the browser tells of it later than the next key may come
    const box = range.getBoundingClientRect();
    if (box.top < 80 || box.bottom > window.innerHeight - 120) {
      range.startContainer.parentElement.scrollIntoView({ block: "center" });
    }
  }

  // The text node of the source that holds an offset, and the offset in it.
  function placeOf(offset) {
    const walker = document.createTreeWalker(source, NodeFilter.SHOW_TEXT);
    let node = walker.nextNode();
    while (node && offset > node.length) {
      offset -= node.length;
      node = walker.nextNode();
    }
    return [node ?? source, node ? offset : source.childNodes.length];
  }

  // --- what is shown at first -----------------------------------------------------------------

  source?.querySelector(".fn-current, .fn-mark")?.scrollIntoView({ block: "center" });
  window.scrollTo(0, 0);
})();
