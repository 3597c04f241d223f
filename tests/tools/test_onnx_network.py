"""A model whose network is ONNX Runtime's predicts what it did."""

import pytest
import torch
from mmengine.config import Config
from mmpose.testing import get_packed_inputs
from onnx_network import run_in_onnx_runtime

from distilpose.deploy import deploy
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

from .. import toys


def predict(model, size, batch, flip_test=True):
    torch.manual_seed(0)
    data = get_packed_inputs(
        *(batch, 1), img_shape=size[::-1], input_size=size,
        num_keypoints=getattr(model.head, 'out_channels', toys.K),
        with_simcc_label=False,
    )  # fmt: skip
    for sample in data['data_samples']:
        number = len(sample.metainfo['flip_indices'])
        sample.set_metainfo(dict(flip_indices=[*range(number)]))
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': flip_test}
    with torch.no_grad():
        found = model.predict(
            torch.randn(batch, 3, *size[::-1]), data['data_samples']
        )
    return torch.cat(
        [torch.from_numpy(x.pred_instances.keypoints) for x in found]
    )


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('kind', ['tokens', 'no_score', 'rtmpose'])
def test_same_predictions(kind, flip_test, tmp_path):
    """Of a batch that nobody has tried, with outputs that are None, too."""
    if kind == 'rtmpose':
        name = 'rtmpose-t_8xb256-420e_coco-256x192'
        config = Config.fromfile(find_config(name, with_mmpose=True))
        model, size = build_without_weights(config), (192, 256)
    else:
        own = kind == 'tokens'
        head = dict(scores=own, sigmas=own)
        model, size = toys.build(toys.student(head=head)), toys.INPUT_SIZE
    expected = predict(model.eval(), size, 3, flip_test)
    assert expected.std(0).max() > 1e-3  # the images differ
    deploy(model, for_export=True)
    run_in_onnx_runtime(model, size, tmp_path / 'x.onnx')
    found = predict(model, size, 3, flip_test)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
