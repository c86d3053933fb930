#pragma once

#include "devstack/base/text.hpp"

#include "form.hpp"
#include "setting.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// Whether a section can do without a key.
enum class Presence {
    optional,
    required,
    one_of,  ///< Exactly one of the section's keys with this mark is to be written.
    any_of,  ///< At least one.
};

/// One key that may stand in a section. The tables of these are the grammar of the profile: what is
/// accepted, what messages say, what "did you mean" knows, and the schema. To add a key is to add a
/// row: a test asks for whatever is missing in it.
template <typename Section>
struct Key {
    std::string_view name;
    std::string_view expected;  ///< "a string": completes "… must be".
    /// Empty: the key is planned, but not supported yet.
    void (*read)(const Setting& setting, Section& section);
    /// What people who know other tools may write, separated by spaces.
    std::string_view also_called;
    Form form = {};
    std::string_view summary;  ///< One line for people; a sentence.
    /// What holds without the key, as it would be written: "\"10s\""; "" if that is not one value.
    std::string_view if_absent;
    Presence presence = Presence::optional;
    std::string_view only_with;  ///< The key that it means nothing without.
};

/// A key without its reader.
struct KeyView {
    std::string_view name;
    std::string_view expected;
    bool is_supported = false;
    Form form;
    std::string_view summary;
    std::string_view if_absent;
    Presence presence = Presence::optional;
    std::string_view only_with;
};

/// For `table_with`: the rows of a table of keys.
template <const auto& keys>
std::vector<KeyView> views_of() {
    std::vector<KeyView> views;
    for (const auto& key : keys) {
        views.push_back({key.name,
                         key.expected,
                         key.read != nullptr,
                         key.form,
                         key.summary,
                         key.if_absent,
                         key.presence,
                         key.only_with});
    }
    return views;
}

/// Where a section stands, for messages.
struct SectionPlace {
    std::string words;   ///< "[service.api]".
    std::string prefix;  ///< Of the names of its keys: "health." or "".
};

inline bool is_extension(std::string_view key) {
    return key.starts_with("x-");
}

void report_unsupported(Report& report, const SourceText& key, const std::string& prefix);
void report_unknown_key(Report& report,
                        const SourceText& key,
                        const SectionPlace& place,
                        const std::vector<std::string>& known,
                        const std::optional<std::string>& guess);

template <typename Section, std::size_t count>
const Key<Section>* find_key(const std::array<Key<Section>, count>& keys, std::string_view name) {
    for (const Key<Section>& key : keys) {
        if (key.name == name) return &key;
    }
    return nullptr;
}

/// The key that somebody who wrote `name` may have meant.
template <typename Section, std::size_t count>
std::optional<std::string> guess_key(const std::array<Key<Section>, count>& keys,
                                     std::string_view name) {
    std::vector<std::string> known;
    for (const Key<Section>& key : keys) {
        if (has_word(key.also_called, name)) return std::string{key.name};
        if (key.read != nullptr) known.emplace_back(key.name);
    }
    return closest_match(name, known);
}

template <typename Section, std::size_t count>
void report_unknown(const std::array<Key<Section>, count>& keys,
                    const SourceText& name,
                    const SectionPlace& place,
                    Report& report) {
    std::vector<std::string> known;
    for (const Key<Section>& key : keys) {
        if (key.read != nullptr) known.emplace_back(key.name);
    }
    report_unknown_key(report, name, place, known, guess_key(keys, name.text));
}

/// Whether `wanted` was written, be it under a wrong name: that has been said then.
template <typename Section, std::size_t count>
bool is_written(const TomlValue& table,
                const std::array<Key<Section>, count>& keys,
                std::string_view wanted) {
    for (const TomlEntry& entry : table.entries) {
        if (entry.key.text == wanted) return true;
        const bool is_unknown = find_key(keys, entry.key.text) == nullptr;
        if (is_unknown && guess_key(keys, entry.key.text) == wanted) return true;
    }
    return false;
}

/// Reads what stands in `table` into `section`, each key by its rule.
template <typename Section, std::size_t count>
void read_section(const TomlValue& table,
                  const std::array<Key<Section>, count>& keys,
                  Section& section,
                  const SectionPlace& place,
                  Report& report) {
    for (const TomlEntry& entry : table.entries) {
        if (is_extension(entry.key.text)) continue;
        const Key<Section>* key = find_key(keys, entry.key.text);
        const std::string name = place.prefix + entry.key.text;
        if (key == nullptr) {
            report_unknown(keys, entry.key, place, report);
        } else if (key->read == nullptr) {
            report_unsupported(report, entry.key, place.prefix);
        } else {
            key->read(
                Setting{name, key->expected, entry.key.place, entry.value, report, &key->form},
                section);
        }
    }
}

}  // namespace devstack::core
