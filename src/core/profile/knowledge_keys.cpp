#include "knowledge_keys.hpp"

#include "devstack/core/logs/line_pattern.hpp"

#include "section.hpp"

#include <array>

namespace devstack::core {

namespace {

std::string text_of(const Setting& it) {
    const auto text = read_text(it);
    return text ? text->text : "";
}

void read_pattern(const Setting& it, KnowledgeSetting& knowledge) {
    knowledge.pattern = text_of(it);
    if (!it.value.is_string()) return;
    if (knowledge.pattern.empty()) {
        return it.report_bad_value("bad-regex", "every line would match an empty pattern");
    }
    const Result<LinePattern> pattern = LinePattern::parse(knowledge.pattern);
    if (!pattern) it.report_bad_value("bad-regex", pattern.error().message);
}

constexpr Form something = text_like([]() -> std::string { return R"([\s\S])"; });

constexpr std::array keys{
    Key<KnowledgeSetting>{.name = "pattern",
                          .expected = "a regular expression",
                          .read = read_pattern,
                          .also_called = "match regex log line",
                          .form = something,
                          .summary = "What is searched in each line of the logs.",
                          .presence = Presence::required},
    Key<KnowledgeSetting>{
        .name = "meaning",
        .expected = "a string",
        .read = [](const Setting& it, KnowledgeSetting& to) { to.meaning = text_of(it); },
        .also_called = "cause means message",
        .form = any_text,
        .summary = "What such a line means: a sentence. {service} is who wrote it, {1} to {9} are "
                   "what the pattern's groups have caught.",
        .presence = Presence::required},
    Key<KnowledgeSetting>{
        .name = "look",
        .expected = "a string",
        .read = [](const Setting& it, KnowledgeSetting& to) { to.look = text_of(it); },
        .also_called = "where see",
        .form = any_text,
        .summary = "Where to look; told with the evidence."},
    Key<KnowledgeSetting>{
        .name = "fix",
        .expected = "a string",
        .read = [](const Setting& it, KnowledgeSetting& to) { to.fix = text_of(it); },
        .also_called = "hint repair solution",
        .form = any_text,
        .summary = "What to do."},
    Key<KnowledgeSetting>{.name = "services",
                          .expected = "a name or an array of names",
                          .read =
                              [](const Setting& it, KnowledgeSetting& to) {
                                  for (const SourceText& name : read_texts(it))
                                      to.services.push_back(name.text);
                              },
                          .also_called = "service in",
                          .form = text_or_texts,
                          .summary = "Only in their logs; if absent in all."},
    Key<KnowledgeSetting>{
        .name = "when_well",
        .expected = "true or false",
        .read = [](const Setting& it, KnowledgeSetting& to) { to.when_well = read_boolean(it); },
        .also_called = "always",
        .form = true_or_false,
        .summary = "Tell it of a service, too, that is well otherwise.",
        .if_absent = "false"}};

}  // namespace

KnowledgeSetting read_knowledge(const TomlEntry& entry, Report& report) {
    KnowledgeSetting knowledge;
    knowledge.name = entry.key.text;
    const std::string words = "[knowledge." + knowledge.name + "]";
    read_section(entry.value, keys, knowledge, {words, ""}, report);
    for (const char* key : {"pattern", "meaning"}) {
        if (is_written(entry.value, keys, key)) continue;
        report.error(std::string{"missing-"} + key,
                     entry.key.place,
                     words + " has no `" + key + "`",
                     std::string{"add "} + key + " = \"…\"");
    }
    return knowledge;
}

std::vector<KeyView> knowledge_key_views() {
    return views_of<keys>();
}

}  // namespace devstack::core
