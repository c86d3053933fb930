// What was built into the pages that a service hands out: the address of the project's API stands
// in their scripts, as an env file had it when they were built.

#include "devstack/core/doctor/service_url.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::DialFact;
using core::doctor::ReferenceFact;

constexpr std::size_t script_size_max = 4 * 1024 * 1024;

/// "index-abc.js", as the page names it.
std::vector<std::string> scripts_of(const std::string& page) {
    constexpr std::size_t scripts_max = 6;
    static const std::regex source{
        R"re(<script[^>]*\ssrc=["']?[^"'>\s]*?([\w.-]+\.m?js)["'?\s>])re"};
    std::vector<std::string> scripts;
    for (std::sregex_iterator it{page.begin(), page.end(), source}, end; it != end; ++it) {
        if (scripts.size() < scripts_max) scripts.push_back((*it)[1].str());
    }
    return scripts;
}

/// The file of that name among what was built; empty: there is none.
fs::path find_script(const fs::path& root, const std::string& name) {
    constexpr int looked_at_max = 2000;
    int looked_at = 0;
    for (const char* directory : {"dist", "build", "out", "public"}) {
        std::error_code error;
        fs::recursive_directory_iterator it{
            root / directory, fs::directory_options::skip_permission_denied, error};
        for (; !error && it != fs::recursive_directory_iterator{}; it.increment(error)) {
            if (++looked_at > looked_at_max) return {};
            if (it->path().filename() == name) return it->path();
        }
    }
    return {};
}

/// An address of this machine that an env file gives to what is built.
struct BuiltIn {
    ReferenceFact fact;
    std::string value;
};

/// Of Vite, Create React App, Vue, Next, Nuxt, Astro, Expo, Gatsby.
std::vector<BuiltIn> read_env_files(const Scene& scene, const ServiceScene& service) {
    static const std::regex line_form{
        R"re(^\s*((?:VITE|REACT_APP|VUE_APP|NEXT_PUBLIC|NUXT_PUBLIC|PUBLIC|EXPO_PUBLIC|GATSBY)_\w*(?:API|BACKEND|SERVER|BASE|GRAPHQL|ENDPOINT)\w*)\s*=\s*["']?([^"'\s#]+))re"};
    std::vector<BuiltIn> found_ones;
    for (const char* name : {".env", ".env.local", ".env.production", ".env.production.local"}) {
        const fs::path path = fs::path{service.working_dir} / name;
        std::istringstream lines{read_small(path.string())};
        int number = 0;
        for (std::string line; std::getline(lines, line);) {
            ++number;
            std::smatch found;
            if (!std::regex_search(line, found, line_form)) continue;
            const auto url = core::doctor::parse_service_url(found[2].str());
            const bool is_here = url && url->port != 0 &&
                                 (url->host == "localhost" || url->host.starts_with("127."));
            if (!is_here) continue;
            BuiltIn it;
            it.fact.service = service.fact.name;
            it.fact.kind = "bundle";
            it.fact.name = found[1].str();
            it.fact.where = scene.shown(path.string()) + ":" + std::to_string(number);
            it.fact.scheme = url->scheme;
            it.fact.host = url->host;
            it.fact.port = url->port;
            it.value = url->host + ":" + std::to_string(url->port);
            found_ones.push_back(std::move(it));
        }
    }
    return found_ones;
}

}  // namespace

void collect_bundles(const Scene& scene, Facts& facts) {
    const auto asked = std::ranges::find(facts.dials, std::string{"asked"}, &DialFact::id);
    if (asked == facts.dials.end() || asked->status != 200) return;
    const std::vector<std::string> scripts = scripts_of(asked->body);
    const auto listener =
        std::ranges::find(facts.listeners, asked->port, &core::doctor::ListenerFact::port);
    const ServiceScene* const service =
        listener == facts.listeners.end() ? nullptr : scene.find(listener->service);
    if (scripts.empty() || service == nullptr) return;
    const auto built_in = read_env_files(scene, *service);
    if (built_in.empty()) return;
    for (const std::string& name : scripts) {
        const fs::path path = find_script(service->working_dir, name);
        if (path.empty()) continue;
        const std::string text = read_small(path.string(), script_size_max);
        for (const BuiltIn& it : built_in) {
            if (text.find("//" + it.value) == text.npos) continue;
            facts.references.push_back(it.fact);
            facts.references.back().path = "/" + scene.shown(path.string());
        }
    }
}

}  // namespace devstack::diagnosis
