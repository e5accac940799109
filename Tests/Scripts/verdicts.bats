# scripts/unit-verdicts.sh, with an archive of its own. It only compares: the table stays.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release || skip "the table is Debian 12's"
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache stubs=$BATS_TEST_TMPDIR/stubs
    mkdir "$stubs"
    stub apt-get 'exit 100'
}

# stub NAME BODY: a command NAME that runs BODY in place of the real one.
stub() {
    printf '#!/bin/bash\n%s\n' "$2" >"$stubs/$1"
    chmod +x "$stubs/$1"
}

# archive: apt-get offers each package that it is asked for, with one service.
archive() {
    stub apt-get '
        [ "$1" = download ] || exit 100
        for name in "${@:3}"; do
            name=${name%%=*}
            if [ "$2" = --print-uris ]; then
                echo "'\''uri'\'' ${name}_1%3a2_all.deb 2000 SHA256:0"
            else
                [ -e "$stubs/../broken" ] || make_package "$name"
            fi
        done'
    stub make_package '
        name=$1 extra= unit=$1.service directory=$(mktemp -d)
        case $name in
            cron) extra="PrivateTmp=yes" ;;
            frr) unit=frr@.service ;;
            tor) extra="DynamicUser=yes" ;;
        esac
        mkdir -p "$directory/DEBIAN" "$directory/lib/systemd/system" "$directory/usr/bin"
        printf "Package: %s\nVersion: 1:2\nArchitecture: all\nMaintainer: x\nDescription: x\n" \
            "$name" >"$directory/DEBIAN/control"
        printf "[Service]\nExecStart=/usr/sbin/%s %%i\n%s\n" "$name" "$extra" \
            >"$directory/lib/systemd/system/$unit"
        ln -s "$unit" "$directory/lib/systemd/system/alias-of-$unit"
        echo program >"$directory/usr/bin/$name"
        chmod 755 "$directory"
        dpkg-deb -Znone -b "$directory" "${name}_1%3a2_all.deb" >/dev/null
        rm -rf "$directory"'
}

verdicts() { PATH=$stubs:$PATH run "$root/scripts/unit-verdicts.sh" "$@"; }

@test "the script makes rows of what hammock check says of each package's services" {
    archive
    verdicts --check
    expect_status 5
    expect_output $'+cron\t1:2\tcron.service\twarned\tPrivateTmp\t-'
    expect_output $'+frr\t1:2\tfrr@one.service\truns\t-\t-'
    expect_output $'+tor\t1:2\ttor.service\trefused\t-\tDynamicUser= is not done,'
    expect_output '+# 60 units of 60 packages: 58 run, 1 run with warnings, 1 are refused.'
    expect_output '+# 1 PrivateTmp'
    expect_output $'-nginx-common\t'
    expect_output 'Tests/Units/verdicts.tsv differs'
    [[ $output != *alias-of* && $output != *systemd.service* ]]
    # Only unit files are kept, and the next run fetches nothing.
    [ -z "$(find "$XDG_CACHE_HOME" -type f ! -name '*.service' ! -name '.*.lock')" ]
    verdicts --check
    expect_status 5
    [[ $output != *fetching* ]]
}

@test "without an archive the script ends with 3, and says why" {
    local before
    before=$(hash_of_table)
    verdicts
    expect_status 3
    expect_output "apt does not offer all of the packages"
    archive
    touch "$BATS_TEST_TMPDIR/broken"
    verdicts
    expect_status 3
    expect_output "acpid: apt has fetched no whole package"
    [ "$(hash_of_table)" = "$before" ]
    # Nothing half-made stays.
    [ -z "$(find "$XDG_CACHE_HOME/hammock/units" -mindepth 1 ! -name '.*.lock')" ]
}

hash_of_table() { sha256sum <"$root/Tests/Units/verdicts.tsv"; }
