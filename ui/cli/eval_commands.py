"""The commands of ``footnote eval``.

Without a command it asks the golden questions; its commands measure other things, and compare runs.
The work is done in `eval`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ui.cli.options import AsJson, command_settings, open_assistant
from ui.safe_text import count, one_line

if TYPE_CHECKING:
    from rag.settings import Settings

Data = Annotated[
    Path, typer.Option(metavar="DIR", help="Where the public data sets are, a folder each.")
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's name or folder; `last` is the newest.")
]

evals = typer.Typer(
    help="Measure how right and how grounded the answers are.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@evals.callback()
def golden(
    ctx: typer.Context,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own cases, as JSON lines, asked of your index."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many, from all over the file.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the run here, not in `evals` of the data folder."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with a run that broke off; `last` is the newest."),
    ] = None,
) -> None:
    """Measure how right and how grounded the answers are.

    Without a command, asks the golden questions of the two seed articles, and keeps what came of
    each, the figures with their intervals, and a report to read. The web page lists the runs.
    """
    if ctx.invoked_subcommand:
        return
    from eval.run import first_cases, run_golden, spread_cases

    if limit and sample:
        raise typer.BadParameter("--limit and --sample exclude each other.")
    choose = spread_cases(sample) if sample else first_cases(limit) if limit else list
    settings = command_settings(ctx)
    going: Path | Literal["last"] | None = None
    if resume:
        going = "last" if resume == "last" else _run(settings, resume)
    raise typer.Exit(run_golden(settings, cases, out, going, choose))


@evals.command()
def scorer(
    ctx: typer.Context,
    data: Data,
    kept_back: Annotated[
        bool,
        typer.Option("--kept-back", help="DIR holds other parts of the sets; nothing is fitted."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far the grounding scorer can be trusted.

    Beside what people said on five public sets, by nested folds and with each set left out, with
    word containment as the row to beat; how well its chances are calibrated; and how many changed
    sentences and corrupted answers the checks catch.
    """
    if kept_back:
        from eval.scorer.evaluate import evaluate_kept_back

        raise typer.Exit(evaluate_kept_back(data, as_json=as_json))
    from eval.scorer.evaluate import evaluate_scorer

    raise typer.Exit(evaluate_scorer(data, as_json=as_json))


DATA_OF_OURS = (
    "disagreement",
    "indexing",
    "indexing-workers",
    "near-copies",
    "reading",
    "scale",
)


