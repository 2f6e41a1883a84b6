#!/usr/bin/env bash
# Checks for macOS (aarch64) from Linux. Nothing that is built here can run here.
#
#   macos.sh setup            makes the private place ready
#   macos.sh cargo ARGS...    runs cargo in this folder, for aarch64-apple-darwin

here=$(cd "$(dirname "$0")" && pwd)
. "$here/prefix.sh"
TRIPLE=aarch64-apple-darwin
ZIG=0.17.0

# Zig brings macOS's C headers and its system library, which is all that C code of ours takes.
fetch_zig() {
  [ -x "$P/zig/ziglang/zig" ] && return 0
  say "Fetching a C compiler for macOS"
  local pip
  pip=$(echo "$R"/usr/share/python-wheels/pip-*.whl)
  [ -e "$pip" ] || pip=$(echo /usr/share/python-wheels/pip-*.whl)
  rm -rf "$P/zig"
  PYTHONPATH=$pip python3 -m pip install -q --no-deps --target "$P/zig" "ziglang==$ZIG" >&2
}

write_macos_tools() {
  mkdir -p "$P/macos/usr/lib"
  # The standard library links to iconv, which Zig does not bring.
  cat > "$P/macos/usr/lib/libiconv.tbd" <<'END'
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libiconv.2.dylib'
current-version: 7
compatibility-version: 7
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _iconv, _iconv_open, _iconv_close ]
...
END
  local tool
  for tool in cc ar; do
    printf '#!/bin/sh\nexport OLDGROWTH_PLATFORMS=%s\nexec python3 %s %s "$@"\n' "$P" "$here/apple.py" "$tool" > "$B/apple-$tool"
    chmod +x "$B/apple-$tool"
  done
}

setup() {
  fetch_packages
  fetch_zig
  write_macos_tools
  build_std $TRIPLE
}

use_macos() {
  use_rust
  # Any folder will do; it keeps the builds from looking for Apple's.
  export SDKROOT=$P/macos
  export CC_aarch64_apple_darwin=$B/apple-cc AR_aarch64_apple_darwin=$B/apple-ar
  export CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER=$B/apple-cc
  export CARGO_BUILD_TARGET=$TRIPLE
}

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
  setup) alone setup ;;
  cargo) alone setup; use_macos; exec "$B/cargo" "$@" ;;
  *) sed -n '2,5p' "$0"; exit 2 ;;
esac
