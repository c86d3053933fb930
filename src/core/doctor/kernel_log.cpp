#include "devstack/core/doctor/kernel_log.hpp"

#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

template <typename Number>
Number to_number(const std::string& text) {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

constexpr auto syntax = std::regex::ECMAScript | std::regex::optimize;

std::optional<KernelFact> read_kill(const std::string& text) {
    static const std::regex pattern{R"(Killed process (\d+) \((.*?)\)(?:.*?anon-rss:(\d+)kB)?)",
                                    syntax};
    std::smatch found;
    if (!std::regex_search(text, found, pattern)) return std::nullopt;
    KernelFact fact;
    const bool is_limit = text.find("emory cgroup out of memory") != text.npos;
    fact.kind = is_limit ? "memory limit" : "out of memory";
    fact.pid = to_number<int>(found[1]);
    fact.program = found[2];
    fact.resident_bytes = to_number<std::uint64_t>(found[3]) * 1024;
    return fact;
}

std::optional<KernelFact> read_fault(const std::string& text) {
    static const std::regex pattern{
        R"(^(?:traps: )?(\S.*?)\[(\d+)\]:? (?:(segfault at [0-9a-f]+)|(?:trap )?)"
        R"((general protection|invalid opcode|divide error|stack segment|int3)\b|)"
        R"(unhandled exception: ([^,]+)))",
        syntax};
    std::smatch found;
    if (!std::regex_search(text, found, pattern)) return std::nullopt;
    KernelFact fact;
    fact.kind = "fault";
    fact.program = found[1];
    fact.pid = to_number<int>(found[2]);
    for (const std::size_t group : {3U, 4U, 5U}) {
        if (found[group].matched) fact.detail = found[group];
    }
    return fact;
}

std::string find_word(const std::string& text, const std::string& name) {
    const auto at = text.find(" " + name + "=");
    if (at == text.npos) return "";
    const auto begin = at + name.size() + 2;
    if (begin < text.size() && text[begin] == '"') {
        return text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
    }
    return text.substr(begin, text.find(' ', begin) - begin);
}

/// AppArmor and SELinux.
std::optional<KernelFact> read_denial(const std::string& text) {
    KernelFact fact;
    if (text.find(R"(apparmor="DENIED")") != text.npos) {
        fact.detail = find_word(text, "operation") + " " + find_word(text, "name") +
                      ", by the AppArmor profile " + find_word(text, "profile");
    } else if (const auto at = text.find("avc:  denied  { "); at != text.npos) {
        const auto begin = at + 16;
        const std::string path = find_word(text, "path");
        const std::string name = path.empty() ? find_word(text, "name") : path;
        fact.port = to_number<int>(find_word(text, "dest"));
        if (fact.port == 0) fact.port = to_number<int>(find_word(text, "src"));
        fact.detail = text.substr(begin, text.find(" }", begin) - begin) +
                      (fact.port != 0 ? " port " + std::to_string(fact.port) : " " + name) +
                      ", by SELinux";
    } else {
        return std::nullopt;
    }
    fact.kind = "denied";
    fact.pid = to_number<int>(find_word(text, "pid"));
    fact.program = find_word(text, "comm");
    return fact;
}

std::optional<KernelFact> read_common(const std::string& text) {
    struct Known {
        const char* kind;
        std::regex pattern;
    };
    static const Known table[] = {
        {"connections dropped", std::regex{R"((nf_conntrack): table full, dropping packet)"}},
        {"disk error",
         std::regex{R"(I/O error,? (?:on )?dev (\w[\w-]*))"
                    R"(|(?:EXT4-fs|BTRFS) error \((?:device )?(\w[\w-]*)\))"
                    R"(|XFS \((\w[\w-]*)\): .*(?:error|orruption|hutting down))"}},
        {"file server silent", std::regex{R"((?:nfs|NFS): server (\S+) not responding)"}},
    };
    static const std::regex flood{R"(ossible SYN flooding on port (?:\S*:)?(\d+))"};
    KernelFact fact;
    std::smatch found;
    if (std::regex_search(text, found, flood)) {
        fact.kind = "connections dropped";
        fact.port = to_number<int>(found[1]);
        return fact;
    }
    for (const Known& it : table) {
        if (!std::regex_search(text, found, it.pattern)) continue;
        fact.kind = it.kind;
        for (std::size_t group = 1; group < found.size(); ++group) {
            if (found[group].matched) fact.detail = found[group];
        }
        return fact;
    }
    return std::nullopt;
}

}  // namespace

std::optional<KernelRecord> read_kernel_record(std::string_view record) {
    const auto end = record.find(';');
    if (end == record.npos) return std::nullopt;
    std::size_t at = 0;
    for (int field = 0; field < 2; ++field) {
        at = record.find(',', at);
        if (at == record.npos || at > end) return std::nullopt;
        ++at;
    }
    KernelRecord read;
    const auto [stop, error] =
        std::from_chars(record.data() + at, record.data() + end, read.microseconds);
    if (error != std::errc{}) return std::nullopt;
    const auto text = record.substr(end + 1);
    read.text = text.substr(0, text.find('\n'));
    return read;
}

std::optional<KernelFact> read_kernel_message(const std::string& text) {
    constexpr std::size_t size_max = 2000;
    if (text.size() > size_max) return std::nullopt;
    std::optional<KernelFact> fact = read_kill(text);
    if (!fact) fact = read_denial(text);
    if (!fact) fact = read_fault(text);
    if (!fact) fact = read_common(text);
    if (fact) fact->text = text;
    return fact;
}

}  // namespace devstack::core::doctor
