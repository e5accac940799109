# For the tests whose processes get a tree of cgroups of their own, of version 2, below the machine's.
# shellcheck shell=bash disable=SC2154 # bats sets BATS_TEST_TMPDIR

# make_group: makes the cgroup `$group`. Where the machine has none of version 2, the test is skipped.
make_group() {
    local mounted=$BATS_TEST_TMPDIR/cgroups
    mkdir -p "$mounted"
    mount -t cgroup2 none "$mounted" 2>/dev/null || skip "this machine has no cgroups of version 2"
    group=$mounted/hammock-test-$$
    mkdir "$group"
}

# entering_group MOUNT: prints what a first process runs to be at the root of the tree in
# /sys/fs/cgroup, it and all below it. MOUNT is the command that mounts there.
entering_group() {
    cat <<END
$1 -t cgroup2 none /sys/fs/cgroup
echo 0 >/sys/fs/cgroup/${group##*/}/cgroup.procs
$1 -o bind /sys/fs/cgroup/${group##*/} /sys/fs/cgroup
END
}

# end_group: removes the cgroup, if there is one, when its processes are gone.
end_group() {
    if [ -n "${group-}" ]; then eventually remove_group; fi
}

remove_group() {
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    [ ! -d "$group" ] && umount "${group%/*}"
}
