"""The demo's report, of models with random weights."""

import cv2
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from distilpose.hooks.drawing import draw_skeleton, overlay_heatmaps
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config
from distilpose_demo import report
from distilpose_demo.run import MODELS
from distilpose_demo.training import Training


def test_report(pictures, tmp_path):
    trainings = {}
    for i, (name, config) in enumerate(MODELS.items()):
        config = Config.fromfile(find_config(config))
        config.val_dataloader.dataset.data_root = str(pictures)
        one = trainings[name] = Training(name, config, tmp_path / name)
        one.claim()
        weights = build_without_weights(config).state_dict()
        torch.save(dict(state_dict=weights), one.checkpoint)
        for epoch in (5, 15):
            metrics = dict.fromkeys(report.METRICS, i / 10 + epoch / 1000)
            one.record(epoch, {f'coco/{k}': v for k, v in metrics.items()})
    with DefaultScope.overwrite_default_scope('mmengine'):
        report.write_report(tmp_path, trainings)
    table = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in (tmp_path / 'results.md').read_text().splitlines()
    ]
    assert table[0] == ['model', 'parameters', 'AP', 'AP .5', 'AP .75', 'AR']
    assert table[2] == ['Student, not distilled', '371,125', *['0.015'] * 4]
    assert table[3] == ['Teacher (heatmaps)', '556,496', *['0.115'] * 4]
    assert table[4] == ['Student, distilled', '371,125', *['0.215'] * 4]
    assert cv2.imread(str(tmp_path / 'curves.png')) is not None
    sheet = cv2.imread(str(tmp_path / 'pictures.png'))
    assert sheet.shape == (24 + 6 * 3 * 96, 5 * 3 * 64, 3)


def test_comparison_is_made_of_its_cells():
    torch.manual_seed(0)
    crop = torch.randint(0, 256, (8, 6, 3), dtype=torch.uint8).numpy()
    maps, coords = torch.rand(2, 4, 3).numpy(), torch.rand(2, 2).numpy()
    links, colors = [(0, 1)], [[255, 0, 0]]
    sheet = report.draw_comparison(crop, [maps], [coords], links, colors)
    assert sheet.shape == (24, 3 * 18, 3)
    heat = cv2.resize(overlay_heatmaps(crop, maps), (18, 24))
    assert (sheet[:, 18:36] == heat).all()
    drawn = draw_skeleton(crop, coords, links, colors)
    assert (sheet[:, 36:] == drawn).all()
