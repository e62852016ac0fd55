#!/bin/sh
# An image encoder that sees: a small ViT learns from the ViT-S of plugins/offline what it says of views of photos,
# drawings and emoji. Each view comes again and again, and what the teacher says of it is kept: an hour of one core.
#     MODAXFER_DATA=DATA examples/pretraining/pictures/make.sh FOLDER
# It begins from the reader; START=FOLDER names another. So short, it does not beat random weights (see
# docs/results/embedded.md), and plugins/embedded holds nothing of it: on a GPU, MOST=33000 ROWS=1024 STEPS=8000 KEPT=0.
# Killed and called again, it goes on.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; views=${VIEWS:-$out/views}; python=${PYTHON:-python}
[ -d "$views" ] || MOST="${MOST:-5000}" $python "$here/views.py" "$views"
[ -f "$out/pictures/pretraining.json" ] && exit
resume=""; [ -f "$out/pictures/pretraining-request.json" ] && resume=--resume
exec $python -m modaxfer pretrain --encoder "${START:-vit-tiny}" --objective distillation --teacher "${TEACHER:-vit-focus}" \
    --set kept="${KEPT:-8}" --steps "${STEPS:-360}" --batch-size "${ROWS:-48}" --learning-rate "${RATE:-1e-3}" \
    --schedule constant --warmup 0.03 --data "$views" --output "$out/pictures" $resume
