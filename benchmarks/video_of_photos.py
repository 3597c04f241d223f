"""A video without labels: photos under CC BY 2.0, panned and zoomed.

    python benchmarks/video_of_photos.py COCO VIDEO.mp4 [--seconds N]

COCO is a folder in COCO's layout. Over each photo, a window moves for N
seconds, by default 3. All come twice, so that the last tenth of the video, on
which students are validated, has nobody new. docs/without_labels.md follows
such a video.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from leeds.photos import photos_to_show
from moving_people import write_video
from tqdm import tqdm

SIZE = (640, 480)  # width and height, pixels


def pan_and_zoom(
    photo: np.ndarray, frames: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Move a window of 0.6 to 1 of the photo's sides over it, turning."""
    side = np.array(photo.shape[1::-1])
    ends = rng.uniform((0.6, 0, 0, -12), (1, 1, 1, 12), (2, 4))
    for t in np.linspace(0, 1, frames):
        share, x, y, angle = ends[0] + (ends[1] - ends[0]) * t
        scale = min(np.array(SIZE) / (side * share))
        center = side / 2 + side * (1 - share) * ((x, y) - np.array(0.5))
        warp = cv2.getRotationMatrix2D(center, angle, scale)
        warp[:, 2] += np.array(SIZE) / 2 - center
        yield cv2.warpAffine(photo, warp, SIZE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('coco', type=Path, metavar='COCO')
    parser.add_argument('video', type=Path, metavar='VIDEO.mp4')
    parser.add_argument('--seconds', type=int, default=3, metavar='N')
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    photos = [
        cv2.imread(str(file))
        for _, file, people in photos_to_show(args.coco)
        if people
    ]
    every = tqdm(2 * photos, unit='photo')
    frames = args.seconds * 30
    write_video(
        args.video,
        (
            image
            for photo in every
            for image in pan_and_zoom(photo, frames, rng)
        ),
    )


if __name__ == '__main__':
    main()
