"""Standard output and standard error of a command, with a moving display while one waits.

Results go to standard output; messages go to standard error. The progress is drawn on standard
error, on a terminal only, and wiped away.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ui.safe_text import one_line, strip_controls
from ui.shell.terminal_rows import Row, draft_tail, progress_bar

MAX_COLUMNS = 100  # longer lines are hard to read
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SECONDS_SHOWN_AFTER = 3  # seconds of one activity


class Screen:
    """Standard output and standard error of a command. As a context it wipes at the end.

    Safe to share among threads: the model may report its progress from another one.
    """

    def __init__(self) -> None:
        self.out = Console(highlight=False, markup=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._lock = threading.RLock()
        self._waiting = False
        self._live: Live | None = None
        self._activity = ""
        self._head = Text()
        self._draft = ""
        self._since = 0.0
        self._announced: set[str] = set()

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear_activity()

    @property
    def styled(self) -> bool:
        """True when standard output can show bold and reverse."""
        return self.out.is_terminal and self.out.color_system is not None

    @property
    def width(self) -> int | None:
        """Columns of standard output; none where it is not a terminal."""
        return self.out.width if self.out.is_terminal else None

    def output(self, *rows: Row) -> None:
        """Print on standard output, at once."""
        self._print(self.out, *rows)

    def message(self, text: Row | str) -> None:
        """Print on standard error, at once."""
        row = Row(Text(strip_controls(text), "dim")) if isinstance(text, str) else text
        self._print(self.err, row)

    def blank_line(self) -> None:
        """Leave a line empty between messages and results, where both are on the terminal."""
        if self.err.is_terminal:
            self.message(Row())

    def show_activity(self, label: str, draft: str = "") -> None:
        """Show what is being done, and below it what the model has written so far."""
        with self._lock:
            self._waiting = True
            self._show(label, Text(label), draft)

    def show_progress(self, label: str, done: int, total: int | None, name: str = "") -> None:
        """Show how far an activity is. Where there is no terminal, print once that it has begun."""
        with self._lock:
            if self.err.is_terminal and self._waiting:
                head = Text(f"{label} ").append_text(progress_bar(done, total))
                self._show(label, head.append(f" {one_line(name, 40)}", "dim"))
            elif not self.err.is_terminal and label not in self._announced:
                self._announced.add(label)
                self.message(f"{label} …")

    def clear_activity(self) -> None:
        """Take away what `show_activity` and `show_progress` show."""
        with self._lock:
            self._waiting = False
            self._hide()

    def _print(self, console: Console, *rows: Row) -> None:
        """What is shown while one waits makes room, and comes back below."""
        with self._lock:
            self._hide()
            for row in rows:
                _print(console, row)
            if self._waiting:
                self._show(self._activity, self._head, self._draft)

    def _hide(self) -> None:
        live, self._live = self._live, None
        if live:
            live.stop()

    def _show(self, activity: str, head: Text, draft: str = "") -> None:
        if activity != self._activity:
            self._activity, self._since = activity, time.monotonic()
        self._head, self._draft = head, draft
        if self._live is None and self.err.is_terminal:
            self._live = Live(
                get_renderable=self._painted,
                console=self.err,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                refresh_per_second=10,
            )
            self._live.start()

    def _painted(self) -> RenderableType:
        now = time.monotonic()
        head = Text(f"{FRAMES[int(now * 10) % len(FRAMES)]} ", "cyan").append_text(self._head)
        if now - self._since >= SECONDS_SHOWN_AFTER:
            head.append(f" {now - self._since:.0f} s", "dim")
        head.truncate(self.err.width - 1, overflow="ellipsis")
        return Group(head, draft_tail(self._draft, self.err.width)) if self._draft else head


def _print(console: Console, row: Row) -> None:
    """Wrapped at words on a terminal; elsewhere a paragraph is a line."""
    if console.is_terminal:
        lead, indent = row.lead, Text(" " * row.lead.cell_len)
        room = max(10, min(console.width, MAX_COLUMNS) - lead.cell_len)
        for part in row.body.wrap(console, room):
            console.print(lead + part, soft_wrap=True)
            lead = indent
    else:
        console.file.write(f"{row.lead.plain}{row.body.plain}\n")
    console.file.flush()
