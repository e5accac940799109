# Server, client, scp and the maker of keys: one executable with four names.
# shellcheck shell=bash
programs="dropbear dbclient dropbearkey scp"

cp "$RECIPE/config" localoptions.h
./configure --host=x86_64-linux-musl --disable-zlib --disable-syslog --disable-lastlog \
    --disable-utmp --disable-utmpx --disable-wtmp --disable-wtmpx --disable-loginfunc \
    --disable-harden
make -j"$JOBS" MULTI=1 SCPPROGRESS=1 PROGRAMS="$programs"
mkdir -p "$DEST/bin"
cp dropbearmulti "$DEST/bin/dropbearmulti"
for name in $programs; do ln -s dropbearmulti "$DEST/bin/$name"; done
ln -s dropbearmulti "$DEST/bin/ssh"
