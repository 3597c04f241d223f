"""``distilpose calibrate``, from labelled pictures to the file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distilpose_cli
from distilpose_cli import main
from distilpose_runtime import PoseEstimator
from distilpose_runtime.images import write_image
from distilpose_runtime.web import page_files

from ..runtime.graphs import NAMES, pose_model
from . import one_line

IMAGE = np.zeros((90, 120, 3), np.uint8)
ROOT = Path(distilpose_cli.__file__).parents[1]
BOX = [20.0, 10.0, 48.0, 64.0]  # x, y, width, height; the crop has 1.25 of it
SIZES = [6.0, 1.5]  # of errors, pixels of the crop, where the model says 3


@pytest.fixture
def model(tmp_path):
    return pose_model(tmp_path / 'pose.onnx')


def labels(names=NAMES, pictures=4, people=100, **changes) -> dict:
    """People whose labels lie around what the model predicts."""
    rng = np.random.default_rng(0)
    errors = rng.standard_normal((pictures * people, 2, 2))
    crop = [[24, 32], [0, 0]] + errors * np.array(SIZES)[:, None]
    points = np.full((len(crop), 2, 3), 2.0)
    points[..., :2] = crop * 1.25 + [44 - 30, 42 - 40]
    order = [NAMES.index(name) if name in NAMES else 0 for name in names]
    annotations = [
        dict(
            image_id=i % pictures,
            category_id=7,
            bbox=BOX,
            keypoints=person[order].ravel().tolist(),
        )
        for i, person in enumerate(points)
    ]
    images = [dict(id=i, file_name=f'{i}.png') for i in range(pictures)]
    category = dict(id=7, name='person', keypoints=[*names])
    content = dict(images=images, annotations=annotations)
    return {**content, 'categories': [category], **changes}


@pytest.fixture
def run(tmp_path):
    """Runs the command on labels of four pictures, and gives its refusal."""
    folder = tmp_path / 'photos'
    for i in range(4):
        write_image(folder / f'{i}.png', IMAGE)

    def calibrate(model, content, *arguments, images=folder, refused=False):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / 'labels.json').write_text(text)
        given = [model, '--data', tmp_path / 'labels.json', '--images', images]
        if not refused:
            return main(['calibrate', *map(str, (*given, *arguments))])
        text = one_line.refused('calibrate', *given, *arguments)
        assert not [*tmp_path.glob('*calibrated*')]
        return text

    return calibrate


def calibrated_sizes(file):
    """Sigmas of the two keypoints, pixels of the crop."""
    sigmas = PoseEstimator(file)(IMAGE, [[20, 10, 68, 74]]).sigmas
    return (sigmas / 1.25).mean((0, 2))


def test_known_errors(model, run, tmp_path, capsys):
    """The other order of names; the original stays, then is replaced."""
    before = model.read_bytes()
    run(model, labels(NAMES[::-1]), '--plot', tmp_path / 'plot.png')
    assert model.read_bytes() == before
    out = tmp_path / 'pose-calibrated.onnx'
    np.testing.assert_allclose(calibrated_sizes(out), SIZES, rtol=0.1)
    shown = capsys.readouterr().out
    assert f'Written: {out}.' in shown and 'other people' in shown
    (row,) = [x for x in shown.splitlines() if x.startswith('corner')]
    old, new = row.split()[2], row.split()[4]
    assert float(old) == pytest.approx(0.954, abs=0.03)  # 3 is twice 1.5
    assert float(new) == pytest.approx(0.683, abs=0.06)
    assert (tmp_path / 'plot.png').read_bytes()[1:4] == b'PNG'
    # A second time, from the model's own sigmas again.
    run(out, labels(NAMES[::-1]), '--out', out)
    assert 'earlier calibration is not used' in capsys.readouterr().out
    np.testing.assert_allclose(calibrated_sizes(out), SIZES, rtol=0.1)
    assert PoseEstimator(out).about['sigmas_calibrated']
    about = json.loads(page_files(out)['/models.json'].read())
    found = PoseEstimator(out).info.sigma_calibration
    assert about['model']['sigma_calibration'] == found._asdict()


def test_who_is_counted(model, run, tmp_path, capsys):
    """Not crowds, other categories, hidden nobody, and boxes outside."""
    content = labels(['centre', 'else'])
    changes = [dict(iscrowd=1), dict(bbox=None), dict(category_id=3)]
    for keypoints in ([0] * 6, [], [float('nan')] * 6):
        changes.append(dict(keypoints=keypoints))
    changes.append(dict(bbox=[500, 500, 10, 10]))
    for row, change in zip(content['annotations'], changes):
        row.update(change)
    content['images'][0]['file_name'] = 'train/0.png'
    run(model, content)
    shown = capsys.readouterr().out
    assert 'Fitted to 196 people' in shown  # of 200
    assert 'Of 197 other people' in shown
    assert '1 people are left out' in shown
    assert 'these have the factor of all keypoints together: corner' in shown
    assert [x.split()[1] for x in shown.splitlines()[-3:-1]] == ['197'] * 2
    sizes = calibrated_sizes(tmp_path / 'pose-calibrated.onnx')
    np.testing.assert_allclose(sizes, SIZES[:1] * 2, rtol=0.1)


@pytest.mark.parametrize('change', [
    lambda x: [row.update(image_id=f'{row["image_id"]}') for row in x],
    lambda x: [row.update(image_id=float(row['image_id'])) for row in x],
    lambda x: [row.update(category_id='7') for row in x],
    lambda x: [row.update(iscrowd='false') for row in x],
    lambda x: x.append(dict(x[0], category_id=8, keypoints=[0, 0, 2])),
])  # fmt: skip
def test_files_of_tools(change, model, run, capsys):
    """What is a text, and a horse with a keypoint of a person's name."""
    content = labels()
    horse = dict(id=8, name='horse', keypoints=['centre'])
    content['categories'].append(horse)
    change(content['annotations'])
    run(model, content)
    shown = capsys.readouterr().out
    assert 'to 200 people' in shown and 'Of 200 other' in shown


