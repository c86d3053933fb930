# Limits of services by the kernel's own cgroups.
cat >devstack.toml <<'T'
[project]
name = "limits"
cgroups = true
[service.hog]
command = "x=$$(head -c 1000000 /dev/zero | tr '\\0' x); while true; do x=$$x$$x; done"
mem_limit = "32MiB"
restart = { policy = "no" }
[service.spin]
command = "while true; do :; done"
cpus = "0.25"
[service.bomb]
command = "n=0; while setsid sleep 1000 & do n=$$((n+1)); sleep 0.01; [ $$n -lt 100 ] || break; done; exec sleep 1000"
pids_limit = 20
stop_timeout = "1s"
T
used() { cat /sys/fs/cgroup/devstack-*/spin/cpu.stat | grep usage_usec | cut -d' ' -f2; }
devstack up -d
i=0
until devstack status | grep -q 'hog .*failed' || [ $i -ge 60 ]; do
    sleep 1
    i=$((i + 1))
done
devstack status
devstack doctor
# The shell, and one less than the limit that it has left behind.
devstack logs bomb | grep -q "can't fork" && devstack events | grep -q 'left 19 processes behind' &&
    echo "fork refused at 20"
before=$(used)
sleep 2
echo "used $((($(used) - before) / 10000)) hundredths of a second in two"
devstack down
echo "left $(ps | grep -c '[s]leep 1000') cgroups $(ls -d /sys/fs/cgroup/devstack-* 2>/dev/null | wc -l)"
