"""Heatmaps of which only a window around each peak is kept.

B: batch. K: keypoints. n: side of a window, cells. h, w: height and width of a
heatmap.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...heatmaps.forms import SeparableHeatmaps, TeacherHeatmaps
from ...heatmaps.frame import STRIDE, HeatmapFrame, per_axis
from ...heatmaps.functional import (
    MIN_SIGMA,
    at_least_float32,
    gaussian_profiles,
)

__all__ = ['PeakWindows', 'WindowSpec', 'measure_windows', 'take_windows']

# Peaks below this say nothing of how wide a teacher's Gaussians are.
CONFIDENT = 0.3
LARGEST = 31


@dataclass(frozen=True)
class PeakWindows(TeacherHeatmaps):
    """Heatmaps that are 0 but in a window around each peak.

    A window may be turned: its cells need not lie on those of the heatmap. A
    sum over the heatmap is then the sum over the window's own cells, which
    are as dense.

    Attributes:
        values: Windows (B, K, n, n).
        centres: Where the peaks lie on the heatmap, cells (B, K, 2).
        origins: From the peak to a window's first cell, (B, K, 2), before it
            is turned.
        turns: How it is turned about the peak: orthogonal (B, K, 2, 2).
    """

    values: Tensor
    centres: Tensor
    origins: Tensor
    turns: Tensor

    @property
    def shape(self) -> tuple[int, int, int, int]:
        b, k = self.values.shape[:2]
        w, h = self.frame.size
        return b, k, h, w

    def error(self, coords: Tensor, sigmas: Tensor) -> Tensor:
        coords, sigmas, values = at_least_float32(coords, sigmas, self.values)
        centres = self.frame.cells(coords)[..., None, None, :]
        widths = self.frame.sigmas(sigmas).clamp(min=MIN_SIGMA)
        apart = (self._cells() - centres) / widths[..., None, None, :]
        simulated = torch.exp(-0.5 * apart.square().sum(-1))
        g_x, g_y = gaussian_profiles(coords, sigmas, self.frame)
        return g_x.square().sum(-1) * g_y.square().sum(-1) + (
            self._shares() * values * (values - 2 * simulated)
        ).sum((-2, -1))

    def read(self, coords: Tensor) -> Tensor:
        inside = ((coords >= 0) & (coords <= 1)).all(-1, keepdim=True)
        cells = self.frame.reading_cells(torch.where(inside, coords, 0))
        w, h = self.frame.size
        x, y = cells.round().unbind(-1)
        nearest = torch.stack([x.clamp(0, w - 1), y.clamp(0, h - 1)], dim=-1)
        return self._at(nearest[..., None, :]) * inside

    def formed(self) -> Tensor:
        w, h = self.frame.size
        cells = _grid(w, h, self.centres).flatten(0, 1)
        return self._at(cells).unflatten(-1, (h, w))

    def peaks(self) -> Tensor:
        return (self.values * (self._shares() >= 0.5)).amax((-2, -1))

    def coords(self) -> Tensor:
        return self.frame.coords(self.centres)

    def mirrored(self) -> 'PeakWindows':
        last = self.frame.size[0] - 1
        x, y = self.centres.unbind(-1)
        to_x, to_y = self.turns.unbind(-2)
        return replace(
            self,
            centres=torch.stack([last - x, y], dim=-1),
            turns=torch.stack([-to_x, to_y], dim=-2),
        )

    def scaled(self, factors: Tensor) -> 'PeakWindows':
        return replace(self, values=self.values * factors[..., None, None])

    def _cells(self) -> Tensor:
        """Where the windows' cells lie on the heatmap, (B, K, n, n, 2)."""
        n = self.values.shape[-1]
        offsets = _grid(n, n, self.centres) + self.origins[..., None, None, :]
        turned = offsets @ self.turns.mT[..., None, :, :]
        return turned + self.centres[..., None, None, :]

    def _at(self, cells: Tensor) -> Tensor:
        """Values at cells (..., m, 2) of the heatmap, interpolated."""
        n = self.values.shape[-1]
        apart = cells - self.centres[..., None, :]
        local = apart @ self.turns - self.origins[..., None, :]
        values = F.grid_sample(
            self.values.flatten(0, 1)[:, None],
            (2 * local / (n - 1) - 1).flatten(0, 1)[:, None],
            align_corners=True,
        )
        return values[:, 0, 0].unflatten(0, self.values.shape[:2])

    def _shares(self) -> Tensor:
        """Which share of each cell of the windows lies on the heatmap."""
        cells = self._cells()
        room = per_axis(cells, (-1, -1), self.frame.size)
        return ((cells + 1).clamp(0, 1) * room.clamp(0, 1)).prod(-1)


