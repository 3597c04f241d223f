"""A config of each kind of head, exported and compared with MMPose's predict.

With random weights; ``pytest -s`` shows the table of docs/deploy.md.
"""

import pytest
import torch

from distilpose.deploy.export import export_onnx
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import read_config
from distilpose_runtime import PoseEstimator

from .. import toys

KEYPOINTS = {
    'rtmpose-t_8xb256-420e_coco-256x192': 17,
    'rtmpose-s_8xb256-420e_coco-256x192': 17,
    'rtmw-m_8xb1024-270e_cocktail14-256x192': 133,
    'simcc_res50_8xb64-210e_coco-256x192': 17,
    'td-hm_hrnet-w32_8xb64-210e_coco-256x192': 17,
    'td-hm_hrnet-w32_dark-8xb64-210e_coco-256x192': 17,
    'td-hm_hrnet-w32_udp-8xb64-210e_coco-256x192': 17,
    'td-hm_hrnet-w32_udp-regress-8xb64-210e_coco-256x192': 17,
    'td-hm_ViTPose-small_8xb64-210e_coco-256x192': 17,
    'td-hm_rsn18_8xb32-210e_coco-256x192': 17,
    'tokenpose-l_8xb64-300e_coco-256x192': 17,
    'td-reg_res50_rle-8xb64-210e_coco-256x192': 17,
    'distilpose-s_8xb32-300e_coco-256x192': 17,
}


@pytest.mark.slow
@pytest.mark.parametrize('name', KEYPOINTS)
def test_export(name, tmp_path):
    if 'ViTPose' in name:
        pytest.importorskip('mmpretrain')
    config = read_config(name, with_mmpose=True)
    torch.manual_seed(0)
    model = toys.with_statistics(build_without_weights(config))
    checkpoint, file = tmp_path / 'x.pth', tmp_path / 'x.onnx'
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    found = export_onnx(config, str(checkpoint), file)
    size = file.stat().st_size / 1e6
    print(f'{name}: {found}; {size:.1f} MB')  # noqa: T201
    assert found.tied <= 0.1 * found.keypoints
    info = PoseEstimator(file).info
    assert len(info.names) == KEYPOINTS[name]
    assert info.use_udp == ('udp' in name or 'ViTPose' in name)
