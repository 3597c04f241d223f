"""Numbers that people keep from frame to frame, by ByteTrack.

The package ``trackers`` does it (Apache-2.0, https://trackers.roboflow.com).
"""

import numpy as np

from .errors import UserImportError
from .people import People

try:
    import supervision
    from trackers import ByteTrackTracker
except ImportError as error:
    raise UserImportError(
        f'Tracking needs the package trackers ({error}). Install it with '
        '`pip install "distilpose[tracking]"`.'
    ) from error

__all__ = ['Tracker']


class Tracker:
    """Follows people by the overlap of their boxes.

    Args:
        rate: Frames a second.
        min_score: The score from which on people are followed.
    """

    def __init__(self, rate: float, min_score: float) -> None:
        self._tracker = ByteTrackTracker(
            lost_track_buffer=30,  # a second: it counts 30 frames in one
            frame_rate=rate,
            track_activation_threshold=min_score,
            high_conf_det_threshold=min_score,
            minimum_consecutive_frames=1,
        )

    def __call__(self, people: People, time: float | None) -> np.ndarray:
        """Number the people of the next frame.

        Args:
            people: Who is in it, N people.
            time: When it is, seconds.

        Returns:
            Their numbers, (N,); -1 for who is new. From the next frame on
            such a person has a number.
        """
        order = np.arange(len(people.boxes))
        found = self._tracker.update(
            supervision.Detections(
                xyxy=people.boxes.astype(np.float64),
                confidence=people.scores.astype(np.float64),
                class_id=np.zeros(len(order), int),
                data={'order': order},
            ),
            timestamp=time,
        )
        numbers = np.full(len(order), -1)
        if len(found):
            numbers[found.data['order']] = found.tracker_id
        return numbers
