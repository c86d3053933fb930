#include "schema/grammar.hpp"

#include "core/profile/profile_keys.hpp"

#include <algorithm>

namespace devstack::test {

namespace {

using core::Form;
using core::KeyView;
using core::Presence;
using Kind = core::TomlValue::Kind;

/// A value that the key is content with.
std::string good_value(const KeyView& key) {
    if (key.name == "url") return R"("http://localhost/")";
    if (key.name == "listen") return R"("127.0.0.1:7070")";
    if (key.name == "service")
        return R"({ example = { command = "x" }, other = { command = "x" } })";
    if (allows(key.form, Kind::string)) return R"("x")";
    return std::to_string(key.form.low);
}

/// A probe needs one of its ways to ask; a profile needs a service.
std::vector<std::string> companions(const std::vector<KeyView>& keys, const KeyView* written) {
    std::vector<std::string> lines;
    const auto add = [&](const KeyView& key) {
        lines.push_back(std::string{key.name} + " = " + good_value(key));
    };
    bool has_choice = written != nullptr && (written->presence == Presence::one_of ||
                                             written->presence == Presence::any_of);
    for (const KeyView& key : keys) {
        if (written != nullptr && written->name == key.name) continue;
        if (key.presence == Presence::required) add(key);
        if (key.presence != Presence::one_of && key.presence != Presence::any_of) continue;
        if (!has_choice) add(key);
        has_choice = true;
    }
    return lines;
}

std::string joined(const std::string& inside, const std::vector<std::string>& others) {
    std::string text = inside;
    for (const std::string& other : others)
        text += (text.empty() ? "" : ", ") + other;
    return text;
}

void visit(const SectionOfGrammar& section, std::vector<SectionOfGrammar>& all) {
    all.push_back(section);
    for (const KeyView& key : section.keys) {
        const bool is_named = key.form.entries != nullptr && key.form.entries->keys != nullptr;
        if (key.form.keys == nullptr && !is_named) continue;
        SectionOfGrammar inner;
        inner.path = section.path + (section.path.empty() ? "" : ".") + std::string{key.name};
        if (is_named) inner.path += ".example";
        inner.keys = is_named ? key.form.entries->keys() : key.form.keys();
        inner.profile_with = [section, key, is_named](const std::string& inside) {
            std::string value = "{ " + inside + " }";
            // What others refer to has to be there.
            if (is_named && (key.name == "ports" || key.name == "knowledge")) {
                value = "{ example = " + value + " }";
            } else if (is_named) {
                value = "{ example = " + value + ", other = { command = \"x\" } }";
            }
            return section.profile_with(
                completed(section, key, std::string{key.name} + " = " + value));
        };
        visit(inner, all);
    }
}

}  // namespace

std::vector<SectionOfGrammar> all_sections() {
    SectionOfGrammar top;
    top.keys = core::profile_key_views();
    top.profile_with = [](const std::string& inside) {
        // At the top keys stand in lines; only there a comma follows a closed bracket of its own.
        std::string text;
        int depth = 0;
        bool is_text = false;
        for (const char c : inside) {
            if (c == '"') is_text = !is_text;
            if (!is_text && (c == '{' || c == '[')) ++depth;
            if (!is_text && (c == '}' || c == ']')) --depth;
            text += c == ',' && depth == 0 && !is_text ? '\n' : c;
        }
        return text + "\n";
    };
    std::vector<SectionOfGrammar> all;
    visit(top, all);
    return all;
}

std::string completed(const SectionOfGrammar& section,
                      const KeyView& key,
                      const std::string& inside) {
    return joined(inside, companions(section.keys, &key));
}

std::vector<std::string> samples_for(const Form& form) {
    std::vector<std::string> samples = {R"("x")",
                                        R"("")",
                                        R"(" ")",
                                        R"("other")",
                                        R"("PATH")",
                                        R"("10s")",
                                        R"("1m 30s")",
                                        R"("1.5h")",
                                        R"("0")",
                                        R"("10")",
                                        R"("TERM")",
                                        R"("sigterm")",
                                        R"("15")",
                                        R"("65")",
                                        R"("SIGTREM")",
                                        R"("200-299, 404")",
                                        R"("2xx")",
                                        R"(":80")",
                                        R"("http://localhost/")",
                                        R"("127.0.0.1:7070")",
                                        R"("always")",
                                        R"("unless-stopped")",
                                        R"("a b")",
                                        "0",
                                        "1",
                                        "-1",
                                        "80",
                                        "200",
                                        "70000",
                                        "1.5",
                                        "true",
                                        "false",
                                        "2026-11-21",
                                        "[]",
                                        R"(["x"])",

                                        R"(["other"])",
                                        R"(["PATH"])",
                                        "[1]",
                                        "[true]",
                                        "[[]]",
                                        "{}",
                                        R"({ a = "x" })",
                                        "{ a = 1 }",
                                        "{ a = 1.5 }",
                                        "{ a = true }",
                                        "{ a = [] }",
                                        R"({ other = "ready" })",
                                        R"({ other = "never" })",
                                        R"({ x-note = 1 })",
                                        R"({ command = "x" })",
                                        R"({ url = "http://localhost/" })",
                                        R"({ tcp = ":80", command = "x" })",
                                        R"({ tcp = ":80", expect = 200 })",
                                        R"({ policy = "no", max = 3 })"};
    if (form.choices != nullptr) {
        for (const std::string& word : form.choices())
            samples.push_back("\"" + word + "\"");
    }
    if (allows(form, Kind::integer)) {
        samples.push_back(std::to_string(form.low));
        samples.push_back(std::to_string(form.high));
        if (form.low != INT64_MIN) samples.push_back(std::to_string(form.low - 1));
        if (form.high != INT64_MAX) samples.push_back(std::to_string(form.high + 1));
    }
    std::ranges::sort(samples);
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    return samples;
}

}  // namespace devstack::test
