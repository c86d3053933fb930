#!/usr/bin/env bash
# What a test can not do to its own machine, done to a virtual one: limits by the kernel's own
# cgroups, and power cuts. Needs qemu-system-x86, busybox-static, kmod, cpio and e2fsprogs.
#
#     tests/vm/run.sh DEVSTACK [CUTS]
set -euo pipefail
devstack=$(realpath "$1")
cuts=${2:-5}
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# ---- A kernel, and a file system in memory -------------------------------------------------------

package=$(apt-cache depends linux-image-cloud-amd64 | grep -o 'linux-image-[0-9][^ ]*' | head -n 1)
apt-get -o APT::Sandbox::User=root download -qq "$package" >/dev/null
mkdir kernel root
dpkg-deb --fsys-tarfile "$package"_*.deb | tar x -C kernel
release=$(ls kernel/lib/modules)
depmod -b kernel "$release"
mkdir -p root/{bin,proc,sys,dev,tmp,run,srv,root,etc} "root/lib/modules"
cp "$devstack" root/bin/devstack
cp /bin/busybox "$here/init.sh" "$here/limits.sh" "$here/power_cut.sh" root/bin/
for applet in $(/bin/busybox --list | grep -vx busybox); do ln -sf busybox "root/bin/$applet"; done
{ ldd "$devstack" 2>/dev/null || true; } | { grep -o '/[^ )]*' || true; } | while read -r library; do
    mkdir -p "root$(dirname "$library")"
    cp -L "$library" "root$library"
done
echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
echo 'root:x:0:' >root/etc/group
modprobe -d kernel -S "$release" --show-depends virtio_pci | cut -d' ' -f2 >modules
modprobe -d kernel -S "$release" --show-depends virtio_blk | cut -d' ' -f2 >>modules
while read -r module; do
    cp -n "$module" root/lib/modules/
    basename "$module" >>root/lib/modules/order
done <modules
chmod +x root/bin/*.sh
ln -s bin/init.sh root/init
(cd root && find . | cpio --quiet -o -H newc | gzip -1) >initrd.gz

boot() {  # boot SCENE LOG: in the background; its process is in $!
    qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 1 -nographic -no-reboot \
        -kernel kernel/boot/vmlinuz-* -initrd initrd.gz \
        -drive file=disk.img,if=virtio,format=raw,cache=none \
        -append "console=ttyS0 quiet panic=1 scene=$1" >"$2" 2>&1 </dev/null &
}

failed=0
check() {  # check NAME CONDITION…
    local name=$1
    shift
    if "$@"; then echo "ok    $name"; else echo "FAILS $name"; failed=1; fi
}
says() { tr -d '\r' <"$2" | grep -qE "$1"; }

# ---- Limits --------------------------------------------------------------------------------------

truncate -s 200M disk.img
mkfs.ext4 -q disk.img
boot limits limits.log
wait $!
check "a memory limit kills, and is named" says 'hog .*failed.*OOM killer: memory limit 32' limits.log
check "the doctor names it too" says "hog was killed \(SIGKILL\) by the kernel's OOM killer" limits.log
check "a quarter of a processor is no more" says '^used (4[0-9]|5[0-9])%? hundredths' limits.log
check "a fork bomb is held at its limit" says '^fork refused at 20$' limits.log
check "down leaves none of its processes" says '^left 0 cgroups 0$' limits.log

# ---- Power cuts ----------------------------------------------------------------------------------

for ((cut = 1; cut <= cuts; ++cut)); do
    boot power_cut "cut$cut.log"
    machine=$!
    for ((i = 0; i < 240; ++i)); do
        says '^READY' "cut$cut.log" && break
        sleep 0.5
    done
    sleep "$((RANDOM % 8)).$((RANDOM % 10))"
    kill -9 $machine 2>/dev/null || true
    wait $machine 2>/dev/null || true
    check "boot $cut comes up" says '^up 0$' "cut$cut.log"
    check "boot $cut touches no stranger" says '^strangers 120$' "cut$cut.log"
    check "boot $cut reads its logs" says '^lines in order$' "cut$cut.log"
done
[ $failed = 0 ] || tail -n 60 ./*.log
exit $failed