@evals.command()
def bench(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="scifact, realtimeqa, realtimeqa-choices, clapnq, clapnq-given, clapnq-pooled,"
            " clapnq-long, wice, ragtruth, postgres, peers, disagreement, near-copies, reading,"
            " indexing, indexing-workers or scale.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Its folder; not for the last six."),
    ] = None,
    answers: Annotated[
        bool, typer.Option("--answers", help="Ask the model; not scifact, wice, clapnq.")
    ] = False,
    skip: Annotated[int, typer.Option(min=0, help="Leave out the first so many.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what needs no model, and answers with --answers, on a public data set."""
    if data is None and name not in DATA_OF_OURS:
        raise typer.BadParameter("The data set's folder is not given: --data DIR.")
    from eval.benchmarks.run import run_benchmark as run

    settings, folder = command_settings(ctx), data or Path()
    raise typer.Exit(
        run(name, folder, settings, answers=answers, skip=skip, limit=limit, as_json=as_json)
    )


@evals.command()
def broad(
    ctx: typer.Context,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many, from all over the file.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the answers there as JSON lines, or go on."),
    ] = None,
    set_name: Annotated[
        Literal["broad", "conversations", "fresh", "formats"],
        typer.Option(
            "--set",
            help="Conversations: follow-ups and questions of two parts; fresh: other articles;"
            " formats: files of each kind in eight languages.",
        ),
    ] = "broad",
    as_json: AsJson = False,
) -> None:
    """Ask questions of every kind: why, how, lists, summaries, comparisons and more.

    Over articles of our own and the two seed articles; scored by the key points that the answers
    make.
    """
    if limit and sample:
        raise typer.BadParameter("--limit and --sample exclude each other.")
    from eval.broad.run import run_broad

    settings = command_settings(ctx)
    raise typer.Exit(
        run_broad(
            settings,
            limit=limit,
            sample=sample,
            out=out,
            as_json=as_json,
            set_name=set_name,
        )
    )


@evals.command()
def attack(
    ctx: typer.Context,
    model: Annotated[
        Literal["none", "configured", "obedient"],
        typer.Option(help="Obedient: a script that does what any order in its prompt says."),
    ] = "none",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many questions, from all over the set.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add the answers to it, as JSON lines.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask beside poisoned documents: what do they do to the answers?

    44 kinds of attack on ten subjects of our own, each beside a true article; and records of a
    series, which must raise no alarm. Without a model unless one is chosen.
    """
    from eval.attack.run import run_attack

    settings = command_settings(ctx)
    raise typer.Exit(run_attack(settings, model=model, sample=sample, out=out, as_json=as_json))


@evals.command()
def draft(
    ctx: typer.Context,
    count: Annotated[int, typer.Option("--n", min=1, max=2000, help="How many.")] = 50,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="A new file, JSON lines of `--cases`.")
    ] = Path("cases.jsonl"),
    unanswerable: Annotated[
        float, typer.Option(min=0, max=1, help="Share of questions that nearly have an answer.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Another seed, another choice.")] = 0,
    words: Annotated[
        Literal["auto", "template", "model"],
        typer.Option(help="Auto: a model on a server words the questions, the embedded does not."),
    ] = "auto",
) -> None:
    """Draft cases from your own articles, to be reviewed.

    Questions of every kind with the sentences that answer them, and near misses, which the articles
    do not answer. Each is checked; what was dropped is counted.
    """
    from eval.drafting.run import draft_cases

    settings = command_settings(ctx)
    raise typer.Exit(
        draft_cases(settings, count, out, unanswerable=unanswerable, seed=seed, words=words)
    )


@evals.command()
def review(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Cases, as `eval draft` makes.")],
    reviewer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who reviews; by default who is signed in.")
    ] = None,
    agreement: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", help="Compare with another review of the same drafts."),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Review in a browser; only this machine reaches it.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of the page; else one that is free.")
    ] = None,
    auth_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who may sign in on the page: a line of name:password."),
    ] = None,
    thumbs: Annotated[
        bool, typer.Option("--thumbs", help="Add the cases that thumbs on the web page make.")
    ] = False,
) -> None:
    """Accept, edit or drop drafted cases, one after the other, by single keys.

    Each is shown with its evidence in the source. It goes on where it was left; who decided what,
    and when, is kept in the file. With --page it is done in a browser, where sentences of the
    source can be marked, too. With --agreement, prints how far two reviews agree (Cohen's kappa);
    with --page shows it there.
    """
    if (port or auth_file) and not page:
        raise typer.BadParameter("--port and --auth-file are for --page.")
    if agreement and not page:
        from eval.reviewing.agreement import agreement_lines, compare_reviews

        typer.echo("\n".join(agreement_lines(compare_reviews(file, agreement))))
        return
    from ui.records.feedback_cases import lines_from_thumbs
    from ui.shell.case_review import login_name, review_cases

    with open_assistant(command_settings(ctx), seeds=False) as (assistant, screen):

        def from_thumbs() -> list[dict[str, Any]]:
            return lines_from_thumbs(assistant.settings.data_dir, assistant.library)

        added = from_thumbs() if thumbs else []
        if not page:
            review_cases(file, assistant, screen, reviewer, added)
            return
        from ui.web.review_server import serve_review

        serve_review(
            file,
            assistant,
            reviewer or login_name(),
            lambda address: typer.echo(f"Review at {address} (Ctrl-C ends it)"),
            port=port,
            auth_file=auth_file,
            added=added,
            thumbs=from_thumbs,
            other=agreement,
        )


@evals.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Cases.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new file.")],
    form: Annotated[
        Literal["ragas", "deepeval", "langsmith", "phoenix"], typer.Option("--format")
    ] = "ragas",
) -> None:
    """Write cases in the format of another evaluation tool."""
    from eval.reviewing.exchange import export_cases, write_text

    made = export_cases(file, form)
    write_text(out, made.text)
    left_out = f" {made.dropped} left out: dropped in review." if made.dropped else ""
    typer.echo(f"{count(made.cases, 'case')} in {one_line(str(out))}.{left_out}", err=True)


@evals.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A data set of another tool.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new file of cases.")],
    form: Annotated[
        Literal["ragas", "deepeval", "langsmith", "phoenix"], typer.Option("--format")
    ] = "ragas",
) -> None:
    """Make cases of a data set of another tool, with evidence from your own articles.

    What the articles do not state is left out, and counted. Review the cases before you use them.
    """
    import json

    from eval.reviewing.exchange import import_cases, read_text, write_text

    with open_assistant(command_settings(ctx), seeds=False) as (assistant, screen):
        found = import_cases(read_text(file), form, assistant)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in found.rows)
        write_text(out, "".join(lines))
        screen.message(f"{count(len(found.rows), 'case')} in {one_line(str(out))}.")
        for reason, number in found.left_out.items():
            screen.message(f"{number} left out: {reason}.")


@evals.command()
def compare(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="A.toml B.toml …", help="Settings, a file each.")
    ],
    cases: Annotated[Path, typer.Option(metavar="FILE", help="The questions, as JSON lines.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the runs here, and go on with them."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON too.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as JUnit XML too.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as a page too, with answers side by side."),
    ] = None,
    fail_on_regression: Annotated[
        bool,
        typer.Option("--fail-on-regression", help="Exit with 1 where one is worse than the first."),
    ] = False,
) -> None:
    """Ask the same cases with several settings: which is better, where, and beyond noise?

    A file has a line for each setting: model = "local", k = 10. A run that broke off is gone on
    with by the same command.
    """
    if len(files) < 2:
        raise typer.BadParameter("Two files of settings are needed to compare.")
    from eval.compare.command import Outputs, compare_files

    outputs = Outputs(json_file, junit, page)
    settings = command_settings(ctx)
    raise typer.Exit(
        compare_files(files, cases, settings, out, outputs, fail_on_regression=fail_on_regression)
    )


@evals.command()
def diff(ctx: typer.Context, a: RunName, b: RunName, as_json: AsJson = False) -> None:
    """Compare two runs, case by case: what changed, beyond noise, and which cases flipped."""
    from eval.compare.diff import show_diff

    settings = command_settings(ctx)
    raise typer.Exit(show_diff(_run(settings, a), _run(settings, b), as_json))


@evals.command()
def gate(
    ctx: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="Else the baseline's questions are asked now."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run to hold to; ours by default.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Make FILE of RUN instead of comparing.")
    ] = False,
) -> None:
    """Exit with 1 where a run is worse than a baseline, beyond noise.

    Only figures without a clock in them count.
    """
    from eval.compare.baseline import BASELINE, write_baseline
    from eval.compare.gate import check_run, run_and_check

    settings, file = command_settings(ctx), baseline or BASELINE
    if write:
        if not run:
            raise typer.BadParameter("--write needs the RUN to make the baseline of.")
        write_baseline(_run(settings, run), file)
        return
    exit_code = check_run(file, _run(settings, run)) if run else run_and_check(file, settings)
    raise typer.Exit(exit_code)


@evals.command()
def judge(ctx: typer.Context, run: RunName = "last") -> None:
    """Ask a second model whether the quotes support each sentence of a run.

    Off until FOOTNOTE_JUDGE_MODEL names one. Its verdicts are kept beside the run, and its
    agreement with the local checks is printed.
    """
    from eval.judging.judge_run import judge_run

    settings = command_settings(ctx)
    raise typer.Exit(judge_run(_run(settings, run), settings))


def _run(settings: Settings, name: str) -> Path:
    """The folder of a stored run, or a path as it was given."""
    from eval.runs.listing import newest_finished_run

    folder = settings.data_dir / "evals"
    if name == "last":
        return newest_finished_run(folder).folder
    return folder / name if (folder / name).is_dir() and Path(name).name == name else Path(name)
