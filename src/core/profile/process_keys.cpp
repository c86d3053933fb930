#include "process_keys.hpp"

#include "devstack/core/limits.hpp"

#include "section.hpp"

#include <algorithm>
#include <cctype>

namespace devstack::core {

namespace {

/// A name, or a number with or without quotes.
std::optional<SourceText> read_account(const Setting& it, const TomlValue& value) {
    if (value.kind != TomlValue::Kind::integer) return read_text(it, value);
    if (value.integer < 0) {
        it.report_bad_value("out-of-range", "must not be negative", value.place);
        return std::nullopt;
    }
    return SourceText{std::to_string(value.integer), value.place};
}

}  // namespace

void read_user(const Setting& it, ServiceSetting& service) {
    service.process.user = read_account(it, it.value);
}

void read_group(const Setting& it, ServiceSetting& service) {
    service.process.group = read_account(it, it.value);
}

void read_group_add(const Setting& it, ServiceSetting& service) {
    if (it.value.kind != TomlValue::Kind::array) return it.report_wrong_type();
    for (const TomlValue& item : it.value.items) {
        if (auto group = read_account(it, item)) {
            service.process.group_add.push_back(std::move(*group));
        }
    }
}

void read_umask(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_string()) {
        return it.report_wrong_type("write it in quotes, such as \"0027\"");
    }
    const std::string& text = it.value.text;
    constexpr std::size_t digits_max = 4;
    constexpr unsigned long mask_max = 0777;
    const bool is_octal = !text.empty() && text.size() <= digits_max &&
                          text.find_first_not_of("01234567") == std::string::npos;
    const unsigned long mask = is_octal ? std::stoul(text, nullptr, 8) : mask_max + 1;
    if (mask > mask_max) {
        return it.report_bad_value(
            "bad-umask", "\"" + text + "\" is not an octal number from \"0000\" to \"0777\"");
    }
    service.process.umask = static_cast<std::uint32_t>(mask);
}

// ---- Limits -------------------------------------------------------------------------------------

namespace {

/// An empty limit is unlimited.
struct LimitValue {
    std::optional<std::uint64_t> amount;
};

std::optional<LimitValue> read_amount(const Setting& it) {
    if (it.value.is_string() && it.value.text == "unlimited") return LimitValue{};
    if (it.value.kind != TomlValue::Kind::integer) {
        it.report_wrong_type();
        return std::nullopt;
    }
    if (it.value.integer < 0) {
        it.report.error("out-of-range",
                        it.value.place,
                        "`" + it.name + "` must not be negative",
                        it.value.integer == -1 ? "write \"unlimited\"" : "");
        return std::nullopt;
    }
    return LimitValue{static_cast<std::uint64_t>(it.value.integer)};
}

struct LimitPair {
    std::optional<LimitValue> soft;
    std::optional<LimitValue> hard;
};

constexpr std::array limit_keys{
    Key<LimitPair>{"soft",
                   "a number or \"unlimited\"",
                   [](const Setting& it, LimitPair& to) { to.soft = read_amount(it); }},
    Key<LimitPair>{"hard", "a number or \"unlimited\"", [](const Setting& it, LimitPair& to) {
                       to.hard = read_amount(it);
                   }}};

bool is_above(const LimitValue& soft, const LimitValue& hard) {
    return hard.amount && (!soft.amount || *soft.amount > *hard.amount);
}

std::optional<LimitPair> read_limit(const Setting& it) {
    if (!it.value.is_table()) {
        const auto amount = read_amount(it);
        return amount ? std::optional{LimitPair{amount, amount}} : std::nullopt;
    }
    LimitPair pair;
    read_section(it.value, limit_keys, pair, {"`" + it.name + "`", it.name + "."}, it.report);
    for (const std::string_view key : {"soft", "hard"}) {
        if (is_written(it.value, limit_keys, key)) continue;
        it.report.error("bad-limit",
                        it.value.place,
                        "`" + it.name + "` has no `" + std::string{key} + "`",
                        "write { soft = 1024, hard = 4096 }, or one number for both");
    }
    if (!pair.soft || !pair.hard) return std::nullopt;
    if (is_above(*pair.soft, *pair.hard)) {
        it.report_bad_value("bad-limit", "`soft` must not be above `hard`");
        return std::nullopt;
    }
    return pair;
}

std::vector<std::string> known_limits() {
    return {limit_names.begin(), limit_names.end()};
}

}  // namespace

