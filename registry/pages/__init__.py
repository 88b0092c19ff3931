"""What every page for people has: the frame, the styles, the words. Notices and signing in build on it."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files

import jinja2

_HERE = files("registry.pages")

#: The styles that each room's own are put after.
STYLES = (_HERE / "static" / "base.css").read_bytes()
ICON = (_HERE / "static" / "icon.svg").read_bytes()

#: Nothing but style sheets and images of ours; `form-action` is added by whoever has forms.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action {forms}; "
    "frame-ancestors 'none'"
)


def policy(forms: str = "'none'") -> dict[str, str]:
    """The headers of a page whose forms may go to `forms` (a source list of CSP)."""
    return {
        "Content-Security-Policy": POLICY.format(forms=forms),
        "Cross-Origin-Opener-Policy": "same-origin",
    }


@functools.cache
def edition() -> str:
    """A digest of the frame and its styles: with another one every page looks otherwise."""
    digest = hashlib.sha256(STYLES)
    for file in sorted((_HERE / "templates").iterdir(), key=lambda file: file.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def environment(*rooms: str) -> jinja2.Environment:
    """Templates of these rooms (packages), the first one's before the others', and the frame below them all."""
    loaders = [jinja2.PackageLoader(room) for room in (*rooms, "registry.pages")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