def test_a_picture_under_two_ids(model, run, capsys):
    content = labels(pictures=5)
    content['images'][4]['file_name'] = '3.png'
    run(model, content)
    shown = capsys.readouterr().out
    assert 'to 200 people' in shown and 'Of 300 other' in shown


def test_pictures_of_another_size(model, run, capsys):
    """As those that EXIF data turn, and were annotated as stored."""
    content = labels()
    for image in content['images'][:2]:
        image.update(width=120, height=90)
    run(model, content)
    assert 'another size' not in capsys.readouterr().out
    content['images'][1].update(width=90, height=120)
    run(model, content)
    told = '1 pictures have another size than the file of labels says'
    assert told in capsys.readouterr().out


@pytest.mark.parametrize('content, message', [
    (dict(images=[dict(id=i, file_name=f'{i}/0.png') for i in range(4)]),
     'has 4 pictures of equal names in several folders'),
    (dict(images=[dict(id=0, file_name=f'{i}.png') for i in range(2)]),
     '"0.png" and "1.png" have the same id, 0'),
    (dict(annotations=[]), 'labels no keypoint that the model predicts'),
    (dict(names=['a', 'b']), 'it has a, b; the model has centre, corner'),
    (dict(categories=[dict(id=7)]), 'it has none; the model'),
    (dict(images=[dict(id=0, file_name='0.png')]), 'Only 0 keypoints'),
    (dict(people=7), 'Only 28 keypoints with labels'),
    (dict(images=[dict(id=0, file_name='a.jpg')]), 'lacks 1 of the 1 pictu'),
    (dict(categories=None), 'holds no keypoints'),
    (dict(categories=[dict(id=7, keypoints=['a', 'b', 'centre'])]), 'holds'),
    (dict(images=[dict(id=0)]), "holds no keypoints ('file_name' is missing"),
    ('no JSON', 'holds no keypoints'),
    ('[]', 'holds no keypoints'),
    ('[' * 100_000, 'holds no keypoints (maximum rec'),
    ('{"categories": [], "annotations": [1], "images": []}', 'holds no key'),
])  # fmt: skip
def test_data_that_cannot_be_used(content, message, model, run):
    if isinstance(content, dict):
        content = labels(**content)
    assert message in run(model, content, refused=True)


def test_models_and_outputs_that_cannot_be(model, run, tmp_path):
    without = pose_model(tmp_path / 'without.onnx', sigmas=False)
    (tmp_path / 'text.onnx').write_text('no model')
    (tmp_path / 'bad').mkdir()
    for i in range(4):
        (tmp_path / 'bad' / f'{i}.png').write_text('no picture')
    for file, arguments, images, message in (
        (without, (), 'photos', 'gives no sigmas'),
        (tmp_path / 'text.onnx', (), 'photos', 'cannot load'),
        ('', (), 'photos', 'There is no model ""'),
        (model, ('--out', 'a.pt'), 'photos', 'a file that ends in .onnx'),
        (model, ('--plot', 'a.pdf'), 'photos', 'a file that ends in .png'),
        (model, (), 'bad', '0.png": the file is cut off, damaged'),
        (model, (), 'none', 'lacks 4 of the 4'),
        (pose_model(tmp_path / 'nan.onnx', sigma=np.nan), (), 'photos',
         'not fini'),
    ):  # fmt: skip
        images = tmp_path / images
        text = run(file, labels(), *arguments, images=images, refused=True)
        assert message in text


def test_a_plot_that_cannot_be_written(model, run, tmp_path, capsys):
    """It takes neither the file nor the table away."""
    with pytest.raises(SystemExit, match='cannot be used'):
        run(model, labels(), '--plot', tmp_path / 'labels.json' / 'a.png')
    assert 'Written: ' in capsys.readouterr().out
    assert (tmp_path / 'pose-calibrated.onnx').is_file()


def test_without_torch_and_mmpose():
    code = (
        'import sys\n'
        'for name in ("torch", "mmpose", "mmengine", "mmcv", "distilpose",'
        ' "onnx", "matplotlib", "scipy"):\n'
        '    sys.modules[name] = None\n'
        'import distilpose_runtime.calibration.report\n'
    )
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True)
