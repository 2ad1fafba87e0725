// Sends what a person does to the server through Gradio, in order and without losing any of it.
// Gradio itself drops an act while another of its kind is under way, or sends the earlier one again
// in its place; and where both were sent, their replies may overtake one another.
(() => {
  "use strict";

  const PATIENCE_MS = 10_000; // a reply that does not come, as of a lost connection, holds up no more
  const lines = { input: [], change: [], select: [] }; // those under way first; others are streams
  const timers = {};

  // Gradio calls this when its part of the page is there.
  window.footnoteConnect = (trigger) => {
    const begin = (kind) => {
      timers[kind] = setTimeout(window.footnoteReplied, PATIENCE_MS, kind);
      trigger(kind, lines[kind][0]);
    };

    // Gradio calls this when it has shown the reply to an act, or the act has failed.
    window.footnoteReplied = (kind, conversation) => {
      clearTimeout(timers[kind]);
      lines[kind].shift();
      if (lines[kind].length) begin(kind);
      if (kind === "input") window.footnoteActed(conversation, !lines[kind].length);
    };

    window.footnoteTrigger = (kind, data) => {
      const line = lines[kind];
      if (!line) return trigger(kind, data);
      if (data.act === "refresh" && line.length) return; // the next look will see what is left
      if (kind === "select") line.splice(1); // only the source that was chosen last is wanted
      line.push(data);
      if (line.length === 1) begin(kind);
    };
  };
})();
