// What a person says of an answer (a note, a reason, what is right) and the review on the Evals tab.
(() => {
  "use strict";

  const say = window.footnoteSay; // a text in the language of the page
  const ACTS = { note: save, review, "mark-sentence": startMarking };

  window.footnoteOwnActs(ACTS);

  // Events of <details> do not bubble, but can be caught on the way down.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".fn-say-more") && event.target.open) fill(event.target);
  }, true);

  async function call(address, body) {
    const options = { credentials: "same-origin" };
    if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    try {
      const reply = await fetch(address, options);
      return await reply.json();
    } catch {
      return { error: say("The server is away; nothing was saved. Try again.") };
    }
  }

  const address = (id) => `feedback/${encodeURIComponent(id)}`;

  // --- the form below an answer -------------------------------------------------------------------

  const filling = new WeakMap(); // by form: the promise that it is filled
  const filled = new WeakSet();

  function fill(more) {
    if (!filling.has(more)) filling.set(more, fillNow(more));
    return filling.get(more);
  }

  async function fillNow(more) {
    const id = more.dataset.exchange;
    const given = await call(address(id));
    if (given.error) {
      filling.delete(more);
      more.append(make("p", { textContent: given.error }));
      return;
    }
    Object.assign(given, forms.get(id)?.fields);
    const reason = make("select", { id: `fn-reason-${id}`, name: "reason" });
    reason.append(make("option", { value: "", textContent: say("No reason chosen") }));
    for (const [value, text] of Object.entries(given.reasons)) {
      reason.append(make("option", { value, textContent: text }));
    }
    reason.value = given.reason;
    const better = make("textarea", {
      id: `fn-better-${id}`, name: "better", rows: 3, maxLength: 2000, value: given.better,
    });
    const sentence = make("select", { id: `fn-sentence-${id}`, name: "sentence" });
    offer(sentence, given.sentences, given.sentence);
    const marking = make("button", {
      type: "button", className: "fn-action", textContent: say("Mark it in a source"),
    });
    Object.assign(marking.dataset, { act: "mark-sentence", exchange: id });
    const saving = make("button", { type: "button", className: "fn-action", textContent: say("Save") });
    Object.assign(saving.dataset, { act: "note", exchange: id });
    more.append(
      label(reason, say("Reason")), reason,
      label(better, say("A better answer")), better,
      label(sentence, say("The right sentence")), sentence,
      make("p", { className: "fn-say-more-buttons" }, [marking, saving]),
    );
    filled.add(more);
    refocus(more);
  }

  function offer(select, sentences, chosen) {
    const option = (place) => make("option", {
      value: JSON.stringify({ document: place.document, start: place.start, end: place.end }),
      textContent: place.text,
    });
    select.replaceChildren(make("option", { value: "", textContent: say("None marked") }));
    const same = (place) => chosen && place.document === chosen.document && place.start === chosen.start
      && place.end === chosen.end;
    if (chosen && !sentences.some(same)) select.append(option(chosen));
    select.append(...sentences.map(option));
    select.value = chosen ? option(chosen).value : "";
  }

  const place = (option) => ({ ...JSON.parse(option.value), text: option.textContent });

  async function save(button) {
    const form = button.closest(".fn-note");
    const body = { note: form.querySelector("input").value };
    const field = (name) => form.querySelector(`.fn-say-more [name=${name}]`);
    if (field("reason")) {
      body.reason = field("reason").value;
      body.better = field("better").value;
      body.sentence = field("sentence").value ? JSON.parse(field("sentence").value) : null;
    }
    const id = button.dataset.exchange;
    tell(id, say("Saving…"));
    const reply = await call(address(id), body);
    tell(id, reply.error ?? reply.said);
    if (reply.error) return;
    const shown = formOf(id); // the answer may have been shown anew meanwhile
    if (shown) shown.querySelector("input").value = reply.note;
    forms.set(id, { ...forms.get(id), fields: {} });
  }

  const formOf = (id) =>
    document.querySelector(`.fn-say-more[data-exchange="${CSS.escape(id)}"]`)?.closest(".fn-note");

  function tell(id, said) {
    forms.set(id, { fields: {}, ...forms.get(id), said });
    const form = formOf(id);
    if (form) form.querySelector(".fn-saved").textContent = said;
  }

  // --- a form whose answer is shown anew keeps what is written in it ------------------------------

  const forms = new Map(); // by exchange: what was said of it, fields not saved yet

  function keep(element, fields) {
    const id = element.closest(".fn-note").querySelector(".fn-say-more").dataset.exchange;
    const before = forms.get(id) ?? { fields: {} };
    forms.set(id, { ...before, fields: { ...before.fields, ...fields } });
  }

  let focused = null; // the exchange and the name of the field that has the focus, or had it last

  document.addEventListener("focusin", (event) => {
    const more = event.target.closest?.(".fn-note")?.querySelector(".fn-say-more");
    focused = more && event.target.matches("input, select, textarea")
      ? { id: more.dataset.exchange, name: event.target.name } : null;
  });

  function refocus(more) {
    if (focused?.id !== more.dataset.exchange) return;
    if (![null, document.body].includes(document.activeElement)) return;
    const { name } = focused;
    const field = name ? more.querySelector(`[name="${name}"]`) : more.closest(".fn-note").querySelector("input");
    field?.focus({ preventScroll: true });
  }

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const field = event.target;
      if (!field.closest?.(".fn-note")) return;
      const isPlace = field.name === "sentence" && field.value;
      keep(field, { [field.name || "note"]: isPlace ? place(field.selectedOptions[0]) : field.value });
    });
  }

  // An answer is shown anew in new elements, or in those it had, without what was put into them here.
  const seen = new WeakSet();

  new MutationObserver(() => {
    for (const more of document.querySelectorAll(".fn-note .fn-say-more")) {
      restore(more, forms.get(more.dataset.exchange) ?? { fields: {} });
      if (seen.has(more)) continue;
      seen.add(more);
      refocus(more);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  function restore(more, kept) {
    const form = more.closest(".fn-note");
    const saved = form.querySelector(".fn-saved");
    if (kept.said && saved.textContent !== kept.said) saved.textContent = kept.said;
    const { note } = kept.fields;
    if (note !== undefined) form.querySelector("input").value = note;
    if (filled.has(more) && !more.querySelector("[name=reason]")) {
      filled.delete(more);
      filling.delete(more);
      if (more.open) fill(more);
    }
  }

  // --- marking a sentence in a source -------------------------------------------------------------

  let marked = null; // { document, text }: what is selected in the source
  let bar = null;

  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    const pane = document.getElementById("fn-pane");
    if (!bar || !selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    if (!pane?.contains(range.commonAncestorContainer)) return;
    const source = pane.querySelector("[data-document]");
    // With the signs of the markup that are hidden: the server looks for the stored text.
    marked = { document: source?.dataset.document ?? "", text: range.cloneContents().textContent };
    bar.querySelector("button").disabled = !marked.text.trim();
  });

  function startMarking(button) {
    stopMarking();
    const use = make("button", {
      type: "button", className: "fn-new", textContent: say("Use the selected sentence"), disabled: true,
    });
    const cancel = make("button", { type: "button", className: "fn-new", textContent: say("Cancel") });
    const status = make("span", { textContent: say("Open a source, and select the right sentence in it.") });
    status.setAttribute("role", "status");
    bar = make("div", { className: "fn-marking" }, [status, use, cancel]);
    document.body.append(bar);
    cancel.addEventListener("click", () => {
      stopMarking();
      button.focus();
    });
    use.addEventListener("click", () => useMarked(button, status));
  }

  async function useMarked(button, status) {
    const id = button.dataset.exchange;
    const own = bar;
    const reply = await call(address(id), { sentence: marked });
    if (reply.error) {
      status.textContent = reply.error;
      return;
    }
    const isMarking = bar === own; // it may have been called off, or another begun
    if (isMarking) stopMarking();
    tell(id, reply.said);
    const more = formOf(id)?.querySelector(".fn-say-more");
    if (!more) return;
    keep(more, { sentence: reply.sentence });
    more.open = true;
    await fill(more);
    const select = more.querySelector("[name=sentence]");
    if (!select) return;
    offer(select, [...select.options].filter((each) => each.value).map(place), reply.sentence);
    if (isMarking) select.focus();
  }

  function stopMarking() {
    bar?.remove();
    bar = marked = null;
  }

  // --- the review -----------------------------------------------------------------------------------

  async function review(button) {
    const row = button.closest(".fn-review-row");
    const list = row.closest(".fn-review");
    const body = { decision: button.dataset.decision };
    if (button.dataset.edits) {
      body.question = row.querySelector("[name=question]").value;
      body.expected = row.querySelector("[name=expected]")?.value ?? "";
    }
    const reply = await call(`${address(button.dataset.exchange)}/review`, body);
    if (reply.error) {
      list.querySelector(".fn-review-summary").textContent = reply.error;
      return;
    }
    row.outerHTML = reply.row; // made and escaped by the server
    list.querySelector(".fn-review-summary").outerHTML = reply.summary;
    const made = list.querySelector(`[data-exchange="${CSS.escape(button.dataset.exchange)}"]`);
    made?.querySelector("button")?.focus();
  }

  // --- small pieces ---------------------------------------------------------------------------------

  function label(field, words) {
    return make("label", { htmlFor: field.id, textContent: words });
  }

  function make(tag, properties = {}, children = []) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }
})();
