#!/bin/sh
# A small sound encoder: wav2vec2:tiny learns from Whisper's encoder (plugins/offline) what sounds are like, as a whole and in each tenth.
#     examples/pretraining/wav2vec2-tiny/make.sh FOLDER
# Killed and called again, it goes on. CLIPS and STEPS shorten it. apt-get install espeak-ng sonic-pi-samples wordnet-base first.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; texts=${TEXTS:-$out/texts}; clips=${CLIPS:-20000}
python=${PYTHON:-python}; more=${MORE:-}
[ -f "$texts/sentences.txt" ] || $python "$here/../reader/texts.py" "$texts"
[ -f "$out/sounds/$(printf %06d $((clips - 1))).flac" ] || $python "$here/sounds.py" "$texts/sentences.txt" "$out/sounds" "$clips"

[ -f "$out/wav2vec2-tiny/pretraining.json" ] && exit
resume=""; [ -f "$out/wav2vec2-tiny/pretraining-request.json" ] && resume=--resume
exec $python -m modaxfer pretrain --objective distillation --teacher "${TEACHER:-whisper}" --encoder "${STUDENT:-wav2vec2:tiny}" --weights random \
    --output "$out/wav2vec2-tiny" $resume --steps "${STEPS:-6000}" --batch-size "${ROWS:-32}" --learning-rate 7e-4 --schedule constant \
    --data "$out/sounds" $more
