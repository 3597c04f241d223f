"""People in boxes of whom no keypoints are known."""

from collections import Counter
from typing import Any

import numpy as np
from mmengine.fileio import get_local_path, load
from mmengine.logging import print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from distilpose_runtime.errors import UserValueError

from .boxes import is_box, touches

__all__ = ['UnlabelledPeopleDataset']


@DATASETS.register_module()
class UnlabelledPeopleDataset(BaseCocoStyleDataset):
    """People in boxes without keypoints, from whom only a teacher teaches.

    Every keypoint weighs 0 in the labels' loss. In the distillation, keypoints
    without labels count with
    ``model.keypoint_weighting=dict(unlabelled=True)``.

    Its annotation file is in COCO format, and of each annotation the box
    alone is read, whether there are keypoints or not. If it has a category
    "person", others are left out.

    Args:
        ann_file: The annotation file. With ``bbox_file``, its images alone
            are used.
        bbox_file: A list of detections, each with ``image_id``,
            ``category_id`` (1: a person), ``bbox`` and ``score``. Leave out
            those below a score by ``filter_cfg=dict(bbox_score_thr=0.5)``.
        lazy_init: Whether to read the files later.
        **kwargs: As for MMPose's datasets. ``metainfo`` names the student's
            keypoints, and defaults to COCO's.

    Raises:
        ValueError: ``ann_file`` is no file in COCO format, or nobody is left.
    """

    METAINFO = dict(from_file='configs/_base_/datasets/coco.py')

    def __init__(
        self,
        ann_file: str = '',
        bbox_file: str | None = None,
        lazy_init: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(ann_file=ann_file, lazy_init=True, **kwargs)
        # The base class takes boxes from a file for tests alone.
        self.bbox_file = bbox_file
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the files."""
        if not self._fully_initialized:
            _expect_coco_format(self.ann_file)
        super().full_init()

    def load_data_list(self) -> list[dict]:
        """Read the people.

        Raises:
            ValueError: There is nobody.
        """
        self._left_out: Counter[str] = Counter()
        people = super().load_data_list()
        for person in people:
            person['keypoints_visible'] = np.zeros_like(
                person['keypoints_visible']
            )
        if self.bbox_file:
            others = len(load(self.bbox_file)) - len(people)
            self._left_out['of another category_id than 1'] += others
        self._tell(len(people))
        return people

    def filter_data(self) -> list[dict]:
        """Leave out detections of low scores, if so configured."""
        people = super().filter_data()
        low = len(self.data_list) - len(people)
        self._left_out = Counter({'below filter_cfg.bbox_score_thr': low})
        self._tell(len(people))
        return people

    def _tell(self, number: int) -> None:
        """Say who is left out, and why."""
        told = [f'{n} {why}' for why, n in self._left_out.items() if n]
        file = self.bbox_file or self.ann_file
        text = (
            f'UnlabelledPeopleDataset: of "{file}", {number} people are used'
        )
        if told:
            text += f', and left out are {", ".join(told)}'
        if not number:
            raise UserValueError(
                f'{text}. It needs at least one box (bbox) of a single '
                'person with an area inside its image.'
            )
        if told:
            print_log(f'{text}.', 'current')

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        """Read an annotation, without its keypoints."""
        person = dict(raw_data_info['raw_ann_info'])
        reason = self._why_not(person, raw_data_info['raw_img_info'])
        if reason:
            self._left_out[reason] += 1
            return None
        person['keypoints'] = [0] * (3 * self.metainfo['num_keypoints'])
        return super().parse_data_info(
            {**raw_data_info, 'raw_ann_info': person}
        )

    def _why_not(self, person: dict, image: dict) -> str:
        if not is_box(person.get('bbox')):
            return 'without a box (bbox)'
        # Of a file of objects of all kinds, such as COCO's instances, people.
        kinds = self._metainfo.get('CLASSES') or []
        people = [kind['id'] for kind in kinds if kind.get('name') == 'person']
        if people and person['category_id'] not in people:
            return 'of other categories than "person"'
        if person.get('iscrowd'):
            return 'crowds (iscrowd)'
        if not touches(person['bbox'], image):
            return 'without an area inside their image'
        return ''

    @staticmethod
    def _is_valid_instance(data_info: dict) -> bool:
        return True  # the others are left out when they are read


def _expect_coco_format(file: str) -> None:
    """Refuse a list of detections, which names no photos."""
    with get_local_path(file) as path, open(path) as content:
        if content.read(64).lstrip()[:1] != '[':
            return
    raise UserValueError(
        f'UnlabelledPeopleDataset: "{file}" is a list of detections, which '
        'names no photos. Give it as bbox_file, and as ann_file a file in '
        'COCO format whose images have the ids that it uses.'
    )
