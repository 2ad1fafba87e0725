"""Writes the known texts with LaTeX, where it is installed: .pdf, in the usual shapes of papers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from eval.benchmarks.reading_known import NOTE, SOFT_HYPHEN, Block, KnownFile, KnownText, known_file

NAME = "LaTeX"
PROGRAMS = ("pdflatex", "lualatex")
_SECONDS = 120.0  # for a file
_LATIN = frozenset({"cs", "de", "en", "fr"})  # languages whose letters the fonts have


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is set: with `program`; `options` of the class and lines of the preamble."""

    name: str
    program: str
    options: str = ""
    fonts: str = r"\usepackage[T1]{fontenc}\usepackage{lmodern}"
    is_balanced: bool = False
    has_grid: bool = False


LAYOUTS = (
    Layout("one_column", "pdflatex", has_grid=True),
    Layout("two_columns", "pdflatex", "twocolumn"),
    # The first fonts of TeX: an accent is a letter of its own, drawn over another.
    Layout("first_fonts", "pdflatex", "twocolumn", fonts=""),
    Layout("balanced", "pdflatex", is_balanced=True),
    Layout("opentype", "lualatex", "twocolumn", fonts=r"\usepackage{fontspec}"),
)
_DOCUMENT = r"""\documentclass[a5paper,10pt,%(options)s]{article}
%(fonts)s
\usepackage[margin=15mm,includeheadfoot]{geometry}
\usepackage{multicol}
\makeatletter
\def\@oddhead{\hfil %(header)s\hfil}
\def\@oddfoot{\hfil\thepage\hfil}
\makeatother
\begin{document}
%(body)s
\end{document}
"""
_ESCAPED = {each: f"\\{each}" for each in "&%#_${}"} | {
    SOFT_HYPHEN: r"\-",
    "\u2011": r"\mbox{-}",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "‰": r"\textperthousand{}",
    "«": r"\guillemotleft{}",
    "»": r"\guillemotright{}",
    "„": r"\quotedblbase{}",
}


def written(texts: Sequence[KnownText]) -> Iterator[KnownFile]:
    """Each text whose letters the fonts have, in each of `LAYOUTS` whose program is there. Raises
    `OSError` where it fails."""
    for layout in LAYOUTS:
        program = which(layout.program)
        for text in texts:
            if program and text.language in _LATIN:
                name = f"{text.name}_{layout.name}.pdf"
                yield known_file(text, name, _pdf(program, source(text, layout)))


def _pdf(program: str, source_text: str) -> bytes:
    with TemporaryDirectory() as folder:
        Path(folder, "text.tex").write_text(source_text, "utf-8")
        subprocess.run(  # noqa: S603 (texts of our own)
            [program, "-interaction=batchmode", "-no-shell-escape", "text.tex"],
            cwd=folder,
            check=False,
            capture_output=True,
            timeout=_SECONDS,
        )
        return Path(folder, "text.pdf").read_bytes()


def source(text: KnownText, layout: Layout) -> str:
    """The LaTeX source of a text."""
    body = "\n\n".join(_blocks(text, layout))
    if layout.is_balanced:
        body = f"\\begin{{multicols}}{{2}}\n{body}\n\\end{{multicols}}"
    return _DOCUMENT % {
        "options": layout.options,
        "fonts": layout.fonts,
        "header": _inline(text, text.header),
        "body": body,
    }


def _blocks(text: KnownText, layout: Layout) -> Iterator[str]:
    for kind, at, blocks in text.grouped():
        first = blocks[0]
        if kind == "heading":
            if at == text.last_section:
                yield r"\columnbreak" if layout.is_balanced else r"\newpage"
            command = "section" if first.level == 1 else "subsection"
            yield f"\\{command}*{{{_inline(text, first.text)}}}"
        elif kind == "item":
            lines = "\n".join(f"\\item {_inline(text, block.text)}" for block in blocks)
            kind_of_list = "itemize" if first.label == "-" else "enumerate"
            yield f"\\begin{{{kind_of_list}}}\n{lines}\n\\end{{{kind_of_list}}}"
        elif kind == "row":
            yield _table(text, blocks, has_grid=layout.has_grid)
        else:
            yield _inline(text, first.text)


def _table(text: KnownText, rows: Sequence[Block], *, has_grid: bool) -> str:
    bar, rule = ("|", r" \hline") if has_grid else ("", "")
    columns = f"{bar}l{bar}{f'r{bar}' * (len(rows[0].cells) - 1)}"
    lines = [" & ".join(_inline(text, cell) for cell in block.cells) + r" \\" for block in rows]
    lines = [f"{line}{rule}" for line in lines]
    lines[0] = lines[0].removesuffix(rule) + r" \hline"
    body = "\n".join([r"\hline", *lines, "" if has_grid else r"\hline"])
    return (
        f"\\begin{{center}}\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}\\end{{center}}"
    )


def _inline(text: KnownText, content: str) -> str:
    escaped = "".join(_ESCAPED.get(each, each) for each in NOTE.sub("\0\\1\0", content))

    def note(found: re.Match[str]) -> str:
        return f"\\footnote{{{_inline(text, text.notes[found[1]])}}}"

    return re.sub("\0(\\d+)\0", note, escaped)
