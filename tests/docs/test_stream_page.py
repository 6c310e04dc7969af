"""The page of the portable stream draws in the browser what initspec draws."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from initspec import InitSpec

CASES = [  # spec, shape, seed, name
    ("he_normal", "512, 256", "7", "encoder.0.weight"),  # as the page opens
    ("he_uniform", "7x5", "0", ""),
    ("glorot_uniform", "12, 31", "18446744073709551615", "層.重み.😀"),
    ("lecun_truncated_normal", "64, 9, 3, 3", "1", "qkv[2]"),
    ("glorot_normal", "1,1", "7", "w[[2]]"),
    ("he_truncated_normal", "300 400", "12345678901234567890", "w[02]"),
]


@pytest.fixture(scope="module")
def page(browser, site):
    """The page, opened once; what it says on the console fails the tests."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    said = []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site}/portable-stream.html")
    yield page
    assert said == []
    page.close()


def _type(page, spec, shape, seed, name):
    """Fill in the form as a visitor does, and return what state the answer comes to."""
    page.select_option("[name=spec]", spec)
    for field, text in (("shape", shape), ("seed", seed), ("name", name)):
        page.fill(f"#stream-form [name={field}]", text)
    page.wait_for_selector("#stream-answer:is([data-state=drawn], [data-state=refused])")
    return page.get_attribute("#stream-answer", "data-state")


def _part(page, answer, part):
    return page.inner_text(f"#{answer} [data-part={part}]")


@pytest.mark.parametrize(("spec", "shape", "seed", "name"), CASES)
def test_what_is_typed_is_drawn_as_by_initspec(page, spec, shape, seed, name):
    """First values and SHA-256 of both layouts are those of `to_numpy`."""
    assert _type(page, spec, shape, seed, name) == "drawn"
    sizes = tuple(map(int, shape.replace("x", " ").replace(",", " ").split()))
    weight = getattr(InitSpec, spec)().to_numpy(seed=int(seed), name=name)(sizes)
    kernel = np.moveaxis(weight, (1, 0), (-2, -1))
    for answer, whole in (("stream-torch", weight), ("stream-jax", kernel)):
        first = [float(value) for value in _part(page, answer, "first").split(",")]
        assert first == whole.ravel()[:4].tolist()
        assert _part(page, answer, "hash") == hashlib.sha256(whole.tobytes()).hexdigest()
        assert _part(page, answer, "shape") == ", ".join(map(str, whole.shape))


def test_the_line_of_code_draws_the_weight(page):
    """The line below an answer, run in Python, has the SHA-256 beside it."""
    _type(page, "he_normal", "24, 10", "7", 'a "quoted" 層')
    torch = pytest.importorskip("torch")
    drawn = eval(_part(page, "stream-torch", "code"), {"torch": torch, "InitSpec": InitSpec})
    expected = hashlib.sha256(drawn.numpy().tobytes()).hexdigest()
    assert _part(page, "stream-torch", "hash") == expected
    pytest.importorskip("jax")
    drawn = np.asarray(eval(_part(page, "stream-jax", "code"), {"InitSpec": InitSpec}))
    assert _part(page, "stream-jax", "hash") == hashlib.sha256(drawn.tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("shape", "seed", "says"),
    [
        ("8, 8", "-1", "seed"),
        ("8, 8", str(2**64), "seed"),
        ("8, 8", "7.5", "seed"),
        ("8", "7", "shape"),
        ("8, 0", "7", "shape"),
        ("8, b", "7", "shape"),
        ("4096, 4096", "7", "16777216 elements"),
    ],
)
def test_what_cannot_be_drawn_is_said(page, shape, seed, says):
    """A wrong seed or shape is refused in one line, and the next right one is drawn."""
    assert _type(page, "he_normal", shape, seed, "w") == "refused"
    assert says in page.inner_text("#stream-said")
    assert _type(page, "he_normal", "8, 8", "7", "w") == "drawn"
    assert page.inner_text("#stream-said") == ""


def test_the_page_works_from_a_folder(browser, site_folder):
    """Opened as a file, without a server, it draws too."""
    page = browser.new_page()
    page.goto((site_folder / "portable-stream.html").resolve().as_uri())
    page.wait_for_selector("#stream-answer[data-state=drawn]")
    weight = InitSpec.he_normal().to_numpy(seed=7, name="encoder.0.weight")((512, 256))
    assert _part(page, "stream-torch", "hash") == hashlib.sha256(weight.tobytes()).hexdigest()
    page.close()
