"""Heatmaps as Gaussians: a place, a height and two widths each.

B: batch. K: keypoints. n: length of a profile, cells.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ...heatmaps.forms import Heatmaps, SeparableHeatmaps, peak_cells
from ...heatmaps.frame import HeatmapFrame
from ...heatmaps.functional import at_least_float32

__all__ = ['Gaussians']

# A Gaussian narrower than this, in cells, is not measured: it lies in one.
NARROWEST = 0.5


class Gaussians(NamedTuple):
    """Gaussians that stand for heatmaps."""

    coords: Tensor  # centres (B, K, 2), fractions of the input
    heights: Tensor  # (B, K)
    sigmas: Tensor  # (B, K, 2), pixels of the student's heatmap

    @classmethod
    def of(cls, maps: Heatmaps) -> 'Gaussians':
        """Measure heatmaps: of a Gaussian, all four are exact."""
        profiles = at_least_float32(*maps.profiles())
        centres = peak_cells(*profiles)
        heights, sigmas = maps.peaks(), []
        for profile, centre in zip(profiles, centres.unbind(-1)):
            above = (centre - profile.argmax(-1)).square()
            sigma = _sigma(profile, centre, above)
            heights = heights * torch.exp(above / (2 * sigma.square()))
            sigmas.append(sigma)
        return cls(
            maps.frame.coords(centres),
            heights.clamp(min=0),
            maps.frame.student_sigmas(torch.stack(sigmas, dim=-1)),
        )

    def drawn(self, frame: HeatmapFrame) -> SeparableHeatmaps:
        """The heatmaps that they are in a frame."""
        return SeparableHeatmaps.gaussians(
            frame, self.coords, self.sigmas, self.heights
        )


def _sigma(profile: Tensor, centre: Tensor, above: Tensor) -> Tensor:
    """Sigma of a Gaussian of which profiles (B, K, n) are samples, cells.

    By its energy, sum p² = A² sigma √π, which a second peak or a background
    changes little. Its height A lies above the highest cell, whose squared
    distance from the centre is ``above``, and a part of its energy lies beyond
    the border. Both depend on sigma: a few rounds find it.
    """
    n, p = profile.shape[-1], profile.clamp(min=0)
    top = p.amax(-1).clamp(min=1e-6)
    energy = (p / top[..., None]).square().sum(-1) / math.sqrt(math.pi)
    sigma = energy.clamp(NARROWEST, n)
    for _ in range(20):
        inside = (
            torch.erf((n - 0.5 - centre) / sigma)
            + torch.erf((centre + 0.5) / sigma)
        ) / 2
        sigma = energy * torch.exp(-above / sigma.square())
        sigma = (sigma / inside.clamp(min=0.1)).clamp(NARROWEST, n)
    return sigma
