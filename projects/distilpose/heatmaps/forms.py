"""A teacher's heatmaps, in the form that its head gives them.

A loss asks for what it needs of them, and no form is turned into another that
costs more: the rows of a SimCC head never become a heatmap.

B: batch. K: keypoints. h, w: height and width of a heatmap.
Coordinates are (x, y), fractions of the student's input; sigmas are (x, y),
pixels of the student's heatmap.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from distilpose_runtime.errors import UserValueError

from .frame import HeatmapFrame, InputView
from .functional import (
    at_least_float32,
    gaussian_profiles,
    read_heatmaps,
    separable_error,
    simulated_heatmap_error,
)

__all__ = ['DenseHeatmaps', 'SeparableHeatmaps', 'TeacherHeatmaps']

Self = TypeVar('Self', bound='TeacherHeatmaps')


@dataclass(frozen=True)
class TeacherHeatmaps(ABC):
    """Heatmaps of a batch, which peak at 1 where the teacher is sure.

    Attributes:
        frame: Where coordinates of the student lie on them.
    """

    frame: HeatmapFrame

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int, int]:
        """Their shape (B, K, h, w), formed or not."""

    @abstractmethod
    def error(self, coords: Tensor, sigmas: Tensor) -> Tensor:
        """Squared distance to the heatmaps that a prediction simulates.

        Args:
            coords: Predicted coordinates (B, K, 2).
            sigmas: Predicted sigmas (B, K, 2).

        Returns:
            The sum over the h * w cells of (G - T)², (B, K); 0, with no
            gradient, for a heatmap that holds NaN or infinity.
        """

    @abstractmethod
    def read(self, coords: Tensor) -> Tensor:
        """Their values (B, K, 1) at coordinates (B, K, 2); 0 outside."""

    @abstractmethod
    def formed(self) -> Tensor:
        """All their cells, (B, K, h, w)."""

    @abstractmethod
    def peaks(self) -> Tensor:
        """Their greatest values, (B, K): the teacher's confidence."""

    @abstractmethod
    def coords(self) -> Tensor:
        """Where they peak: the teacher's own prediction (B, K, 2).

        Between cells, as for a Gaussian.
        """

    @abstractmethod
    def mirrored(self: Self) -> Self:
        """The same heatmaps with their columns in the opposite order."""

    @abstractmethod
    def scaled(self: Self, factors: Tensor) -> Self:
        """Multiply each heatmap by a factor of its own, (B, K)."""

    def map(self: Self, change: Callable[..., Tensor], *others: Self) -> Self:
        """Change each of the tensors (B, K, ...) that they are made of.

        Args:
            change: What to do; it takes a tensor, and one of each of
                ``others``.
            others: More heatmaps of this form and frame.
        """
        changes: dict[str, Any] = {
            field.name: change(
                *(getattr(maps, field.name) for maps in (self, *others))
            )
            for field in fields(self)
            if field.name != 'frame'
        }
        return replace(self, **changes)

    def seen_through(self: Self, view: InputView) -> Self:
        """The same heatmaps for a student with another input."""
        return replace(self, frame=self.frame.through(view))


