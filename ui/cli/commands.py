"""The commands of `footnote`: ask, chat, index, jobs, sources, show, verify, remove, doctor,
migrate, config, ui.

Commands only connect: `ui.shell.terminal_rows` makes what they show and `ui.shell.screen` prints
it. Heavy libraries are imported inside them, so that ``footnote --help`` is there at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.errors import SourceError
from ui.cli.error_handling import ErrorHandlingGroup
from ui.cli.eval_commands import evals
from ui.cli.migrate_command import Place
from ui.cli.options import (
    AsJson,
    BaseUrl,
    Budget,
    Docs,
    K,
    MaxTokens,
    Model,
    command_settings,
    open_assistant,
    print_json,
    privacy_note,
)
from ui.gate.sign_in import Readers

app = typer.Typer(
    cls=ErrorHandlingGroup,
    help="Ask a set of articles; every sentence of the answer points at its source.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(evals, name="eval")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"footnote {version('footnote-qa')}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the index lives.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    os.umask(0o077)  # what is written is for this user alone
    # numpy's products are small here: its threads only waited for each other, which took a quarter
    # of an answer's processor time. It looks when it is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ctx.obj = data_dir


@app.command()
def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    doc: Docs = None,
    as_json: AsJson = False,
    model: Model = None,
    base_url: BaseUrl = None,
    k: K = None,
    budget: Budget = None,
    max_tokens: MaxTokens = None,
) -> None:
    """Answer one question, with its sources."""
    from rag.serialization import answer_to_json
    from ui.shell.chat import collect_answer, print_answer

    chosen = {"model": model, "llm_base_url": base_url, "k": k, "budget_tokens": budget}
    settings = command_settings(ctx, **chosen, max_tokens=max_tokens)
    if question == "-":
        question = sys.stdin.read().strip()
    with open_assistant(settings) as (assistant, screen):
        screen.message(privacy_note(settings))
        screen.blank_line()
        events = assistant.stream(question, (), doc or None)
        if as_json:
            print_json(answer_to_json(collect_answer(events, screen, silent=True)))
        else:
            print_answer(events, screen)


@app.command()
def chat(
    ctx: typer.Context,
    doc: Docs = None,
    model: Model = None,
    base_url: BaseUrl = None,
    k: K = None,
    budget: Budget = None,
    max_tokens: MaxTokens = None,
) -> None:
    """Ask one question after the other. Ctrl-C stops an answer, Ctrl-D or /quit leaves."""
    from ui.shell.chat import run_chat as converse

    chosen = {"model": model, "llm_base_url": base_url, "k": k, "budget_tokens": budget}
    settings = command_settings(ctx, **chosen, max_tokens=max_tokens)
    with open_assistant(settings) as (assistant, screen):
        for id in doc or ():
            assistant.library.document(id)  # a mistake should show before the first question
        screen.message(f"{privacy_note(settings)} Ctrl-D leaves.")
        screen.blank_line()
        converse(assistant, screen, doc or None)


@app.command()
def index(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, and web pages (https://…)."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Embed every stored text anew; reads no files.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on and keep the files up to date; Ctrl-C ends it.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help='Read and embed on a Ray cluster: HOST:PORT, "auto", or "local": one made here.',
        ),
    ] = None,
    ray_workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Its processes that are used.")
    ] = None,
) -> None:
    """Take files, folders and web pages into the index.

    New and changed files are read, unchanged ones passed over, and documents whose file was
    deleted are removed; a folder that cannot be found is left as it is. A file that was renamed
    or moved stays the same document. A PATH that begins with http:// or https:// is a web page: it
    is fetched now, from public addresses only. Without PATH, the files that are already in the
    index are brought up to date, and the network is left alone: name a page again to renew it.

    Indexing is a job. Where another one is under way, in this or another program, it waits in
    line; one that was broken off is taken up first. See `footnote jobs`.
    """
    from ui.shell.index_report import (
        print_indexing,
        print_rebuilt,
        progress_callback,
        split_paths_and_urls,
        stored_files,
    )
    from ui.shell.run_jobs import run_job, watch_files, watched_paths

    if rebuild and (paths or dry_run or watch or ray):
        raise typer.BadParameter("--rebuild works on what is stored; leave the rest out.")
    settings = command_settings(ctx, ray_address=ray, ray_workers=ray_workers)
    with open_assistant(settings, seeds=False) as (assistant, screen):
        library = assistant.library
        if rebuild:
            print_rebuilt(assistant.rebuild(progress_callback(screen)), screen)
            return
        files, urls = split_paths_and_urls(paths) if paths else (stored_files(library), [])
        if dry_run:
            print_indexing(assistant.preview(files, urls), library, screen, dry_run=True)
            return
        failed = run_job(assistant, screen, files, urls)
        if watch:
            watch_files(assistant, screen, files if paths else watched_paths(library, files))
        if failed:
            raise typer.Exit(SourceError.exit_code)


@app.command()
def jobs(
    ctx: typer.Context,
    log: Annotated[
        int | None, typer.Option(metavar="JOB", help="What came in, and what not.")
    ] = None,
    cancel: Annotated[
        int | None, typer.Option(metavar="JOB", help="End a job; what it has indexed stays.")
    ] = None,
) -> None:
    """List the jobs of indexing.

    Those that wait or run, and the last that ended. How far a running one is shows here, whichever
    program runs it.
    """
    from ui.shell.index_report import job_rows, print_indexing

    with open_assistant(command_settings(ctx), seeds=False) as (assistant, screen):
        store = assistant.jobs.store
        if cancel is not None:
            screen.output(*job_rows([assistant.jobs.cancel(cancel)]))
        elif log is not None:
            screen.output(*job_rows([store.job(log)]))
            print_indexing((event for _, event in store.events(log)), assistant.library, screen)
        elif found := store.jobs():
            screen.output(*job_rows(found))
        else:
            screen.message("Nothing was indexed yet. Add files: `footnote index PATH`.")


@app.command()
def sources(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the documents."""
    from dataclasses import asdict

    from ui.shell.terminal_rows import document_rows

    with open_assistant(command_settings(ctx)) as (assistant, screen):
        summaries = assistant.library.summaries()
        if as_json:
            print_json([asdict(summary) for summary in summaries])
        elif summaries:
            screen.output(*document_rows(summaries, screen.width))
        else:
            screen.message("The index is empty. Add files: `footnote index PATH`.")