class WindowSpec(NamedTuple):
    """Windows of a kind of heatmaps.

    Attributes:
        step: Of how many cells of a heatmap, along each axis, one is kept.
        size: Side of a window, in kept cells.
    """

    step: int
    size: int

    def frame(self, frame: HeatmapFrame) -> HeatmapFrame:
        """The frame of the kept cells."""

        def part(pair: tuple[float, float]) -> tuple[float, float]:
            return pair[0] / self.step, pair[1] / self.step

        w, h = frame.size
        return frame._replace(
            size=(math.ceil(w / self.step), math.ceil(h / self.step)),
            scale=part(frame.scale),
            offset=part(frame.offset),
            sigma_scale=part(frame.sigma_scale),
            reading_scale=frame.reading_scale and part(frame.reading_scale),
            reading_offset=part(frame.reading_offset),
        )


def measure_windows(maps: TeacherHeatmaps) -> WindowSpec:
    """Choose windows of three sigmas around a peak.

    Of wide Gaussians, such as those on the fine bins of a SimCC head, not all
    cells are kept, but enough that a sigma is 1.5 of them.
    """
    row, column = _profiles(maps)
    sure = maps.peaks() > CONFIDENT
    # Above a tenth of its height lies 96.8 % of a Gaussian.
    widths = torch.stack(
        [
            (p * (p > 0.1 * p.amax(-1, keepdim=True))).sum(-1)
            / (0.968 * math.sqrt(2 * math.pi) * p.amax(-1).clamp(min=1e-6))
            for p in (row, column)
        ]
    ).mean(0)
    # Nobody may be in the images: the paper's Gaussians, then.
    sigma = 8 / STRIDE * maps.frame.sigma_scale[0]
    if sure.any():
        sigma = float(widths[sure].median())
    step = max(1, int(sigma / 1.5))
    return WindowSpec(step, min(2 * round(3 * sigma / step) + 1, LARGEST))


def take_windows(
    maps: TeacherHeatmaps, spec: WindowSpec
) -> tuple[Tensor, Tensor]:
    """Cut windows around the peaks out of heatmaps.

    Returns:
        The windows (B, K, n, n), 0 beyond the border, and the kept cells that
        they begin at, (B, K, 2), integers.
    """
    cells = spec.frame(maps.frame).cells(maps.coords())
    corners = cells.round().long() - spec.size // 2
    steps = torch.arange(spec.size, device=corners.device)
    x, y = (spec.step * (corners[..., None] + steps)).unbind(-2)
    w, h = maps.frame.size
    inside = ((y >= 0) & (y < h))[..., None] & ((x >= 0) & (x < w))[
        ..., None, :
    ]
    x, y = x.clamp(0, w - 1), y.clamp(0, h - 1)
    if isinstance(maps, SeparableHeatmaps):
        rows, columns = maps.rows.gather(-1, x), maps.columns.gather(-1, y)
        windows = columns[..., None] * rows[..., None, :]
    else:
        index = (y[..., None] * w + x[..., None, :]).flatten(2)
        windows = maps.formed().flatten(2).gather(-1, index)
        windows = windows.unflatten(-1, (spec.size, spec.size))
    return windows * inside, corners


def _profiles(maps: TeacherHeatmaps) -> tuple[Tensor, Tensor]:
    """The row and the column through each peak."""
    if isinstance(maps, SeparableHeatmaps):
        return maps.rows, maps.columns
    values = maps.formed()
    w = values.shape[-1]
    peak = values.flatten(2).argmax(-1)[..., None, None]
    row = values.take_along_dim(peak // w, -2).squeeze(-2)
    return row, values.take_along_dim(peak % w, -1).squeeze(-1)


def _grid(width: int, height: int, like: Tensor) -> Tensor:
    """The (x, y) of each cell of a grid, (height, width, 2)."""
    axes = [
        torch.arange(length, dtype=like.dtype, device=like.device)
        for length in (width, height)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing='xy'), dim=-1)
