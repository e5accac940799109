# The picture of a boot.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh"
}

setup() {
    load ../Support/helpers
    files=$BATS_TEST_TMPDIR
}

timeline() { run "$root/scripts/boot.sh" --timeout 120 "$@"; }

@test "a timeline shows each phase of a boot, on every machine" {
    local machine name
    for machine in microvm q35 pc; do
        timeline --machine "$machine" --timeline -
        expect_status 0
        expect_output "$machine, "
        expect_output ", Linux 6."
        for name in qemu firmware 'early kernel' kernel init; do
            [[ $output =~ \ \ [0-9]+\.[0-9]\ +[0-9]+\.[0-9]\ \ \ $name ]] || return 1
        done
        for name in 'kernel is entered' 'root is mounted' 'init is executed' 'Hello, World!'; do
            [[ $output =~ \ [0-9]+\.[0-9]\ \ \ $name ]] || return 1
        done
    done
}

@test "one boot makes a picture, a trace and a table" {
    timeline --timeline "$files/a boot.svg" --timeline "$files/a.json" --timeline -
    expect_status 0
    expect_output "from the start of qemu to the greeting"
    [[ $(head -n 1 "$files/a boot.svg") == '<svg '* ]]
    [ "$(tail -n 1 "$files/a boot.svg")" = '</svg>' ]
    grep -q 'acpi_init' "$files/a boot.svg"
    grep -q '"name":"acpi_init"' "$files/a.json"
}

@test "if a boot does not reach the greeting, boot.sh draws no picture and says why" {
    timeline --timeline "$files/none.svg" --append init=/nowhere
    expect_status 4
    expect_output "the guest's kernel panicked"
    [ ! -e "$files/none.svg" ]
}

@test "a timeline shows each service in its order, and one that is not up" {
    local units=$files/units order
    mkdir "$units"
    # The middle one takes a moment to be up. The last never says that it is ready.
    printf '[Service]\nType=oneshot\nExecStart=/bin/busybox true\n' >"$units/first.service"
    printf '[Unit]\nAfter=first.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n%s\n' \
        'ExecStart=/bin/busybox sleep 0.2' >"$units/second.service"
    printf '[Unit]\nAfter=second.service\n[Service]\nType=notify\n%s\n' \
        'ExecStart=/bin/busybox sleep 1000' >"$units/third.service"
    timeline --units "$units" --add "$(command -v busybox):/bin/busybox" \
        --append hammock.wait=3 --timeline "$files/a.svg" --timeline "$files/a.json" --timeline -
    expect_status 0
    expect_output "from the start of qemu until init waited no longer"
    for order in 'init sets the machine up' 'the units are read and planned' 'the services start'; do
        [[ $output =~ \ \ [0-9]+\.[0-9]\ +[0-9]+\.[0-9]\ \ \ \ \ \ \ $order ]] || return 1
    done
    order=$(sed -n 's/.*  \([a-z]*\.service\)/\1/p' <<<"$output")
    [ "$order" = $'first.service\nsecond.service\nthird.service: not up yet' ]
    # The second begins when the first is up, and takes as long as it sleeps.
    awk '/first\.service/ { over = $1 + $2 }
        /second\.service/ { good = $1 >= over - 0.2 && $2 >= 200; over = $1 + $2 }
        /third\.service/ { good = good && $1 >= over - 0.2 && $2 == "…" }
        END { exit !good }' <<<"$output"
    grep -q '>third.service, not up yet<' "$files/a.svg"
    grep -q '"cat":"open".*"name":"third.service".*"ph":"B"' "$files/a.json"
    grep -q '"cat":"service".*"name":"second.service".*"ph":"X"' "$files/a.json"
}

@test "a timeline of a machine to log in to shows its network and its server" {
    timeline --ssh --timeline -
    expect_status 0
    for name in 'the network is up' 'the SSH server listens' 'the services have settled'; do
        [[ $output =~ \ [0-9]+\.[0-9]\ \ \ $name ]] || return 1
    done
    # What the guest asks of qemu, for the keys, is not the firmware's.
    awk '/ firmware$/ { firmware = $2 } / kernel$/ { kernel = $2 }
        END { exit !(firmware + 0 < kernel) }' <<<"$output"
    [ -z "$(find "$out/ssh" -maxdepth 1 -type d -name '[0-9]*' -newer "$out/boot-timeline.log")" ]
}
