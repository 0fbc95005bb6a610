#!/usr/bin/env bash
# Installs the wheel into empty environments, one for every Python from 3.11 to 3.13 that is here,
# and runs the command there; with --demo the whole demonstration too (minutes, and PyTorch).
#
#   make try-wheel            or:  tests/support/try_wheel.sh [--demo]
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
.venv/bin/python -m build --wheel --no-isolation --outdir "$wheels" . >/dev/null
wheel=$(ls "$wheels"/*.whl)
install="-m pip install --quiet --disable-pip-version-check -c $project/constraints.txt"
tried=0
for version in 3.11 3.12 3.13; do
  python=$(command -v "python$version" || true)
  if [ -z "$python" ] || ! "$python" --version >/dev/null 2>&1; then
    echo "python$version: not on this machine, skipped"
    continue
  fi
  place="$wheels/venv-$version"
  "$python" -m venv "$place"
  # shellcheck disable=SC2086
  "$place/bin/python" $install "$wheel"
  cd "$place" # nothing of the checkout is importable there
  bin/taxonomy --help >/dev/null
  bin/python -m taxonomy generate icons --out tree.json
  bin/taxonomy show tree.json | tail -1
  bin/taxonomy compare cifar-100/wordnet cifar-100/superclasses | tail -1
  said=$(bin/taxonomy extract icons/tree --classes cat,dog 2>&1 || true)
  grep -q 'pip install "taxonomy-experts\[train\]"' <<<"$said" || { echo "$said"; exit 1; }
  if [ "${1:-}" = --demo ]; then
    # shellcheck disable=SC2086
    bin/python $install "$wheel[embeddings,plots,train]"
    bin/taxonomy demo --epochs 1 | tail -1
  fi
  cd "$project"
  tried=$((tried + 1))
  echo "python$version: works"
done
[ "$tried" -gt 0 ]