@app.command()
def show(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="ID[:START-END]", help="As answers cite it.")],
    whole: Annotated[bool, typer.Option("--all", help="The whole text around the span.")] = False,
) -> None:
    """Print a document, or mark a span of it.

    With START-END, in characters, only a few lines around the span are printed.
    """
    from ui.shell.span_reference import resolve_reference
    from ui.shell.terminal_rows import document_heading, document_text

    with open_assistant(command_settings(ctx)) as (assistant, screen):
        document, span = resolve_reference(reference, assistant.library)
        screen.message(document_heading(document, span))
        screen.output(document_text(document.text, span, whole=whole, brackets=not screen.styled))


@app.command()
def verify(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Check an exported file: its footnotes and its sentences.

    Does the index still hold each quote, at its characters, and does FILE show each sentence as it
    was exported? Exits with 0 when it does, with 1 and the numbers of those that do not match, with
    4 when FILE cannot be read or holds no footnotes. A quote that moved, or that FILE alters, does
    not match.
    """
    from ui.shell.verify_report import verify_file

    raise typer.Exit(verify_file(file, command_settings(ctx), print_json if as_json else None))


@app.command()
def remove(
    ctx: typer.Context, document: Annotated[str, typer.Argument(metavar="ID|FOLDER")]
) -> None:
    """Forget a document, or all of a folder.

    The files are left alone.
    """
    from ui.shell.index_report import folder_documents, print_indexing

    with open_assistant(command_settings(ctx), seeds=False) as (assistant, screen):
        library = assistant.library
        folder = None if document in library.digests() else folder_documents(library, document)
        removed = assistant.remove_all(folder or [document])
        print_indexing(removed, library, screen)
        if folder:
            library.files.remove_root(str(Path(document).resolve()))


@app.command()
def doctor(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; mend nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the index and what it needs, and mend what can be made anew.

    Looks at the stored texts, the text index, the vectors, leftovers of crashes, the model files
    and versions. Exits with 0 where all is fine or mended, with 5 where a problem is left.
    """
    from dataclasses import asdict

    from rag import check_index
    from rag.errors import LibraryError
    from ui.shell.doctor_report import print_findings
    from ui.shell.screen import Screen

    findings = check_index(command_settings(ctx), mend=not dry_run)
    if as_json:
        found = list(findings)
        print_json([asdict(each) for each in found])
    else:
        with Screen() as screen:
            found = print_findings(findings, screen)
    if any(each.state == "problem" for each in found):
        raise typer.Exit(LibraryError.exit_code)


@app.command()
def migrate(
    ctx: typer.Context,
    to: Annotated[
        Place, typer.Argument(help="Where to: the database that is set, or the data folder.")
    ],
) -> None:
    """Move index and conversations to Postgres, or back.

    Everything is copied and then compared: each text, vector and conversation, and how the golden
    questions rank. What was broken off goes on when it is started again. The old place is left as
    it is. Stop the page and indexing first.
    """
    from ui.cli import migrate_command
    from ui.shell.screen import Screen

    with Screen() as screen:
        migrate_command.migrate(command_settings(ctx), to, screen)


@app.command()
def config(ctx: typer.Context) -> None:
    """Show the settings in force.

    Secrets are left out. Says whether text leaves this machine, and to which host, and for each
    setting what does because of it.
    """
    from rich.text import Text

    from ui.settings_summary import (
        index_place,
        model_name,
        privacy_sentence,
        setting_values,
        what_leaves,
    )
    from ui.shell.screen import Screen
    from ui.shell.terminal_rows import Row, table_rows

    settings = command_settings(ctx)
    facts = [
        ("Model", model_name(settings)),
        ("Provider", settings.provider),
        ("Index", index_place(settings)),
        ("Privacy", privacy_sentence(settings)),
    ]
    with Screen() as screen:
        screen.output(
            *table_rows(facts, screen.width),
            Row(),
            *table_rows(setting_values(settings), screen.width),
            Row(),
            Row(Text("What leaves this machine because of a setting:")),
            *table_rows(what_leaves(settings), screen.width),
        )


@app.command()
def ui(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; this machine only by default.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="7860, or the next one that is free.")
    ] = None,
    auth_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who may sign in: a line of name:password for each."),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="URL", help="The page's address behind a proxy.")
    ] = "",
    share_links: Annotated[
        Readers,
        typer.Option(help="Who may read shared conversations: users of the page, also anyone."),
    ] = "users",
    mcp: Annotated[bool, typer.Option("--mcp", help="Offer MCP tools at /mcp too.")] = False,
    workers: Annotated[int, typer.Option(min=1, hidden=True)] = 1,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Offer metrics for Prometheus at /metrics.")
    ] = False,
    model: Model = None,
    base_url: BaseUrl = None,
) -> None:
    """Open the web page.

    Chat with the articles in a browser, and see every sentence in its source. Only this machine
    can reach the page, unless --host says otherwise; then add --auth-file.
    """
    from ui.web.allocator import bound_heaps
    from ui.web.server import refuse_workers, serve

    refuse_workers(workers)
    bound_heaps()
    settings = command_settings(ctx, model=model, llm_base_url=base_url)
    with open_assistant(settings) as (assistant, screen):
        screen.message(privacy_note(settings))
        serve(
            assistant,
            lambda address: typer.echo(f"Footnote is at {address} (Ctrl-C ends it)"),
            host=host,
            port=port,
            auth_file=auth_file,
            root_path=root_path,
            mcp=mcp,
            readers=share_links,
            metrics=metrics,
        )
