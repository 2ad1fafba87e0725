// What a person says of an answer (a note, a reason, what is right) and the review on the Evals tab.
(() => {
  "use strict";

  const say = window.footnoteSay; // a text in the language of the page
  const ACTS = { note: save, review, "mark-sentence": startMarking };

  window.footnoteOwnActs(ACTS);

  // Events of <details> do not bubble, but can be caught on the way down.
  document.addEventListener("toggle", (event) => {
    const more = event.target;
    if (more.matches?.(".fn-say-more") && more.open && !more.dataset.filled) fill(more);
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

  async function fill(more) {
    more.dataset.filled = "1";
    const id = more.dataset.exchange;
    const given = await call(address(id));
    if (given.error) {
      delete more.dataset.filled;
      more.append(make("p", { textContent: given.error }));
      return;
    }
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

  async function save(button) {
    const form = button.closest(".fn-note");
    const status = form.querySelector(".fn-saved");
    const body = { note: form.querySelector("input").value };
    const field = (name) => form.querySelector(`.fn-say-more [name=${name}]`);
    if (field("reason")) {
      body.reason = field("reason").value;
      body.better = field("better").value;
      body.sentence = field("sentence").value ? JSON.parse(field("sentence").value) : null;
    }
    status.textContent = say("Saving…");
    const reply = await call(address(button.dataset.exchange), body);
    status.textContent = reply.error ?? reply.said;
    if (!reply.error) form.querySelector("input").value = reply.note;
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
    const form = document.querySelector(`.fn-say-more[data-exchange="${CSS.escape(id)}"]`);
    if (!form) return;
    form.closest(".fn-note").querySelector(".fn-saved").textContent = reply.said;
    const select = form.querySelector("[name=sentence]");
    if (!select) return; // the answer was written anew meanwhile
    const offered = [...select.options].filter((each) => each.value)
      .map((each) => ({ ...JSON.parse(each.value), text: each.textContent }));
    offer(select, offered, reply.sentence);
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
