"""PyTorch without its compiler, until somebody compiles.

The first gradient of `torch.func` imports `torch._dynamo`, only to tell a compiler that nobody uses to stay out of the
way. The first vector-Jacobian product imports sympy by way of `symbolic_shapes`, only to compare two shapes, and a
gradient inside a Jacobian-vector product does, only to ask whether some number is one of sympy's. Each takes longer
than a whole check. `postpone_compiler` puts stand-ins in the places of these modules: they answer the few calls that
eager code makes, and give way to the real module as soon as anything else is asked of them.

Seen with torch 2.13. A torch that does not ask for these modules never meets the stand-ins.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import operator
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
import torch.fx.experimental  # pyright: ignore[reportUnusedImport]  (the parents of the stand-ins)


def postpone_compiler() -> None:
    """Put the stand-ins in place of the modules that are not imported yet."""
    compiler = {
        "disable": _as_it_is,
        "graph_break": _nothing,
        "compiled_autograd": SimpleNamespace(_disable=contextlib.nullcontext),
    }
    shapes = {
        "expect_true": bool,
        "guard_or_false": bool,
        "guard_or_true": bool,
        "guard_size_oblivious": bool,
        "guarding_hint_or_throw": operator.index,
        "has_guarding_hint": _is_no_symbol,
        "is_nested_int": _is_nested_int,
        "sym_and": _and,
        "sym_eq": operator.eq,
        "sym_or": _or,
    }
    stand_ins = [
        StandIn("torch._dynamo", compiler, is_package=True),
        StandIn("torch.fx.experimental.symbolic_shapes", shapes),
        StandIn("sympy", {"Basic": _Basic}, is_package=True),
    ]
    missing = [stand_in for stand_in in stand_ins if stand_in.__name__ not in sys.modules]
    for stand_in in missing:
        sys.modules[stand_in.__name__] = stand_in
        parent, dot, child = stand_in.__name__.rpartition(".")
        if dot:
            setattr(sys.modules[parent], child, stand_in)
    if missing:
        sys.meta_path.insert(0, SubmodulesOfStandIns())


class StandIn(ModuleType):
    """A module of a few answers that gives way to the real one at any other question."""

    def __init__(self, name: str, answers: Mapping[str, Any], *, is_package: bool = False) -> None:
        super().__init__(name)
        self.__dict__.update(answers)
        self.__dict__["_answers"] = answers
        self.__dict__["_is_package"] = is_package
        self.__dict__["__file__"] = f"<stand-in for {name}>"  # asked by whoever looks through all modules
        self.__dict__["__spec__"] = ModuleSpec(name, None, is_package=is_package)  # by whoever asks if it is installed

    def __getattr__(self, name: str) -> Any:
        if name == "__path__" and not self._is_package:  # asked by every `from ... import`
            raise AttributeError(name)
        return getattr(self.give_way(), name)

    def give_way(self) -> ModuleType:
        """Import the real module into this one's place; who still holds this one is given the real one's answers."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            for name in self._answers:
                del self.__dict__[name]
        return importlib.import_module(self.__name__)


class SubmodulesOfStandIns:
    """Finds `torch._dynamo.x` where the real `torch._dynamo`, once it took its place, has imported that already.

    An importer that has met a stand-in as the parent would execute the submodule a second time.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Give a spec that hands out the module that is there, or None to have others look."""
        there = sys.modules.get(name)
        return None if there is None or target is not None else importlib.util.spec_from_loader(name, Loaded(there))


class Loaded(Loader):
    """A loader of a module that is loaded."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: it has been executed."""


class _Basic:
    """Stand for `sympy.Basic`: where sympy has not been imported, nothing is of its kind."""


def _and(*flags: bool) -> bool:
    return all(flags)


def _or(*flags: bool) -> bool:
    return any(flags)


def _is_no_symbol(size: int) -> bool:
    return not isinstance(size, (torch.SymInt, torch.SymFloat, torch.SymBool))


def _is_nested_int(size: int) -> bool:
    return isinstance(size, torch.SymInt) and size.node.is_nested_int()


def _as_it_is(function: Any = None, recursive: bool = True, *, wrapping: bool = True) -> Any:
    """Stand for `torch._dynamo.disable`: without a compiler there is nothing to disable."""
    return _as_it_is if function is None else function


def _nothing(message: str = "") -> None:
    """Stand for `torch._dynamo.graph_break`: without a compiler there is no graph to break."""
