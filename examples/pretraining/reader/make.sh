#!/bin/sh
# An image encoder that reads: vit:tiny learns from MiniLM (plugins/offline) what words mean, then what sentences say.
# MiniLM knows little of polarity, so that a second teacher is MiniLM tuned on the labels of amazon-reviews: these are
# seen, and say so where the reader is measured on reviews.
#     MODAXFER_DATA=DATA examples/pretraining/reader/make.sh FOLDER
# Killed and called again, it goes on. STEPS_WORDS and STEPS shorten it. apt-get install wordnet-base first.
set -e
here=$(cd "$(dirname "$0")" && pwd); out=$1; steps_words=${STEPS_WORDS:-10000}; steps=${STEPS:-24000}
python=${PYTHON:-python}; more=${MORE:-}
[ -f "$out/texts/words.txt" ] || $python "$here/texts.py" "$out/texts"

[ -f "$out/polarity/result.json" ] || $python -m modaxfer train --encoder minilm --strategy lora --task amazon-reviews \
    --epochs "${EPOCHS:-1}" --batch-size 16 --set encoder.max_tokens=128 --output "$out/polarity" \
    $([ -f "$out/polarity/config.yaml" ] && echo --resume)

learn() { # FOLDER ARGUMENTS...
    folder=$1; shift
    [ -f "$folder/pretraining.json" ] && return
    resume=""; [ -f "$folder/pretraining-request.json" ] && resume=--resume
    $python -m modaxfer pretrain --objective distillation --teacher minilm --teacher "$out/polarity" --output "$folder" $resume \
        --batch-size 128 --learning-rate 1e-3 --schedule constant --set unit=words \
        --probe rt-polarity --probe trec-questions $more "$@"
}

learn "$out/words" --encoder vit:tiny --steps "$steps_words" --set alone=true --set states=1 --set vectors=0 --set first=0 --set relations=0 \
    --data "$out/texts/words.txt=1" --data "$out/texts/sentences.txt=1"
learn "$out/reader" --encoder "$out/words" --steps "$steps" \
    --data "$out/texts/words.txt=1" --data "$out/texts/sentences.txt=9"
