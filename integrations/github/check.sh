#!/usr/bin/env bash
# Runs `pawl check` out of the repository that this action lies in, so that an action at a tag is Pawl at that tag.
# Leaves the result as Markdown and JUnit, adds the Markdown to the summary of the job, and hands the exit code on as
# an output: the comment has to be written before the job fails.
set -uo pipefail

pawl="$GITHUB_ACTION_PATH/../.."
if [ ! -d "$pawl/node_modules" ]; then
  npm ci --prefix "$pawl" --omit=dev --no-audit --no-fund --loglevel=error || exit 3
fi

folder="$RUNNER_TEMP/pawl-check"
rm -rf "$folder"
mkdir -p "$folder" || exit 3
markdown="$folder/check.md"
junit="$folder/check.xml"

base="${CHECK_BASE:-}"
if [ -z "$base" ] && [ -n "${CHECK_BASE_BRANCH:-}" ]; then base="origin/$CHECK_BASE_BRANCH"; fi

# Each value stands behind its =, so that none is taken for an option.
args=("--file=$CHECK_FILE" "--markdown=$markdown" "--junit=$junit")
if [ -n "$base" ]; then args+=("--base=$base"); fi
if [ -n "${CHECK_EVAL:-}" ]; then args+=("--eval=$CHECK_EVAL"); fi
if [ -n "${CHECK_URL:-}" ]; then args+=("--url=$CHECK_URL"); fi
if [ -n "${CHECK_ENDPOINT:-}" ]; then args+=("--endpoint=$CHECK_ENDPOINT"); fi
if [ -n "${CHECK_INCONCLUSIVE_AS:-}" ]; then args+=("--inconclusive-as=$CHECK_INCONCLUSIVE_AS"); fi
if [ "${CHECK_RUN:-true}" = false ]; then args+=(--no-run); fi

node "$pawl/src/cli/pawl.ts" check "${args[@]}"
code=$?

if [ ! -f "$markdown" ]; then
  printf '%s\n' '<!-- pawl-check -->' '> [!CAUTION]' \
    '> **error**: `pawl check` could not begin; the log of this job says why.' >"$markdown"
fi
cat "$markdown" >>"$GITHUB_STEP_SUMMARY"
printf '%s\n' "exit-code=$code" "markdown=$markdown" "junit=$junit" >>"$GITHUB_OUTPUT"
