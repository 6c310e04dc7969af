"""What is too wide in the window of a browser."""


def overflow(page):
    """Return by how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def sticking_out(page):
    """Return what visible text is cut off or reaches beyond the window, however it is hidden."""
    return page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(e => {
          const box = e.getBoundingClientRect();
          return box.width > 1 && box.height > 1 && !e.closest(".wide, svg") &&
            (box.right > innerWidth + 1 || box.left < -1) && e.checkVisibility() &&
            getComputedStyle(e).position !== "absolute";
        }).map(e => e.outerHTML.slice(0, 120))"""
    )
