#include "prepare_keys.hpp"

#include "section.hpp"

namespace devstack::core {

namespace {

constexpr std::array keys{
    Key<PrepareSetting>{
        .name = "command",
        .expected = "a string or an array of strings",
        .read = [](const Setting& it, PrepareSetting& to) { to.command = read_command(it); },
        .also_called = "cmd run exec",
        .form = command_text,
        .summary = "What to run, in the directory and environment of the service.",
        .presence = Presence::required},
    Key<PrepareSetting>{
        .name = "creates",
        .expected = "a path",
        .read = [](const Setting& it, PrepareSetting& to) { to.creates = read_text(it); },
        .also_called = "output outputs",
        .form = any_text,
        .summary = "A path; while it does not exist, the step has to run."},
    Key<PrepareSetting>{
        .name = "inputs",
        .expected = "a path or an array of paths",
        .read = [](const Setting& it, PrepareSetting& to) { to.inputs = read_texts(it); },
        .also_called = "input sources",
        .form = text_or_texts,
        .summary = "Paths or globs; when one has changed since the last run, the step has to "
                   "run."}};

}  // namespace

std::optional<PrepareSetting> read_prepare(const Setting& setting) {
    PrepareSetting prepare;
    prepare.place = setting.value.place;
    if (!setting.value.is_table()) {
        setting.report_wrong_type("write { command = \"…\" }");
        return std::nullopt;
    }
    read_section(setting.value, keys, prepare, {"`prepare`", setting.name + "."}, setting.report);
    if (!is_written(setting.value, keys, "command")) {
        setting.report.error("missing-command", prepare.place, "`prepare` needs a `command`");
    }
    return prepare.command ? std::optional{std::move(prepare)} : std::nullopt;
}

std::vector<KeyView> prepare_key_views() {
    return views_of<keys>();
}

}  // namespace devstack::core
