"""Opening the comparison page as readers do, and watching what it does meanwhile."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from page_store import Runs
from server_processes import Server
from studies import Job


def watch(page: Any, problems: list[str]) -> None:
    """Note what goes wrong in a page from now on, and what it asks of any host."""
    page.on("console", lambda said: said.type == "error" and problems.append(said.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on(
        "request",
        lambda asked: (
            asked.url.startswith(("file:", "data:", "blob:")) or problems.append(asked.url)
        ),
    )


@dataclass(frozen=True)
class Served:
    """A server with the page, and what its store holds."""

    server: Server
    job: Job
    folder: Path
    foreign: Runs
    harmful: Runs
    client: Any

    @property
    def page(self) -> str:
        return f"{self.server.address}/sparse-lightning/"

    @property
    def study(self) -> str:
        return self.job.study.run_id

    @cached_property
    def runs(self) -> dict:
        """The document of the study's runs, as the page gets it."""
        return self.document(f"runs?study={self.study}")

    def document(self, path: str) -> dict:
        answer = requests.get(f"{self.page}api/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def network(self, group: str) -> str:
        """The id of the first network of a group."""
        column = self.runs["params"]["group"]
        return self.runs["ids"][column["codes"].index(column["levels"].index(group))]


@dataclass
class Opener:
    """Opens the page: `open(study=…, x=…)` gives it with what the address says.

    Attributes:
        problems: errors on the console, dialogs, questions to other hosts.
        allowed: parts of console errors that a test means to provoke.
    """

    browser: Any
    served: Served
    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def context(self, **options: Any) -> Any:
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        made = self.browser.new_context(**options)
        made.set_default_timeout(15_000)
        self.contexts.append(made)
        return made

    def open(self, options: dict | None = None, **said: Any) -> Any:
        """A page in a browser of its own; waits for the curves unless nothing is chosen."""
        page = self.context(**(options or {})).new_page()
        self.watch(page)
        page.goto(self.address(**said))
        waited = ".pareto-stage" if {"study", "experiment"} & said.keys() else ".choices label"
        page.locator(waited).first.wait_for()
        loaded(page)
        return page

    def address(self, **said: Any) -> str:
        return f"{self.served.page}#{urlencode(said, doseq=True)}"

    def watch(self, page: Any) -> None:
        def error(text: str) -> None:
            if not any(part in text for part in self.allowed):
                self.problems.append(text)

        def asked(request: Any) -> None:
            if not request.url.startswith((self.served.server.address, "data:", "blob:")):
                self.problems.append(request.url)

        page.on("console", lambda said: said.type == "error" and error(said.text))
        page.on("pageerror", lambda raised: error(str(raised)))
        page.on("dialog", lambda dialog: error(dialog.message))
        page.on("request", asked)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def loaded(page: Any) -> None:
    """Wait until the page waits for nothing."""
    page.locator(".state", has_text="…").wait_for(state="detached")


def said_in(address: str) -> dict[str, list[str]]:
    """What the part of an address after `#` says."""
    return parse_qs(urlsplit(address).fragment)


def table(page: Any, heading: str) -> list[list[str]]:
    """The texts of the rows of the table below a heading."""
    section = page.locator(f"section[aria-labelledby={heading}]")
    return section.evaluate(
        "all => [...all.querySelectorAll('tbody tr')].map(row =>"
        " [...row.children].map(cell => cell.textContent))"
    )
