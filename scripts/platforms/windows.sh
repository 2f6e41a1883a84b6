#!/usr/bin/env bash
# Builds for Windows and runs what is built under Wine, from Linux.
#
#   windows.sh setup            makes the private place ready
#   windows.sh cargo ARGS...    runs cargo in this folder, for x86_64-pc-windows-gnu
#   windows.sh wine ARGS...     runs a program of Windows
#
# OLDGROWTH_WINE_SECONDS_MAX: how long one program may run before it counts as hung (600).

. "$(dirname "$0")/prefix.sh"
TRIPLE=x86_64-pc-windows-gnu

write_windows_tools() {
  local tool
  for tool in gcc cpp; do ln -sf "$R/usr/bin/x86_64-w64-mingw32-$tool-win32" "$B/x86_64-w64-mingw32-$tool"; done
  for tool in ar as ld nm ranlib dlltool windres objcopy objdump strip; do
    ln -sf "$R/usr/bin/x86_64-w64-mingw32-$tool" "$B/x86_64-w64-mingw32-$tool"
  done
  # Without a UTF-8 locale Wine cannot name files outside ASCII.
  cat > "$B/wine" <<END
#!/bin/sh
export LD_LIBRARY_PATH=$LIB WINEPREFIX=$P/wine WINESERVER=$R/usr/lib/wine/wineserver64 LC_ALL=C.UTF-8
export OLDGROWTH_UNDER_WINE=1 WINEDEBUG=\${WINEDEBUG:--all} WINEDLLOVERRIDES=\${WINEDLLOVERRIDES-mscoree,mshtml=}
exec timeout -k 5 \${OLDGROWTH_WINE_SECONDS_MAX:-600} $R/usr/lib/wine/wine64 "\$@"
END
  cat > "$B/wineserver" <<END
#!/bin/sh
export LD_LIBRARY_PATH=$LIB WINEPREFIX=$P/wine
exec $R/usr/lib/wine/wineserver64 "\$@"
END
  chmod +x "$B/wine" "$B/wineserver"
}

# What Debian's packages leave to their installation, and what Wine 8 lacks.
mend_wine() {
  # The packaged file is a script that names the places of an installation.
  ln -sf wineserver64 "$R/usr/lib/wine/wineserver"
  # user32 loads zlib1.dll and wants it marked as one of Wine's own.
  local from=$R/usr/x86_64-w64-mingw32/lib/zlib1.dll to=$LIB/wine/x86_64-windows/zlib1.dll
  rm -f "$to"
  { head -c 64 "$from"; printf 'Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; tail -c +97 "$from"; } > "$to"
}

make_wine() {
  [ -e "$P/wine/.done" ] && return 0
  say "Making Wine ready"
  mend_wine
  "$B/wineserver" -k 2>/dev/null || true
  rm -rf "$P/wine"
  "$B/wine" wineboot -i >/dev/null 2>&1
  "$B/wineserver" -w
  # Rust's standard library draws random numbers from a library that came with Wine 9.
  cat > "$P/random.c" <<'END'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T left) {
  while (left) {
    ULONG now = left > 0x10000000 ? 0x10000000 : (ULONG)left;
    if (!SystemFunction036(bytes, now)) return FALSE;
    bytes += now;
    left -= now;
  }
  return TRUE;
}
END
  "$B/x86_64-w64-mingw32-gcc" -O2 -s -shared -o "$P/wine/drive_c/windows/system32/bcryptprimitives.dll" "$P/random.c" -ladvapi32
  rm -f "$P/random.c"
  touch "$P/wine/.done"
}

setup() {
  fetch_packages
  write_windows_tools
  build_std $TRIPLE
  make_wine
}

use_windows() {
  use_rust
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$B/x86_64-w64-mingw32-gcc
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$B/wine
  export CC_x86_64_pc_windows_gnu=$B/x86_64-w64-mingw32-gcc AR_x86_64_pc_windows_gnu=$B/x86_64-w64-mingw32-ar
  export CARGO_BUILD_TARGET=$TRIPLE
}

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
  setup) alone setup ;;
  cargo)
    alone setup
    use_windows
    code=0
    "$B/cargo" "$@" || code=$?
    # Wine's server ends by itself a few seconds after its last program.
    exit $code ;;
  wine) alone setup; exec "$B/wine" "$@" ;;
  *) sed -n '2,9p' "$0"; exit 2 ;;
esac
