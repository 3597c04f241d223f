"""Data with labels of some people, and the others without."""

import itertools
import random
from typing import Any

import numpy as np
from mmpose.datasets.datasets import CocoDataset, CrowdPoseDataset
from mmpose.registry import DATASETS


class _SomeLabels:
    """People of whom some, drawn at random, keep their labels.

    An epoch has ``length`` people, so that training runs with few labels have
    as many steps as those with many. It begins with all people of the file,
    those without labels as well, if ``others``. The rest is filled up by
    those with labels, over and over.

    Args:
        labels: How many people keep their labels.
        seed: Of the drawing. Fewer labels are a part of more.
        others: Whether the people without labels stay, for a teacher.
        length: People of an epoch.
        **kwargs: As for MMPose's dataset.
    """

    def __init__(
        self,
        labels: int,
        seed: int = 0,
        others: bool = False,
        length: int = 8992,
        **kwargs: Any,
    ) -> None:
        self.labels = labels
        self.seed = seed
        self.others = others
        self.length = length
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the people."""
        people = super().load_data_list()
        order = random.Random(self.seed).sample(
            range(len(people)), len(people)
        )
        labelled = [people[i] for i in order[: self.labels]]
        kept = {person['id'] for person in labelled}
        for person in people:
            if person['id'] not in kept:
                visible = person['keypoints_visible']
                person['keypoints_visible'] = np.zeros_like(visible)
        first = people if self.others else []
        again = itertools.cycle(labelled)
        more = itertools.islice(again, self.length - len(first))
        return [*first, *map(dict, more)]


@DATASETS.register_module()
class SomeLabelsDataset(_SomeLabels, CrowdPoseDataset):
    """Of Leeds, in CrowdPose's layout."""


@DATASETS.register_module()
class SomeLabelsCocoDataset(_SomeLabels, CocoDataset):
    """Of the demo's synthetic people, in COCO's layout."""
