#include "devstack/core/profile/schema.hpp"

#include "core/api/json_writer.hpp"
#include "profile_keys.hpp"
#include "section.hpp"

#include <cstdint>

// One object for each form. Where a value may be of several kinds, their rules stand side by side,
// since each concerns values of its kind alone; only `enum` would refuse all other kinds, so words
// become an alternative of their own.

namespace devstack::core {

namespace {

using api::JsonWriter;
using Kind = TomlValue::Kind;

void write_form(JsonWriter& json, const Form& form);

std::vector<std::string> type_names(const Form& form) {
    std::vector<std::string> names;
    if (allows(form, Kind::string)) names.emplace_back("string");
    if (allows(form, Kind::integer)) names.emplace_back("integer");
    if (allows(form, Kind::boolean)) names.emplace_back("boolean");
    if (allows(form, Kind::array)) names.emplace_back("array");
    if (allows(form, Kind::table)) names.emplace_back("object");
    return names;
}

std::vector<std::string_view> names_with(const std::vector<KeyView>& keys, Presence presence) {
    std::vector<std::string_view> names;
    for (const KeyView& key : keys) {
        if (key.is_supported && key.presence == presence) names.push_back(key.name);
    }
    return names;
}

/// [{"required": ["url"]}, …] under `word`; nothing for no names.
void write_alternatives(JsonWriter& json,
                        std::string_view word,
                        const std::vector<std::string_view>& names) {
    if (names.empty()) return;
    json.key(word);
    json.begin_list();
    for (const std::string_view name : names) {
        json.begin_object();
        json.field("required", std::vector{std::string{name}});
        json.end_object();
    }
    json.end_list();
}

void write_companions(JsonWriter& json, const std::vector<KeyView>& keys) {
    bool is_first = true;
    for (const KeyView& key : keys) {
        if (!key.is_supported || key.only_with.empty()) continue;
        if (is_first) {
            json.key("dependencies");
            json.begin_object();
        }
        is_first = false;
        json.field(key.name, std::vector{std::string{key.only_with}});
    }
    if (!is_first) json.end_object();
}

void write_keys(JsonWriter& json, const std::vector<KeyView>& keys) {
    json.key("properties");
    json.begin_object();
    for (const KeyView& key : keys) {
        if (!key.is_supported) continue;
        json.key(key.name);
        json.begin_object();
        json.field("description", key.summary);
        if (!key.if_absent.empty()) {
            json.key("default");
            json.raw(key.if_absent);
        }
        write_form(json, key.form);
        json.end_object();
    }
    json.end_object();
    json.key("patternProperties");
    json.begin_object();
    json.field("^x-", true);
    json.end_object();
    json.field("additionalProperties", false);
    std::vector<std::string> required;
    for (const std::string_view name : names_with(keys, Presence::required))
        required.emplace_back(name);
    if (!required.empty()) json.field("required", required);
    write_alternatives(json, "oneOf", names_with(keys, Presence::one_of));
    write_alternatives(json, "anyOf", names_with(keys, Presence::any_of));
    write_companions(json, keys);
}

void write_table(JsonWriter& json, const Form& form) {
    if (form.keys != nullptr) return write_keys(json, form.keys());
    if (form.entry_names != nullptr) {
        json.key("propertyNames");
        json.begin_object();
        json.field("pattern", form.entry_names());
        json.end_object();
    }
    json.key("additionalProperties");
    json.begin_object();
    write_form(json, *form.entries);
    json.end_object();
}

/// All but the words.
void write_rules(JsonWriter& json, const Form& form) {
    const std::vector<std::string> types = type_names(form);
    json.key("type");
    if (types.size() == 1) {
        json.value(types.front());
    } else {
        json.value(types);
    }
    if (form.pattern != nullptr) json.field("pattern", form.pattern());
    if (allows(form, Kind::integer)) {
        if (form.low != INT64_MIN) json.field("minimum", form.low);
        if (form.high != INT64_MAX) json.field("maximum", form.high);
    }
    if (allows(form, Kind::array)) {
        json.key("items");
        json.begin_object();
        write_form(json, *form.items);
        json.end_object();
        if (form.needs_item) json.field("minItems", 1);
    }
    if (allows(form, Kind::table)) write_table(json, form);
}

void write_form(JsonWriter& json, const Form& form) {
    if (form.choices == nullptr) return write_rules(json, form);
    Form others = form;
    others.choices = nullptr;
    if (form.pattern == nullptr) others.kinds &= ~bit_of(Kind::string);
    if (others.kinds == 0) return json.field("enum", form.choices());
    json.key("anyOf");
    json.begin_list();
    json.begin_object();
    json.field("enum", form.choices());
    json.end_object();
    json.begin_object();
    write_rules(json, others);
    json.end_object();
    json.end_list();
}

}  // namespace

std::string profile_schema() {
    JsonWriter json{JsonWriter::Layout::indented};
    json.begin_object();
    json.key("$schema");
    json.value("http://json-schema.org/draft-07/schema#");
    json.field("title", "devstack profile");
    json.field("description", "What a project needs to run: its services and tasks.");
    json.field("type", "object");
    write_keys(json, profile_key_views());
    json.end_object();
    return json.take() + "\n";
}

}  // namespace devstack::core
