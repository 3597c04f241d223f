"""Importing the package first, as a config does, applies its fixes."""

import distilpose  # noqa: F401
