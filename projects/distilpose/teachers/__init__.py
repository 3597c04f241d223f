"""Teachers: frozen, of any kind, asked for the student's keypoints."""

# Importing them registers adapters of heads, and kinds of teachers.
from . import mmpose_model, onnx_file  # noqa: F401
from .stored import source  # noqa: F401
