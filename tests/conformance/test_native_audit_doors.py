"""The audit as a function: third parties' initializers, bad input, Ctrl-C."""

import numpy as np
import pytest
from initspec_conformance.runner.builtin_audit import native_audit
from initspec_conformance.runner.levels import Level

from initspec import InitSpec
from initspec.backend import Builtin, HasBuiltins, LayerWeight
from initspec.errors import BackendError, InitSpecError

BRIEF = Level("brief", 1 << 15, 1 << 8, 60.0)


class Speaker:
    """A third party's backend whose framework has an initializer: right, wrong or broken."""

    name, dtypes, known_deviations = "speaker", ("float32",), ()

    def __init__(self, *builtins):
        self._natives = builtins

    def version(self):
        return "1"

    def why_unusable(self):
        return None

    def default_axes(self, rank):
        return None

    def compile(self, spec, axes, seed, name):
        raise NotImplementedError

    def draw(self, spec, shape, **how):
        raise NotImplementedError

    def builtins(self):
        return self._natives


LINEAR = LayerWeight("torch Linear(20, 48)", (48, 20), "out in")


def _native(line, scale=1.0, layers=(LINEAR,)):
    def draw(weight, dtype, seed):
        if scale is None:
            raise RuntimeError("no such kernel")
        return (scale * np.random.default_rng(seed).standard_normal(weight.shape)).astype(dtype)

    return Builtin(line, InitSpec.normal(1.0), "the docs", layers, draw, ("float32",))


def test_a_third_partys_initializers_are_judged():
    """A right initializer agrees, a wrong one differs in what is wrong, a broken one too."""
    speaker = Speaker(_native("right(w)"), _native("wrong(w)", 1.05), _native("broken(w)", None))
    assert isinstance(speaker, HasBuiltins)
    seen = []
    report = native_audit(
        [speaker, "numpy"], BRIEF, progress=lambda *what: seen.append(what), workers=1
    )
    failed = {(f.cell.partition("(")[0], f.check) for f in report.failures}
    assert ("wrong", "variance") in failed
    assert ("broken", "draws") in failed
    assert "right" not in {name for name, _ in failed}
    assert report.versions == {"speaker": "1"}
    assert [count for count, *_ in seen] == [1, 2, 3]
    assert {passed for *_, passed in seen} == {True, False}
    drawn = {finding.cell for finding in report.checks if not finding.cell.startswith("all/")}
    assert {cell for _, cell in report.sketches} == drawn


def test_a_disagreement_can_be_repeated():
    """The line of a failure finds it again, and nothing else."""
    speaker = Speaker(_native("wrong(w)", 1.05), _native("wrong(w, gain=2)", 1.05))
    failure = native_audit([speaker], "quick", seed=11).failures[0]
    seen = []
    line = failure.reproduce.replace("print(", "seen.append(")
    exec(line, {"backend": speaker, "native_audit": native_audit, "seen": seen})
    again = seen[0]
    assert failure.message in {finding.message for finding in again.failures}
    assert {finding.cell for finding in again.checks} == {failure.cell}


def test_nothing_to_audit():
    """No backend, one without initializers, no cell and no layer are errors that say so."""
    with pytest.raises(InitSpecError, match="no backend to audit"):
        native_audit([])
    with pytest.raises(InitSpecError, match="'numpy' has no initializers of its own"):
        native_audit(["numpy"])
    with pytest.raises(InitSpecError, match="matches none of 1 cells"):
        native_audit([Speaker(_native("right(w)"))], only="left*")
    with pytest.raises(InitSpecError, match="name a weight that it fills"):
        native_audit([Speaker(_native("right(w)", layers=()))])


@pytest.mark.parametrize(
    ("natives", "says"),
    [(lambda: 1 / 0, "'speaker' failed: ZeroDivisionError"), (lambda: ["x"], "has 'x': write")],
)
def test_faulty_builtins_name_their_backend(monkeypatch, natives, says):
    """What fails among several backends is the one that is named."""
    speaker = Speaker()
    monkeypatch.setattr(speaker, "builtins", natives)
    with pytest.raises(BackendError, match=says):
        native_audit([speaker])


def test_a_table_that_the_suite_does_not_share_is_refused():
    """A layer that the suite knows has the suite's axes, or nothing is judged by it."""
    turned = LayerWeight("torch Linear(20, 48)", (48, 20), "in out")
    with pytest.raises(InitSpecError, match=r"'speaker' has .* 'in out', the suite .* 'out in'"):
        native_audit([Speaker(_native("right(w)", layers=(turned,)))])


def test_ctrl_c_leaves_what_was_found():
    """An interrupted audit did not pass, and holds what it found."""

    def stop(*_):
        raise KeyboardInterrupt

    speaker = Speaker(*(_native(f"right{i}(w)") for i in range(4)))
    report = native_audit([speaker], BRIEF, progress=stop, workers=1)
    assert report.interrupted
    assert not report.passed
    assert report.checks


def test_a_bias_that_all_share_is_pooled():
    """No initializer shows it alone: each passes, and all of them together do not."""
    speaker = Speaker(*(_native(f"wide{i}(w)", 1.003) for i in range(40)))
    report = native_audit([speaker], "quick")
    assert {failure.check for failure in report.failures} == {"pooled_variance"}


def test_known_deviations_are_strict_here_too():
    """A declared disagreement is excused; one that is gone is a failure."""
    speaker = Speaker(_native("wrong(w)", 1.05), _native("right(w)"))
    speaker.known_deviations = ("wrong*: scaled, https://example.org/1",)
    report = native_audit([speaker], "quick")
    assert report.passed, str(report)
    assert report.deviations
    speaker = Speaker(_native("right(w)"))
    speaker.known_deviations = ("right*: scaled, https://example.org/1",)
    failures = native_audit([speaker], "quick").failures
    assert [failure.check for failure in failures] == ["known_deviations"]
