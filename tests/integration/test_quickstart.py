"""The notebook runs, and what a reader sees there is right."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from mmpose.apis import inference_topdown, init_model

from distilpose.zoo.find import find_config

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group('quickstart')]

DOCS = Path(__file__).parents[2] / 'docs'
STUDENT = 'distilpose-tiny_1xb32-15e_demo-96x64'


@pytest.fixture(scope='module')
def clone(tmp_path_factory):
    """Of a clone, what the notebook reads; and what it wrote."""
    clone = tmp_path_factory.mktemp('clone')
    shutil.copytree(DOCS / 'photos', clone / 'docs/photos')
    notebook = shutil.copy(DOCS / 'quickstart.ipynb', clone / 'docs')
    done = subprocess.run(
        [sys.executable, DOCS / 'site/execute.py', notebook],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return clone


@pytest.fixture(scope='module')
def printed(clone):
    """What the cells print, by their names."""
    notebook = nbformat.read(clone / 'docs/quickstart.ipynb', as_version=4)
    return {
        cell.id: ''.join(output.get('text', '') for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == 'code'
    }


def test_the_model_that_comes_with_the_package(printed):
    assert ', 14 keypoints of crowdpose, float32' in printed['model']


def test_training_raises_ap(printed):
    """The teacher goes on from the student alone."""
    alone, teacher, distilled = (
        int(re.fullmatch(r'AP of the .*: (\d+)\n', printed[name])[1])
        for name in ('alone', 'teacher', 'distilled')
    )
    assert teacher > alone and 0 < distilled < 100


def test_the_exported_file_agrees_with_pytorch(clone, printed):
    """By its own account, and on the image that the notebook shows."""
    pixels = float(re.search(r'keypoints (\S+) px', printed['export'])[1])
    assert pixels < 1e-3
    work = clone / 'work_dirs/quickstart'
    data = work / 'data/demo'
    labels = json.loads(
        (data / 'annotations/person_keypoints_val2017.json').read_text()
    )
    image = labels['images'][1]
    boxes = np.array(
        [
            person['bbox']
            for person in labels['annotations']
            if person['image_id'] == image['id']
        ]
    )
    model = init_model(
        *(
            str(find_config(STUDENT)),
            f'{work}/work_dirs/{STUDENT}/epoch_15.pth',
        ),
        device='cpu',
    )
    poses = inference_topdown(
        *(model, str(data / 'val2017' / image['file_name']), boxes, 'xywh')
    )
    loaded, shape, wrist = printed['exported'].splitlines()
    assert loaded == 'PyTorch is loaded: False'
    assert shape.endswith(f': ({len(poses)}, 17, 2)')
    assert wrist.startswith('left_wrist of the first: (')
    shown = [*map(float, re.findall(r'\d+\.\d', wrist))]
    expected = poses[0].pred_instances.keypoints[0, 9]
    assert shown == pytest.approx(expected.tolist(), abs=0.06)
