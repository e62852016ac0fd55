#!/bin/sh
# A small text encoder: bert:tiny learns from MiniLM (plugins/offline) what sentences and their words say.
#     MODAXFER_DATA=DATA examples/pretraining/bert-tiny/make.sh FOLDER
# Killed and called again, it goes on. STEPS and ROWS shorten it. It reads what the reader reads: apt-get install wordnet-base.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; texts=${TEXTS:-$out/texts}; teacher=${TEACHER:-minilm}
python=${PYTHON:-python}; more=${MORE:-}
[ -f "$texts/words.txt" ] || $python "$here/../reader/texts.py" "$texts"
[ -f "$out/student/model.safetensors" ] || $python "$here/student.py" "$teacher" "$texts/sentences.txt" "$out/student"

[ -f "$out/bert-tiny/pretraining.json" ] && exit
resume=""; [ -f "$out/bert-tiny/pretraining-request.json" ] && resume=--resume
exec $python -m modaxfer pretrain --objective distillation --teacher "$teacher" --encoder "$out/student" --output "$out/bert-tiny" $resume \
    --steps "${STEPS:-1000}" --batch-size "${ROWS:-128}" --learning-rate 1e-3 --schedule constant \
    --data "$texts/words.txt=1" --data "$texts/sentences.txt=9" --probe rt-polarity --probe trec-questions $more
