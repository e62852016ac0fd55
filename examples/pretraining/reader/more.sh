#!/bin/sh
# Goes on from what make.sh made: pictures among the texts, taught by a ViT (plugins/offline), so that one encoder reads
# and sees. Nothing in plugins/embedded is what it ends in: on two cores reading fell off faster than seeing came (cosine
# distance to MiniLM .68 after 244 steps, .48 before). On a GPU: ROWS=1024 STEPS=8000 RATE=1.5e-3 MOST=33000 KEPT=0,
# since to ask teachers anew is quicker there than to read what they said from disk.
#     MODAXFER_DATA=DATA examples/pretraining/reader/more.sh FOLDER
# Killed and called again, it goes on. WORKERS says how many prepare rows.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; texts=${TEXTS:-$out/texts}; views=${VIEWS:-$out/views}
python=${PYTHON:-python}
[ -d "$views" ] || MOST="${MOST:-5000}" $python "$here/../pictures/views.py" "$views"
[ -f "$out/both/pretraining.json" ] && exit
resume=""; [ -f "$out/both/pretraining-request.json" ] && resume=--resume
exec $python -m modaxfer pretrain --encoder "${START:-$out/reader}" --objective distillation \
    --teacher "${TEACHER:-minilm}" --teacher "$out/polarity" --teacher "${SEES:-vit-focus}" --set unit=words --set kept="${KEPT:-8}" \
    --steps "${STEPS:-720}" --batch-size "${ROWS:-48}" --learning-rate "${RATE:-1e-3}" --schedule constant --warmup 0.03 \
    --data "$texts/sentences.txt=3" --data "$texts/words.txt=0.4" --data "$views=6.6" \
    ${WORKERS:+--workers "$WORKERS"} --output "$out/both" $resume
