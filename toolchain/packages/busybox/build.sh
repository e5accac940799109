# One executable, and a link in /bin for each of its commands.
# shellcheck shell=bash
kconfig() { make "$@" CC="$CC" HOSTCC="$HOSTCC" < <(yes ''); }

kconfig allnoconfig
# Of an option that is named twice, kconfig takes the first.
sed -E -i "$(sed -nE 's/^(CONFIG_[A-Z0-9_]+)=.*/\/\1[ =]\/d/p' "$RECIPE/config")" .config
cat "$RECIPE/config" >>.config
kconfig oldconfig
# It drops without a word what it does not know, or what lacks another option.
! grep '^CONFIG_' "$RECIPE/config" | grep -vxF -f .config || { echo "did not stay" >&2; exit 1; }

make -j"$JOBS" CC="$CC" LD=ld HOSTCC="$HOSTCC" AR="$AR" NM="$NM" \
    STRIP="$STRIP" OBJCOPY="$OBJCOPY" CFLAGS="$CFLAGS" SKIP_STRIP=y busybox busybox.links
mkdir -p "$DEST/bin"
cp busybox "$DEST/bin/busybox"
sed 's,.*/,,' busybox.links | while read -r name; do ln -s busybox "$DEST/bin/$name"; done
