#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: a Python, the checker, and a user without rights.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
PATH=$PATH:/usr/sbin
. "$root/source/settings.sh"

fits() { command -v "$1" >/dev/null && "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'; }
python=
for candidate in "$PYTHON" python3.13 python3.12 python3.11 python3; do
    if fits "$candidate" 2>/dev/null; then python=$candidate && break; fi
done
if [ -z "$python" ]; then
    apt-get update
    apt-get install -y python3.11 python3.11-venv || apt-get install -y python3 python3-venv
    python=$(command -v python3.11 || command -v python3)
fi

"$python" -m venv "$root/venv"
cd "$root/source"
# shellcheck disable=SC2086  (several words are meant)
"$root/venv/bin/python" -m pip install --no-cache-dir -c constraints.txt $PIP_ARGUMENTS "$PACKAGE"
"$root/venv/bin/python" -c 'import checker.cli, torch'

if [ "$(id -u)" = 0 ]; then
    apt-get install -y bubblewrap || echo "no bubblewrap: students' code is not enclosed"
    id "$GRADER" >/dev/null 2>&1 || useradd --system --no-create-home "$GRADER" || true
fi
