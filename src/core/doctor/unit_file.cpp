#include "devstack/core/doctor/unit_file.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool has_word = false;
    char quote = 0;
    for (const char c : text) {
        if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            has_word = true;
        } else if (quote == 0 && (c == ' ' || c == '\t')) {
            if (has_word) words.push_back(std::move(word));
            word.clear();
            has_word = false;
        } else {
            word += c;
            has_word = true;
        }
    }
    if (has_word) words.push_back(std::move(word));
    return words;
}

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// A setting without a value takes back what was said before.
void take(std::string_view key, std::string_view value, UnitFile& unit) {
    if (key == "Type") unit.type = value;
    if (key == "WorkingDirectory") {
        unit.working_dir = value.starts_with('-') ? value.substr(1) : value;
    }
    if (key == "ExecStart") {
        const auto begin = value.find_first_not_of("@-:+!|");
        unit.command =
            begin == value.npos ? std::vector<std::string>{} : split(value.substr(begin));
    }
    if (key == "Environment") {
        if (value.empty()) unit.environment.clear();
        for (const std::string& word : split(value)) {
            const auto equals = word.find('=');
            if (equals != word.npos)
                unit.environment[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    if (key == "EnvironmentFile") {
        if (value.empty())
            unit.environment_files.clear();
        else
            unit.environment_files.emplace_back(value.starts_with('-') ? value.substr(1) : value);
    }
}

}  // namespace

UnitFile parse_unit(std::string_view text) {
    UnitFile unit;
    unit.type = "simple";
    std::string line;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view part = trim(text.substr(at, end - at));
        at = end + 1;
        const bool is_comment = part.starts_with('#') || part.starts_with(';');
        if (is_comment || (part.empty() && line.empty())) continue;
        line += part;
        if (line.ends_with('\\') && at < text.size()) {
            line.back() = ' ';
            continue;
        }
        const auto equals = line.find('=');
        if (equals != line.npos) {
            const std::string_view whole{line};
            take(trim(whole.substr(0, equals)), trim(whole.substr(equals + 1)), unit);
        }
        line.clear();
    }
    return unit;
}

std::vector<std::string> find_ports(const UnitFile& unit) {
    static const std::regex option{
        R"re((?:^| )(?:--(?:[\w-]+-)?port[= ]|-[pP] ?)(\d{2,5})(?= |$))re"};
    static const std::regex address{R"re(:(\d{2,5})(?= |$))re"};
    std::vector<std::string> ports;
    const auto add = [&](const std::string& port) {
        if (std::ranges::find(ports, port) == ports.end()) ports.push_back(port);
    };
    for (const auto& [name, value] : unit.environment) {
        const bool is_port = name == "PORT" || name == "HTTP_PORT" || name == "SERVER_PORT";
        if (is_port && !value.empty()) add(value);
    }
    std::string command;
    for (const std::string& word : unit.command)
        command += (command.empty() ? "" : " ") + word;
    for (const std::regex* form : {&option, &address}) {
        for (std::sregex_iterator it{command.begin(), command.end(), *form}, end; it != end; ++it)
            add((*it)[1].str());
    }
    return ports;
}

}  // namespace devstack::core::doctor
