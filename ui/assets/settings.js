// The settings of the page: what is chosen takes effect at once and is kept in cookies, which the
// server reads for the next page.
(() => {
  "use strict";

  const YEAR_S = 365 * 24 * 3600;
  const say = window.footnoteSay;
  const root = document.documentElement;
  const dialog = () => document.getElementById("fn-settings");
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = (name) => (name === "language" ? root.lang : root.dataset[name]);

  const apply = {
    language: () => window.location.reload(),
    theme: paint,
    evidence: foldEvidence,
    text: () => {},
    shortcuts: () => {},
  };

  function paint() {
    const isDark = root.dataset.theme === "dark" || (root.dataset.theme === "system" && systemIsDark.matches);
    document.body.classList.toggle("dark", isDark);
  }
  // Gradio follows the system, too, whatever was chosen since; this comes after it.
  systemIsDark.addEventListener("change", () => requestAnimationFrame(paint));

  function foldEvidence(value) {
    window.footnoteOpened.clear();
    for (const each of document.querySelectorAll("article:not([aria-busy]):has(.fn-claim) .fn-evidence")) {
      each.open = value === "open";
    }
  }

  function choose(name, value) {
    const path = new URL(".", document.baseURI).pathname;
    document.cookie = `footnote_${name}=${value}; Max-Age=${YEAR_S}; Path=${path}; SameSite=Lax`;
    const isKept = document.cookie.split("; ").includes(`footnote_${name}=${value}`);
    const note = dialog().querySelector("[data-refused]");
    note.hidden = isKept;
    note.textContent = isKept ? "" : say("The browser keeps no settings: they last until this page is loaded again.");
    if (name === "language") return isKept && apply.language();
    root.dataset[name] = value;
    apply[name](value);
  }

  function open() {
    for (const input of dialog().querySelectorAll("input[type=radio]")) {
      input.checked = input.value === chosen(input.name);
    }
    dialog().querySelector("select").value = chosen("language");
    dialog().showModal();
  }

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-act]");
    if (element?.dataset.act === "settings") open();
    if (element?.dataset.act === "close-dialog") element.closest("dialog").close();
    if (event.target.matches?.("dialog.fn-dialog")) event.target.close(); // what is around it
  });
  // A dialog closes itself; what is behind it stays open.
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.querySelector("dialog[open]")) event.stopPropagation();
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.closest?.("#fn-settings")) choose(event.target.name, event.target.value);
  });
})();
