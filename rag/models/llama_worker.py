"""What runs in the child process that serves the embedded model?

`rag.models.llama_server` starts this file as a script. It reads one line of JSON (the settings
below) from standard input, serves until that input closes or the parent is gone, and leaves at
once. xllamacpp can crash or hang at the exit of its own process; a process that ends with
`os._exit` never did. It imports nothing of Footnote, so that the model starts to load at once.
"""

import json
import os
import signal
import sys
import threading
import time
from typing import Any

PARENT_CHECK_S = 2.0


def serve() -> None:
    """Print ``{"url": …}`` once the model answers, then wait for the end of the input."""
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    threading.Thread(target=_leave_at_eof, daemon=True).start()
    # If this fails, Python's own exit lets llama.cpp write down what it logged in a thread.
    server = _server(json.loads(line))
    print(json.dumps({"url": server.listening_address}), flush=True)
    os.dup2(2, 1)  # the parent's pipe is done with
    threading.Event().wait()


def _leave_at_eof() -> None:
    while os.read(0, 4096):  # sys.stdin has a lock, which would break an exit for another reason
        pass
    os._exit(0)


def _leave_with(parent: int) -> None:
    """A process forked from a killed parent can hold our input open: watch the parent too."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(0)


def _server(settings: dict[str, Any]) -> Any:
    # Threads that wait for each other sleep, not spin: with both of two cores wanted elsewhere
    # this wrote 3.5 to 5.5 tokens a second in place of 0.5. OpenMP looks when it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.n_ctx, params.n_parallel = settings["context_tokens"], 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys, params.cors_origins = [settings["key"]], ""
    params.endpoint_slots, params.ui = False, False
    params.slot_save_path = settings["prompt_dir"] + os.sep
    params.cache_ram_mib = 256  # 8 GB by default
    params.warmup, params.fit_params, params.verbosity = False, False, 1
    _draft_from_context(xllamacpp, params)
    return xllamacpp.Server(params)


def _draft_from_context(xllamacpp: Any, params: Any) -> None:
    """Guess that three tokens seen before go on as they did then, and check eight at once.

    Answers copy from the passages. The greedy text stayed the same in every trial; writing took
    a quarter less processor time for a paraphrase, half for a quotation. Longer guesses gained
    no more and cost more when they failed. Flash attention and the batch size made no difference.
    """
    kinds = xllamacpp.common_speculative_type
    params.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    params.speculative.ngram_simple.size_n = 3
    params.speculative.ngram_simple.size_m = 8


if __name__ == "__main__":
    serve()
