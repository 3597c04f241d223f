"""What a distillation logs, by names that experiment trackers take."""

import re
from types import SimpleNamespace

import cv2
import pytest
from mmengine.registry import VISBACKENDS
from mmengine.visualization import LocalVisBackend

from . import runs

# What all of these take as it is: MLflow (letters, digits, `_ - . : /` and
# spaces), W&B (sorts and filters by identifiers, groups by `/`), TensorBoard
# (replaces all but letters, digits and `_ - . /`), ClearML (anything).
OURS = r'[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*'


@VISBACKENDS.register_module(force=True)
class RecordingBackend(LocalVisBackend):
    """Records names as they are given."""

    given = []

    def add_image(self, name, *args, **kwargs):
        self.given.append(name)

    def add_scalars(self, scalar_dict, *args, **kwargs):
        self.given.extend(scalar_dict)


@pytest.fixture(scope='module')
def run(pictures, tmp_path_factory):
    """A distillation with COCO's metrics, pictures, and three trackers."""
    folder = tmp_path_factory.mktemp('run')
    cfg = runs.config(pictures, folder)
    cfg.train_cfg.val_interval = 1
    cfg.visualizer.vis_backends = [
        dict(type=f'{kind}Backend')
        for kind in ('LocalVis', 'TensorboardVis', 'Recording')
    ]
    cfg.custom_hooks.append(
        dict(type='DistillationVisualizationHook', interval=1, num_samples=2)
    )
    return SimpleNamespace(runner=runs.train(cfg), folder=folder)


def test_pictures(run):
    """Crop, teacher, simulated heatmap and skeleton, to files and board."""
    (folder,) = run.folder.glob('2*/vis_data')
    names = [path.name for path in folder.glob('vis_image/*')]
    dataset = run.runner.val_loop.dataloader.dataset
    last = len(dataset) - 1
    assert sorted(names) == [
        f'distillation_{sample}_{epoch}.png'
        for sample in (0, last)
        for epoch in (1, 2)
    ]
    picture = cv2.imread(str(folder / 'vis_image/distillation_0_2.png'))
    assert picture.shape == (3 * 96, 4 * 3 * 64, 3)
    crop = dataset[0]['inputs'].permute(1, 2, 0).numpy()  # BGR, as of OpenCV
    assert (picture[:, : 3 * 64] == cv2.resize(crop, (3 * 64, 3 * 96))).all()
    assert any(folder.glob('events.out.tfevents*'))


def test_every_term(run):
    logged = run.runner.message_hub.log_scalars
    for term, weight in (
        ('visual_tokens', 5e-4),
        ('keypoint_tokens', 5e-4),
        ('simulated_heatmaps', 1.0),
        ('scores', 1e-2),
    ):
        value, own, raw = (
            logged[f'train/{key}'].current()
            for key in (f'loss_{term}', f'{term}/weight', f'{term}/unweighted')
        )
        assert own == pytest.approx(weight)
        assert value == pytest.approx(own * raw, rel=1e-5)


def test_own_names_suit_all_trackers(run):
    given = RecordingBackend.given
    own = {name for name in given if not name.startswith('coco/')}
    assert {'loss_kpt', 'distillation_0'} <= own
    for name in own:
        assert re.fullmatch(OURS, name), name
    # W&B tells no upper from lower case.
    assert len({name.lower() for name in own}) == len(own)
