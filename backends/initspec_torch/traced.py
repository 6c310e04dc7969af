"""Draws inside torch.compile, torch.export and torch.func, which trace or wrap their tensors.

There a draw is one operator, `initspec::fill`. Tracers keep it whole, so that nothing in it has to
be traceable: neither the resolution of a spec nor a loop that ends when a subset has its size.
"""

from __future__ import annotations

from typing import Any, Protocol
from weakref import WeakValueDictionary

import torch
from torch._C import _functorch
from torch.compiler import is_compiling

from initspec.backend import OUT_IN, Axes, SharedNames, Spec, TargetError, resolve
from initspec_torch.distributed import is_distributed


class Initializer(Protocol):
    """What a traced program calls: a `TorchInitializer`, which imports this module."""

    spec: Spec
    axes: Axes | None
    seed: int | None
    name: str
    names: SharedNames

    def fill(
        self, tensor: torch.Tensor, generator: torch.Generator | None, name: str | None
    ) -> torch.Tensor:
        """Fill a tensor that holds its elements."""


_LIVE: WeakValueDictionary[str, Initializer] = WeakValueDictionary()
"""Initializers by the key under which a traced program calls them."""


def is_traced(tensor: object) -> bool:
    """Say whether a call with `tensor` is being traced, or is part of a torch.func transform."""
    if is_compiling():
        return isinstance(tensor, torch.Tensor)
    transform = _functorch.peek_interpreter_stack()
    # torch.func.functionalize takes no operators but torch's own; nothing in a draw stops it.
    return (
        transform is not None
        and transform.key() != _functorch.TransformType.Functionalize
        and isinstance(tensor, torch.Tensor)
    )


def fill_traced(
    initializer: Initializer,
    tensor: torch.Tensor,
    generator: torch.Generator | None,
    name: str | None,
) -> torch.Tensor:
    """Put the draw into the traced program.

    Raises:
        TargetError: torch.vmap is to draw other numbers for each member of what has no members; the
            tensor is computed from others.
    """
    if not is_compiling():
        _check_mapped(initializer, tensor, name)
    # Our operator takes no DTensor, and cannot recognize a computed tensor, which raises, nor the
    # tracer tell it from a view of a parameter: they split the program, as a generator does.
    # Not a decorator: that imports torch._dynamo, for seconds, in programs without a compiler.
    elif is_distributed(tensor) or not tensor.is_leaf:
        torch._dynamo.graph_break(
            "initspec fills no DTensor in one graph, and of a tensor with a grad_fn, such as a "
            "view of a parameter, only its .detach()"
        )
        return torch.compiler.disable(type(initializer).fill)(initializer, tensor, generator, name)
    # The same memory outside autograd. An exported program that raises under no_grad stays in it.
    key = _key(initializer)
    memory = tensor.detach()
    if generator is None:
        _fill(memory, key, name)
    else:
        _fill(memory, key, name, generator)
    return tensor


def _check_mapped(initializer: Initializer, tensor: torch.Tensor, name: str | None) -> None:
    interpreter = _functorch.peek_interpreter_stack()
    if interpreter.key() != _functorch.TransformType.Vmap:
        return
    mapped = _functorch.maybe_get_level(tensor) == interpreter.level()
    mode = _functorch.CVmapInterpreterPtr(interpreter).randomness()
    if mapped or mode != _functorch.RandomnessType.Different:
        return
    if not initializer.spec.distribution.random:
        return
    seed = initializer.seed
    if seed is not None:
        size = _functorch.CVmapInterpreterPtr(interpreter).batchSize()
        _warn_of_equal(initializer, seed, name, tensor, size)
    else:
        raise TargetError(
            f"a tensor of shape {tuple(tensor.shape)} that torch.vmap does not map over, and other "
            "random numbers for each member: make the tensor from a mapped one, as "
            "x.new_empty(shape), or pass randomness='same'"
        )


def _key(initializer: Initializer) -> str:
    """Return the key of an initializer. A compiled function is guarded to be used with it alone."""
    key = str(id(initializer))
    _LIVE[key] = initializer
    return key


_key._dynamo_marked_constant = True  # type: ignore[attr-defined]
"""What torch.compiler.assume_constant_result sets; that function imports torch._dynamo."""


@torch.library.custom_op(
    "initspec::fill",
    mutates_args=("tensor",),
    schema="(Tensor(a!) tensor, str key, str? name, Generator? generator=None) -> ()",
)
def _fill(
    tensor: torch.Tensor, key: str, name: str | None, generator: torch.Generator | None = None
) -> None:
    _initializer(key).fill(tensor, generator, name)


@_fill.register_fake
def _(tensor: torch.Tensor, *arguments: Any) -> None:
    """Return nothing; what is wrong with a tensor is an error when the program runs."""


@_fill.register_vmap
def _fill_members(
    info: Any, axes: tuple[int, ...], tensor: torch.Tensor, key: str, *arguments: Any
) -> tuple[None, None]:
    """Fill the members of a mapped tensor one by one."""
    whole = tensor.movedim(axes[0], 0)
    members = [whole[i] for i in range(len(whole))]  # autograd lets no output of unbind be written
    initializer = _initializer(key)
    random, seed = initializer.spec.distribution.random, initializer.seed
    if random and seed is not None and info.randomness != "same":
        _warn_of_equal(initializer, seed, arguments[0], members[0], len(members))
    equal = random and (seed is not None or info.randomness != "different")
    if equal and seed is None and info.randomness == "error":
        raise TargetError(
            "a random draw inside torch.vmap: pass torch.vmap(..., randomness='different') for "
            "members that differ, or randomness='same' for equal ones"
        )
    for i, member in enumerate(members):
        if equal and i:
            member.copy_(members[0])
        else:
            _fill(member, key, *arguments)
    return None, None


def _initializer(key: str) -> Initializer:
    if key not in _LIVE:
        raise TargetError(
            "a program that was traced in another process, or whose initializer is gone: trace it "
            "again where the initializer lives"
        )
    return _LIVE[key]


def _warn_of_equal(
    initializer: Initializer, seed: int, name: str | None, member: torch.Tensor, count: int
) -> None:
    """Warn that the members of a torch.vmap are one seeded draw."""
    if count > 1:
        layout = resolve(initializer.spec, member.shape, initializer.axes, OUT_IN).layout
        name = initializer.name if name is None else name
        initializer.names.repeat("torch.vmap", seed, name, layout, initializer.axes, count)
