"""A comparison as JUnit XML, which CI servers show.

A suite for each run but the first. A case fails where it came out as it should with the first
settings and no longer does; one that is amiss in both is skipped. A metric fails where it is worse
beyond noise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from eval.compare.gate import Failure
from eval.compare.loading import ComparedRun
from eval.compare.several import OTHER_KINDS, Comparison
from eval.drafting.draft import kind_of
from eval.runs.results import CaseRecord
from eval.text_format import one_line

# What XML 1.0 does not allow.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def comparison_to_junit(found: Comparison) -> str:
    """The document, as text."""
    root = Element("testsuites", name="footnote eval compare")
    first, *others = found.runs
    for run, failures in zip(others, found.regressions, strict=True):
        root.append(_suite(first, run, failures))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(first: ComparedRun, run: ComparedRun, failures: Sequence[Failure]) -> Element:
    suite = Element("testsuite", name=_plain(f"{run.name} against {first.name}"))
    for id, before in first.entries.items():
        _add_case(suite, id, before, run.entries.get(id))
    for failure in failures:
        case = SubElement(suite, "testcase", classname="metrics", name=failure.metric or "run")
        SubElement(case, "failure", message=_plain(failure.text))
    for name, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    return suite


def _add_case(suite: Element, id: str, before: CaseRecord, after: CaseRecord | None) -> None:
    kind = kind_of(before.result.tags) or OTHER_KINDS
    seconds = f"{after.result.seconds:.2f}" if after else "0"
    case = SubElement(suite, "testcase", classname=kind, name=_plain(id), time=seconds)
    if after is None:
        SubElement(case, "error", message="It was not asked.")
    elif after.result.outcome == "error":
        SubElement(case, "error", message=_plain(after.result.text))
    elif not after.result.is_expected:
        tag = "failure" if before.result.is_expected else "skipped"
        said = f"{after.question} -> {after.result.outcome}: {after.result.text}"
        SubElement(case, tag, message=_plain(said))


def _plain(text: str) -> str:
    return _NOT_XML.sub("", one_line(text))
