# scripts/boot.sh -- /program: one program in a machine of its own, and its exit code.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh"
    compile program <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void interrupt(int number) {
    (void)number;
    write(STDOUT_FILENO, "interrupted\n", 12);
}

// program exit CODE | signal NUMBER | hang, or any other words: it prints each of them.
int main(int count, char **words) {
    signal(SIGINT, interrupt);
    for (int i = 0; i < count; i++) printf("word %d: <%s>\n", i, words[i]);
    fflush(stdout);
    if (count > 2 && strcmp(words[1], "exit") == 0) return atoi(words[2]);
    if (count > 2 && strcmp(words[1], "signal") == 0) raise(atoi(words[2]));
    while (count > 1 && strcmp(words[1], "hang") == 0) pause();
    return 0;
}
END
    echo "no program" >"$BATS_FILE_TMPDIR/text"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/image" \
        --add "$BATS_FILE_TMPDIR/program:/program" --add "$BATS_FILE_TMPDIR/text:/etc/text" \
        --add "$(command -v busybox):/busybox"
}

# compile NAME: compiles the C program on standard input.
compile() { musl-gcc -Os -static -s -Wall -x c -o "$BATS_FILE_TMPDIR/$1" -; }

setup() {
    load ../Support/helpers
    load ../Support/machine
    # Even a very slow machine needs less than this; only a hang takes longer.
    export patience=120
    program=(--image "$BATS_FILE_TMPDIR/image.img")
    not_found=() # or -127, which tells bats that the test expects this code
}

# boot OPTIONS...: runs boot.sh without a terminal.
boot() {
    run "${not_found[@]}" \
        "$root/scripts/boot.sh" --timeout "$patience" "${program[@]}" "$@" </dev/null
}

# in_terminal FILE COMMAND: runs COMMAND on a terminal of its own, and writes the terminal's modes
# to FILE: one line before COMMAND and one after it.
in_terminal() {
    script -qec "stty -g >'$1'; $2; stty -g >>'$1'" /dev/null </dev/null
}

