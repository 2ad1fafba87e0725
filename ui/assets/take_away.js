// Taking answers away: rich text on the clipboard, and links by which others read a conversation.
(() => {
  "use strict";

  const ACTS = { copy, share, print };
  const say = window.footnoteSay; // a text in the language of the page
  const SHOWN_MS = 1800; // how long a button says what it has done

  window.footnoteOwnActs(ACTS);

  // --- copying ----------------------------------------------------------------------------------

  async function copy(button) {
    const reading = fetch(button.dataset.url, { credentials: "same-origin" }).then((reply) => {
      if (!reply.ok) throw new Error(String(reply.status));
      return reply.json();
    });
    try {
      await put(reading);
      tell(button, say("Copied"));
    } catch {
      await reading.then((copied) => byHand(copied.text), () => tell(button, say("Could not copy")));
    }
  }

  // Safari wants the item within the click, and the texts may come later.
  async function put(reading) {
    if (!window.isSecureContext || !navigator.clipboard?.write) return putOldWay(await reading);
    const part = (name, type) => reading.then((copied) => new Blob([copied[name]], { type }));
    const item = { "text/html": part("html", "text/html"), "text/plain": part("text", "text/plain") };
    try {
      await navigator.clipboard.write([new ClipboardItem(item)]);
    } catch {
      putOldWay(await reading);
    }
  }

  function putOldWay(copied) { // plain http on another machine, and where the new way is refused
    let taken = false;
    const listen = (event) => {
      event.preventDefault();
      event.clipboardData.setData("text/html", copied.html);
      event.clipboardData.setData("text/plain", copied.text);
      taken = true;
    };
    document.addEventListener("copy", listen, { once: true, capture: true });
    const done = document.execCommand("copy");
    document.removeEventListener("copy", listen, { capture: true });
    if (!done || !taken) throw new Error("refused");
  }

  function byHand(text) {
    const area = make("textarea", { readOnly: true, rows: 12, value: text, className: "fn-copied" });
    area.setAttribute("aria-label", say("The answer with its footnotes"));
    open(say("Copy by hand"), [
      make("p", { textContent: say("The browser does not let this page use the clipboard. The text is selected: press Ctrl+C, or ⌘C on a Mac.") }),
      area,
    ]);
    area.focus();
    area.select();
  }

  function tell(button, words) {
    const before = button.dataset.said ?? button.textContent;
    button.dataset.said = before;
    button.textContent = words;
    setTimeout(() => {
      button.textContent = before;
      delete button.dataset.said;
    }, SHOWN_MS);
  }

  // --- printing, or saving as PDF -----------------------------------------------------------------

  function print(button) {
    const page = window.open(button.href, "_blank");
    if (!page) window.location.assign(button.href); // the browser allows no window
    page?.addEventListener("load", () => page.print());
  }

  // --- sharing ------------------------------------------------------------------------------------

  fetch("share", { credentials: "same-origin" })
    .then((reply) => (reply.ok ? reply.json() : {}))
    .then((offer) => document.documentElement.classList.toggle("fn-shares", Boolean(offer.offered)))
    .catch(() => {});

  async function share(button) {
    const address = button.dataset.url;
    const parts = {
      readers: make("p"),
      shows: make("p"),
      link: make("input", { type: "text", readOnly: true, id: "fn-share-link" }),
      copied: make("button", { type: "button", className: "fn-new", textContent: say("Copy link") }),
      make: make("button", { type: "button", className: "fn-main" }),
      withdraw: make("button", { type: "button", className: "fn-new", textContent: say("Withdraw link") }),
      status: make("p", { className: "fn-dialog-status" }),
    };
    parts.status.setAttribute("role", "status");
    const label = make("label", { htmlFor: "fn-share-link", textContent: say("Link") });
    const line = make("div", { className: "fn-share-line" }, [label, parts.link, parts.copied]);
    const buttons = make("div", { className: "fn-dialog-buttons" }, [parts.make, parts.withdraw]);
    const call = async (method, said) => {
      const reply = await fetch(address, { method, credentials: "same-origin" }).catch(() => null);
      const state = reply ? await reply.json().catch(() => ({})) : { error: say("The server is away.") };
      if (state.error) parts.status.textContent = state.error;
      else show(parts, line, state, said);
    };
    parts.make.addEventListener("click", () => call("POST", say("The link is ready.")));
    parts.withdraw.addEventListener("click", () => call("DELETE", say("The link no longer works.")));
    parts.copied.addEventListener("click", () => copyLink(parts));
    parts.link.addEventListener("focus", () => parts.link.select());
    line.hidden = buttons.hidden = true;
    open(say("Share this conversation"), [parts.readers, parts.shows, line, buttons, parts.status]);
    await call("GET", "");
    buttons.hidden = false;
  }

  function show(parts, line, state, said) {
    parts.readers.textContent = `${state.readers} ${say("Nobody can change it.")}`;
    parts.shows.textContent = shownBy(state);
    line.hidden = parts.withdraw.hidden = !state.path;
    parts.make.hidden = Boolean(state.path) && !state.later;
    parts.make.textContent = state.path ? say("Renew link") : say("Make a link");
    if (state.path) parts.link.value = new URL(state.path, window.location.href.split(/[?#]/)[0]).href;
    const here = ["127.0.0.1", "localhost", "[::1]"].includes(window.location.hostname);
    const host = window.location.hostname;
    const hint = here && state.path ? say("On other machines, put this machine's name in place of {host}.", { host }) : "";
    parts.status.textContent = said ? `${said} ${hint}`.trim() : "";
  }

  function shownBy({ path, shows: questions, later, total }) {
    if (!path) {
      return say("It will show the {questions} asked so far, with answers and footnotes, and nothing else of yours.", { questions: total });
    }
    return later
      ? say("The link shows {questions}; what was asked since is not shown until you renew it.", { questions })
      : say("The link shows {questions}.", { questions });
  }

  async function copyLink(parts) {
    try {
      if (!navigator.clipboard?.writeText) throw new Error("refused");
      await navigator.clipboard.writeText(parts.link.value);
    } catch {
      parts.link.select();
      if (!document.execCommand("copy")) {
        parts.status.textContent = say("Copy the selected link by hand.");
        return;
      }
    }
    tell(parts.copied, say("Copied"));
  }

  // --- a dialog -----------------------------------------------------------------------------------

  function open(title, content) {
    const opener = document.activeElement;
    const heading = make("h2", { id: "fn-dialog-title", textContent: title });
    const close = make("button", { type: "button", className: "fn-new", textContent: say("Close") });
    const foot = make("div", { className: "fn-dialog-foot" }, [close]);
    const dialog = make("dialog", { className: "fn-dialog" }, [heading, ...content, foot]);
    dialog.setAttribute("aria-labelledby", heading.id);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation()); // Escape closes only it
    dialog.addEventListener("close", () => {
      dialog.remove();
      opener?.isConnected && opener.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }

  function make(tag, properties = {}, children = []) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }
})();
