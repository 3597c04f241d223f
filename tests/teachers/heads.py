"""A small head of each kind, and what it would give if it were right."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules
from torch import nn

from distilpose.heatmaps.frame import codec_of
from distilpose.losses.paper import SimulatedHeatmapLoss

CHANNELS = 16


class Kind(NamedTuple):
    """One kind of head with one codec.

    ``perfect`` turns the codec's targets for one person into the output of a
    head that learned them, given the head; ``finest`` is the grid of pixels to
    which the codec rounds keypoints, or 0.
    """

    head: dict
    codec: dict
    perfect: Callable[[nn.Module, dict[str, torch.Tensor]], Any]
    stride: int = 4
    finest: float = 0.0


def _dense(head, targets):
    return targets['heatmaps']


def _stages(head, targets):
    """Earlier stages are wrong."""
    maps = targets['heatmaps']
    return [maps.roll(7, -1), maps]


def _integral(head, targets):
    return targets['keypoint_labels'], targets['heatmaps']


def _visible(head, targets):
    maps = targets['heatmaps']
    sure = torch.ones(maps.shape[:2])
    return maps, sure if head.use_sigmoid else 20 * sure


def _logits(head, targets):
    """What a softmax turns into the distribution of the labels."""
    loss, logits = head.loss_module, []
    for axis in 'xy':
        labels = targets[f'keypoint_{axis}_labels']
        if loss.label_softmax:
            logits.append(labels * loss.label_beta / loss.beta)
        else:
            logits.append(labels.clamp(min=1e-30).log() / loss.beta)
    # A softmax cannot tell a constant.
    return logits[0] + 0.7, logits[1] - 3


def _head(kind, **settings):
    return dict(type=kind, deconv_out_channels=None, **settings)


MSRA = dict(type='MSRAHeatmap', sigma=2, unbiased=True)
UDP = dict(type='UDPHeatmap', sigma=2)
MEGVII = dict(type='MegviiHeatmap', kernel_size=11)
IPR = dict(type='IntegralRegressionLabel', sigma=2.0, unbiased=True)
SIMCC = dict(type='SimCCLabel', sigma=6.0)
RTM = dict(type='SimCCLabel', sigma=(4.9, 5.66), normalize=False)
KL = dict(type='KLDiscretLoss', use_target_weight=True, label_softmax=True)
OFFSETS = dict(type='CombinedTargetMSELoss', use_target_weight=True)
LOGITS = dict(type='BCELoss', use_target_weight=True)
HEATMAP = _head('HeatmapHead')
CPM = _head('CPMHead', num_stages=2)
STAGES = dict(num_stages=1, num_units=2, unit_channels=CHANNELS)
MSPN = dict(type='MSPNHead', level_indices=[0, 0], **STAGES)
SIMCC_HEAD = _head('SimCCHead', loss=dict(KL, label_softmax=False))
RTMPOSE = dict(type='RTMCCHead', loss=dict(KL, beta=10.0))
RTMW = dict(type='RTMWHead', loss=dict(KL, label_beta=10.0))
VIS = dict(type='VisPredictHead', pose_cfg=HEATMAP)
DEBIASED = _head('DSNTHead', debias=True, beta=10.0)

KINDS = dict(
    msra=Kind(HEATMAP, dict(MSRA, unbiased=False), _dense, finest=4),
    dark=Kind(HEATMAP, MSRA, _dense),
    dark_stride_8=Kind(HEATMAP, MSRA, _dense, stride=8),
    dark_stride_2=Kind(HEATMAP, MSRA, _dense, stride=2),
    vipnas=Kind(_head('ViPNASHead'), MSRA, _dense),
    udp=Kind(HEATMAP, UDP, _dense),
    udp_stride_8=Kind(HEATMAP, UDP, _dense, stride=8),
    udp_combined=Kind(
        dict(HEATMAP, loss=OFFSETS), dict(UDP, heatmap_type='combined'), _dense
    ),
    megvii=Kind(HEATMAP, MEGVII, _dense, finest=4),
    cpm=Kind(CPM, MSRA, _stages, stride=8),
    hourglass=Kind(CPM, MSRA, _stages),
    mspn=Kind(MSPN, dict(MEGVII, kernel_size=5), _stages, finest=4),
    integral=Kind(_head('IntegralRegressionHead'), IPR, _integral),
    dsnt=Kind(_head('DSNTHead'), IPR, _integral),
    dsnt_debias=Kind(DEBIASED, IPR, _integral),
    simcc=Kind(SIMCC_HEAD, SIMCC, _logits, finest=0.5),
    rtmpose=Kind(RTMPOSE, RTM, _logits, finest=0.5),
    rtmw=Kind(RTMW, RTM, _logits, finest=0.5),
    visibility=Kind(VIS, MSRA, _visible),
    visibility_logits=Kind(dict(VIS, loss=LOGITS), MSRA, _visible),
)


def config(name: str, keypoints: int, input_size=(192, 256)) -> dict:
    """Config of a head for features at stride 4, for its kind's codec."""
    kind = KINDS[name]
    w, h = input_size
    grid = (w // kind.stride, h // kind.stride)
    codec = dict(kind.codec, input_size=input_size)
    if codec['type'] != 'SimCCLabel':
        codec.update(heatmap_size=grid)
    maps = 3 * keypoints if codec.get('heatmap_type') else keypoints
    head = dict(kind.head)
    own = dict(in_channels=CHANNELS, out_channels=maps, decoder=codec)
    if 'pose_cfg' in head:
        head['pose_cfg'] = dict(head['pose_cfg'], **own)
        return head
    if head['type'] in ('DSNTHead', 'IntegralRegressionHead'):
        own.update(in_featuremap_size=grid, num_joints=keypoints)
        own.pop('out_channels')
    if head['type'] == 'MSPNHead':
        own.pop('in_channels')
        own.update(out_shape=grid[::-1])
    if codec['type'] == 'SimCCLabel':
        own.update(input_size=input_size, in_featuremap_size=grid)
    return {**head, **own}


@MODELS.register_module()
class ToyNeck(nn.Module):
    """Makes of one feature map, blurred, what a head of a kind takes."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, feats: tuple[torch.Tensor]) -> Any:
        feat = F.avg_pool2d(*feats, 7, stride=1, padding=3)
        if self.kind in ('cpm', 'hourglass'):
            return [feat, feat + 1]
        if self.kind == 'mspn':
            return [[feat, feat + 1]]
        if self.kind == 'rtmw':  # two maps, of which the first is larger
            half = feat[:, : CHANNELS // 2]
            return F.interpolate(half, scale_factor=2), feat
        return (feat,)


def build(name: str, keypoints: int, input_size=(192, 256)) -> nn.Module:
    register_all_modules()
    torch.manual_seed(0)
    return MODELS.build(config(name, keypoints, input_size))


def targets(head: nn.Module, keypoints: np.ndarray, visible=None) -> dict:
    """What the codec of a head encodes of keypoints (1, K, 2), pixels."""
    if visible is None:
        visible = np.ones(keypoints.shape[:2])
    encoded = codec_of(head).encode(keypoints, visible)
    tensors = {k: torch.from_numpy(v).double() for k, v in encoded.items()}
    if 'heatmaps' in tensors:
        tensors['heatmaps'] = tensors['heatmaps'][None]
    return tensors


def perfect(name: str, head: nn.Module, keypoints: np.ndarray) -> Any:
    """What a head gives that is right about keypoints (1, K, 2), pixels."""
    return KINDS[name].perfect(head, targets(head, keypoints))


def best_fit(maps, size, iterations=200):
    """Where SimulatedHeatmapLoss is least: pixels (1, K, 2), and sigmas.

    Both are free, and begin nearby.
    """
    b, k = maps.shape[:2]
    coords = maps.coords().double() + 0.002
    variables = [
        (coords * torch.tensor(size)).requires_grad_(),
        torch.full((b, k, 2), 1.2).double().requires_grad_(),
    ]
    loss, weights = SimulatedHeatmapLoss(1e3), torch.ones(b, k)
    optimizer = torch.optim.LBFGS(
        variables, max_iter=iterations, tolerance_grad=1e-9,
        tolerance_change=1e-12, line_search_fn='strong_wolfe',
    )  # fmt: skip

    def closure():
        optimizer.zero_grad()
        pixels, sigmas = variables
        value = loss(pixels / torch.tensor(size), sigmas, maps, weights)
        value.backward()
        return value

    optimizer.step(closure)
    return [variable.detach().numpy() for variable in variables]
