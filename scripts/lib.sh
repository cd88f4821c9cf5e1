# Words shared by the scripts; source it after `set -euo pipefail`.

caller=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "${0##*/}: $*"
    exit 1
}

# install_debian PACKAGE... : with apt, as root or through sudo; otherwise says what to type.
install_debian() {
    local as_root=()
    command -v apt-get >/dev/null || fail "please install $* (there is no apt-get here), then run this again"
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
            fail "missing Debian packages; run: apt-get update && apt-get install $*   (as root), then run this again"
        fi
        as_root=(sudo)
    fi
    say "Installing Debian packages: $*"
    "${as_root[@]}" apt-get update -q >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" >&2 </dev/null
}
