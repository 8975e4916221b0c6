"""The inbox's screenshots, from the store that `vocero demo` made: `python docs/images/screenshots.py [STORE]`.

A copy of the store is served with the real `case` and `index` stages behind it; a few steps are taken on it.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from sinks.base import Query
from sinks.sqlite import SQLiteSink
from streams.inbox.desk import Desk

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LAST_DAY = datetime(2026, 4, 12, 20, tzinfo=UTC)
"""Of the sample's story."""


def main(store: Path) -> None:
    """Writes the images beside this file."""
    spec = importlib.util.spec_from_file_location("inbox_world", ROOT / "tests" / "inbox_world.py")
    if spec is None or spec.loader is None:
        raise SystemExit("tests/inbox_world.py is missing: run this from a whole checkout")
    inbox_world: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = inbox_world
    spec.loader.exec_module(inbox_world)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sink = SQLiteSink(shutil.copy(store, folder))
        sink.open()
        world = inbox_world.World(sink)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with inbox_world.served(world, desk=Desk(lambda: world), now=lambda: LAST_DAY) as address:
            worked = shown_case(sink)
            wide = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
            wide.goto(f"{address}/case/{worked}")
            for step, note in (("acknowledge", "Looking into it"), ("contact", "Wrote to them; the parcel was found")):
                wide.locator("#actor").fill("Ana")
                wide.locator("#note").fill(note)
                wide.locator(f"#steps button[value={step}]").click()
                wide.wait_for_selector(".told.good")
            wide.goto(f"{address}/case/{worked}")
            taken(wide, "inbox-case", full=True)
            wide.goto(f"{address}/queue/complaint")
            taken(wide, "inbox-queue")
            dark = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="dark")
            dark.goto(f"{address}/case/{worked}")
            taken(dark, "inbox-dark")
            phone = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
            phone.goto(f"{address}/case/{worked}")
            taken(phone, "inbox-phone")
        browser.close()
        sink.close()


def shown_case(sink: SQLiteSink) -> str:
    """The most severe open complaint that was translated, by somebody who wrote more than once."""
    query = Query(kind="cases", queue="complaint", state="opened", language="es", sort="severity", limit=100)
    cases = [document.body["feedback"]["case"] for document in sink.search(query).documents]
    several = [case for case in cases if case.get("customer_id") or len(case["excerpt"]) > 120]
    return str((several or cases)[0]["id"])


def taken(page: Page, name: str, *, full: bool = False) -> None:
    """One image."""
    page.wait_for_load_state()
    page.screenshot(path=HERE / f"{name}.png", full_page=full)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".vocero" / "vocero.sqlite")
