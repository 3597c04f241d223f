"""Keypoints: their names, and which of two sets are the same."""
