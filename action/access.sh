# shellcheck shell=bash
# Sourced by the steps that ask this server for something, with the token in GITHUB_TOKEN. Nothing
# stores the token: Git asks for it, and only for this server.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="credential.$GITHUB_SERVER_URL.helper"
# shellcheck disable=SC2016  # the helper's own shell replaces its variable
export GIT_CONFIG_VALUE_0='!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'

# Like gh, but on this server and in this repository.
github() {
  GH_HOST="${GITHUB_SERVER_URL#https://}" GH_REPO="$GITHUB_REPOSITORY" \
    GH_TOKEN="$GITHUB_TOKEN" GH_ENTERPRISE_TOKEN="$GITHUB_TOKEN" gh "$@"
}
