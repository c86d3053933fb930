# For run.sh and doctor.sh: $lab, installed, and $DEVSTACK. Wants $here.
root=$(cd "$here/../.." && pwd)
lab=${DEVSTACK_LAB:-$root/../shared/lab}
export DEVSTACK=${DEVSTACK:-$root/build/release/devstack}
if [ ! -x "$lab/run_fault.sh" ]; then
    echo "lab not found, skipped: $lab (set DEVSTACK_LAB)"
    exit 0
fi
if [ ! -x "$DEVSTACK" ]; then
    echo "there is no $DEVSTACK: run ./dev build" >&2
    exit 1
fi
# One that is not installed is copied and installed here.
if [ ! -e "$lab/apps/sora/.pgtemplate/READY" ]; then
    if [ ! -e "$root/build/lab/apps/sora/.pgtemplate/READY" ]; then
        echo "installing a copy of the lab in build/lab (this takes some minutes)"
        mkdir -p "$root/build/lab"
        cp -r "$lab/." "$root/build/lab/"
        chmod -R u+w "$root/build/lab"
        "$root/build/lab/install.sh"
    fi
    lab=$root/build/lab
fi
