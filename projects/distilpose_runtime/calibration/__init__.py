"""Calibrated sigmas: labelled people, the fit, and how well it holds."""
