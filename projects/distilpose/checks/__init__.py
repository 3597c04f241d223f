"""Checks of data and checkpoints before training."""
