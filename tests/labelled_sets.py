"""Small labelled sets, in the shape in which their authors publish them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.scorer.labelled_sets import LABELLED_SETS, LabelledSet

Line = Mapping[str, Any]

OIL = "Oil prices rose 4% on Monday. Brent closed at $84 a barrel. Traders blamed the strike."
RAIN = "Heavy rain flooded the old town. Nobody was hurt. The mayor closed two bridges."


def frank(number: int, summary: str, factuality: float, dataset: str = "cnndm") -> Line:
    return {
        "id": f"{dataset}-{number}",
        "dataset": dataset,
        "hash": f"article-{number // 2}",
        "model_name": "bart",
        "split": "valid",
        "article": RAIN if number // 2 else OIL,
        "summary": summary,
        "factuality": factuality,
        "label": int(factuality == 1),
    }


def wice(number: int, claim: str, label: str) -> Line:
    meta = {"id": f"dev{number}", "claim_title": "The flood", "claim_section": "History."}
    evidence = ["Menu", *RAIN.split("  ")]
    return {"label": label, "supporting_sentences": [], "claim": claim, "evidence": evidence} | {
        "meta": meta
    }


def ragtruth(source_id: int, answers: Iterable[tuple[str, str, list[Line]]]) -> Line:
    return {
        "source_id": source_id,
        "source": {"question": "why?", "passages": f"passage 1:{OIL}\n\npassage 2:{RAIN}\n\n"},
        "responses": [
            {"response": text, "model": model, "labels": marks} for model, text, marks in answers
        ],
    }


def mark(kind: str = "Evident Conflict", *, implicit: bool = False) -> Line:
    return {"start": 0, "end": 3, "text": "Oil", "label_type": kind, "implicit_true": implicit}


def qags(sentences: Mapping[str, str], article: str = OIL) -> Line:
    """Votes as "yyn"."""
    answers = {"y": "yes", "n": "no"}
    return {
        "article": article,
        "summary_sentences": [
            {
                "sentence": text,
                "responses": [
                    {"worker_id": number, "response": answers[vote]}
                    for number, vote in enumerate(votes)
                ],
            }
            for text, votes in sentences.items()
        ],
    }


def mtrag(answers: Iterable[tuple[str, str, str, list[str]]]) -> Line:
    """Task, model, answer, ratings. Tasks whose name ends in 0 have no passage."""
    answers = list(answers)
    tasks = dict.fromkeys(task for task, *_ in answers)
    passages = [{"document_id": "rain"}, {"document_id": "oil"}]
    return {
        "documents": [
            {"document_id": "oil", "text": OIL, "title": "Oil"},
            {"document_id": "rain", "text": RAIN, "title": "Rain"},
        ],
        "tasks": [
            {"task_id": task, "contexts": [] if task.endswith("0") else passages} for task in tasks
        ],
        "evaluations": [_evaluation(*answer) for answer in answers],
    }


def _evaluation(task: str, model: str, text: str, ratings: list[str]) -> Line:
    faithfulness = {
        f"person {number}": {"timestamp": 1.0, "value": value}
        for number, value in enumerate(ratings)
    }
    annotations = {"RougeL": {"system": {"value": 0.4}}, "faithfulness": faithfulness}
    return {
        "task_id": task,
        "model_id": model,
        "model_response": text,
        "annotations": annotations,
    }


def source(name: str, n: int) -> LabelledSet:
    """The reader of a set, told that the set holds `n` texts."""
    return replace(next(each for each in LABELLED_SETS if each.name == name), n=n)


def put(data: Path, name: str, *lines: Line | str) -> Path:
    """Write the file of a set below `data`."""
    path = data / name / source(name, 0).file
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def put_all(data: Path) -> list[LabelledSet]:
    """All five sets, each with texts that are grounded and some that are not."""
    true, false = "Oil prices rose 4%.", "Gold fell sharply in Paris."
    flood, other = "Rain flooded the old town.", "The king opened a new museum."
    put(
        data,
        "frank_valid",
        *[frank(0, true, 1.0), frank(1, false, 0.0), frank(2, flood, 1.0), frank(3, other, 0.5)],
        *[frank(4, flood, 1.0, "bbc"), frank(5, false, 0.0, "bbc")],
    )
    put(data, "wice_dev", wice(1, flood, "supported"), wice(2, other, "partially_supported"))
    answers = [("a", true, []), ("b", f"{true} {false}", [mark()]), ("c", flood, [])]
    put(data, "ragtruth_qa_dev", ragtruth(7, answers), ragtruth(8, answers))
    put(data, "qags_cnndm", qags({true: "yyy"}), qags({true: "yyn", false: "nnn"}))
    rated = [
        *[("x<::>1", "m", true, ["4", "4", "4"]), ("x<::>1", "k", false, ["1", "2"])],
        *[("y<::>10", "m", flood, ["2", "1"]), ("y<::>1", "m", flood, ["4", "3", "3"])],
    ]
    put(data, "mtrag_human", mtrag(rated))
    counts = {"frank_valid": 6, "wice_dev": 2, "ragtruth_qa_dev": 6, "qags_cnndm": 2}
    return [source(name, n) for name, n in (counts | {"mtrag_human": 4}).items()]
