"""A head on pooled features."""

import pytest
import torch

from .. import toys


def build():
    return toys.build(toys.student(**toys.students()['pooled'])).head


def test_each_keypoint_has_its_own_five_numbers():
    head = build()
    feature = torch.randn(2, 16, 4, 3)
    output = head([torch.zeros(1), feature])
    numbers = head.fc(feature.mean((-1, -2))).reshape(2, toys.K, 5)
    torch.testing.assert_close(output.coords, numbers[..., :2].sigmoid())
    torch.testing.assert_close(output.scores, numbers[..., 2:3])
    torch.testing.assert_close(
        output.sigmas, torch.nn.functional.softplus(numbers[..., 3:])
    )


@pytest.mark.parametrize('shape', [(2, 8, 4, 3), (2, 16)])
def test_other_features(shape):
    with pytest.raises(ValueError, match=r'\(B, 16, h, w\), but .* neck'):
        build()([torch.zeros(shape)])
