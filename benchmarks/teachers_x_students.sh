#!/usr/bin/env bash
# Trains three kinds of students alone, four kinds of teachers from the first student's
# backbone, and each student from each teacher, on the demo's synthetic people. Called again,
# it goes on where it was.
#
#     bash benchmarks/teachers_x_students.sh FOLDER [SEED]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd) seed=${2:-0}
n=1xb32-15e_demo-96x64 last=seed-$seed/epoch_15.pth

distilpose demo-data "$folder/data" --seed "$seed"
no_teacher="model.teacher=None model.distillation.simulated_heatmaps=None model.distillation.scores=None"
no_tokens="model.distillation.visual_tokens=None model.distillation.keypoint_tokens=None"
start=$folder/DistilPoseHead/$last
rows=(
    {train,val,test}_dataloader.dataset.data_root="$folder/data"
    {val,test}_evaluator.ann_file="$folder/data/annotations/person_keypoints_val2017.json"
    distilpose-tiny_no-distill_$n name=DistilPoseHead
    "$here/demo/student_pooled.py" $no_teacher model.head.sigmas=False model.head.scores=False
    name=PooledDistilPoseHead
    "$here/demo/student_rle.py" $no_teacher name=RLEHead
    tokenpose-tiny_$n model.neck.init_cfg.checkpoint="$start"
    model.backbone.init_cfg.checkpoint="$start" name=TokenPose
)
for teacher in heatmap udp rtmcc; do
    rows+=("$here/demo/teacher_$teacher.py" model.backbone.init_cfg.checkpoint="$start" name=$teacher)
done
for teacher in TokenPose heatmap udp rtmcc; do
    taught=model.teacher.checkpoint=$folder/$teacher/$last tokens=
    if [ $teacher != TokenPose ]; then
        taught+=" model.teacher.config=$here/demo/teacher_$teacher.py" tokens=$no_tokens
    fi
    rows+=(distilpose-tiny_$n $taught $tokens name=DistilPoseHead-$teacher)
    rows+=("$here/demo/student_pooled.py" $taught name=PooledDistilPoseHead-$teacher)
    rows+=("$here/demo/student_rle.py" $taught name=RLEHead-$teacher)
done
python "$here/experiments.py" "$folder" "${rows[@]}" --seeds "$seed"
