"""/v1/checks: the book, open to all."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.api import application
from registry.checks.book import book
from registry.checks.routes import checks as pages
from registry.settings import Settings


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return application(Settings(), [pages.blueprint]).test_client()


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    return dict(answer.json)


def test_the_book_is_listed(client: FlaskClient) -> None:
    answer = client.get("/v1/checks")
    listed = told(answer)
    assert [one["code"] for one in listed["items"]] == list(book())
    assert pages.BookSchema().validate(listed) == {}
    again = client.get("/v1/checks", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("code", book())
def test_each_check_has_its_page(client: FlaskClient, code: str) -> None:
    answer = client.get(f"/v1/checks/{code}")
    page = told(answer)
    assert page["code"] == code
    assert all(page["page"][part] for part in ("wrong", "why", "fix"))
    assert pages.CheckSchema().validate(page) == {}
    again = client.get(f"/v1/checks/{code}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("code", ["COM000", "com001", "COM0011", "x"])
def test_a_check_that_is_not_in_the_book_is_not_there(client: FlaskClient, code: str) -> None:
    assert client.get(f"/v1/checks/{code}").status_code == 404


def test_a_retired_check_names_its_successor(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "RETIRED", {"COM099": "COM001", "COM098": ""})
    assert told(client.get("/v1/checks/COM099"), 410)["successor"] == "COM001"
    assert told(client.get("/v1/checks/COM098"), 410)["successor"] is None
