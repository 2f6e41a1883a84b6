"""Stands in for Apple's C compiler and archiver: hands on to Zig what it takes of their arguments."""

import os
import sys

TARGET = "aarch64-macos.11.0"
# These say what TARGET says already, or ask for what Zig's linker does by itself.
WITH_VALUE = ("-arch", "-target", "--target", "-isysroot")
ALONE = ("--target=", "-mmacosx-version-min", "-mmacos-version-min", "-Wl,-dead_strip", "-Wl,-exported_symbols_list")

place = os.environ["OLDGROWTH_PLATFORMS"]
tool, *given = sys.argv[1:]
zig = f"{place}/zig/ziglang/zig"
os.environ["ZIG_GLOBAL_CACHE_DIR"] = os.environ["ZIG_LOCAL_CACHE_DIR"] = f"{place}/zig-cache"
if tool == "ar":
    os.execv(zig, [zig, "ar", *given])

passed = []
arguments = iter(given)
for argument in arguments:
    if argument in WITH_VALUE:
        next(arguments, None)
    elif not argument.startswith(ALONE) and argument != "-lSystem":
        passed.append(argument)
if not {"-c", "-E", "-S"} & set(given):
    passed.append(f"-L{place}/macos/usr/lib")
os.execv(zig, [zig, "cc", "-target", TARGET, *passed])
