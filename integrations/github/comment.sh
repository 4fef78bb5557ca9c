#!/usr/bin/env bash
# Keeps one comment on a pull request: the first of ours that begins with the marker is updated, or one is made. A
# token that may only read, as pull requests from forks have it, costs the comment and not the check.
set -euo pipefail

give_up() {
  echo "::warning title=Pawl check::The comment could not be written: $1. The summary of this job has the result."
  exit 0
}

[[ "$COMMENT_PULL_REQUEST" =~ ^[0-9]+$ ]] || give_up 'there is no pull request'
issues="repos/$GITHUB_REPOSITORY/issues"

found=$(gh api --paginate --slurp "$issues/$COMMENT_PULL_REQUEST/comments?per_page=100") ||
  give_up 'the comments cannot be read'
id=$(node -e '
  const pages = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const isOurs = ({ user, body }) =>
    user?.login === process.env.COMMENT_AUTHOR && String(body).startsWith("<!-- pawl-check -->");
  console.log(pages.flat().find(isOurs)?.id ?? "");
' <<<"$found") || give_up 'the comments cannot be understood'

if [ -n "$id" ]; then
  gh api --method PATCH "$issues/comments/$id" --field "body=@$COMMENT_FILE" --silent ||
    give_up 'it may not be updated'
else
  gh api --method POST "$issues/$COMMENT_PULL_REQUEST/comments" --field "body=@$COMMENT_FILE" --silent ||
    give_up 'the job needs the permission pull-requests: write'
fi
