"""The gradient of a view as one of the tensor that it is a view of."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Place:
    """Where a view has its elements in its base, both as (shape, strides), and the offset."""

    base: tuple[Any, Any]
    view: tuple[Any, Any]
    offset: int

    @classmethod
    def of(cls, view: Tensor, base: Tensor) -> "Place":
        """The place of a view, without a reference to either tensor."""
        offset = int(view.storage_offset()) - int(base.storage_offset())
        return cls((base.shape, base.stride()), (view.shape, view.stride()), offset)

    def put(self, gradient: Tensor) -> Tensor:
        """A gradient with respect to the view as one with respect to the base."""
        with torch.enable_grad():
            whole = gradient.new_empty_strided(*self.base).requires_grad_()
            view = whole.as_strided(*self.view, self.offset)
        return torch.autograd.grad(view, whole, gradient)[0]
