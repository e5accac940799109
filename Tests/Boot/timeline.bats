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
