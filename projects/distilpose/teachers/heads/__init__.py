"""What each kind of teacher's head gives, as heatmaps of height 1.

Importing this registers the adapters of ``outputs.heatmaps_of``.
"""

from . import dense, simcc, udp_combined

__all__ = ['dense', 'simcc', 'udp_combined']
