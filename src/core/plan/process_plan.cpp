#include "process_plan.hpp"

#include "devstack/base/text.hpp"

#include <charconv>

namespace devstack::core {

namespace {

constexpr CapabilitySet set_of(std::size_t capability) {
    return CapabilitySet{1} << capability;
}

std::string names_of(CapabilitySet set) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < capability_names.size(); ++i) {
        if ((set & set_of(i)) != 0) names.emplace_back(capability_names.at(i));
    }
    return join_for_people(names);
}

class CapabilityMaker {
public:
    CapabilityMaker(const ProcessSetting& setting,
                    const SourceFile& source,
                    const Accounts& accounts,
                    std::vector<Diagnostic>& diagnostics)
        : add_{setting.cap_add},
          drop_{setting.cap_drop},
          source_{source},
          accounts_{accounts},
          diagnostics_{diagnostics} {}

    /// What is in both lists wins over "ALL" in either.
    std::optional<CapabilityBounds> make() {
        if (!add_.is_written && !drop_.is_written) return std::nullopt;
        check_contradiction();
        check_rights();
        CapabilityBounds bounds;
        bounds.given = add_.is_all ? accounts_.capabilities & ~drop_.named : add_.named;
        bounds.kept = drop_.is_all ? add_.named : ~drop_.named;
        return bounds;
    }

private:
    void check_contradiction() {
        const CapabilitySet both = add_.named & drop_.named;
        const bool are_all = add_.is_all && drop_.is_all;
        if (both == 0 && !are_all) return;
        diagnostics_.push_back(source_.error(
            "contradiction",
            drop_.place,
            "`cap_add` and `cap_drop` both name " + (are_all ? "ALL" : names_of(both))));
    }

    void check_rights() {
        constexpr std::size_t setpcap = 8;
        const bool is_root = accounts_.self.user == 0;
        const std::string as_root = is_root ? "the container or unit that devstack runs in must "
                                              "leave it to devstack"
                                            : "start devstack as root";
        const CapabilitySet lacking = add_.named & ~accounts_.capabilities;
        if (lacking != 0) {
            diagnostics_.push_back(source_.error("needs-root",
                                                 add_.place,
                                                 "`cap_add`: devstack runs as " +
                                                     accounts_.self.name + " without " +
                                                     names_of(lacking) + ", so it cannot give it",
                                                 as_root));
        }
        const bool may_drop = (accounts_.capabilities & set_of(setpcap)) != 0;
        if (!drop_.is_written || may_drop) return;
        diagnostics_.push_back(
            source_.error("needs-root",
                          drop_.place,
                          "`cap_drop`: devstack runs as " + accounts_.self.name +
                              (is_root ? " without SETPCAP, so it cannot take any"
                                       : "; only root can take capabilities from a service"),
                          is_root ? as_root
                                  : "no_new_privileges = true keeps it from gaining any, and "
                                    "needs no root"));
    }

    const CapabilitySetting& add_;
    const CapabilitySetting& drop_;
    const SourceFile& source_;
    const Accounts& accounts_;
    std::vector<Diagnostic>& diagnostics_;
};

/// Where a program that asks the terminal would else be told nonsense: the default.
std::uint16_t size_of(const Scope& scope, const char* variable, std::uint16_t usual) {
    constexpr std::uint16_t size_max = 1000;
    const std::string* text = scope.find_variable(variable);
    if (text == nullptr) return usual;
    std::uint16_t size = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
    const bool is_whole = error == std::errc{} && end == text->data() + text->size();
    return is_whole && size > 0 && size <= size_max ? size : usual;
}

}  // namespace

ProcessSettings make_process_settings(const ProcessSetting& setting,
                                      const ServiceSurroundings& around,
                                      const Accounts& accounts,
                                      std::vector<Diagnostic>& diagnostics) {
    ProcessSettings settings;
    settings.identity = around.account.identity;
    settings.umask = setting.umask;
    settings.limits = setting.limits;
    settings.nice = setting.nice;
    settings.oom_score_adj = setting.oom_score_adj;
    settings.capabilities =
        CapabilityMaker{setting, around.scope.profile->source, accounts, diagnostics}.make();
    settings.no_new_privileges = setting.no_new_privileges;
    settings.stdin_open = setting.stdin_open;
    settings.cgroup = setting.cgroup;
    if (setting.tty) {
        const TerminalSize usual;
        settings.terminal = TerminalSize{size_of(around.scope, "LINES", usual.rows),
                                         size_of(around.scope, "COLUMNS", usual.columns)};
    }
    return settings;
}

}  // namespace devstack::core
