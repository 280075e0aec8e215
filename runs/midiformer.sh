#!/usr/bin/env bash
# The whole life of the shipped melody model: from corpora to a model directory and its score.
# Usage: runs/midiformer.sh DATA, where DATA holds the corpora as published (see docs/music.md).
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?expected the folder of the corpora}

# 1. Notes to words.
ostinato prepare pop909 "$data/POP909" -o shards/pop909
ostinato prepare pop909-versions "$data/POP909" -o shards/pop909-versions
ostinato prepare pop909-cl "$data/POP909-CL" -o shards/pop909-cl
ostinato prepare nottingham "$data/Nottingham" -o shards/nottingham
ostinato prepare giantmidi "$data/GiantMIDI-Piano-preview" -o shards/giantmidi

# 2. Merges, n-grams and the encoder; interrupted, the same line goes on.
ostinato pretrain configs/midiformer-small-pretrain.toml

# 3. The head that labels notes; its weights are chosen on the valid songs.
ostinato finetune configs/midiformer-small-melody.toml

# 4. The score on the test songs, baselines beside it.
ostinato evaluate runs/out/midiformer-small-melody/model --suite pop909-melody --data "$data/POP909"
