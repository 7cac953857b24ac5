#!/bin/sh
# multi-gitter run ./multi-gitter.sh --org my-org --branch asyncshift/async --commit-message 'Use async/await' --pr-title 'Use async/await'
# It runs in a clone of each repository. What the script changes becomes the pull request; no change, no request.
set -eu
npx --yes asyncshift --to async --write --skip-parse-errors .
