#!/bin/sh
# Accuracy on official test files with the defaults, and with every row used for training.
. "$(dirname "$0")/lib.sh"
for set in clinc150 banking77 ag_news; do
    need $set/train.jsonl $set/test.jsonl
    train=$data/$set/train.jsonl test=$data/$set/test.jsonl
    echo "$set: defaults $(accuracy), validationSplit=0 $(accuracy --set validationSplit=0)"
done
