#!/bin/sh
# Goes on from what make.sh made, on a GPU: longer texts among the others, and pictures, so that one encoder reads and
# sees. Pictures are taught by a ViT (plugins/offline). The weights in plugins/embedded are those of make.sh: this has
# been run on a few rows only.
#     MODAXFER_DATA=DATA examples/pretraining/reader/more.sh FOLDER
# Killed and called again, it goes on. STEPS, ROWS and WORKERS say how long, how wide, and who prepares rows.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; texts=${TEXTS:-$out/texts}; views=${VIEWS:-$out/views}
python=${PYTHON:-python}
[ -d "$views" ] || $python "$here/pictures.py" "$views"
[ -f "$out/both/pretraining.json" ] && exit
resume=""; [ -f "$out/both/pretraining-request.json" ] && resume=--resume
# With batches this large teachers are asked anew: to read what they said from disk takes longer.
exec $python -m modaxfer pretrain --encoder "$out/reader" --objective distillation \
    --teacher "${TEACHER:-minilm}" --teacher "$out/polarity" --teacher "${SEES:-vit-focus}" --set unit=words --set kept=0 \
    --steps "${STEPS:-8000}" --batch-size "${ROWS:-1024}" --learning-rate 1.5e-3 --schedule constant --warmup 0.03 \
    --data "$texts/sentences.txt=5" --data "$texts/passages.txt=2" --data "$texts/words.txt=0.8" --data "$views=1.4" \
    ${WORKERS:+--workers "$WORKERS"} --output "$out/both" $resume
