#include "section.hpp"

namespace devstack::core {

void report_unsupported(Report& report, const SourceText& key, const std::string& prefix) {
    report.error("not-yet-supported",
                 key.place,
                 "`" + prefix + key.text + "` is not supported yet",
                 "remove it, or call it `x-" + key.text + "` to keep it for later");
}

void report_unknown_key(Report& report,
                        const SourceText& key,
                        const SectionPlace& place,
                        const std::vector<std::string>& known,
                        const std::optional<std::string>& guess) {
    report.error(
        "unknown-key",
        key.place,
        "unknown key `" + key.text + "` in " + place.words,
        guess ? "did you mean `" + *guess + "`?" : "known keys are " + join_for_people(known));
}

bool has_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const auto end = words.find(' ');
        if (words.substr(0, end) == word) return true;
        if (end == std::string_view::npos) return false;
        words.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace devstack::core
