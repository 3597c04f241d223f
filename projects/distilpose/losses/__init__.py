"""Losses, each usable on its own with tensors."""
