"""The child process that serves the local model with llama.cpp.

`rag.models.llama_server` runs this file as a script. It reads one line of JSON (the settings
below) from standard input, serves until that input closes or the parent is gone, and exits at
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    threading.Thread(target=_exit_at_eof, daemon=True).start()
    # If this fails, Python's own exit lets llama.cpp write down what it logged in a thread.
    server = _build_server(json.loads(line))
    print(json.dumps({"url": server.listening_address}), flush=True)
    os.dup2(2, 1)  # the parent reads nothing more of it
    threading.Event().wait()


def _exit_at_eof() -> None:
    while os.read(0, 4096):  # sys.stdin has a lock, which would break an exit for another reason
        pass
    os._exit(0)


def _exit_with_parent(parent: int) -> None:
    """Exit when the parent is gone: a process forked from it can keep our input open."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(0)


def _build_server(settings: dict[str, Any]) -> Any:
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
    params.cache_ram_mib = 512  # 18 articles; 8 GB by default
    params.warmup, params.fit_params, params.verbosity = False, False, 1
    _enable_speculative_decoding(xllamacpp, params)
    return xllamacpp.Server(params)


def _enable_speculative_decoding(xllamacpp: Any, params: Any) -> None:
    """Prompt-lookup decoding: three tokens that occurred before go on as they did then, and the
    eight tokens guessed so are checked at once.

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
