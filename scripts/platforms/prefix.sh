# Sourced by windows.sh and macos.sh: a private place that holds a Rust which can build for other
# systems, their C compilers, and Wine. Debian packages are unpacked there, never installed, so the
# machine's own tools stay as they are. Needs Debian bookworm on x86_64 and a C compiler.
#
# OLDGROWTH_PLATFORMS names the place (2.5 GB); it is made once and may be removed at any time.

set -euo pipefail

P=${OLDGROWTH_PLATFORMS:-${XDG_CACHE_HOME:-$HOME/.cache}/oldgrowth-platforms}
R=$P/root
B=$P/bin
LIB=$R/usr/lib/x86_64-linux-gnu

say() { printf '%s\n' "$*" >&2; }

# Runs a function in the place while no other run changes it. The lock is not handed on to what is
# started, since Wine's server would hold it for as long as it lives.
alone() {
  mkdir -p "$P"
  { flock 9; "$@" 9>&-; } 9>"$P/.lock"
}

fetch_packages() {
  [ -e "$P/.unpacked" ] && return 0
  if ! command -v apt-get >/dev/null || [ "$(uname -m)" != x86_64 ]; then
    say "Checking other systems takes Debian's packages, on x86_64; this machine has none."
    exit 1
  fi
  rm -rf "$R" "$P/debs"
  mkdir -p "$R" "$P/debs" "$B"
  apt-cache policy rustc-web | grep -q 'Candidate: [0-9]' || apt-get update -q >&2
  local std names more deb
  std=$(apt-cache depends libstd-rust-web-dev | awk '/Depends: libstd-rust-web-[0-9]/ {print $2; exit}')
  # rustc-web: the current Rust that bookworm keeps for its browsers. rust-web-src: the sources of std.
  names="rustc-web cargo-web rust-web-clippy rust-web-src libstd-rust-web-dev $std
         binutils-mingw-w64-x86-64 mingw-w64-common mingw-w64-x86-64-dev gcc-mingw-w64-base
         gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-x86-64-win32-runtime
         libz-mingw-w64 libwine wine64 python3-pip-whl"
  # What of their own needs this machine lacks.
  more=$(apt-get install -s --no-install-recommends $names 2>/dev/null | awk '/^Inst/ {print $2}')
  say "Fetching packages"
  (cd "$P/debs" && apt-get download -q $(printf '%s\n' $names $more | sort -u) >&2)
  for deb in "$P"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$R" --no-same-owner --anchored --no-wildcards-match-slash \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
      --exclude='./usr/lib/x86_64-linux-gnu/wine/i386-windows' --exclude='./usr/i686-w64-mingw32' \
      --exclude='./usr/src/rustc-*/compiler' --exclude='./usr/src/rustc-*/src' --exclude='./usr/src/rustc-*/debian'
  done
  rm -rf "$P/debs"
  write_rust
  touch "$P/.unpacked"
}

# Rust finds its libraries and its sources beside itself, wherever it lies.
write_rust() {
  local tool
  for tool in rustc rustdoc cargo cargo-clippy clippy-driver; do
    printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%s\nexec %s "$@"\n' "$LIB" "$R/usr/bin/$tool" > "$B/$tool"
    chmod +x "$B/$tool"
  done
}

# Builds the standard library for a system once; from then on plain `cargo --target` works.
build_std() {
  local triple=$1 into=$R/usr/lib/rustlib/$1/lib work=$P/std-$1
  [ -e "$into/.done" ] && return 0
  say "Building the standard library for $triple"
  rm -rf "$work" "$into"
  mkdir -p "$work/src" "$into"
  : > "$work/src/lib.rs"
  printf '[package]\nname = "std-for"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[profile.release]\ndebug = 0\n' > "$work/Cargo.toml"
  (cd "$work" && PATH=$B:$PATH CARGO_TARGET_DIR=$work/target RUSTC=$B/rustc RUSTC_BOOTSTRAP=1 \
    "$B/cargo" build -q --release -Z build-std=std,panic_unwind,test --target "$triple")
  cp "$work/target/$triple/release/deps/"*.rlib "$into/"
  rm -rf "$into"/libstd_for-* "$work"
  touch "$into/.done"
}

# What both systems' builds take. Their output lies apart from the machine's own: the compilers differ.
use_rust() {
  export PATH=$B:$PATH RUSTC=$B/rustc RUSTDOC=$B/rustdoc
  export CARGO_TARGET_DIR=${OLDGROWTH_PLATFORMS_TARGET:-$P/target}
  unset RUSTC_WRAPPER RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS LD_LIBRARY_PATH DISPLAY WAYLAND_DISPLAY
}
