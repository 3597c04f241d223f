import pytest
import torch
from mmpose.models.backbones import HRNet

from distilpose import HRNet3Stage, StemNet, TokenDistillingEncoder, Tokens
from distilpose.models.token_distilling_encoder import sine_position_table


def hrnet_extra():
    """HRNet with its own stem and narrow, shallow stages."""

    def stage(block, depth, *channels):
        n = len(channels)
        return dict(
            num_modules=1,
            num_branches=n,
            block=block,
            num_blocks=(depth,) * n,
            num_channels=channels,
        )

    return dict(
        stage1=stage('BOTTLENECK', 4, 64),
        stage2=stage('BASIC', 1, 8, 16),
        stage3=stage('BASIC', 1, 8, 16, 24),
        stage4=stage('BASIC', 1, 8, 16, 24, 32),
    )


def through_layer1(hrnet, x):
    x = hrnet.relu(hrnet.norm1(hrnet.conv1(x)))
    x = hrnet.relu(hrnet.norm2(hrnet.conv2(x)))
    return hrnet.layer1(x)


def test_stem_is_that_of_hrnet():
    """It loads HRNet's stem by name and computes what HRNet computes."""
    torch.manual_seed(0)
    hrnet, stem = HRNet(hrnet_extra()), StemNet()
    own = hrnet.state_dict()
    stem.load_state_dict({k: own[k] for k in stem.state_dict()}, strict=True)
    hrnet.eval(), stem.eval()  # HRNet's gives None
    images = torch.randn(2, 3, 64, 48)
    (actual,) = stem(images)
    assert actual.shape == (2, 256, 16, 12)
    torch.testing.assert_close(actual, through_layer1(hrnet, images))


def test_three_stages_are_those_of_hrnet():
    """The finest map of stage 3, by HRNet's weights and code."""
    torch.manual_seed(0)
    extra = hrnet_extra()
    hrnet = HRNet(extra)
    extra.pop('stage4')
    ours = HRNet3Stage(extra)
    own = hrnet.state_dict()
    ours.load_state_dict({k: own[k] for k in ours.state_dict()}, strict=True)
    hrnet.eval(), ours.eval()
    images = torch.randn(2, 3, 64, 48)
    x = through_layer1(hrnet, images)
    stage2 = hrnet.stage2([layer(x) for layer in hrnet.transition1])
    coarsest = hrnet.transition2[2](stage2[-1])
    expected = hrnet.stage3([*stage2, coarsest])[0]
    (actual,) = ours(images)
    assert actual.shape == (2, 8, 16, 12)
    torch.testing.assert_close(actual, expected)
    ours.train()
    ours(images)[0].sum().backward()
    assert all(p.grad is not None for p in ours.parameters())


@pytest.mark.parametrize(
    'size, patch, tokens',
    [((64, 48), (4, 3), 256), ((96, 72), (4, 3), 576), ((10, 21), (2, 7), 15)],
)
@pytest.mark.parametrize('keypoints, width', [(17, 32), (3, 24)])
def test_shapes(size, patch, tokens, keypoints, width):
    encoder = TokenDistillingEncoder(
        6, keypoints, patch, width, num_layers=2, num_heads=4
    )
    out = encoder((torch.randn(2, 6, *size),))
    assert isinstance(out, Tokens)
    assert out.visual.shape == (2, tokens, width)
    assert out.keypoint.shape == (2, keypoints, width)
    assert out[-1] is out.keypoint, "MMPose's heads read the last"


def test_sine_table_by_hand():
    table = sine_position_table(2, 3, 8).reshape(2, 3, 8)
    # Second row, third column: y = 2 of 2, x = 3 of 3; the four columns of
    # each half are sine and cosine of a whole turn, at frequencies 1 and 0.01.
    turn = 2 * torch.pi
    half = torch.tensor([turn, turn, turn / 100, turn / 100]).double()
    half[0::2], half[1::2] = half[0::2].sin(), half[1::2].cos()
    torch.testing.assert_close(
        table[1, 2], torch.cat([half, half]), rtol=0, atol=1e-5
    )
    # y does not change along a row, x does not along a column.
    assert torch.equal(table[0, 0, :4], table[0, 2, :4])
    assert torch.equal(table[0, 1, 4:], table[1, 1, 4:])


@pytest.mark.parametrize('settings, shape, message', [
    (dict(embed_dims=20), (), 'embed_dims=20 .* num_heads=8'),
    (dict(embed_dims=6, num_heads=2), (), 'embed_dims=6 .* of 4'),
    (dict(num_layers=0), (), 'num_layers=0, expected 1 or more'),
    ({}, (1, 4, 10, 12), r'10 x 12 .* patches of 4 x 3'),
    ({}, (1, 5, 8, 12), '5 channels, but in_channels=4'),
])  # fmt: skip
def test_settings_and_maps_that_do_not_fit(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        TokenDistillingEncoder(4, **settings)(torch.zeros(shape))
