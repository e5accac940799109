# scripts/boot.sh --timeline: one boot, recorded and drawn. Sourced by scripts/boot.sh.
#
# The boot prints no more than without a timeline, because writing to a serial line would cost
# more than what is measured. The kernel keeps its log until the greeting is there. Then this
# script makes it panic (SysRq c), and it shows the whole log, each line with its time. For the
# time before the kernel has a clock, qemu notes what the firmware asks of it.
#
# With services init logs when it plans and when each service begins (hammock.log=7), and that log
# is in the kernel's. Init starts a program when the services have settled. That program shows the
# log, and so this script learns that it can stop.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/boot.sh reads, and what it sets

# The kernel's words for this: note each initcall, in a log that holds them all, and show that
# log in a panic (panic_print's bit 5).
readonly timeline_words="quiet initcall_debug log_buf_len=1M panic_print=0x20 \
sysrq_always_enabled panic=-1"
# More of them, and init's, for a boot with services.
readonly service_words="hammock.log=7"
# It goes on showing the log, and does not end: then init would power off.
readonly log_follower=(/sbin/hammock logs -f -n 20 --kernel)
# How long the kernel may be silent while it shows its log, in seconds.
readonly log_patience=20

check_timelines() {
    local file
    [ "$mode" = timeline ] || return 0
    for file in "${timelines[@]}"; do
        [[ $file =~ ^-$|.\.(svg|json)$ ]] \
            || usage_error "--timeline takes a name that ends in .svg or .json, or -, not '$file'"
        [ "$file" = - ] || [ -d "$(dirname "$file")" ] \
            || usage_error "--timeline: there is no directory '$(dirname "$file")'"
    done
    [ -z "$program" ] || usage_error \
        "--timeline shows the boot as far as the greeting, and with a program there is none"
}

# draw_timeline: boots, records, draws.
draw_timeline() {
    build_painter
    prepare_to_watch
    append+=" $timeline_words"
    recording=$work/recording
    local verdict=0 patience=60
    if [ -n "$services" ]; then
        append+=" $service_words"
        init_words+=("${log_follower[@]}")
        goal=services_have_settled
        # More than init's own (hammock.wait=).
        patience=120
    fi
    boot_to_greeting "${timeout:-$patience}" -no-reboot \
        -msg timestamp=on -trace fw_cfg_select -D "$work/trace" || verdict=$?
    [ "$verdict" -eq 0 ] || { show_console; die "$verdict" "$failure"; }
    fetch_log
    "$painter" "$recording" "$machine, $accel" "${timelines[@]}" \
        || die "$exit_failed" "the boot cannot be drawn"
    local file
    for file in "${timelines[@]}"; do [ "$file" = - ] || say "$file"; done
}

build_painter() {
    need_swift
    say "building the painter (log: out/boot-timeline.log)"
    writable_directory "$out"
    swift build --package-path "$root" --product boot-timeline >"$out/boot-timeline.log" 2>&1 \
        || die "$exit_failed" "swift build failed (all of it: out/boot-timeline.log)"
    painter=$(swift build --package-path "$root" --show-bin-path)/boot-timeline
}

# services_have_settled: init says in its log, which the program shows, that it has started that.
services_have_settled() { [[ $line == *'init: program started'* ]]; }

# fetch_log: makes the guest's kernel panic, which shows its log, and waits until qemu ends. Then
# the recording is whole.
fetch_log() {
    local line
    printf '\001bc' >&"$to_guest" || true
    while IFS= read -r -t "$log_patience" line <&"$from_guest"; do take_in "$line" 0; done
    # Qemu's trace: PROCESS@SECONDS.MICROSECONDS:fw_cfg_select ... key 0x0010 'kernel_entry', ...
    sed -nE "s/^[0-9]+@([0-9]+)\.([0-9]{6}):fw_cfg_select .* key 0x[0-9a-f]+ '([^']*)'.*/\1\2 firmware \3/p" \
        "$work/trace" >>"$recording"
}
