"""What a browser is called where its owner looks at their sessions: its family and system, no more of what it says."""

from __future__ import annotations

import re

_FAMILIES = {
    "Edge": r"\bEdg(?:A|iOS)?/",
    "Opera": r"\bOPR/",
    "Firefox": r"\b(?:Firefox|FxiOS)/",
    "Chrome": r"\b(?:Headless)?(?:Chrome|CriOS)/",
    "Safari": r"\bSafari/",
}
_SYSTEMS = {
    "Android": r"\bAndroid\b",
    "iOS": r"\b(?:iPhone|iPad)\b",
    "Windows": r"\bWindows\b",
    "macOS": r"\bMac OS X\b|\bMacintosh\b",
    "ChromeOS": r"\bCrOS\b",
    "Linux": r"\bLinux\b",
}


def named(user_agent: str) -> str:
    """`Firefox, Linux`; what is not recognised is left out, so it may be "".

    >>> named("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Linux'
    """
    found = [
        next((name for name, form in kinds.items() if re.search(form, user_agent[:500])), "")
        for kinds in (_FAMILIES, _SYSTEMS)
    ]
    return ", ".join(filter(None, found))
