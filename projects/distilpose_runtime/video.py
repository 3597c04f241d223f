"""Video files, by PyAV."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .errors import UserImportError
from .frames import Frame, MediaError, Skipped, Source
from .images import fit

try:
    import av
    from av.video.reformatter import ColorRange, Colorspace
except ImportError as error:
    raise UserImportError(
        f'Videos need PyAV ({error}). Install it with '
        '`pip install "distilpose[video]"`.'
    ) from error

__all__ = ['Video', 'VideoWriter']

# Small enough for times of any camera.
TICK = Fraction(1, 90000)


class Video(Source):
    """A video file.

    What cannot be decoded is skipped. Pictures are as a player shows them:
    turned and mirrored as the file says, and with square pixels.

    Args:
        path: The file.
        every: Take one of so many pictures.

    Raises:
        MediaError: It is no video, or holds no pictures.
    """

    def __init__(self, path: Path, every: int = 1) -> None:
        self.name = path.name
        self.path = path
        self._every = every
        self._hidden = 0
        try:
            self._container = av.open(str(path))
        except (OSError, av.error.FFmpegError) as error:
            raise MediaError(
                f'"{path}" is neither an image nor a video that can be read '
                f'({error.strerror}).'
            ) from error
        streams = self._container.streams.video
        if not streams or not streams[0].codec_context.width:
            self._container.close()
            raise MediaError(f'"{path}" has no pictures in it.')
        self._stream = streams[0]
        self._stream.thread_type = 'AUTO'
        if self._stream.frames:
            self.frames = self._stream.frames
            self.total = -(-self._stream.frames // every)
        self._aspect = float(self._stream.sample_aspect_ratio or 1)
        if self._aspect != 1:
            self.remarks = [
                f'A pixel of "{path}" is {self._aspect:.4g} times as wide as '
                'high. Pictures are stretched as players do it; boxes and '
                'results are in pixels of the stretched ones.'
            ]
        rate = float(self._stream.average_rate or 30)
        self.rate = rate / every
        self._period = 1 / rate

    def __iter__(self) -> Iterator[Frame | Skipped]:
        number, begin = -1, None
        for number, found in enumerate(self._decode()):
            is_damaged = isinstance(found, str)
            if begin is None and not is_damaged:
                begin = found.time
            if number % self._every:
                continue
            name = f'{self.name}, frame {number}'
            if is_damaged:
                yield Skipped(name, found)
                continue
            try:
                image = _as_shown(found, self._aspect)
            except (OSError, MemoryError, ValueError) as error:
                yield Skipped(name, f'it cannot be converted ({error})')
                continue
            # Some files give no times.
            seconds = (
                number * self._period
                if found.time is None or begin is None
                else found.time - begin
            )
            yield Frame(image, self.name, number, seconds)
        total, given = self._stream.frames - self._hidden, number + 1
        if given < total:
            told = f'the video ends after {given} of {total} frames'
            missing = len(range(total)[:: self._every]) - len(
                range(given)[:: self._every]
            )
            yield Skipped(self.name, told, missing)

    def _decode(self) -> Iterator[Any]:
        """Give frames, and what is wrong with those that cannot be had."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, OSError, av.error.FFmpegError):
                return  # at the end, or where the file is cut off
            # Decoded, but not shown: it was cut off at the beginning.
            self._hidden += packet.is_discard
            try:
                frames = packet.decode()
            except (OSError, av.error.FFmpegError) as error:
                yield f'it cannot be decoded ({error.strerror})'
                continue
            for frame in frames:
                yield 'it is damaged' if frame.is_corrupt else frame

    def close(self) -> None:
        self._container.close()


def _as_shown(frame: Any, aspect: float) -> np.ndarray:
    """A picture of square pixels, turned and mirrored as the file says."""
    width, height = frame.width, frame.height
    if aspect > 1:
        width = round(width * aspect)
    else:
        height = round(height / aspect)
    image = frame.reformat(width, height, 'bgr24').to_ndarray()
    matrix = frame.side_data.get('DISPLAYMATRIX')
    if matrix is None:
        return image
    # x' = a x + c y, y' = b x + d y; what is between quarters is rounded.
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, a, d = image.transpose(1, 0, 2), c, b
    columns, rows = (slice(None, None, -1 if x < 0 else 1) for x in (a, d))
    return np.ascontiguousarray(image[rows, columns])


class VideoWriter:
    """Writes an H.264 video that plays at any moment of its making.

    Pictures of another size than the first are scaled into its frame.

    Args:
        path: An ``.mp4`` file.
        rate: Pictures a second.

    Attributes:
        resized: How many pictures had another size.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self.path = path
        self.resized = 0
        self._rate = rate
        self._container: Any = None
        self._stream: Any = None
        self._size = (0, 0)
        self._last = -1

    def write(self, frame: Frame, image: np.ndarray) -> None:
        """Add a picture.

        Args:
            frame: The frame that it was made of, which has the time.
            image: Array (height, width, 3), BGR, 8 bits.

        Raises:
            OSError: The file cannot be written.
        """
        if self._stream is None:
            self._open(image)
        if image.shape[1::-1] != self._size:
            image = fit(image, self._size, centered=True)[0]
            self.resized += 1
        # H.264 halves the resolution of colours, so sizes have to be even.
        height, width = image.shape[:2]
        image = np.pad(
            image, ((0, height % 2), (0, width % 2), (0, 0)), mode='edge'
        )
        # FFmpeg's own conversion leaves a tint of green.
        planes: Any = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        picture = av.VideoFrame.from_ndarray(planes, format='yuv420p')
        tick = round((frame.time or 0.0) / TICK)
        picture.pts = self._last = max(tick, self._last + 1)
        picture.time_base = TICK
        self._container.mux(self._stream.encode(picture))

    def _open(self, image: np.ndarray) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # In fragments while it is written, so that what lies on the disk
        # plays; the file becomes a usual one when it is closed.
        self._container = av.open(
            str(self.path),
            'w',
            options={'movflags': 'hybrid_fragmented', 'flush_packets': '1'},
        )
        rate = Fraction(self._rate).limit_denominator(1001)
        stream = self._container.add_stream('libx264', rate=rate)
        height, width = image.shape[:2]
        self._size = width, height
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = TICK
        # What OpenCV converts to; of large pictures, players expect BT.709.
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.color_range = ColorRange.MPEG
        stream.gop_size = max(1, round(self._rate * 2))
        # Without frames that need later ones, times begin at 0.
        stream.options = {'crf': '20', 'preset': 'veryfast', 'bf': '0'}
        self._stream = stream

    def close(self) -> None:
        """End the file.

        Raises:
            OSError: It cannot be written.
        """
        if self._stream is None:
            return
        try:
            self._container.mux(self._stream.encode())
        finally:
            self._stream = None
            self._container.close()
