"""The images that a model takes.

W, H: input width and height, pixels.
"""

from typing import Any, NamedTuple

from mmpose.models import TopdownPoseEstimator

from ..heatmaps.frame import codec_input_size, codec_of

__all__ = ['InputSpec']


class InputSpec(NamedTuple):
    """The images that a model takes.

    Attributes:
        size: Size (W, H), pixels, or None where any size is taken.
        mean: What is subtracted from each channel, of pixels from 0 to 255.
        std: What each channel is then divided by.
        rgb: Whether channels are in the order red, green, blue, and not in
            that of the images that MMPose loads, blue, green, red.
    """

    size: tuple[int, int] | None = None
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    rgb: bool = False

    @classmethod
    def of_model(cls, model: TopdownPoseEstimator) -> 'InputSpec':
        """Read what a model takes off its preprocessor and its codec."""
        codec = codec_of(model.head) if model.with_head else None
        return cls.of(model.data_preprocessor, codec)

    @classmethod
    def of(cls, preprocessor: Any, codec: Any) -> 'InputSpec':
        """Read what a preprocessor makes of images of a codec's size."""
        spec = cls(
            size=codec_input_size(codec),
            rgb=bool(getattr(preprocessor, '_channel_conversion', False)),
        )
        if not getattr(preprocessor, '_enable_normalize', False):
            return spec
        return spec._replace(
            mean=tuple(preprocessor.mean.flatten().tolist()),
            std=tuple(preprocessor.std.flatten().tolist()),
        )
