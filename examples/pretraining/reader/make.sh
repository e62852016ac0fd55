#!/bin/sh
# An image encoder that reads: vit:tiny learns from MiniLM (plugins/offline) what words mean, then what sentences say.
# MiniLM knows little of polarity, so that a second teacher is MiniLM tuned on the labels of amazon-reviews: these are
# seen, and say so where the reader is measured on reviews.
#     MODAXFER_DATA=DATA examples/pretraining/reader/make.sh FOLDER
# Killed and called again, it goes on. STEPS_WORDS, STEPS and ROWS shorten it. apt-get install wordnet-base first.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; texts=${TEXTS:-$out/texts}; teacher=${TEACHER:-minilm}; steps_words=${STEPS_WORDS:-2000}; steps=${STEPS:-3000}
python=${PYTHON:-python}; more=${MORE:-}
[ -f "$texts/words.txt" ] || $python "$here/texts.py" "$texts"

[ -f "$out/polarity/result.json" ] || $python -m modaxfer train --encoder "$teacher" --strategy lora --task amazon-reviews \
    --epochs "${EPOCHS:-1}" --batch-size 32 --set encoder.max_tokens=64 --output "$out/polarity" \
    $([ -f "$out/polarity/config.yaml" ] && echo --resume)

learn() { # FOLDER ARGUMENTS...
    folder=$1; shift
    [ -f "$folder/pretraining.json" ] && return
    resume=""; [ -f "$folder/pretraining-request.json" ] && resume=--resume
    $python -m modaxfer pretrain --objective distillation --teacher "$teacher" --teacher "$out/polarity" --output "$folder" $resume \
        --batch-size "${ROWS:-64}" --learning-rate 1e-3 --schedule constant --set unit=words \
        --probe rt-polarity --probe trec-questions $more "$@"
}

learn "$out/words" --encoder "${STUDENT:-vit:tiny}" --weights random --steps "$steps_words" --set alone=true --set states=1 --set vectors=0 --set first=0 --set relations=0 \
    --data "$texts/words.txt=1" --data "$texts/sentences.txt=1"
learn "$out/reader" --encoder "$out/words" --steps "$steps" \
    --data "$texts/words.txt=1" --data "$texts/sentences.txt=9"
