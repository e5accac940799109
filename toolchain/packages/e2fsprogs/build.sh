# e2fsck, which mends a disk that lost its power. Nothing else: the host makes the file systems.
# shellcheck shell=bash

# It is small before it is fast: it runs once in a boot, on a disk that seldom needs it.
export CFLAGS=-Oz
./configure --host=x86_64-linux-musl --disable-nls --disable-fsck --disable-uuidd --disable-debugfs \
    --disable-imager --disable-resizer --disable-defrag --disable-e2initrd-helper \
    --disable-backtrace --disable-tdb --disable-bmap-stats --disable-mmp --without-libarchive
make -j"$JOBS" BUILD_CC="$HOSTCC" libs
make -j"$JOBS" BUILD_CC="$HOSTCC" -C e2fsck e2fsck
mkdir -p "$DEST/bin"
cp e2fsck/e2fsck "$DEST/bin/e2fsck"
