"""Leeds' labels by COCO's names: 12 of 17 keypoints, without the face.

    python benchmarks/leeds/as_coco.py data/lsp_extended

Writes annotations/person_keypoints_val.json there, beside val.json, for
benchmarks/leeds/other_photos.py and `distilpose calibrate`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from mmpose.datasets.datasets import CocoDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

META = parse_pose_metainfo(CocoDataset.METAINFO)
NAMES = [META['keypoint_id2name'][i] for i in range(17)]


def as_coco(content: dict) -> dict:
    """A file in COCO's layout with COCO's keypoints."""
    names = content['categories'][0]['keypoints']
    people = []
    for person in content['annotations']:
        given = dict(zip(names, np.reshape(person['keypoints'], (-1, 3))))
        points = np.array([given.get(name, (0, 0, 0)) for name in NAMES])
        people.append(
            dict(
                person,
                keypoints=points.ravel().tolist(),
                num_keypoints=int((points[:, 2] > 0).sum()),
            )
        )
    skeleton = [[a + 1, b + 1] for a, b in META['skeleton_links']]
    category = dict(id=1, name='person', keypoints=NAMES, skeleton=skeleton)
    return dict(content, annotations=people, categories=[category])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('leeds', type=Path, metavar='FOLDER')
    folder = parser.parse_args().leeds / 'annotations'
    content = json.loads((folder / 'val.json').read_text())
    target = folder / 'person_keypoints_val.json'
    target.write_text(json.dumps(as_coco(content)))


if __name__ == '__main__':
    main()
