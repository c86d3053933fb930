#include "restart_keys.hpp"

#include "section.hpp"

namespace devstack::core {

namespace {

constexpr std::array modes{Choice<RestartMode>{"no", RestartMode::no},
                           Choice<RestartMode>{"on-failure", RestartMode::on_failure},
                           Choice<RestartMode>{"always", RestartMode::always, "unless-stopped"}};

constexpr std::array keys{
    Key<RestartSetting>{
        .name = "policy",
        .expected = "\"no\", \"on-failure\" or \"always\"",
        .read = [](const Setting& it, RestartSetting& to) { to.policy = read_choice(it, modes); },
        .also_called = "mode condition",
        .form = one_of(words_of<modes>),
        .summary = "When it is started again; if absent \"on-failure\", and \"no\" for a task."},
    Key<RestartSetting>{
        .name = "max",
        .expected = "a number from 0 to 1000000",
        .read = [](const Setting& it, RestartSetting& to) { to.max = read_integer(it); },
        .also_called = "max_attempts max_restarts attempts retries",
        .form = number_from(0, 1'000'000),
        .summary = "Restarts within `window`; one more is a crash loop.",
        .if_absent = "5"},
    Key<RestartSetting>{
        .name = "window",
        .expected = "a duration such as \"60s\"",
        .read = [](const Setting& it,
                   RestartSetting& to) { to.window = read_duration(it, Duration{1}); },
        .also_called = "interval",
        .form = duration_text,
        .summary = "The time in which restarts are counted.",
        .if_absent = "\"60s\""},
    Key<RestartSetting>{
        .name = "delay",
        .expected = "a duration such as \"500ms\"",
        .read = [](const Setting& it,
                   RestartSetting& to) { to.delay = read_duration(it, Duration{}); },
        .also_called = "backoff wait",
        .form = duration_text,
        .summary = "The time before the first restart; each one doubles it.",
        .if_absent = "\"500ms\""},
    Key<RestartSetting>{
        .name = "max_delay",
        .expected = "a duration such as \"30s\"",
        .read = [](const Setting& it,
                   RestartSetting& to) { to.max_delay = read_duration(it, Duration{}); },
        .also_called = "max_backoff",
        .form = duration_text,
        .summary = "The longest time before a restart.",
        .if_absent = "\"30s\""}};

}  // namespace

RestartSetting read_restart(const Setting& setting) {
    RestartSetting restart;
    if (setting.value.is_string()) {
        restart.policy = read_choice(setting, modes);
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

std::vector<std::string> restart_mode_words() {
    return words_of<modes>();
}

std::vector<KeyView> restart_key_views() {
    return views_of<keys>();
}

}  // namespace devstack::core
