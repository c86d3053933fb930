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

}  // namespace devstack::core