@dataclass(frozen=True)
class DenseHeatmaps(TeacherHeatmaps):
    """Heatmaps given cell by cell.

    Attributes:
        values: Heatmaps (B, K, h, w).
    """

    values: Tensor

    def __post_init__(self) -> None:
        _expect_size(self.values.shape[:1:-1], self.frame)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        b, k, h, w = self.values.shape
        return b, k, h, w

    def error(self, coords: Tensor, sigmas: Tensor) -> Tensor:
        coords, sigmas, values = at_least_float32(coords, sigmas, self.values)
        return simulated_heatmap_error(coords, sigmas, values, self.frame)

    def read(self, coords: Tensor) -> Tensor:
        return read_heatmaps(self.values, coords, self.frame)

    def formed(self) -> Tensor:
        return self.values

    def peaks(self) -> Tensor:
        return self.values.amax((-2, -1))

    def coords(self) -> Tensor:
        # The row and the column through the peak.
        w = self.values.shape[-1]
        peak = self.values.flatten(2).argmax(-1)[..., None, None]
        row = self.values.take_along_dim(peak // w, -2).squeeze(-2)
        column = self.values.take_along_dim(peak % w, -1).squeeze(-1)
        return self.frame.coords(_peak_cells(row, column))

    def mirrored(self) -> 'DenseHeatmaps':
        return replace(self, values=self.values.flip(-1))

    def scaled(self, factors: Tensor) -> 'DenseHeatmaps':
        return replace(self, values=self.values * factors[..., None, None])


@dataclass(frozen=True)
class SeparableHeatmaps(TeacherHeatmaps):
    """Heatmaps that are the product of a row and a column each.

    T(x, y) = column(y) * row(x), as a SimCC head gives them.

    Attributes:
        rows: Profiles along x, (B, K, w).
        columns: Profiles along y, (B, K, h).
    """

    rows: Tensor
    columns: Tensor

    def __post_init__(self) -> None:
        _expect_size((self.rows.shape[-1], self.columns.shape[-1]), self.frame)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        b, k, w = self.rows.shape
        return b, k, self.columns.shape[-1], w

    def error(self, coords: Tensor, sigmas: Tensor) -> Tensor:
        coords, sigmas, rows, columns = at_least_float32(
            coords, sigmas, self.rows, self.columns
        )
        return separable_error(
            *gaussian_profiles(coords, sigmas, self.frame), rows, columns
        )

    def read(self, coords: Tensor) -> Tensor:
        inside = ((coords >= 0) & (coords <= 1)).all(-1, keepdim=True)
        cells = self.frame.reading_cells(torch.where(inside, coords, 0))
        x, y = cells.round().long().split(1, dim=-1)
        w, h = self.frame.size
        row = self.rows.gather(-1, x.clamp(0, w - 1))
        column = self.columns.gather(-1, y.clamp(0, h - 1))
        return row * column * inside

    def formed(self) -> Tensor:
        return self.columns[..., :, None] * self.rows[..., None, :]

    def peaks(self) -> Tensor:
        return self.rows.amax(-1) * self.columns.amax(-1)

    def coords(self) -> Tensor:
        return self.frame.coords(_peak_cells(self.rows, self.columns))

    def mirrored(self) -> 'SeparableHeatmaps':
        return replace(self, rows=self.rows.flip(-1))

    def scaled(self, factors: Tensor) -> 'SeparableHeatmaps':
        return replace(self, rows=self.rows * factors[..., None])


def _expect_size(given: Any, frame: HeatmapFrame) -> None:
    if tuple(given) != tuple(frame.size):
        raise UserValueError(
            f'The teacher gives heatmaps of {tuple(given)} (w, h), but its '
            f'codec was made for {tuple(frame.size)}. Correct the codec, '
            'head.decoder in its config, for what it gives.'
        )


def _peak_cells(row: Tensor, column: Tensor) -> Tensor:
    """Where profiles (B, K, w) and (B, K, h) peak, cells (B, K, 2)."""
    return torch.stack([_peak(row), _peak(column)], dim=-1)


def _peak(profile: Tensor) -> Tensor:
    """Where profiles (..., n) peak; of a Gaussian, its exact centre.

    The logarithm of a Gaussian is a parabola, and three points fix one.
    """
    (profile,) = at_least_float32(profile)
    n = profile.shape[-1]
    peak = profile.argmax(-1, keepdim=True)
    inner = peak.clamp(1, n - 2)
    near = inner + torch.arange(-1, 2, device=profile.device)
    left, middle, right = (
        profile.gather(-1, near).clamp(min=1e-6).log().unbind(-1)
    )
    curvature = left - 2 * middle + right
    offset = torch.where(curvature < 0, (left - right) / (2 * curvature), 0.0)
    # At the border the parabola may lie anywhere. An image reaches less than a
    # cell beyond the last one.
    return peak.squeeze(-1) + (
        inner.squeeze(-1) + offset - peak.squeeze(-1)
    ).clamp(-1, 1)
