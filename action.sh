#!/usr/bin/env bash
# What the GitHub Action runs. Inputs come as environment variables, so that no text of a pull request is ever read as shell.
set -uo pipefail

report="$ASYNCSHIFT_OUT/asyncshift.json"
sarif="$ASYNCSHIFT_OUT/asyncshift.sarif"
read -r -a args <<<"$ASYNCSHIFT_ARGS"
if [ -n "$ASYNCSHIFT_SINCE" ]; then args=(--since "$ASYNCSHIFT_SINCE" "${args[@]}"); fi

# ASYNCSHIFT_COMMAND is for tests of this script.
read -r -a command <<<"${ASYNCSHIFT_COMMAND:-npx --yes asyncshift@$ASYNCSHIFT_VERSION}"
"${command[@]}" --check --output github --output "json=$report" --output "sarif=$sarif" "${args[@]}"
code=$?

if [ -f "$report" ]; then
  node -e '
    const { summary } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    console.log(`changed=${summary.changed}\nrefused=${summary.refused + summary.needUnsafe}`);
  ' "$report" >>"$GITHUB_OUTPUT"
  printf 'report=%s\nsarif=%s\n' "$report" "$sarif" >>"$GITHUB_OUTPUT"
fi

case "$ASYNCSHIFT_FAIL_ON:$code" in
  never:*) exit 0 ;;
  errors:1) exit 0 ;;
  *) exit "$code" ;;
esac
