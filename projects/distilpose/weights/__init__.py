"""Checkpoints: read without running code in them, and downloaded once."""
