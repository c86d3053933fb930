#include "devstack/core/doctor/nginx_config.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace devstack::core::doctor {

std::string rewritten_path(const NginxLocationFact& location, const std::string& path) {
    const auto setting =
        std::ranges::find(location.settings, std::string{"rewrite"}, &NginxSettingFact::name);
    if (setting == location.settings.end()) return "";
    std::istringstream rules{setting->value};
    for (std::string rule; std::getline(rules, rule, ';');) {
        std::istringstream words{rule};
        std::string pattern;
        std::string target;
        std::string flag;
        words >> pattern >> target >> flag;
        try {
            std::smatch found;
            const std::string plain = path.substr(0, path.find('?'));
            if (!std::regex_search(plain, found, std::regex{pattern})) continue;
            // Others choose a location anew, or answer with a redirect.
            const bool is_plain = flag == "break" && target.starts_with('/');
            const std::string made = found.format(target);
            return is_plain && made != plain ? made.substr(0, made.find('?')) : "";
        } catch (const std::regex_error&) {
            return "";  // PCRE knows more.
        }
    }
    return "";
}

}  // namespace devstack::core::doctor
