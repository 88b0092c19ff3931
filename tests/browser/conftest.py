"""The five notices served on a port of this machine, and a browser to look at them with."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from registry import db
from registry.catalogue import load
from registry.notices import publish
from tests import engines
from tests.browser.chromium import Chromium, found
from tests.notices.conftest import FIXTURES
from tests.notices.test_doors import make
from tests.peers import MODULES, absent

AXE = MODULES / "axe-core/axe.min.js"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = found()
    if program is None:
        absent("no Chromium on this machine: install it, or name it in $CHROMIUM")
    browser = Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        absent("no axe-core: run `make peers`")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def served(databases: engines.Engines) -> Iterator[str]:
    """Where the notices are served; all five are published."""
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        items = load.read(sorted(FIXTURES.glob("*.yaml")))
        load.apply(items, by="client/test")
        for one in items:
            if one.kind == "register":
                publish.publish(one.controller, one.key, by="client/test")
        server = make_server("127.0.0.1", 0, make(url), threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        db.close()
