"""A stand-in for the language model, where that must not be the limit of a benchmark.

`StandInModel` is an OpenAI-compatible server on loopback that answers at a fixed pace, by quoting
from the passages that it is shown: so its sentences pass the checks, and it shows whose passage it
was given.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "stand-in"
SHORTEST = 20  # characters of a sentence that is quoted

_PASSAGE = re.compile(r"^\[(\d+)\] <passage from [^\n]*>\n(.*?)\n</passage>$", re.M | re.S)
_SENTENCE = re.compile(r"\S.*?[^.][.!?][”\"’]*(?=\s|$)")  # a title that ends in dots is none
_WORD = re.compile(r"\w{3,}|\d+")
_ASKED_LAST = "Last question: "


class StandInModel:
    """Serves from ``with`` to the end of its block; a word of a reply every `word_s` seconds.

    It answers with those `sentences` of its passages that share the rarest words with the question;
    where that names a note ("note 17"), only with sentences that name it too. What it is to
    rewrite, it leaves as it is.
    """

    def __init__(self, word_s: float, sentences: int = 1) -> None:
        self.word_s = word_s
        self.sentences = sentences
        self.requests = 0  # answered, those that rewrite a question among them
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.stand_in = self

    def __enter__(self) -> StandInModel:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        """Its base URL, such as ``http://127.0.0.1:41234/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def words(self, messages: list[dict[str, str]]) -> Iterator[str]:
        """The words of a reply, each when it is time for it."""
        with self._lock:
            self.requests, self._now = self.requests + 1, self._now + 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            for number, word in enumerate(reply(messages, self.sentences).split(" ")):
                time.sleep(self.word_s)
                yield f" {word}" if number else word
        finally:
            with self._lock:
                self._now -= 1


def reply(messages: list[dict[str, str]], sentences: int = 1) -> str:
    """What it says to a request of `rag.answering.prompting`."""
    prompt = messages[-1]["content"]
    if _ASKED_LAST in prompt:
        return prompt.rpartition(_ASKED_LAST)[2].strip()
    passages, _, question = prompt.rpartition("Question: ")
    found = [
        (number, sentence)
        for number, text in _PASSAGE.findall(passages)
        for sentence in _SENTENCE.findall(text)
        if len(sentence) >= SHORTEST
    ]
    if note := re.search(r"note \d+", question, re.I):
        word = re.compile(rf"{note[0]}\b", re.I)
        found = [each for each in found if word.search(each[1])]
    sentence_words = [_words(text) for _, text in found]
    rarity = {
        word: 1 / (1 + sum(word in words for words in sentence_words)) for word in _words(question)
    }
    found.sort(key=lambda each: -sum(rarity.get(word, 0) for word in _words(each[1])))
    quoted = " ".join(f"{text} [{number}]" for number, text in found[:sentences])
    return quoted or "NOT STATED"


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    stand_in: StandInModel

    def handle_error(self, *_: object) -> None:
        """Whoever presses Stop leaves in the middle of a reply."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        models = [{"id": NAME, "object": "model", "created": 0, "owned_by": "footnote"}]
        body = json.dumps({"object": "list", "data": models}).encode()
        self._begin("application/json", {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.close_connection = True
        self._begin("text/event-stream", {"Connection": "close"})
        for word in self.server.stand_in.words(request["messages"]):
            self._tell({"delta": {"content": word}, "finish_reason": None})
        self._tell({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _begin(self, kind: str, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in ({"Content-Type": kind} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _tell(self, choice: dict[str, Any]) -> None:
        chunk = {
            "id": NAME,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": NAME,
            "choices": [{"index": 0, **choice}],
        }
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()
