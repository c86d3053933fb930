#!/bin/sh
# The first process of the virtual machine: the scene is named on the kernel's command line.
export PATH=/bin HOME=/root NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t cgroup2 none /sys/fs/cgroup
ip link set lo up
for module in $(cat /lib/modules/order); do insmod /lib/modules/$module 2>/dev/null; done
while [ ! -e /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /srv
mkdir -p /srv/app
cd /srv/app
sh /bin/$(grep -o 'scene=[a-z_]*' /proc/cmdline | cut -d= -f2).sh
poweroff -f
