# Headers, libc.a and what stands before main(). No dynamic linker: everything here is static.
# shellcheck shell=bash
./configure --target=x86_64-linux-musl --prefix=/usr --disable-shared --disable-gcc-wrapper
make -j"$JOBS"
make install DESTDIR="$DEST"
