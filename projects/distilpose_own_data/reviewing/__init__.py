"""Finds the labels to look at first: ``distilpose review``."""