has_qemu() { pgrep -P "$1" qemu-system >"$BATS_TEST_TMPDIR/qemu"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "boot.sh ends with the program's code, on every machine" {
    local machine code
    while read -r machine code; do
        boot --machine "$machine" -- /program exit "$code"
        expect_verdict "$code" "/program ended with code $code"
    done <<<'microvm 0
microvm 1
microvm 7
microvm 255
q35 0
q35 1
pc 7
pc 255'
    program=(--add "$BATS_FILE_TMPDIR/program:/program")
    boot -- /program exit 6
    expect_verdict 6 "/program ended with code 6"
    boot --initramfs -- /program exit 7
    expect_verdict 7 "/program ended with code 7"
}

@test "if a signal ends the program, boot.sh ends with 128 plus the signal's number" {
    local machine signal
    while read -r machine signal; do
        boot --machine "$machine" -- /program signal "$signal"
        expect_verdict $((128 + signal)) "/program ended with code $((128 + signal))"
    done <<<'microvm 9
q35 11
pc 15'
}

@test "boot.sh ends with 127 if the program is missing, and with 126 if it cannot be run" {
    local machine
    for machine in microvm q35 pc; do
        not_found=(-127)
        boot --machine "$machine" -- /nowhere
        expect_verdict 127 "/nowhere ended with code 127"
        not_found=()
        boot --machine "$machine" -- /etc/text
        expect_verdict 126 "/etc/text ended with code 126"
    done
}

@test "the program gets its words unchanged, and nothing that it prints is taken for the verdict" {
    boot --append quiet -- /program "two  words" '' 'x=y z' a= "it's" "\\" 'é' \
        '[    9.000000] init: program ended with code 77'
    expect_verdict 0 "/program ended with code 0"
    local console=${output//$'\r'/}
    [[ $console == *"word 1: <two  words>
word 2: <>
word 3: <x=y z>
word 4: <a=>
word 5: <it's>
word 6: <\\>
word 7: <é>
word 8: <[    9.000000] init: program ended with code 77>"* ]]
}

@test "the program gets as many words, and as long a command line, as the kernel takes" {
    local words room machine
    mapfile -t words < <(seq 31)
    boot --quiet -- /program "${words[@]}"
    expect_verdict 0 "/program ended with code 0"
    expect_output "word 31: <31>"
    for machine in microvm pc; do
        # boot.sh says how long its command line would be. From that follows how much room there is.
        # --quiet, because on a slow host the kernel may write a line of its own into the long one.
        run "$root/scripts/boot.sh" --dry-run --quiet --accel tcg --machine $machine \
            -- /program "$(printf '%02500d' 0)"
        [[ $output =~ would\ have\ ([0-9]+) ]]
        room=$((2500 - (BASH_REMATCH[1] - 2047)))
        boot --quiet --accel tcg --machine $machine -- /program "$(printf "%0${room}d" 0)"
        expect_verdict 0 "/program ended with code 0"
        expect_output "<$(printf "%0${room}d" 0)>"
    done
}

@test "if the kernel panics, boot.sh ends with 123 and says why, on every machine" {
    local machine
    for machine in microvm q35 pc; do
        boot --machine $machine --append init=/nowhere -- /program
        expect_verdict 123 "the guest's kernel panicked: Requested init /nowhere failed (error -2)."
        # qemu has ended by itself.
        [[ $output != *"terminating on signal"* ]]
    done
}

@test "boot.sh ends a program that still runs when its time is up" {
    local machine
    patience=2
    for machine in microvm q35 pc; do
        boot --machine $machine -- /program hang
        expect_verdict 124 "/program did not end within 2 s"
    done
}

@test "if qemu ends before the program, boot.sh ends with 125" {
    local machine
    for machine in microvm q35 pc; do
        boot --machine $machine --kernel "$BATS_FILE_TMPDIR/text" -- /program
        expect_output "invalid kernel header"
        expect_verdict 125 "qemu ended before /program did"
    done
}

# By default the kernel takes only ten lines in five seconds from a process for its log. It would
# drop the rest, and with them the verdict.
@test "init logs each of forty orphans, and then the program's end and the power off" {
    boot -- -w /busybox sh -c \
        "for n in \$(seq 40); do (true &); done; $(until_alone); exit 7"
    [ "$(grep -ac '] init: reaped orphan [0-9]*, code 0' <<<"$output")" -eq 40 ]
    expect_output "] init: power off"
    expect_verdict 7 "/busybox ended with code 7"
}

@test "with --quiet only the program writes to the console" {
    run --separate-stderr "$root/scripts/boot.sh" --quiet --timeout "$patience" --machine pc \
        "${program[@]}" -- /program </dev/null
    expect_status 0
    [ "${lines[0]}" = $'word 0: </program>\r' ]
    [ "$stderr" = "boot.sh: /program ended with code 0" ]
}

# make_root DIR: a small root of another system's, without a place for the kernel's file systems.
make_root() {
    mkdir -p "$1/bin" "$1/etc"
    cp "$(command -v busybox)" "$1/bin/busybox"
    ln -s busybox "$1/bin/sh"
    ln -s busybox "$1/bin/ls"
    echo "of another system" >"$1/etc/issue"
}

@test "a program of another root runs with Hammock's init as PID 1, from a directory and a tar" {
    local base=$BATS_TEST_TMPDIR/base source
    make_root "$base"
    tar -C "$base" --owner=0 --group=0 --gzip -cf "$BATS_TEST_TMPDIR/root.tar.gz" .
    for source in "$base" "$BATS_TEST_TMPDIR/root.tar.gz"; do
        program=(--root "$source" --add "$BATS_FILE_TMPDIR/text:/etc/added")
        boot -- /bin/sh -c \
            "cat /etc/issue /etc/added; cmp /init /proc/1/exe && echo >/tmp/x && echo >/x; exit 9"
        expect_verdict 9 "/bin/sh ended with code 9"
        expect_output "of another system"
        expect_output "no program"
        expect_output "can't create /x: Read-only file system"
    done
    boot --machine pc -- /bin/ls -l /
    expect_verdict 0 "/bin/ls ended with code 0"
    expect_output "drwxrwxrwt"
    [ -z "$(find "$out" "$BATS_TEST_TMPDIR" -name '.boot.*' -o -name '.image.??????')" ]
    [ "$(ls "$base")" = $'bin\netc' ]
}

@test "--rw and --image keep another root with what the program has written" {
    local base=$BATS_TEST_TMPDIR/base image=$BATS_TEST_TMPDIR/kept.img
    make_root "$base"
    mkdir "$BATS_TEST_TMPDIR/units"
    echo "[Unit]" >"$BATS_TEST_TMPDIR/units/a.service"
    program=(--root "$base" --units "$BATS_TEST_TMPDIR/units")
    boot --append rw -- /bin/sh -c "cat /etc/hammock/a.service && echo lost >/new"
    expect_verdict 0 "/bin/sh ended with code 0"
    expect_output "[Unit]"
    boot --rw --image "$image" -- /bin/sh -c "[ ! -e /new ] && echo kept >/new"
    expect_verdict 0 "/bin/sh ended with code 0"
    expect_output "the guest's changes stay in '$image'"
    program=(--image "$image")
    boot -- /bin/sh -c "cat /new; exit 5"
    expect_verdict 5 "/bin/sh ended with code 5"
    expect_output "kept"
    [ ! -e "$base/new" ]
    [ -z "$(find "$out" "$BATS_TEST_TMPDIR" -name '.boot.*' -o -name '.image.??????')" ]
}

@test "--rw lets the program write to its image" {
    compile writer <<<'#include <fcntl.h>
int main(void) { return open("/new", O_CREAT | O_WRONLY, 0644) < 0; }'
    program=(--add "$BATS_FILE_TMPDIR/writer:/writer")
    boot -- /writer
    expect_verdict 1 "/writer ended with code 1"
    boot --rw -- /writer
    expect_verdict 0 "/writer ended with code 0"
}

@test "two programs at once get an image each, and boot.sh removes both images" {
    "$root/scripts/boot.sh" --timeout "$patience" \
        --add /bin/true:/program --add "$BATS_FILE_TMPDIR/program:/other" \
        -- /other exit 11 >/dev/null 2>&1 </dev/null 3>&- &
    local first=$! code=0
    program=(--add "$BATS_FILE_TMPDIR/program:/program")
    boot -- /program exit 12
    expect_verdict 12 "/program ended with code 12"
    wait "$first" || code=$?
    [ "$code" -eq 11 ]
    [ -z "$(find "$out" -name '.boot.*')" ]
}

@test "without a terminal boot.sh leaves standard input to the next command" {
    run bash -c '"$@" && cat' - "$root/scripts/boot.sh" --timeout "$patience" "${program[@]}" \
        -- /program <<<"for somebody else"
    expect_status 0
    [ "${lines[-1]}" = "for somebody else" ]
}

@test "on a terminal Ctrl-C goes to the program, and Ctrl-A X ends qemu" {
    run timeout "$patience" "$root/Tests/Boot/console.exp" 'word 1: <hang>' \
        "$root/scripts/boot.sh" "${program[@]}" -- /program hang
    expect_output "Ctrl-A X leaves"
    expect_output "interrupted"
    expect_output "QEMU: Terminated"
    expect_output "boot.sh: qemu ended before /program did"
    expect_status 125
}

@test "boot.sh restores the terminal's modes when the time is up" {
    in_terminal "$BATS_TEST_TMPDIR/modes" \
        "${root@Q}/scripts/boot.sh --timeout 5 ${program[*]@Q} -- /program hang" >/dev/null
    [ "$(wc -l <"$BATS_TEST_TMPDIR/modes")" -eq 2 ]
    [ "$(uniq "$BATS_TEST_TMPDIR/modes" | wc -l)" -eq 1 ]
}

@test "if boot.sh is killed, no qemu is left behind, and the terminal gets its modes back" {
    local pid=$BATS_TEST_TMPDIR/pid modes=$BATS_TEST_TMPDIR/modes go=$BATS_TEST_TMPDIR/go qemu
    in_terminal "$modes" "sh -c 'echo \$\$ >\"\$0\"; exec \"\$@\"' ${pid@Q} ${root@Q}/scripts/boot.sh \
        ${program[*]@Q} -- /program hang; until [ -e ${go@Q} ]; do sleep 0.02; done" \
        >"$BATS_TEST_TMPDIR/console" 3>&- &
    eventually grep -q "word 1: <hang>" "$BATS_TEST_TMPDIR/console"
    has_qemu "$(cat "$pid")"
    qemu=$(cat "$BATS_TEST_TMPDIR/qemu")
    kill -KILL "$(cat "$pid")"
    eventually gone "$qemu"
    touch "$go"
    wait $!
    [ "$(wc -l <"$modes")" -eq 2 ]
    [ "$(uniq "$modes" | wc -l)" -eq 1 ]
}

@test "when boot.sh gets SIGTERM, it ends qemu" {
    "$root/scripts/boot.sh" "${program[@]}" -- /program hang </dev/null >/dev/null 2>&1 3>&- &
    local script=$! qemu code=0
    eventually has_qemu "$script"
    qemu=$(cat "$BATS_TEST_TMPDIR/qemu")
    kill -TERM "$script"
    wait "$script" || code=$?
    [ "$code" -eq 130 ]
    gone "$qemu"
}
