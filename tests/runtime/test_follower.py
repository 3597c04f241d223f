"""Boxes that follow poses, and when a detector has to look."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from distilpose_runtime import Detector, PoseEstimator
from distilpose_runtime.follower import Follower
from distilpose_runtime.images import read_image
from distilpose_runtime.poses import Poses

PHOTO = Path(__file__).parents[2] / 'docs/photos/pedestrian.jpg'
IMAGE = np.zeros((400, 600, 3), np.uint8)
PAIR = [[50, 50, 130, 250], [300, 80, 400, 280]]
# A person in a box of 1 x 1, and the scores of the keypoints.
POINTS = np.array([[0.5, 0.1], [0.2, 0.4], [0.8, 0.4], [0.3, 0.9], [0.7, 0.9]])
SCORES = np.array([0.9, 0.8, 0.8, 0.7, 0.0])


class World:
    """People in known boxes (N, 4); it finds them, and is the estimator.

    A detection misses those in ``missed``, a list of indices. Of a box where
    nobody is, the pose is in its middle, of low scores. A ``Follower`` with
    these options takes each ``step``.
    """

    def __init__(self, boxes=PAIR, **options):
        self.boxes = np.array(boxes, np.float32).reshape(-1, 4)
        self.scores, self.searches, self.missed = SCORES, 0, []
        self.follow = Follower(self, **options)

    def step(self, image=IMAGE):
        return self.follow(image, self.find)

    def find(self):
        self.searches += 1
        found = np.delete(self.boxes, self.missed, 0)
        return found, np.full(len(found), 0.7, np.float32)

    def __call__(self, image, boxes):
        points, scores = [], []
        for box in boxes:
            middle = box.reshape(2, 2).mean(0)
            true = self.boxes.reshape(-1, 2, 2).mean(1) - middle
            near = np.linalg.norm(true, axis=1) if len(true) else [np.inf]
            i = int(np.argmin(near))
            if near[i] < np.linalg.norm(box[2:] - box[:2]) / 2:
                low, high = self.boxes[i].reshape(2, 2)
                points.append(low + POINTS * (high - low))
                scores.append(self.scores)
            else:
                points.append(np.tile(middle, (5, 1)))
                scores.append(self.scores * 0.1)
        keypoints = np.reshape(points, (-1, 5, 2)).astype(np.float32)
        return Poses(
            *(keypoints, np.reshape(scores, (-1, 5)), keypoints, boxes),
            *([*'abcde'], []),
        )


def test_boxes_follow_between_detections():
    """They are where people were a frame before, and keep their scores."""
    world = World(every=4)
    steps = np.array([[6, 3, 6, 3], [-5, 4, -5, 4]], np.float32)
    for i in range(9):
        people, poses = world.step()
        late = 0 if i % 4 == 0 else steps
        np.testing.assert_allclose(people.boxes, world.boxes - late, atol=0.01)
        assert people.scores.tolist() == pytest.approx([0.7, 0.7])
        np.testing.assert_allclose(
            poses.keypoints[0, 0],
            world.boxes[0, :2] + POINTS[0] * [80, 200],
            atol=0.01,
        )
        world.boxes += steps
    assert world.searches == 3


def test_numbers_stay_with_people():
    """Whatever the detector's order. Who is new takes the lowest free."""
    world, found = World(every=2), []
    away, new = world.boxes[0] + [200, 0, 200, 0], [0, 0, 40, 90]
    for boxes in (
        world.boxes,
        world.boxes[::-1] + 5,
        [new, *world.boxes[::-1] + 10],
        [*world.boxes[1:] + 15, away, new],  # the first has left
        [],
        [new],
    ):
        for _ in range(2):
            world.boxes = np.float32(boxes).reshape(-1, 4)
            world.step()
            found.append(world.follow.numbers.tolist())
    assert world.searches == 6
    assert found[::2] == found[1::2]
    assert found[::2] == [[0, 1], [1, 0], [2, 1, 0], [1, 0, 2], [], [0]]


