"""A GPU that is not there: tensors are computed on the CPU, but say where they would be, and refuse to be mixed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

CPU, GPU = torch.device("cpu"), torch.device("cuda")
MOVES = (Tensor.to, Tensor.cpu, Tensor.cuda)
# of these only the first argument says where they happen
OF_THE_FIRST = ("copy_", "__deepcopy__", "tolist", "item", "__bool__", "__int__", "__float__", "__index__", "backward")


class PretendGPU(TorchFunctionMode):
    """While it lasts, `.to("cuda")` marks a tensor as being on a GPU, and so all that is made of it.

    RuntimeError, as PyTorch's, for an operation on tensors of both devices, for an index on the GPU into one on the
    CPU, and for draws on the GPU from a generator on the CPU. The numbers are the CPU's.
    """

    def __init__(self) -> None:
        """Begin with nothing on the GPU."""
        super().__init__()
        self.there = WeakTensorKeyDictionary()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name, first = getattr(func, "__name__", str(func)), args[0] if args else None
        if func == Tensor.device.__get__:
            return self.where(first)
        if func == Tensor.is_cuda.__get__:
            return first in self.there
        if func in MOVES:
            return self._moved(func, *args, **kwargs)
        if func == Tensor.data.__set__:
            func(*args)
            return self._mark([first], args[1] in self.there)
        if func == Tensor.grad.__set__ or name == "_has_compatible_shallow_copy_type":
            return func(*args, **kwargs)
        if name == "numpy" and first in self.there:
            raise TypeError("can't convert a tensor on the GPU to numpy")
        asked = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
        on_gpu = self._place_of(name, args, kwargs) if asked is None else asked.type == "cuda"
        generator = kwargs.get("generator")
        if generator is not None and on_gpu != (generator.device.type == "cuda"):
            raise RuntimeError(f"{name}: the generator is on {generator.device}, the numbers are not")
        if asked is not None:
            kwargs["device"] = CPU
        out = func(*args, **kwargs)
        self._mark(tree_leaves(out), on_gpu)
        return out

    def where(self, x: Tensor) -> torch.device:
        """Return where a tensor says that it is."""
        return GPU if x in self.there else CPU

    def _moved(self, func: Any, x: Tensor, *rest: Any, **more: Any) -> Tensor:
        given = [*rest, *more.values()]
        named = [torch.device(v) for v in given if isinstance(v, (str, torch.device))]
        named += [self.where(v) for v in given if isinstance(v, Tensor)]
        goal = {Tensor.cpu: CPU, Tensor.cuda: GPU}.get(func) or (named[0] if named else self.where(x))

        def here(v: Any) -> Any:
            return CPU if isinstance(v, (str, torch.device)) else v

        out = x.to(*map(here, rest), **{k: here(v) for k, v in more.items()}) if func is Tensor.to else x
        if out is x and goal != self.where(x):
            out = x.clone() if x.requires_grad else x.detach().clone()
        self._mark([out], goal.type == "cuda")
        return out

    def _mark(self, tensors: Iterable[Any], on_gpu: bool) -> None:
        for x in tensors:
            if isinstance(x, Tensor) and on_gpu:
                self.there[x] = True
            elif isinstance(x, Tensor) and x in self.there:
                del self.there[x]

    def _place_of(self, name: str, args: Any, kwargs: Any) -> bool:
        """Return whether an operation happens on the GPU; RuntimeError if its arguments do not agree."""
        base = bool(args) and isinstance(args[0], Tensor) and args[0] in self.there
        if name in OF_THE_FIRST:
            return base
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        if name in ("__getitem__", "__setitem__"):  # an index may be on the CPU
            strays = [x for x in tensors if not base and x in self.there and x.ndim]
        else:
            strays = [x for x in tensors if x.ndim and (x in self.there) != any(y in self.there for y in tensors)]
        if strays:
            raise RuntimeError(f"Expected all tensors to be on the same device, but {name} got some on both")
        return base if name in ("__getitem__", "__setitem__") else any(x in self.there for x in tensors)
