# For the tests that give init a terminal, and type on it.
# shellcheck shell=bash disable=SC2034,SC2154 # the tests read what is set, and namespace.bash sets the rest

load ../Support/helpers
load ../Support/namespace

# build_for_terminals: once a file.
build_for_terminals() {
    "$root/scripts/build-init.sh"
    build_prober
}

# prepare_terminals: what a test begins with. Scripts that are typed find `$init` and `$tree`.
prepare_terminals() {
    prepare_namespaces
    in_container=("${in_namespace[@]}" --mount-proc "$out/init")
    shell=(bash --norc --noprofile -i)
    export init=$out/init tree
}

# on_terminal SCRIPT COMMAND...: does what terminal.exp does, and captures what was on the terminal
# and the command's code. It does so in a namespace: an init that is not PID 1 could by mistake
# signal its whole session, and outside that is the session of the tests.
on_terminal() { code_of expect -f "$root/Tests/Support/terminal.exp" -- "$@"; }
