#include "devstack/base/signal_name.hpp"

#include "devstack/base/text.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <utility>

namespace devstack {

namespace {

constexpr int signal_max = 64;

constexpr std::array<std::pair<std::string_view, int>, 31> names{{
    {"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},       {"SIGQUIT", SIGQUIT}, {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP}, {"SIGABRT", SIGABRT},     {"SIGBUS", SIGBUS},   {"SIGFPE", SIGFPE},
    {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1},     {"SIGSEGV", SIGSEGV}, {"SIGUSR2", SIGUSR2},
    {"SIGPIPE", SIGPIPE}, {"SIGALRM", SIGALRM},     {"SIGTERM", SIGTERM}, {"SIGSTKFLT", SIGSTKFLT},
    {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT},     {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},
    {"SIGTTIN", SIGTTIN}, {"SIGTTOU", SIGTTOU},     {"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU},
    {"SIGXFSZ", SIGXFSZ}, {"SIGVTALRM", SIGVTALRM}, {"SIGPROF", SIGPROF}, {"SIGWINCH", SIGWINCH},
    {"SIGIO", SIGIO},     {"SIGPWR", SIGPWR},       {"SIGSYS", SIGSYS},
}};

std::string upper(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return result;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc{} && rest == end && number >= 1 && number <= signal_max) return number;

    std::string name = upper(text);
    if (name.rfind("SIG", 0) != 0) name = "SIG" + name;
    for (const auto& [known, value] : names) {
        if (known == name) return value;
    }
    return Error{
        Error::Kind::invalid,
        "\"" + std::string{text} + "\" is not a signal" + did_you_mean(name, signal_names())};
}

std::string signal_name(int signal) {
    for (const auto& [name, value] : names) {
        if (value == signal) return std::string{name};
    }
    return "signal " + std::to_string(signal);
}

std::vector<std::string> signal_names() {
    std::vector<std::string> all;
    all.reserve(names.size());
    for (const auto& [name, value] : names)
        all.emplace_back(name);
    return all;
}

}  // namespace devstack
