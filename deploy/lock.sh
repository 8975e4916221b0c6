#!/usr/bin/env bash
# Resolves the dependencies again, with hashes and without the registry's address. Usage: deploy/lock.sh [UV]
set -euo pipefail
cd "$(dirname "$0")/.."
UV=${1:-uv}
compile() {
  "$UV" pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
    --custom-compile-command "make lock" --group pyproject.toml:build pyproject.toml "$@"
}
compile --output-file requirements/base.txt
compile --extra train --group pyproject.toml:test --group pyproject.toml:bench --constraint requirements/base.txt --output-file requirements/test.txt
compile --extra train --extra hub --group pyproject.toml:test --group pyproject.toml:bench --group pyproject.toml:hub-test \
  --constraint requirements/test.txt --output-file requirements/hub.txt
