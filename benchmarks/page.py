"""How long the comparison page takes, from the store to the picture.

    python benchmarks/page.py [RUNS]

Prints one JSON line: seconds of writing the runs in bulk, of `GET api/runs` (the first time, and
the best of three after it), of the same through MLflow's own search, and the size of the answer;
then, where Chromium is installed, seconds from opening the page until the runs are there and until
the curves are drawn, and the frames a second while a region is drawn with the mouse.
"""

import json
import math
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from filling import written

MOVES = 150

# Notes when the first curves are drawn, and the time of every frame.
WATCH = """
window.frames_at = [];
const watch = time => {
    frames_at.push(time);
    if (!window.drawn_at && document.querySelector('.curves .marker')) {
        requestAnimationFrame(() => { window.drawn_at ??= performance.now(); });
    }
    requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
"""


def timed(action: Any) -> tuple[float, Any]:
    """The seconds that something takes, and what it gives."""
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def in_browser(app: Any, experiment: str) -> dict[str, float]:
    """Open the page in Chromium and draw a region: seconds, and frames a second."""
    import logging

    from playwright.sync_api import sync_playwright
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as playwright:
            path = shutil.which("chromium")
            options = ["--no-sandbox", "--disable-gpu"]
            chromium = playwright.chromium.launch(executable_path=path, args=options)
            page = chromium.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(WATCH)
            root = f"http://127.0.0.1:{server.server_port}/sparse-lightning/"
            page.goto(f"{root}#experiment={experiment}")
            page.locator(".curves .marker").first.wait_for(timeout=60_000)
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 500)))")
            arrived = page.evaluate(
                """() => performance.getEntriesByType('resource')
                    .find(one => one.name.includes('/api/runs?')).responseEnd"""
            )
            drawn = page.evaluate("drawn_at")
            frames, seconds, pause = brushed(page)
            chromium.close()
    finally:
        server.shutdown()
        thread.join()
    return {
        "arrived_seconds": round(arrived / 1000, 2),
        "drawn_seconds": round(drawn / 1000, 2),
        "brushing_frames_per_second": round(frames / seconds, 1),
        "longest_frame_seconds": round(pause, 3),
    }


def brushed(page: Any) -> tuple[int, float, float]:
    """Draw a region with the mouse: frames, seconds, and the longest wait for a frame."""
    box = page.locator(".pareto-stage").bounding_box()

    def move(across: float, down: float) -> None:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])

    move(0.2, 0.2)
    page.mouse.down()
    began = page.evaluate("performance.now()")
    for step in range(MOVES):
        part = 0.5 - 0.5 * math.cos(3 * math.pi * step / MOVES)
        move(0.3 + 0.6 * part, 0.3 + 0.6 * part)
    ended = page.evaluate("performance.now()")
    page.mouse.up()
    page.locator(".brush-layer .selection[width]").wait_for()
    times = page.evaluate(
        "([from, to]) => frames_at.filter(time => time > from && time <= to)", [began, ended]
    )
    pauses = [after - before for before, after in zip([began, *times], times, strict=False)]
    return len(times), (ended - began) / 1000, max(pauses, default=ended - began) / 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        uri = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        os.environ["_MLFLOW_SERVER_FILE_STORE"] = uri
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = f"{folder}/mlruns"
        writing, experiment = timed(lambda: written(uri, count))
        from sparse_lightning.server.app import create_app
        from sparse_lightning.tracking.servers import ServedStore

        app = create_app()
        client = app.test_client()
        address = f"/sparse-lightning/api/runs?experiment={experiment}"
        asked = {"Accept-Encoding": "gzip"}
        first, answer = timed(lambda: client.get(address, headers=asked))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        best = min(timed(lambda: client.get(address, headers=asked))[0] for _ in range(3))
        plain = client.get(address).get_data()
        assert len(json.loads(plain)["ids"]) == count
        store = ServedStore()
        search, _ = timed(lambda: store.search([experiment], ""))
        line = {
            "benchmark": "page",
            "runs": count,
            "writing_seconds": round(writing, 2),
            "first_seconds": round(first, 2),
            "seconds": round(best, 2),
            "mlflow_search_seconds": round(search, 2),
            "bytes": len(plain),
            "bytes_compressed": len(answer.get_data()),
        }
        if shutil.which("chromium"):
            line |= in_browser(app, experiment)
        print(json.dumps(line))
        os.chdir("/")


if __name__ == "__main__":
    main()
