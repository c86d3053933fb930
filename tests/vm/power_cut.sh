# A project that lives when the power goes, and is brought up again after it.
cat >devstack.toml <<'T'
[project]
name = "cut"
[service.writer]
command = "i=0; while true; do echo line $$i; i=$$((i+1)); sleep 0.01; done"
[service.hidden]
command = "setsid sleep 1000 & exec sleep 1000"
T
# Strangers with the numbers that the processes before the cut had.
i=0
while [ $i -lt 120 ]; do
    sleep 5000 &
    i=$((i + 1))
done
devstack up -d
echo "up $?"
sleep 2
echo "strangers $(ps | grep -c '[s]leep 5000')"
# Within each run, and gaps told: after a cut the end of the last run may be missing.
devstack logs writer -n all --json | sed -n 's/.*"run":\([0-9]*\).*"text":"line \([0-9]*\)".*/\1 \2/p' | awk '
    $1 == run && $2 != last + 1 { bad = 1 }
    { run = $1; last = $2; count++ }
    END { print (bad || !count) ? "lines out of order" : "lines in order" }'
devstack events -n 5
devstack status
echo READY
sleep 1000
