"""Somebody with a browser of their own, as far as cookies and forms go: signs in at a running registry."""

from __future__ import annotations

import html
import re

import pyotp
import requests

from registry.people import links, sessions, users

PASSWORD = "seitsemän veljestä kivellä"


class Somebody:
    """A person, and what they do on the pages of a registry at `url`, whose database is bound here."""

    def __init__(self, url: str, email: str) -> None:
        self.url, self.http, self.password = url, requests.Session(), PASSWORD
        self.user = users.add_user(email=email, name="Somebody", language="en", by="operator")
        self.actor = self.user.actor
        self.link = links.invite(self.user.id, by="operator", seconds=600)
        self.codes: list[str] = []

    def page(self, path: str) -> str:
        return self.http.get(self.url + path, timeout=120).text

    def send(self, path: str, of: str | None = None, **fields: str) -> requests.Response:
        """Opens the page (`of`, else /account for what is on it) and sends a form of it to the path."""
        shown = self.page(of or ("/account" if path in ("/account/language", "/account/sessions") else path))
        return self.http.post(self.url + path, data={"form": field(shown, "form"), **fields}, timeout=120)

    def use_link(self) -> requests.Response:
        return self.send(
            "/set-password", f"/set-password?link={self.link}", link=self.link, new=PASSWORD, again=PASSWORD
        )

    def sign_in(self, **more: str) -> requests.Response:
        return self.send("/sign-in", email=self.user.email, password=self.password, **more)

    def change_password(self) -> requests.Response:
        before, self.password = self.password, "kahdeksas veli kannolla"
        return self.send("/account/password", password=before, new=self.password, again=self.password)

    def add_factor(self) -> requests.Response:
        shown = self.page("/account/second-factor")
        offer, key = field(shown, "offer"), re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
        assert key
        code = pyotp.TOTP(key[1].replace(" ", "")).now()
        fields = {"form": field(shown, "form"), "offer": offer, "password": self.password, "code": code}
        return self.told(self.http.post(self.url + "/account/second-factor", data=fields, timeout=120))

    def renew_codes(self) -> requests.Response:
        code = self.codes[0]
        return self.told(
            self.send("/account/second-factor/change", password=self.password, code=code, what="renew")
        )

    def told(self, answer: requests.Response) -> requests.Response:
        """Keeps the codes that are shown."""
        self.codes = re.findall(r"<li>([a-z2-7]{6}(?:-[a-z2-7]{6}){3})</li>", answer.text)
        return answer

    def end_others(self) -> requests.Response:
        sessions.begin(self.user.id, method="password", agent="", seconds=600)
        return self.send("/account/sessions")

    def answer(self, shown: str, action: str, *names: str, answer: str = "allow") -> requests.Response:
        """Presses a button on a page of consent, and does not go where it leads."""
        fields = {name: field(shown, name) for name in ("form", *names)}
        return self.http.post(
            self.url + action, data={**fields, "answer": answer}, timeout=120, allow_redirects=False
        )

    def allow(self, request: str) -> requests.Response:
        """Allows what a client asks for at /oauth/authorize."""
        return self.answer(self.page(request), "/oauth/authorize", "asked")

    def allow_device(self, user_code: str) -> requests.Response:
        """Allows what a device asks for that shows this code."""
        return self.answer(self.page(f"/oauth/device?user_code={user_code}"), "/oauth/device", "user_code")

    def give_code(self) -> requests.Response:
        self.sign_in()
        return self.send("/sign-in/code", code=self.codes[0])


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])