@pytest.mark.parametrize('every', [1, 4])
def test_who_is_missed_once_stays(every):
    """In the moved box, with the number; who is missed twice is gone."""
    world, found = World(every=every), []
    step = np.float32([6, 3, 6, 3])
    for missed in ([], [0], [], [0], [0], []):
        world.missed = missed
        if len(found) == 1:  # a new person gets no number of one who stays
            world.boxes = np.append(world.boxes, [[450, 0, 500, 90]], 0)
        for _ in range(every):
            people, poses = world.step()
            assert people.scores.tolist() == pytest.approx([0.7] * len(poses))
            if missed and world.follow.numbers[-1] == 0:
                low = world.boxes[0, :2]
                before = world.boxes[0] - step
                np.testing.assert_allclose(people.boxes[-1], before, 1e-3)
                np.testing.assert_allclose(
                    poses.keypoints[-1], low + POINTS * [80, 200], 1e-3
                )
            world.boxes = world.boxes + step
        found.append(world.follow.numbers.tolist())
    assert found[:3] == [[0, 1], [1, 2, 0], [0, 1, 2]]
    assert found[3:] == [[1, 2, 0], [1, 2], [0, 1, 2]]
    assert world.searches == 6


@pytest.mark.parametrize(
    'box, scores, left',
    [
        pytest.param([54, 52, 134, 252], 1, 2, id='is there'),
        pytest.param([54, 52, 134, 252], 0.6, 1, id='scores'),
        pytest.param([75, 50, 155, 250], 1, 1, id='jumps'),
        pytest.param([450, 50, 530, 250], 1, 1, id='is elsewhere'),
    ],
)
@pytest.mark.parametrize('due', [False, True])
def test_who_is_missed_and_lost_is_gone_at_once(box, scores, left, due):
    """And where a frame has another size. The other is found."""
    world = World(every=2 if due else 100)
    for _ in range(2):
        world.step()
    world.boxes[0], world.scores, world.missed = box, SCORES * scores, [0]
    people, poses = world.step()
    parts = poses.keypoints, poses.scores, poses.sigmas, poses.boxes
    assert [len(x) for x in (people.boxes, *parts)] == [left] * 5
    people, _ = world.step(IMAGE[:399])
    assert people.boxes.tolist() == world.boxes[1:].tolist()


@pytest.mark.parametrize(
    'missed, lost, left',
    [(3, [0], 3), (3, [0, 1], 1), (2, [1], 2), (3, [3], 4)],
)
def test_nobody_stays_where_half_are_lost(missed, lost, left):
    """Of those who are missed, as after a cut. Who is found does not count."""
    world = World([[x, 50, x + 80, 250] for x in (0, 150, 300, 450)])
    world.step()
    world.missed = list(range(missed))
    world.boxes[lost] += [25, 0, 25, 0]
    assert len(world.step()[1]) == left


def test_scores_fall_from_the_last_time_that_one_was_found():
    world = World(PAIR[:1], every=2)
    for i, share in enumerate((1, 1, 0.8, 0.6)):
        world.scores, world.missed = SCORES * share, [0] if i else []
        assert len(world.step()[0].boxes) == (share > 0.6)


@pytest.mark.parametrize('shift, left', [(50, 1), (60, 2)])
def test_one_detection_for_two(shift, left):
    """It covers the other's box, or not: an IoU of 0.33 or 0.25."""
    box = np.array([300, 80, 400, 280])
    world = World([box, box + [shift, 0, shift, 0]])
    world.step()
    world.missed = [1]
    assert len(world.step()[1]) == left


def test_who_is_found_is_never_lost():
    """Whether at the edge of the picture or beside another."""
    box = np.array([560, 50, 720, 250])  # a quarter of it is in the picture
    world = World([box, box + 5])
    for _ in range(2):
        assert len(world.step()[1]) == 2


@pytest.mark.parametrize('most, left', [(0, 1), (1, 1), (2, 2), (None, 3)])
def test_most(most, left):
    world = World([*PAIR, [450, 0, 500, 99]], most=most)
    assert len(world.step()[1]) == 3
    world.missed = [0, 2]
    assert len(world.step()[1]) == left


