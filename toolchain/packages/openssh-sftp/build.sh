# OpenSSH's sftp-server, which dropbear starts for clients' sftp and scp. Nothing else of OpenSSH.
# shellcheck shell=bash
./configure --host=x86_64-linux-musl --without-openssl --without-zlib --without-hardening \
    --without-stackprotect --disable-lastlog --disable-utmp --disable-utmpx --disable-wtmp \
    --disable-wtmpx --with-sandbox=no
make -j"$JOBS" sftp-server
mkdir -p "$DEST/bin"
cp sftp-server "$DEST/bin/sftp-server"
