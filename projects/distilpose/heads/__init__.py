"""What is known of each kind of head: its heatmaps and its own loss.

Importing this registers the adapters of MMPose's heads.
"""

from . import dense, simcc, udp_combined

__all__ = ['dense', 'simcc', 'udp_combined']