void read_ulimits(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_table()) return it.report_wrong_type("write { nofile = 65536 }");
    for (const TomlEntry& entry : it.value.entries) {
        const auto resource = find_name(limit_names, entry.key.text);
        if (!resource) {
            const auto guess = closest_match(entry.key.text, known_limits());
            it.report.error("unknown-limit",
                            entry.key.place,
                            "`ulimits`: there is no limit `" + entry.key.text + "`",
                            guess ? "did you mean `" + *guess + "`?"
                                  : "known limits are " + join_for_people(known_limits()));
            continue;
        }
        const Setting part{it.name + "." + entry.key.text,
                           "a number, \"unlimited\" or a table of `soft` and `hard`",
                           entry.key.place,
                           entry.value,
                           it.report};
        if (const auto limit = read_limit(part)) {
            service.process.limits.push_back({*resource, limit->soft->amount, limit->hard->amount});
        }
    }
}

void read_nice(const Setting& it, ServiceSetting& service) {
    service.process.nice = read_integer(it, -20, 19);
}

void read_oom_score_adj(const Setting& it, ServiceSetting& service) {
    service.process.oom_score_adj = read_integer(it, -1000, 1000);
}

void read_mem_limit(const Setting& it, ServiceSetting& service) {
    service.process.cgroup.memory = read_size(it, limits::memory_limit_min);
}

void read_cpus(const Setting& it, ServiceSetting& service) {
    auto& percent = service.process.cgroup.cpu_percent;
    if (it.value.kind == TomlValue::Kind::integer) {
        if (const auto count = read_integer(it)) percent = static_cast<std::uint32_t>(*count) * 100;
        return;
    }
    if (!it.value.is_string()) return it.report_wrong_type("write it in quotes, such as \"0.5\"");
    const std::string& text = it.value.text;
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string whole = text.substr(0, point);
    std::string fraction = point < text.size() ? text.substr(point + 1) : "00";
    if (fraction.size() == 1) fraction += '0';
    const auto are_digits = [](const std::string& part, std::size_t size_max) {
        return !part.empty() && part.size() <= size_max &&
               part.find_first_not_of("0123456789") == std::string::npos;
    };
    constexpr unsigned long percent_max = 9999'99;
    const bool is_number = are_digits(whole, 9) && are_digits(fraction, 2);
    const unsigned long value = is_number ? std::stoul(whole + fraction) : 0;
    if (value == 0 || value > percent_max) {
        return it.report_bad_value(
            "bad-cpus",
            "\"" + text + "\" is not a number of processors from \"0.01\" to \"9999.99\"");
    }
    percent = static_cast<std::uint32_t>(value);
}

void read_pids_limit(const Setting& it, ServiceSetting& service) {
    const auto limit = read_integer(it);
    if (limit) service.process.cgroup.processes = static_cast<std::uint32_t>(*limit);
}

// ---- Capabilities -------------------------------------------------------------------------------

namespace {

std::string name_of_capability(std::string_view text) {
    std::string name{text};
    std::ranges::transform(name, name.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    return name.starts_with("CAP_") ? name.substr(4) : name;
}

/// Half of a name is usually the first half.
std::string guess_capability(const std::string& name) {
    for (const std::string_view known : capability_names) {
        const bool is_half = name.size() >= 3 && known.starts_with(name);
        if (is_half) return " (did you mean `" + std::string{known} + "`?)";
    }
    return did_you_mean(name, {capability_names.begin(), capability_names.end()});
}

void read_capability(const Setting& it, const TomlValue& item, CapabilitySetting& to) {
    const auto text = read_text(it, item);
    if (!text) return;
    const std::string name = name_of_capability(text->text);
    if (name == "ALL") {
        to.is_all = true;
        return;
    }
    if (const auto number = find_name(capability_names, name)) {
        to.named |= CapabilitySet{1} << *number;
        return;
    }
    it.report.error(
        "unknown-capability",
        item.place,
        "`" + it.name + "`: \"" + text->text + "\" is not a capability" + guess_capability(name),
        "capabilities(7) lists them; \"ALL\" stands for all");
}

void read_capabilities(const Setting& it, CapabilitySetting& to) {
    if (it.value.kind != TomlValue::Kind::array) return it.report_wrong_type();
    to.is_written = true;
    to.place = it.value.place;
    for (const TomlValue& item : it.value.items)
        read_capability(it, item, to);
}

}  // namespace

void read_cap_add(const Setting& it, ServiceSetting& service) {
    read_capabilities(it, service.process.cap_add);
}

void read_cap_drop(const Setting& it, ServiceSetting& service) {
    read_capabilities(it, service.process.cap_drop);
}

void read_no_new_privileges(const Setting& it, ServiceSetting& service) {
    service.process.no_new_privileges = read_boolean(it);
}

void read_tty(const Setting& it, ServiceSetting& service) {
    service.process.tty = read_boolean(it);
}

void read_stdin_open(const Setting& it, ServiceSetting& service) {
    service.process.stdin_open = read_boolean(it);
}

}  // namespace devstack::core
