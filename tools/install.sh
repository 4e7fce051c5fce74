#!/bin/sh
# Install into a virtual environment, at the exact versions of constraints.txt, making the environment first if needed:
#
#   [PYTHON=python3] tools/install.sh FOLDER PIP-ARGUMENT...
#   tools/install.sh .venv --no-build-isolation --editable '.[test]'
#
# Ends with status 2 and one message when the machine lacks something a person has to provide.
set -eu

fail() {
    echo "soilcue: $*" >&2
    exit 2
}

python=${PYTHON:-python3}
environment=$1
shift
constraints=$(cd "$(dirname "$0")/.." && pwd)/constraints.txt

# Debian keeps pip out of python3 and in the package python3-venv. That package's pip can be had without being root and
# without changing the machine: apt downloads it, checked against Debian's signatures, into a folder of our own.
# Its package lists are read afresh there because those of a new machine or container are empty or old.
debian_pip() {
    mkdir -p "$workshop/lists/partial" "$workshop/cache/archives/partial"
    cd "$workshop"
    for order in "update" "download python3-pip-whl"; do
        # $order is split into words on purpose
        apt-get --quiet=2 -o Dir::State::lists="$workshop/lists" -o Dir::Cache="$workshop/cache" \
            -o Acquire::Languages=none -o APT::Sandbox::User=root $order >&2 || return 1
    done
    dpkg-deb --extract python3-pip-whl_*.deb . || return 1
    ls "$workshop"/usr/share/python-wheels/pip-*.whl
}

make_environment() {
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) ||
        fail "cannot run Python as '$python'. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "'$python' is Python $version, and 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.11"

    echo "Making a virtual environment in $environment (Python $version; a few seconds)."
    workshop=$(mktemp -d)
    # An environment made in part would be taken for a whole one by the next call.
    trap 'rm -rf "$workshop" "$environment"' EXIT
    trap 'exit 130' INT TERM HUP
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv --clear "$environment"
    else
        echo "This Python comes without pip: taking Debian's from its package python3-pip-whl (about 15 seconds)."
        wheel=$(debian_pip) ||
            fail "'$python' has no pip, and Debian's did not arrive (the reason is above). Install it, then" \
                "repeat the command: sudo apt-get install python3-venv"
        "$python" -m venv --clear --without-pip "$environment"
        "$environment/bin/python" "$wheel/pip" install -qq --no-index "$wheel"
    fi
    trap - EXIT INT TERM HUP
    rm -rf "$workshop"
}

[ -x "$environment/bin/pip" ] || make_environment

# pip gives up on a download that stalls half-way, so it is asked again; what had arrived comes from its cache. Only the
# words of its last attempt are shown: with exact pins there is nothing else to tell.
export PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-60}" PIP_RETRIES="${PIP_RETRIES:-1}" PIP_DISABLE_PIP_VERSION_CHECK=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for pause in 5 15 0; do
    "$environment/bin/python" -m pip install --quiet --constraint "$constraints" "$@" >"$log" 2>&1 && exit 0
    [ "$pause" = 0 ] || { echo "pip did not succeed; asking again in $pause seconds." && sleep "$pause"; }
done
cat "$log" >&2
fail "pip could not install $* (its reason is above). Mend that, for instance the network, and repeat the command."
