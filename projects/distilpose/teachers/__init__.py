"""Teachers: frozen, of any kind, asked for the student's keypoints."""

from . import heads  # noqa: F401  (registers the adapters of heads)
