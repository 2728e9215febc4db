import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_opening import Opener, Served, watch
from studies import Job

# No service of the browser's own may call out while a page is watched.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; where CI is set it must be there."""
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Open a file as a reader without network does: `visit(path, **context)` gives the page.

    Afterwards it must have asked nothing of any host, and have written no error.
    """
    contexts, problems = [], []

    def open_file(path, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page, problems)
        page.goto(path.as_uri())
        if page.locator("iframe.page").count():
            page.frame_locator("iframe.page").locator(".pareto-stage").wait_for()
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="session")
def served(browser, wine_job: Job, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """MLflow's server with the page, on a store of a study, foreign runs and harmful names."""
    from page_store import foreign_runs, harmful_runs
    from server_processes import serving
    from studies import working_in

    folder: Path = tmp_path_factory.mktemp("page")
    shutil.copy(wine_job.folder / "mlflow.db", folder)
    uri = f"sqlite:///{folder}/mlflow.db"
    with working_in(folder):
        from mlflow import MlflowClient

        client = MlflowClient(uri)
        foreign, harmful = foreign_runs(client), harmful_runs(client)
    arguments = ("--app-name", "sparse-lightning", "--backend-store-uri", uri)
    with serving(folder, *arguments) as server:
        yield Served(server, wine_job, folder, foreign, harmful, client)


@pytest.fixture
def opener(browser, served: Served) -> Iterator[Opener]:
    """Opens the page; whatever went wrong in it fails the test at its end."""
    made = Opener(browser, served)
    yield made
    made.close()
    assert made.problems == []
