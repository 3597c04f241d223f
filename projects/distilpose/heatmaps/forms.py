"""Heatmaps, in the form that a head gives them.

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

from .frame import PAPER_SIGMA, HeatmapFrame, InputView
from .functional import (
    at_least_float32,
    gaussian_profiles,
    read_heatmaps,
    separable_error,
    simulated_heatmap_error,
)

__all__ = [
    'DenseHeatmaps',
    'Heatmaps',
    'SeparableHeatmaps',
    'SimCCHeatmaps',
]

Self = TypeVar('Self', bound='Heatmaps')


@dataclass(frozen=True)
class Heatmaps(ABC):
    """Heatmaps of a batch, which peak at 1 where the model is sure.

    Attributes:
        frame: Where coordinates of the student lie on them.
    """

    frame: HeatmapFrame

    def __post_init__(self) -> None:
        _, _, h, w = self.shape
        if (w, h) != tuple(self.frame.size):
            raise UserValueError(
                f'The teacher gives heatmaps of {(w, h)} (w, h), but its '
                f'codec was made for {tuple(self.frame.size)}. Correct the '
                'codec, head.decoder in its config, for what it gives.'
            )

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
        """Read their values (B, K, 1) at coordinates (B, K, 2).

        They are 0 outside of the input.
        """

    @abstractmethod
    def formed(self) -> Tensor:
        """Form the heatmaps, (B, K, h, w)."""

    @abstractmethod
    def peaks(self) -> Tensor:
        """Their maxima (B, K): the teacher's confidence."""

    @abstractmethod
    def profiles(self) -> tuple[Tensor, Tensor]:
        """The row (B, K, w) and the column (B, K, h) through each peak."""

    @abstractmethod
    def scaled(self: Self, factors: Tensor) -> Self:
        """Multiply each heatmap by a factor of its own, (B, K)."""

    def coords(self) -> Tensor:
        """Find where they peak: the model's own prediction (B, K, 2).

        A peak may lie between cells, as that of a Gaussian.
        """
        return self.frame.coords(peak_cells(*self.profiles()))

    def map(self: Self, change: Callable[[Tensor], Tensor]) -> Self:
        """Change each of the tensors (B, K, ...) that they are made of."""
        changes: dict[str, Any] = {
            field.name: change(getattr(self, field.name))
            for field in fields(self)
            if field.name != 'frame'
        }
        return replace(self, **changes)

    def seen_through(self: Self, view: InputView) -> Self:
        """The same heatmaps for a student with another input."""
        return replace(self, frame=self.frame.through(view))


@dataclass(frozen=True)
class DenseHeatmaps(Heatmaps):
    """Heatmaps given cell by cell.

    Attributes:
        values: Heatmaps (B, K, h, w).
    """

    values: Tensor

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

    def profiles(self) -> tuple[Tensor, Tensor]:
        w = self.values.shape[-1]
        peak = self.values.flatten(2).argmax(-1)[..., None, None]
        row = self.values.take_along_dim(peak // w, -2).squeeze(-2)
        return row, self.values.take_along_dim(peak % w, -1).squeeze(-1)

    def scaled(self, factors: Tensor) -> 'DenseHeatmaps':
        return replace(self, values=self.values * factors[..., None, None])


@dataclass(frozen=True)
class SeparableHeatmaps(Heatmaps):
    """Heatmaps that are the product of a row and a column each.

    T(x, y) = column(y) * row(x), as a SimCC head gives them.

    Attributes:
        rows: Profiles along x, (B, K, w).
        columns: Profiles along y, (B, K, h).
    """

    rows: Tensor
    columns: Tensor

    @staticmethod
    def gaussians(
        frame: HeatmapFrame,
        coords: Tensor,
        sigmas: Tensor,
        heights: Tensor,
    ) -> 'SeparableHeatmaps':
        """Draw Gaussians.

        Args:
            frame: Where coordinates lie on the heatmaps.
            coords: Their centres (B, K, 2).
            sigmas: Their sigmas (B, K, 2).
            heights: Their heights (B, K).
        """
        rows, columns = gaussian_profiles(coords, sigmas, frame)
        return SeparableHeatmaps(frame, rows * heights[..., None], columns)

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
        """Read their values as if they were as wide as the paper's.

        RTMPose's Gaussians are three times narrower: a student that is 6
        pixels off would learn a score of almost 0.
        """
        coords, rows, columns = at_least_float32(
            coords, self.rows, self.columns
        )
        inside = ((coords >= 0) & (coords <= 1)).all(-1, keepdim=True)
        cells = self.frame.reading_cells(torch.where(inside, coords, 0))
        widths = self.frame.sigmas(torch.full_like(coords, PAPER_SIGMA))
        apart = (cells - peak_cells(rows, columns)) / widths
        near = torch.exp(-0.5 * apart.square().sum(-1, keepdim=True))
        return self.peaks()[..., None] * near * inside

    def formed(self) -> Tensor:
        return self.columns[..., :, None] * self.rows[..., None, :]

    def peaks(self) -> Tensor:
        return self.rows.amax(-1) * self.columns.amax(-1)

    def profiles(self) -> tuple[Tensor, Tensor]:
        return self.rows, self.columns

    def scaled(self, factors: Tensor) -> 'SeparableHeatmaps':
        return replace(self, rows=self.rows * factors[..., None])


@dataclass(frozen=True)
class SimCCHeatmaps(SeparableHeatmaps):
    """Those of a SimCC head, with the logits that they were made of.

    Attributes:
        logits_x: Logits along x, (B, K, w), times the ``beta`` by which the
            head's loss multiplies them: their softmax is what it trains.
        logits_y: The same along y, (B, K, h).
    """

    logits_x: Tensor
    logits_y: Tensor


def peak_cells(row: Tensor, column: Tensor) -> Tensor:
    """Find where profiles (B, K, w), (B, K, h) peak, cells (B, K, 2)."""
    return torch.stack([_peak(row), _peak(column)], dim=-1)


def _peak(profile: Tensor) -> Tensor:
    """Find where profiles (..., n) peak; for a Gaussian, its exact centre.

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
    # At the border the parabola may lie anywhere, or open upwards. An image
    # reaches less than a cell beyond the last one.
    offset = (inner - peak).squeeze(-1) + (left - right) / (2 * curvature)
    offset = offset.masked_fill(~(curvature < 0), 0.0).clamp(-1, 1)
    return peak.squeeze(-1) + offset
