#!/bin/sh
# boot.sh COMMAND...: runs a command under a systemd of its own, process 1 in namespaces of processes, mounts, network, cgroups and names, with the
# installed units of Hone and no others. For root on Linux with cgroup2; touches nothing of the machine's own systemd. Gives the command's status; what
# systemd says goes to standard error. Called by check.sh for debian/tests/service.
set -u
if [ "${1:-}" = --inside ]; then
    set -e
    mount -t proc proc /proc
    mount -t tmpfs tmpfs /run
    mount -t sysfs sysfs /sys
    mount -t cgroup2 cgroup /sys/fs/cgroup
    mount --make-rshared / # as the machine's own does; credentials come by it
    mkdir -p /run/units
    for target in sysinit basic sockets shutdown umount boot; do
        printf '[Unit]\nDefaultDependencies=no\n' >"/run/units/$target.target"
    done
    cp /lib/systemd/system/hone.* /run/units/
    export container=hone SYSTEMD_UNIT_PATH=/run/systemd/system:/run/units SYSTEMD_LOG_TARGET=console
    exec /lib/systemd/systemd --system --unit=boot.target
fi
[ "$(id -u)" -eq 0 ] || { echo 'boot.sh is for root' >&2; exit 2; }
unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child sh "$0" --inside </dev/null >&2 &
outer=$!
trap 'kill -KILL $outer 2>/dev/null' EXIT
i=0
while :; do
    first=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null)
    first=${first%% *}
    [ -n "$first" ] && nsenter -t "$first" -a systemctl is-active --quiet boot.target 2>/dev/null && break
    i=$((i + 1))
    [ $i -lt 600 ] && kill -0 $outer 2>/dev/null || { echo 'boot.sh: systemd does not start' >&2; exit 1; }
    sleep 0.1
done
nsenter -t "$first" -a --wd="$PWD" "$@"
