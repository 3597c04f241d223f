"""Outputs of a teacher, stored once and read in each epoch."""
