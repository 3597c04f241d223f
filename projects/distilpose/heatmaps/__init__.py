"""Heatmaps: their frames and forms, and the mathematics of both."""
