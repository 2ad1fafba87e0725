// The rail of sources: which are asked, what is added, and how the jobs are doing. The server sends
// the list, what a source is about, and the jobs as pieces of HTML.
(() => {
  "use strict";

  const POLL_MS = 1000; // between looks at jobs that are under way
  const say = window.footnoteSay; // a text in the language of the page
  const written = (number) => number.toLocaleString(document.documentElement.lang);
  const byId = (id) => document.getElementById(id);
  const rail = () => document.querySelector(".fn-rail");
  let limit = { kind: "all", ids: new Set() }; // all, or the ids that are "only" or not ("without")
  let total = 0;
  let library = null; // the state of the library that the list shows
  let search = { words: "", topic: "" };
  let wanted = 0; // number of the last list that was asked for
  let opener = null; // gets the focus back when the sheet closes

  async function get(path, values = {}) {
    const reply = await fetch(`rail/${path}?${new URLSearchParams(values)}`, {
      credentials: "same-origin",
    });
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  // --- the list ---------------------------------------------------------------------------------

  async function list(from = 0) {
    const number = ++wanted;
    const values = { ...search, from };
    if (limit.kind !== "all") values.known = "1";
    let found;
    try {
      found = await get("sources", values);
    } catch {
      return note(say("The list of sources could not be fetched; it is tried again soon."));
    }
    if (number !== wanted) return; // another was asked for meanwhile
    total = found.total;
    if (found.known) forget(new Set(found.known));
    show(found.html, from);
    ticks();
  }

  function show(html, from) {
    const place = byId("fn-rail-list");
    if (!from) {
      const open = opened(place);
      place.innerHTML = html;
      reopen(place, open);
      return;
    }
    place.querySelector(".fn-rail-more")?.remove();
    const more = document.createElement("div");
    more.innerHTML = html;
    const rows = [...more.querySelectorAll(".fn-source")];
    place.querySelector(".fn-sources").append(...rows);
    const button = more.querySelector(".fn-rail-more");
    if (button) place.append(button);
    rows[0]?.querySelector("input").focus({ preventScroll: true });
  }

  const opened = (place) =>
    [...place.querySelectorAll("details[open][data-document]")].map((each) => each.dataset.document);

  function reopen(place, ids) {
    for (const each of place.querySelectorAll("details[data-document]")) {
      each.open = ids.includes(each.dataset.document);
    }
  }

  // What is gone is no longer left out.
  function forget(known) {
    for (const id of limit.ids) if (!known.has(id)) limit.ids.delete(id);
    if (!limit.ids.size) limit = { kind: "all", ids: new Set() };
  }

  // --- which sources are asked --------------------------------------------------------------------

  const asked = (id) => limit.kind === "all" || limit.ids.has(id) === (limit.kind === "only");
  const number = () =>
    limit.kind === "all" ? total : limit.kind === "only" ? limit.ids.size : total - limit.ids.size;

  function tick(id, on) {
    if (limit.kind === "all") limit = { kind: "without", ids: new Set() };
    if (on === (limit.kind === "only")) limit.ids.add(id);
    else limit.ids.delete(id);
    if (number() === total) limit = { kind: "all", ids: new Set() };
    ticks();
    tell();
  }

  function choose(kind, ids = []) {
    limit = { kind, ids: new Set(ids) };
    ticks();
    tell();
  }

  const tell = () => announce("fn-rail-said", byId("fn-rail-count").textContent);

  function ticks() {
    for (const box of document.querySelectorAll(".fn-source-tick")) {
      box.checked = asked(box.dataset.document);
    }
    const [all, some] = [limit.kind === "all", number() > 0];
    const master = byId("fn-rail-all");
    if (!master) return;
    master.checked = all || number() === total;
    master.indeterminate = !master.checked && some;
    announce("fn-rail-count", all ? allCounted() : someCounted());
    const open = byId("fn-limit-open");
    if (open) open.textContent = all ? asksAll() : asksSome();
    open?.classList.toggle("fn-limited", !all);
    const reset = byId("fn-limit-all");
    if (reset) reset.hidden = all;
    keep();
  }

  function allCounted() {
    const n = written(total);
    return total === 1 ? say("All {n} source", { n }) : say("All {n} sources", { n });
  }

  function someCounted() {
    const counts = { n: written(number()), total: written(total) };
    return total === 1 ? say("{n} of {total} source", counts) : say("{n} of {total} sources", counts);
  }

  function asksAll() {
    if (!total) return say("No sources yet");
    return total === 1 ? say("Asks all source") : say("Asks all sources");
  }

  function asksSome() {
    if (!total) return say("No sources yet");
    return say("Asks {counted}", { counted: someCounted() });
  }

  // Gradio sends the content of this box along with each question.
  function keep() {
    const text = limit.kind === "all" ? "" : JSON.stringify({ [limit.kind]: [...limit.ids] });
    const box = document.querySelector("#fn-only textarea, #fn-only input");
    if (box && box.value !== text) {
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    try {
      sessionStorage.setItem("fn-limit", text);
    } catch { /* storage is refused: the limit lasts as long as the page */ }
  }

  function recall() {
    try {
      const [[kind, ids]] = Object.entries(JSON.parse(sessionStorage.getItem("fn-limit") || "{}"));
      limit = { kind, ids: new Set(ids) };
    } catch { /* nothing is kept, or storage is refused */ }
  }

  function announce(id, text) {
    const place = byId(id);
    if (place && place.textContent !== text) place.textContent = text;
  }

  // --- what a source is about ---------------------------------------------------------------------

  document.addEventListener("toggle", async (event) => {
    const about = event.target.matches?.(".fn-source-more") && event.target.querySelector(".fn-about");
    if (!about || !event.target.open || about.childElementCount) return;
    about.textContent = say("Reading…");
    try {
      about.innerHTML = (await get("about", { document: event.target.dataset.document })).html;
    } catch {
      about.textContent = say("This could not be fetched. Close it and open it again.");
    }
  }, true);

  // --- adding -------------------------------------------------------------------------------------

  function add(files) {
    const { mostBytes } = rail().dataset;
    const large = files.filter((file) => file.size > Number(mostBytes));
    const fit = files.filter((file) => !large.includes(file));
    const megabytes = written(mostBytes / 1e6);
    const refuse = ({ name }) => say("{name} is over {megabytes} MB. Split it into parts.", { name, megabytes });
    note(large.map(refuse).join(" "));
    if (!fit.length) return;
    const input = document.querySelector("#fn-files input[type=file]");
    if (!input) return note(say("Files cannot be added now. Reload the page."));
    const chosen = new DataTransfer();
    for (const file of fit) chosen.items.add(file);
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const n = written(fit.length);
    busy(fit.length === 1 ? say("Uploading {n} file…", { n }) : say("Uploading {n} files…", { n }));
    foldForm();
  }

  function foldForm() {
    byId("fn-rail-add").hidden = true;
    rail().querySelector("[data-rail=add]").setAttribute("aria-expanded", "false");
  }

  function addAddress(address) {
    note("");
    window.footnoteTrigger?.("change", { act: "add-address", address });
    busy(say("Adding the page…"));
  }

  function busy(text) {
    announce("fn-limit-jobs", text);
    announce("fn-rail-said", text);
  }

  function note(text) {
    const place = byId("fn-rail-note");
    if (!place) return;
    place.hidden = !text;
    place.textContent = text;
  }

  const isAddress = (text) => /^https?:\/\/\S+\.\S+$/i.test(text.trim());
  const question = () => document.querySelector("#fn-question textarea, #fn-question input");

  function offer() {
    const place = byId("fn-offer");
    const box = question();
    if (place && box) place.hidden = !isAddress(box.value);
  }

  function takeOffer() {
    const box = question();
    addAddress(box.value.trim());
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    offer();
    box.focus();
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#fn-question")) offer();
    if (event.target.id === "fn-rail-search") {
      search = { words: event.target.value, topic: "" };
      clearTimeout(typing);
      typing = setTimeout(list, 200);
    }
  });
  let typing = 0;

  document.addEventListener("keydown", (event) => {
    const inBox = event.target.closest?.("#fn-question");
    if (inBox && event.key === "Enter" && !event.shiftKey && isAddress(event.target.value)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      takeOffer();
    }
    if (event.key === "Escape" && document.body.classList.contains("fn-rail-open")) closeRail();
  }, true);

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    add(files);
  }, true);

  let drags = 0; // how many elements a file is held over

  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].some(
    (type) => type === "Files" || type === "text/uri-list");

  document.addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) document.body.classList.toggle("fn-dropping", ++drags > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) document.body.classList.toggle("fn-dropping", --drags > 0);
  });
  document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    drags = 0;
    document.body.classList.remove("fn-dropping");
    const address = event.dataTransfer.getData("text/uri-list").split("\n")[0].trim();
    if (event.dataTransfer.files.length) add([...event.dataTransfer.files]);
    else if (isAddress(address)) addAddress(address);
  }, true);

  document.addEventListener("submit", (event) => {
    if (event.target.id !== "fn-rail-add") return;
    event.preventDefault();
    const field = event.target.elements.address;
    if (!field.value.trim()) return note(say("Write the address of a page first."));
    addAddress(field.value.trim());
    field.value = "";
    foldForm();
  });

  // --- jobs ---------------------------------------------------------------------------------------

  let timer = 0;
  let active = false;

  async function jobs() {
    clearTimeout(timer);
    let found;
    try {
      found = await get("jobs");
    } catch { // the server is away; it may come back
      timer = setTimeout(jobs, 5 * POLL_MS);
      return;
    }
    showJobs(found.html);
    announce("fn-limit-jobs", found.line);
    if (active && !found.active) announce("fn-rail-said", byId("fn-jobs").querySelector(".fn-job-state")?.textContent ?? "");
    active = found.active;
    if (library !== found.library) {
      if (library !== null) start();
      library = found.library;
      list();
    }
    if (active) timer = setTimeout(jobs, POLL_MS);
  }

  let jobsShown = "";

  function showJobs(html) {
    const place = byId("fn-jobs");
    if (!place || html === jobsShown) return;
    const folds = new Map(
      [...place.querySelectorAll("details")].map((each) => [each.dataset.job, each.open]));
    const act = place.contains(document.activeElement) ? document.activeElement.dataset : null;
    place.innerHTML = jobsShown = html;
    for (const each of place.querySelectorAll("details")) {
      each.open = folds.get(each.dataset.job) ?? each.open;
    }
    if (act?.act) place.querySelector(`[data-act="${act.act}"][data-document="${act.document}"]`)?.focus();
  }

  // The first screen says what the articles are about, so it changes with them.
  async function start() {
    const place = byId("fn-start");
    if (!place) return;
    try {
      const { html } = await get("start");
      if (place.isConnected) place.outerHTML = html;
    } catch { /* what was there stays */ }
  }

  // Gradio calls this when something was added, removed or cancelled.
  window.footnoteSources = () => jobs();

  document.addEventListener("visibilitychange", () => document.hidden || (rail() && jobs()));

  // --- what is pressed ----------------------------------------------------------------------------

  const acts = {
    add: () => {
      openRail("fn-rail-choose");
      const form = byId("fn-rail-add");
      form.hidden = false;
      rail().querySelector("[data-rail=add]").setAttribute("aria-expanded", "true");
      byId("fn-rail-choose").focus();
    },
    choose: () => document.querySelector("#fn-files input[type=file]")?.click(),
    offer: takeOffer,
    open: () => openRail(),
    close: () => closeRail(),
    all: () => choose("all"),
    only: (element) => choose("only", JSON.parse(element.dataset.documents)),
    more: (element) => list(Number(element.dataset.from)),
    topic: (element) => {
      openRail("fn-rail-search");
      search = { words: "", topic: element.dataset.topic };
      byId("fn-rail-search").value = element.dataset.topic;
      list();
    },
  };

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("button[data-rail]");
    if (!element) return;
    const isFold = element.closest(".fn-rail-head") && element.dataset.rail === "add";
    if (isFold && !byId("fn-rail-add").hidden) return foldForm();
    if (!rail()?.contains(element)) opener = element;
    acts[element.dataset.rail]?.(element);
  });

  document.addEventListener("click", (event) => {
    const inRail = event.target.closest?.(".fn-rail");
    if (inRail && event.target.closest("[data-act=example], [data-act=source]")) closeRail();
    if (!inRail && !event.target.closest?.("[data-rail]")) document.body.classList.remove("fn-rail-open");
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "fn-rail-all") choose(event.target.checked ? "all" : "only");
    else if (event.target.dataset?.rail === "tick") tick(event.target.dataset.document, event.target.checked);
  });

  function openRail(first = "fn-rail-all") {
    if (document.body.classList.contains("fn-rail-open")) return;
    document.querySelector('#fn-tabs [role="tab"]')?.click();
    document.body.classList.add("fn-rail-open");
    // What is hidden cannot be focused, and the sheet is until it has begun to move.
    const focus = () => byId(first)?.focus({ preventScroll: true });
    requestAnimationFrame(() => requestAnimationFrame(focus));
  }

  function closeRail() {
    if (!document.body.classList.contains("fn-rail-open")) return;
    document.body.classList.remove("fn-rail-open");
    if (opener?.isConnected) opener.focus();
    opener = null;
  }

  // --- the beginning ------------------------------------------------------------------------------

  let seen = null;
  new MutationObserver(() => {
    const place = byId("fn-rail-list");
    if (!place || place === seen || !byId("fn-limit-open") || !byId("fn-only")) return;
    seen = place;
    recall();
    library = null;
    jobs();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
