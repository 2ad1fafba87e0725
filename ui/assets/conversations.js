// Conversations: drafts of questions, the address, what changes in other windows, and the list by
// keyboard. Where the browser refuses storage, drafts are kept until the page is left.
(() => {
  "use strict";

  const say = window.footnoteSay; // a text in the language of the page
  const written = (number) => number.toLocaleString(document.documentElement.lang);
  const find = (selector) => document.querySelector(selector);
  const box = () => find("#fn-question textarea, #fn-question input");
  const send = (kind, data) => window.footnoteTrigger?.(kind, data);

  let open = null; // the id of the open conversation, "" for a new one; null until that is known
  let towards = null; // the id of another one that a person has asked for, until it is shown
  let asks = false; // whether the question in the box is to be asked there

  // --- drafts ---------------------------------------------------------------------------------

  const STORE = "footnote.drafts";
  const MOST_DRAFTS = 50, MOST_CHARS = 20_000;
  let memory = {};
  let edited = false; // the box holds an earlier question, and not the draft

  function drafts() {
    try {
      const stored = JSON.parse(window.localStorage.getItem(STORE));
      if (stored && typeof stored === "object") memory = stored;
    } catch { /* refused */ }
    return memory;
  }

  const draft = (id) => String(drafts()[id || "new"]?.text ?? "");

  function keep(id, text) {
    const all = drafts();
    delete all[id || "new"];
    if (text.trim()) all[id || "new"] = { text: text.slice(0, MOST_CHARS), at: Date.now() };
    const newest = Object.entries(all).sort(([, a], [, b]) => b.at - a.at).slice(0, MOST_DRAFTS);
    memory = Object.fromEntries(newest);
    try {
      window.localStorage.setItem(STORE, JSON.stringify(memory));
    } catch { /* refused, or full */ }
  }

  function fill(text) {
    const field = box();
    if (!field || field.value === text) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Gradio calls this whenever the text of the box changes.
  window.footnoteWritten = (question, editing) => {
    count(question);
    if (open === null) return;
    if (editing) {
      edited = true;
    } else if (edited) {
      edited = false;
      if (!question) fill(draft(towards ?? open)); // what was written before the edit
    } else {
      keep(towards ?? open, question);
    }
  };

  function count(question) {
    const place = find("#fn-counter");
    if (!place) return;
    const longest = Number(place.dataset.longest);
    const near = question.length > 0.8 * longest;
    const length = near ? Array.from(question).length : 0; // as the server counts
    place.hidden = !near;
    place.classList.toggle("fn-over", length > longest);
    const counts = { n: written(length), longest: written(longest) };
    place.textContent = near ? say("{n} of {longest} characters", counts) : "";
    box()?.setAttribute("aria-invalid", String(length > longest));
  }

  // --- the address ----------------------------------------------------------------------------

  const address = () => new URL(window.location.href).searchParams.get("c") ?? "";

  function write(id, replace) {
    if (id === address()) return;
    const url = new URL(window.location.href);
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    if (replace) window.history.replaceState(window.history.state, "", url);
    else window.history.pushState(null, "", url);
  }

  // Gradio calls this when the page has loaded, with the conversation that it shows.
  window.footnoteLoaded = (id) => {
    if (open !== null) return;
    open = id;
    write(id, true);
    if (!box()?.value) fill(draft(id));
  };

  // Gradio calls this when another conversation is shown: one that a person opened, or that a
  // question began.
  window.footnoteRemember = (id) => {
    if (open === null) return window.footnoteLoaded(id);
    if (id === open) return;
    const before = open;
    open = id;
    markCurrent();
    if (towards !== null) return;
    keep(before, "");
    if (!edited) keep(id, box()?.value ?? "");
    write(id, false);
  };

  // A person opens another conversation. The address is that of it at once, and what they write
  // before it is shown belongs to it.
  function head(id) {
    if (!edited) keep(towards ?? open, box()?.value ?? "");
    towards = id;
    asks = edited = false;
    write(id, false);
    fill(draft(id));
  }

  // acts_in_order.js calls this when it has the reply to an act, with the conversation that is shown
  // then, or waits for it no longer. Of several that a person opened at once the last one counts.
  window.footnoteActed = (id, isLast) => {
    if (id !== undefined) window.footnoteRemember(id);
    if (!isLast || towards === null) return;
    const [isThere, asksThere] = [open === towards, asks];
    towards = null;
    asks = edited = false;
    write(open, true);
    if (!isThere) return fill(draft(open));
    keep(open, box()?.value ?? "");
    if (asksThere) find("#fn-ask").click();
  };

  // A question that is asked before the conversation is shown in which it was written, waits for it.
  const hold = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    asks = true;
  };

  document.addEventListener("keydown", (event) => {
    const isAsking = event.key === "Enter" && !event.shiftKey && event.target === box();
    if (isAsking && towards !== null && !event.isComposing) hold(event);
  }, { capture: true });

  window.addEventListener("popstate", () => {
    const id = address();
    if (open === null || id === (towards ?? open)) return;
    head(id);
    send("input", id ? { act: "conversation", conversation: id } : { act: "new" });
  });

  document.addEventListener("click", (event) => {
    if (towards !== null && event.target.closest?.("#fn-ask")) return hold(event);
    const button = event.target.closest?.("[data-act]");
    const act = button?.dataset.act;
    if (open === null || !["conversation", "new"].includes(act)) return;
    const id = button.dataset.conversation ?? "";
    if (id !== (towards ?? open)) head(id);
    else if (act === "new") fill("");
  }, { capture: true });

  // --- other windows --------------------------------------------------------------------------

  const LOOK_MS = 3000;
  const PATIENCE = 3; // looks, after the answer has ended, until its stream counts as broken
  let began = null; // the version of the conversation when its answer was first seen under way
  let late = 0;

  async function look() {
    if (document.hidden || open === null || isTyping()) return;
    let now = null;
    try {
      const reply = await fetch(`changes?c=${encodeURIComponent(open)}`, { cache: "no-store" });
      if (reply.ok) now = await reply.json();
    } catch { /* the server is away */ }
    if (now === null || isTyping()) return;
    const list = find(".fn-conversations")?.dataset.version;
    const thread = find("#fn-live [data-thread-version]")?.dataset.threadVersion;
    const changed = (was, is) => was !== undefined && Number(was) !== is;
    if (changed(list, now.list) || changed(thread, now.thread) || isStreamBroken(now.thread)) {
      send("input", { act: "refresh", list: list ?? "", thread: thread ?? "" });
    }
  }

  function isStreamBroken(version) {
    if (!find('#fn-live [aria-busy="true"]')) began = null;
    else began ??= version;
    late = began !== null && version !== began ? late + 1 : 0;
    return late >= PATIENCE;
  }

  // A refresh would take away what is written elsewhere than in the box for questions.
  const isTyping = () => {
    const field = document.activeElement?.closest("input, textarea, select, [contenteditable]");
    return !!field?.closest("#fn-past, #fn-live, .fn-renaming");
  };

  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);

  // Gradio breaks off its own streams when the page is left, and would show that as an error.
  window.addEventListener("beforeunload", () => {
    document.body.classList.add("fn-leaving");
    setTimeout(() => document.body.classList.remove("fn-leaving"), LOOK_MS); // it may be stayed in
  });

  let following = null;
  function follow() {
    const id = find("#fn-live [data-follow]")?.dataset.follow ?? null;
    if (id === following || (id && !window.footnoteTrigger)) return;
    following = id;
    if (id) send("submit", { act: "follow", conversation: id });
  }

  // --- the list -------------------------------------------------------------------------------

  const rows = () => [...document.querySelectorAll("#fn-conversations .fn-row")];
  let list = null; // as it was marked last
  let focused = null; // where the focus is in it

  function markCurrent() {
    for (const row of rows()) {
      const isOpen = row.dataset.conversation === open;
      const button = row.querySelector(".fn-open");
      if (isOpen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  // Tab enters the list at one row and leaves it from there; arrows go from row to row.
  function enterAt(row) {
    for (const each of rows()) {
      for (const button of each.querySelectorAll("button")) button.tabIndex = each === row ? 0 : -1;
    }
  }

  function arrived() {
    const now = find("#fn-conversations .fn-conversations");
    if (now === list) return;
    list = now;
    if (open !== null) markCurrent();
    const all = rows();
    enterAt(all.find((row) => row.querySelector("[aria-current]")) ?? all[0]);
    if (focused && (document.activeElement ?? document.body) === document.body) {
      const same = all.find((row) => row.dataset.conversation === focused.id);
      (same ?? all[Math.min(focused.index, all.length - 1)])?.querySelector(".fn-open").focus();
    }
  }

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("#fn-conversations .fn-row");
    focused = row ? { id: row.dataset.conversation, index: rows().indexOf(row) } : null;
    if (row) enterAt(row);
  });

  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.("#fn-conversations .fn-row");
    if (!row || event.target.matches("input") || event.ctrlKey || event.metaKey) return;
    const all = rows(), at = all.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    const tool = { F2: "rename", Delete: "delete" }[event.key];
    if (to === undefined && !tool) return;
    event.preventDefault();
    if (tool) row.querySelector(`[data-act=${tool}]`).click();
    else all[to]?.querySelector(".fn-open").focus();
  });

  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("#fn-conversations [data-act=rename]");
    if (!tool) return;
    event.stopPropagation();
    rename(tool.closest(".fn-row"));
  }, { capture: true });

  function rename(row) {
    const field = document.createElement("input");
    Object.assign(field, { type: "text", maxLength: 200, value: row.dataset.title });
    field.setAttribute("aria-label", say("Name of the conversation"));
    row.classList.add("fn-renaming");
    row.append(field);
    field.select();
    let isOver = false;
    const end = (saves) => {
      if (isOver) return;
      isOver = true;
      const title = field.value;
      row.classList.remove("fn-renaming");
      field.remove();
      row.querySelector(".fn-open").focus();
      if (!saves || title === row.dataset.title) return;
      send("input", { act: "rename", conversation: row.dataset.conversation, title });
    };
    field.addEventListener("blur", () => end(true));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        end(event.key === "Enter");
      }
    });
  }

  new MutationObserver(() => {
    follow();
    arrived();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
