"""`registry verify`: does the journal still say what it said?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from registry import terminal
from registry.journal.verification import verify as run


@click.command()
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint kept elsewhere (JSON of GET /v1/journal/checkpoint), which the journal must still contain.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def verify(ctx: click.Context, checkpoint: Path | None, as_json: bool) -> None:
    """Verify the journal: every entry, its chain, its tree, and the documents it speaks of.

    Exit status 1 when something does not fit; the first entry that does not fit is named. Without a checkpoint kept
    elsewhere, a journal that was cut or rewritten whole by somebody who can write the database cannot be told from an
    honest one.
    """
    terminal.opened()
    kept = json.loads(checkpoint.read_text("utf-8")) if checkpoint else None
    with click.progressbar(length=0, label="Verifying", hidden=as_json) as bar:

        def progress(done: int, there: int) -> None:
            bar.length = there
            bar.update(done - bar.pos)

        report = run(progress, kept)
    if as_json:
        told = {
            "ok": report.ok,
            "size": report.size,
            "root": report.root,
            "first_bad_seq": report.first_bad_seq,
            "faults": [{"seq": fault.seq, "reason": fault.reason} for fault in report.faults],
        }
        click.echo(json.dumps(told))
    elif report.ok:
        click.echo(f"{report.size} entries, all fit. Root {report.root}")
    else:
        click.echo(
            terminal.table(("entry", "what does not fit"), [(f.seq or "-", f.reason) for f in report.faults])
        )
        if report.first_bad_seq is not None:
            click.echo(f"\nThe first entry that does not fit is {report.first_bad_seq}.")
    ctx.exit(0 if report.ok else 1)
