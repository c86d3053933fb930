#include "service_values.hpp"

#include "devstack/base/signal_name.hpp"

#include <array>
#include <cctype>

namespace devstack::core {

// ---- Ports -------------------------------------------------------------------------------------

void read_only_port(const Setting& it, ServiceSetting& service) {
    service.ports.push_back(read_port(it, ""));
}

void read_ports(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_table()) {
        return it.report_wrong_type("write { http = 3000, debug = 9229 }, or `port` for only one");
    }
    for (const TomlEntry& entry : it.value.entries) {
        const Setting part{it.name + "." + entry.key.text,
                           "a number from 1 to 65535",
                           entry.key.place,
                           entry.value,
                           it.report};
        service.ports.push_back(read_port(part, entry.key.text));
    }
}

// ---- Order -------------------------------------------------------------------------------------

namespace {

/// The other words are Compose's.
constexpr std::array conditions{
    Choice<NeedCondition>{"started", NeedCondition::started, "service_started"},
    Choice<NeedCondition>{"ready", NeedCondition::ready, "service_healthy healthy"},
    Choice<NeedCondition>{"completed", NeedCondition::completed, "service_completed_successfully"}};

}  // namespace

std::vector<std::string> need_condition_words() {
    return words_of<conditions>();
}

void read_depends_on(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_table()) {
        for (SourceText& need : read_texts(it)) {
            service.depends_on.push_back({std::move(need), std::nullopt, {}});
        }
        return;
    }
    for (const TomlEntry& entry : it.value.entries) {
        const Setting part{it.name + "." + entry.key.text,
                           "\"started\", \"ready\" or \"completed\"",
                           entry.key.place,
                           entry.value,
                           it.report};
        service.depends_on.push_back({entry.key, read_choice(part, conditions), entry.value.place});
    }
}

// ---- The end -----------------------------------------------------------------------------------

std::string signal_pattern() {
    std::string names;
    for (const std::string& name : signal_names()) {
        if (!names.empty()) names += '|';
        for (const char letter : name.substr(3)) {
            const bool is_digit = letter >= '0' && letter <= '9';
            const auto lower = static_cast<char>(std::tolower(letter));
            names += is_digit ? std::string{letter} : std::string{'[', letter, lower, ']'};
        }
    }
    return "^(([Ss][Ii][Gg])?(" + names + ")|0*([1-9]|[1-5][0-9]|6[0-4]))$";
}

std::optional<SignalNumber> read_signal(const Setting& it) {
    const bool is_integer = it.value.kind == TomlValue::Kind::integer;
    if (!is_integer && !it.value.is_string()) {
        it.report_wrong_type();
        return std::nullopt;
    }
    const Result<int> signal =
        parse_signal(is_integer ? std::to_string(it.value.integer) : it.value.text);
    if (signal) return *signal;
    it.report_bad_value("bad-signal", signal.error().message);
    return std::nullopt;
}

void read_exit_codes(const Setting& it, ServiceSetting& service) {
    if (it.value.kind != TomlValue::Kind::array) return it.report_wrong_type();
    for (const TomlValue& item : it.value.items) {
        const Setting part{
            it.name, "numbers from 0 to 255", it.key_place, item, it.report, &exit_code};
        if (const auto code = read_integer(part)) {
            service.success_exit_codes.push_back(*code);
        }
    }
}

}  // namespace devstack::core
