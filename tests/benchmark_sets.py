"""What do the tests of the benchmarks measure? Tiny data sets of our own, in the same formats."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]

ABSTRACTS = {
    "11": ("Willow bark", "['Bark of willows eases pain.'\n \"It doesn't cure a fever.\"]"),
    "12": ("Sleep of bees", "['Honeybees sleep at night.' 'Their antennae droop.']"),
    "13": ("Salt marshes", "['Salt marshes store carbon in mud.']"),
}
CLAIMS = [
    ("1", "Willow bark eases pain.", "[11]"),
    ("1", "Willow bark eases pain.", "[11]"),  # a row for each piece of evidence
    ("2", "Honeybees sleep at night and marshes store carbon.", "[12 12\n 13]"),
]


def write_jsonl(file: Path, rows: Sequence[object]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def scifact(
    folder: Path,
    abstracts: Mapping[str, tuple[str, str]] = ABSTRACTS,
    claims: Sequence[tuple[str, str, str]] = CLAIMS,
) -> Path:
    """A folder like SciFact's."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus: list[Row] = [
        {"doc_id": id, "title": title, "abstract": text, "structured": "False"}
        for id, (title, text) in abstracts.items()
    ]
    claimed: list[Row] = [
        {
            "id": id,
            "claim": claim,
            "evidence_doc_id": "",
            "evidence_label": "",
            "evidence_sentences": "[]",
            "cited_doc_ids": cited,
        }
        for id, claim, cited in claims
    ]
    for name, rows in (("corpus_train.csv", corpus), ("claims_validation.csv", claimed)):
        with (folder / name).open("w", newline="", encoding="utf-8") as written:
            writer = csv.DictWriter(written, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


LIGHT = "The lighthouse of Ferrow was built in 1874 by Ida Lund."
MILL = "The mill at Ostby grinds rye and barley."
FERRY = "The ferry to Holm sails twice a day."


def clapnq_row(id: str, question: str, text: str, answer: str = "") -> Row:
    return {
        "id": id,
        "input": question,
        "passages": [{"title": f"Page of {id}", "text": text, "sentences": [text]}],
        "output": [{"answer": answer, "selected_sentences": [], "meta": {"round": 2}}],
    }


def clapnq(folder: Path, yes: Sequence[Row] | None = None, no: Sequence[Row] | None = None) -> Path:
    """A folder like ClapNQ's development split: two answerable questions, of one and the same
    passage, and two that are not."""
    default_yes = [
        clapnq_row("a1", "when was the lighthouse of ferrow built", LIGHT, "In 1874."),
        clapnq_row("a2", "who built the lighthouse of ferrow", LIGHT, "Ida Lund."),
    ]
    default_no = [
        clapnq_row("n1", "who owns the mill at ostby", MILL),
        clapnq_row("n2", "what does the ferry to holm cost", FERRY),
    ]
    write_jsonl(folder / "clapnq_dev_answerable.jsonl", default_yes if yes is None else yes)
    write_jsonl(folder / "clapnq_dev_unanswerable.jsonl", default_no if no is None else no)
    return folder


def quiz_row(id: str, question: str, choices: Sequence[str], right: int) -> Row:
    return {
        "question_id": id,
        "question_date": "2026-03-27",
        "question_source": "TEST",
        "question_url": "https://quiz.example/",
        "question_sentence": question,
        "choices": list(choices),
        "answer": [str(right)],
        "evidence": "",
    }


def article(url: str, text: str | None, title: str = "News") -> Row:
    if text is None:
        return {"url": url, "title": title}
    more = {"authors": [], "publish_date": "2026/03/27"}
    return {"url": url, "title": title, "text": text, **more}


def found_row(id: str, *articles: Row) -> Row:
    return {"question_id": id, "search_time": "2026/03/27/22:38", "search_result": list(articles)}


BRIDGE = "A storm closed the Tarn bridge on Tuesday. The mayor, Vera Holt, asked for patience."
ROBOT = "A robot swam across the Aral lake. It took nine hours."


def quiz(folder: Path) -> Path:
    """A folder like RealTimeQA's: a week in the window and one before it."""
    early = quiz_row("20260320_0", "What swam across the lake?", ["A dog", "A robot"], 1)
    bridge = quiz_row("20260327_0", "Which bridge did a storm close?", ["Tarn", "Holt"], 0)
    nowhere = quiz_row(
        "20260327_1", "Which mayor had patience in the chess final?", ["Ona Reed", "Vera Holt"], 0
    )
    storm, robot = article("https://a.example/1", BRIDGE), article("https://a.example/2", ROBOT)
    write_jsonl(folder / "20260320_qa.jsonl", [early])
    write_jsonl(folder / "20260320_gcs.jsonl", [found_row("20260320_0", robot)])
    write_jsonl(folder / "20260327_qa.jsonl", [bridge, nowhere])
    bare = article("https://a.example/3", None)
    later = article("https://a.example/1", f"{BRIDGE} It has opened again.")
    lists = [found_row("20260327_0", bare, storm), found_row("20260327_1", later)]
    write_jsonl(folder / "20260327_gcs.jsonl", lists)
    return folder


PAGE = [
    "About us",
    "",
    "The Harbour Museum opened in 1931 in Lund.\u0007",
    "It shows ropes. It shows anchors.",
    "Tickets are sold at the door.",
    "The museum was founded by Karin Dahl.",
]


def wice_row(id: str, claim: str, gold: Sequence[Sequence[int]], page: Sequence[str] = PAGE) -> Row:
    meta = {"id": id, "claim_title": "T", "claim_section": "S", "claim_context": ""}
    return {
        "label": "supported",
        "supporting_sentences": [list(each) for each in gold],
        "claim": claim,
        "evidence": list(page),
        "meta": meta,
    }


def wice(folder: Path, rows: Sequence[Row] | None = None) -> Path:
    """A folder like WiCE's: one claim with two gold sets, and one that nothing supports."""
    default = [
        wice_row("d1", "Karin Dahl founded the museum, which opened in 1931.", [[0, 2, 5], [2, 5]]),
        wice_row("d2", "The museum has a garden.", [[]]),
    ]
    name = "entailment_retrieval_claim_dev.jsonl"
    write_jsonl(folder / name, default if rows is None else rows)
    return folder
