#include "restart_keys.hpp"

#include "section.hpp"

namespace devstack::core {

namespace {

void read_policy(const Setting& it, RestartSetting& restart) {
    if (!it.value.is_string()) return it.report_wrong_type();
    const std::string& word = it.value.text;
    if (word == "no") {
        restart.policy = RestartMode::no;
    } else if (word == "on-failure") {
        restart.policy = RestartMode::on_failure;
    } else if (word == "always") {
        restart.policy = RestartMode::always;
    } else {
        const std::string guess = word == "unless-stopped"
                                      ? " (did you mean `always`?)"
                                      : did_you_mean(word, {"no", "on-failure", "always"});
        it.report_bad_value(
            "bad-choice",
            "\"" + word + "\" is not one of \"no\", \"on-failure\" and \"always\"" + guess);
    }
}

constexpr std::array keys{
    Key<RestartSetting>{
        "policy", "\"no\", \"on-failure\" or \"always\"", read_policy, "mode condition"},
    Key<RestartSetting>{
        "max",
        "a number from 0 to 1000000",
        [](const Setting& it, RestartSetting& to) { to.max = read_integer(it, 0, 1'000'000); },
        "max_attempts max_restarts attempts retries"},
    Key<RestartSetting>{
        "window",
        "a duration such as \"60s\"",
        [](const Setting& it, RestartSetting& to) { to.window = read_duration(it, Duration{1}); },
        "interval"},
    Key<RestartSetting>{
        "delay",
        "a duration such as \"500ms\"",
        [](const Setting& it, RestartSetting& to) { to.delay = read_duration(it, Duration{}); },
        "backoff wait"},
    Key<RestartSetting>{
        "max_delay",
        "a duration such as \"30s\"",
        [](const Setting& it, RestartSetting& to) { to.max_delay = read_duration(it, Duration{}); },
        "max_backoff"}};

}  // namespace

RestartSetting read_restart(const Setting& setting) {
    RestartSetting restart;
    if (setting.value.is_string()) {
        read_policy(setting, restart);
    } else if (setting.value.is_table()) {
        read_section(
            setting.value, keys, restart, {"`restart`", setting.name + "."}, setting.report);
        if (restart.delay && restart.max_delay && *restart.delay > *restart.max_delay) {
            setting.report_bad_value("bad-duration",
                                     "`delay` (" + render_duration(*restart.delay) +
                                         ") must not be longer than `max_delay` (" +
                                         render_duration(*restart.max_delay) + ")");
        }
    } else {
        setting.report_wrong_type(
            setting.value.kind == TomlValue::Kind::boolean ? "write \"no\" or \"always\"" : "");
    }
    return restart;
}

}  // namespace devstack::core
