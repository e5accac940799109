# What the kernel tells programs of itself.
# shellcheck shell=bash
make -C "$KERNEL_SOURCE" O="$PWD" ARCH=x86_64 HOSTCC="$HOSTCC" -j"$JOBS" headers
find usr/include -type f ! -name '*.h' -delete
mkdir -p "$DEST/usr"
cp -R usr/include "$DEST/usr/include"