def test_boxes_grow_with_people():
    """By an eighth in both directions, and then in height alone."""
    world = World([[100, 100, 180, 260]], every=100)
    world.step()
    for box in ([95, 90, 185, 270], [95, 80, 185, 280]):
        world.boxes[0] = box
        world.step()
        boxes = world.step()[0].boxes
        np.testing.assert_allclose(boxes[0], box, atol=4)
    assert world.searches == 1


def test_who_enters_is_found_at_the_next_detection():
    world, counts = World([], every=3), []
    for i in range(8):
        if i == 4:
            world.boxes = np.float32(PAIR[:1])
        counts.append(len(world.step()[1]))
    assert counts == [0, 0, 0, 0, 0, 0, 1, 1]
    assert world.searches == 3


def test_who_jumps_is_looked_for_at_once():
    """And the people of that frame are those that were found."""
    world = World(every=100)
    for boxes in (
        world.boxes + [24, 0, 24, 0],  # an IoU below 0.6
        world.boxes[:1],
    ):
        searches = world.searches
        world.step()
        world.step()
        world.boxes = np.float32(boxes)
        people, poses = world.step()
        assert world.searches == max(searches, 1) + 1
        assert people.boxes.tolist() == world.boxes.tolist()
        assert len(poses) == len(boxes)


@pytest.mark.parametrize(
    'shares, heights, searches',
    [
        pytest.param([1, 0.8, 0.6, 0.6], [400] * 4, [1, 1, 2, 2], id='fall'),
        pytest.param([0.01] * 4, [400] * 4, [1] * 4, id='always low'),
        pytest.param([1] * 4, [400, 400, 300, 300], [1, 1, 2, 2], id='size'),
    ],
)
def test_looks_where_scores_fall_or_the_size_changes(
    shares, heights, searches
):
    """Not where scores are low from the start, or it would at each frame."""
    world, found = World(PAIR[:1], every=100), []
    for share, height in zip(shares, heights):
        world.scores = SCORES * share
        world.step(IMAGE[:height])
        found.append(world.searches)
    assert found == searches


@pytest.mark.parametrize(
    'end',
    [
        pytest.param([-70, 50, 10, 250], id='leaves the picture'),
        pytest.param([80, 120, 100, 180], id='shrinks'),
        pytest.param([0, 0, 180, 300], id='grows'),
        pytest.param([295, 80, 395, 280], id='becomes one with another'),
    ],
)
def test_who_is_lost_slowly(end):
    """In steps that are no jumps; the first ones make no difference."""
    world, first, count = World(every=1000), PAIR[0], 26
    for i in range(count + 1):
        world.boxes[0] = np.add(first, np.subtract(end, first) * i / count)
        world.step()
        assert i > 5 or world.searches == 1
    assert world.searches > 1


def test_detections_ahead():
    """Who asks which frames are due runs the detector on those alone."""
    world = World(every=3)
    due = [world.follow.is_due() for _ in range(7)]
    assert due == [True, False, False] * 2 + [True]
    for x in due:
        world.follow(IMAGE, world.find, x)
    assert world.searches == 3


def test_every_below_one():
    with pytest.raises(ValueError, match='every is 0, expected 1 or more'):
        World(every=0)


def test_a_person_of_a_photo():
    """A photo moves, and then is gone: with the models of this package."""
    photo = read_image(PHOTO)
    detector, model = Detector(), PoseEstimator('distilpose-body17')
    follow = Follower(model, every=100)
    searches = []

    def find(image):
        searches.append(1)
        return detector(image)

    for i in range(6):
        warp = np.float32([[1, 0, 5 * i], [0, 1, 3 * i]])
        image = cv2.warpAffine(photo, warp, photo.shape[1::-1])
        people, poses = follow(image, partial(find, image))
    assert len(searches) == 1
    boxes, _ = detector(image)
    assert len(people.boxes) == len(boxes)
    sides = boxes[0, 2:] - boxes[0, :2]
    assert np.abs(people.boxes[0] - boxes[0]).max() < 0.1 * sides.max()
    expected = model(image, boxes).keypoints[0]
    away = np.linalg.norm(poses.keypoints[0] - expected, axis=1)
    assert np.median(away) < 0.03 * sides.max()
    gone = np.full_like(image, 120)
    assert len(follow(gone, partial(find, gone))[1]) == 0
    assert len(searches) == 2
