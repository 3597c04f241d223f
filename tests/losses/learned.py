"""What heads give that have learned, and what a loss teaches them."""

import torch
from mmpose.codecs import IntegralRegressionLabel, SimCCLabel

from distilpose.heatmaps.frame import codec_of
from distilpose.heatmaps.labels import draw_labels

from ..teachers import heads

# Labels of a codec, in the order of ``draw_labels``.
NAMES = {
    SimCCLabel: ['keypoint_x_labels', 'keypoint_y_labels'],
    IntegralRegressionLabel: ['keypoint_labels', 'heatmaps'],
}


def learned(name, head, coords):
    """The labels of keypoints, and what a head of a kind gives for them."""
    codec = codec_of(head)
    labels = draw_labels(codec, coords)
    names = NAMES.get(type(codec), ['heatmaps'])
    perfect = heads.KINDS[name].perfect
    return labels, perfect(head, dict(zip(names, labels)))


def taught(value, given):
    """Which keypoints of the first person learn from a loss, by each part."""
    return [
        (gradient.flatten(2).abs().amax(-1)[0] > 0).tolist()
        for gradient in torch.autograd.grad(value, given)
    ]
