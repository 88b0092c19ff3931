"""`registry verify`: does the journal still say what it said?"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

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
    """Verify the journal and what it speaks of.

    Every entry, its chain, its tree, the documents, and the logs of what auditors read. Exit status 1 when something
    does not fit; the first entry that does not fit is named. Without a checkpoint kept elsewhere, a journal that was
    cut or rewritten whole by somebody who can write the database cannot be told from an honest one.
    """
    terminal.opened()
    kept = _kept(checkpoint) if checkpoint else None
    watched = sys.stderr.isatty() and not as_json
    with click.progressbar(length=0, label="Verifying", file=sys.stderr, hidden=not watched) as bar:

        def progress(done: int, there: int) -> None:
            bar.length = there
            bar.update(done - bar.pos)

        report = run(progress, kept)
    # What nobody offered to fetch was not compared, and "all fit" would be a lie.
    ok = report.ok and not report.unwitnessed
    if as_json:
        told = {
            "ok": ok,
            "size": report.size,
            "root": report.root,
            "first_bad_seq": report.first_bad_seq,
            "faults": [{"seq": fault.seq, "reason": fault.reason} for fault in report.faults],
            "erased": report.erased,
            "not_compared": list(report.unwitnessed),
        }
        click.echo(json.dumps(told))
        ctx.exit(0 if ok else 1)
    if report.faults:
        click.echo(
            terminal.table(("entry", "what does not fit"), [(f.seq or "-", f.reason) for f in report.faults])
        )
        if report.first_bad_seq is not None:
            click.echo(f"\nThe first entry that does not fit is {report.first_bad_seq}.")
    if report.unwitnessed:
        click.echo(f"Not compared with their documents: {', '.join(report.unwitnessed)}.")
    if ok:
        against = f", and the {kept['size']} of the checkpoint are among them" if kept else ""
        click.echo(f"{report.size} entries, all fit{against}.\nRoot {report.root}")
    ctx.exit(0 if ok else 1)


def _kept(file: Path) -> dict[str, Any]:
    """A checkpoint from its file. Raises click.BadParameter for what is none."""
    try:
        said = json.loads(file.read_text("utf-8"))
        size, root = said["size"], said["root"]
    except (OSError, ValueError, TypeError, KeyError):
        size = root = None
    if (
        type(size) is not int
        or size < 0
        or not (isinstance(root, str) and re.fullmatch("[0-9a-f]{64}", root))
    ):
        raise click.BadParameter(
            f"{file} is no checkpoint: the JSON of GET /v1/journal/checkpoint, with size and root.",
            param_hint="--checkpoint",
        )
    return {"size": size, "root": root}
