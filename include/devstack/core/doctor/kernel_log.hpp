#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// One record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): "6,339,5140900,-;the message".
struct KernelRecord {
    std::uint64_t microseconds = 0;  ///< Since the machine was booted.
    std::string text;
};

/// Without the lines that follow the message, which name devices. Empty: it is none.
std::optional<KernelRecord> read_kernel_record(std::string_view record);

/// What the message says, if it is of a kind that concerns services; its time is left to the
/// caller. The wording is that of Linux 4.x to 6.x: mm/oom_kill.c, arch/*/mm/fault.c,
/// arch/*/kernel/traps.c, net/ipv4/tcp_input.c, net/netfilter/nf_conntrack_core.c,
/// block/blk-core.c, fs/ext4, fs/xfs, net/sunrpc/clnt.c, security/apparmor, security/selinux.
std::optional<KernelFact> read_kernel_message(const std::string& text);

}  // namespace devstack::core::doctor
