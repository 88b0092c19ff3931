"""Texts written by somebody who had not seen the phrases: measured once, then mended on, now kept (docs/lexical.md)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from registry.checks.phrases import says

GROUPS = yaml.safe_load(Path(__file__).with_name("held_out.yaml").read_text("utf-8"))


@pytest.mark.parametrize("group", GROUPS)
def test_phrases_find_what_they_should_in_texts_they_were_not_written_from(group: str) -> None:
    wrong = [
        (said, language, text)
        for said, texts in GROUPS[group].items()
        for language, written in texts.items()
        for text in written
        if says(group, text) is not (said == "found")
    ]
    assert not wrong
