"""Write formats and read them with movement and Pose2Sim, in their own
environment: ``python readers.py FOLDER``. Prints what they read, as JSON.
"""

import json
import re
import sys
from pathlib import Path

from movement.io import load_dataset
from Pose2Sim.common import sort_stringlist_by_last_number
from Pose2Sim.personAssociation import read_json

from distilpose_runtime.formats import FILES, write


def by_movement(file: Path) -> dict:
    found = load_dataset(file, source_software='DeepLabCut', fps=20)
    order = 'time', 'individuals', 'keypoints'
    values = {name: getattr(found, name) for name in order}
    values['position'] = found.position.transpose(*order, 'space')
    values['confidence'] = found.confidence.transpose(*order)
    return {name: x.values.tolist() for name, x in values.items()}


def by_pose2sim(folder: Path) -> dict:
    """The people of each frame, whose number it finds as Pose2Sim does."""
    names = sort_stringlist_by_last_number([x.name for x in folder.iterdir()])
    return {
        int(re.split(r'(\d+)', name)[-2]): read_json(folder / name)
        for name in names
    }


folder = Path(sys.argv[1])
found = {}
for kind in ('one', 'tracks'):
    for name in ('deeplabcut', 'deeplabcut-csv'):
        write(folder / kind / 'predictions.json', name)
        found[f'{kind} {name}'] = by_movement(folder / kind / FILES[name])
write(folder / 'tracks/predictions.json', 'openpose')
found['openpose'] = by_pose2sim(folder / 'tracks' / FILES['openpose'])
print('found:', json.dumps(found))  # noqa: T201
