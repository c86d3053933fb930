// A client of Socket.IO that gets no connection: is there a server of it, and at which path?

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <regex>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::DialFact;
using core::doctor::ReferenceFact;

/// The words of engine.io-client, by each of its transports.
bool complains(const Facts& facts, const std::string& service) {
    return std::ranges::any_of(facts.logs, [&](const core::doctor::LogFact& log) {
        return log.service == service &&
               std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
                   return it.text.find("xhr poll error") != it.text.npos ||
                          it.text.find("websocket error") != it.text.npos ||
                          it.text.find("fetch read error") != it.text.npos;
               });
    });
}

/// Paths that the sources beside `directory` give to Socket.IO: path: '/realtime/'.
std::vector<std::string> find_paths(const std::string& directory) {
    static const std::regex option{R"re(\bpath:\s*["'`](/[\w./-]+)["'`])re"};
    constexpr int files_max = 80;
    constexpr std::size_t paths_max = 3;
    std::vector<std::string> paths;
    int files = 0;
    for (const fs::path& folder : {fs::path{directory}, fs::path{directory} / "src"}) {
        std::error_code error;
        fs::directory_iterator it{folder, error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::string ending = it->path().extension().string();
            const bool is_source =
                ending == ".js" || ending == ".ts" || ending == ".mjs" || ending == ".cjs";
            if (!is_source || ++files > files_max) continue;
            const std::string text = read_small(it->path().string(), 64 * 1024);
            if (text.find("socket.io") == text.npos) continue;
            for (std::sregex_iterator found{text.begin(), text.end(), option}, end; found != end;
                 ++found) {
                if (paths.size() < paths_max) paths.push_back((*found)[1].str());
            }
        }
    }
    return paths;
}

}  // namespace

std::vector<Endpoint> plan_socket_dials(const Scene& scene, const Facts& facts) {
    constexpr double timeout = 0.4;
    std::vector<Endpoint> endpoints;
    const auto add = [&](const ReferenceFact& reference, std::string path) {
        const std::string id = "socket.io " + path + " of " + reference.dial;
        if (std::ranges::find(facts.dials, id, &DialFact::id) != facts.dials.end()) return;
        if (!path.ends_with('/')) path += '/';
        Endpoint endpoint;
        endpoint.fact.id = id;
        endpoint.fact.purpose = "compare";
        endpoint.fact.protocol = "http";
        endpoint.fact.host = reference.host;
        endpoint.fact.port = reference.port;
        endpoint.fact.path = path + "?EIO=4&transport=polling";
        endpoint.fact.timeout = timeout;
        endpoints.push_back(std::move(endpoint));
    };
    for (const ReferenceFact& reference : facts.references) {
        const bool is_http = reference.scheme == "http" || reference.scheme == "ws";
        const bool is_one = reference.kind == "env" && is_http && !reference.dial.empty();
        if (!is_one || !complains(facts, reference.service)) continue;
        const auto listener =
            std::ranges::find(facts.listeners, reference.port, &core::doctor::ListenerFact::port);
        const ServiceScene* const server =
            listener == facts.listeners.end() ? nullptr : scene.find(listener->service);
        const ServiceScene* const client = scene.find(reference.service);
        if (server == nullptr || client == nullptr || server == client) continue;
        const auto paths = find_paths(server->working_dir);
        // What the client names itself is not what it lacks.
        const bool is_shared = server->working_dir == client->working_dir;
        const auto named = is_shared ? paths : find_paths(client->working_dir);
        const std::ptrdiff_t own = is_shared ? 1 : 0;
        add(reference, "/socket.io/");
        for (const std::string& path : paths) {
            if (std::ranges::count(named, path) == own) add(reference, path);
        }
    }
    return endpoints;
}

}  // namespace devstack::diagnosis
