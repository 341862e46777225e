"""What a hand does in the builder."""


def drag(page, handle, pixels):
    """Takes hold of a line and moves it down by so many pixels, in steps as a hand does; waits for the last answer."""
    y = page.evaluate(
        """handle => { const detail = { handle };
        document.querySelector("#builder").dispatchEvent(new CustomEvent("where-is", { detail })); return detail.y; }""",
        handle,
    )
    box = page.locator("#builder-chart").bounding_box()
    x, top = box["x"] + box["width"] / 3, box["y"] + y
    page.mouse.move(x, top)
    page.mouse.down()
    for part in range(1, 9):
        page.mouse.move(x, top + pixels * part / 8)
    page.mouse.up()
    settled(page)


def settled(page):
    """Waits until nothing is being asked any more."""
    page.locator("#builder:not([data-busy])").wait_for()
