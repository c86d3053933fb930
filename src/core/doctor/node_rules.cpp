// Node.js: a version that lacks what a program uses, development servers that pass requests on
// otherwise than the service behind them expects.

#include "core/doctor/node_versions.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

// ---- Versions
// ------------------------------------------------------------------------------------

/// What a version that is too old says of what is newer.
bool tells_missing_feature(const std::string& line) {
    static const std::regex words{
        R"(TypeError: .* is not a (?:function|constructor)|ReferenceError: .* is not defined|)"
        R"(SyntaxError: (?!.*JSON)|No such built-in module|ERR_UNKNOWN_BUILTIN_MODULE|)"
        R"(ERR_UNKNOWN_FILE_EXTENSION|ERR_REQUIRE_ESM|: bad option: |is not allowed in NODE_OPTIONS)"};
    // The error's code below it says less.
    return !contains(line, " code: '") && std::regex_search(line, words);
}

void look_at_version(const FolderFact& folder,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    static const std::regex says{R"(^Node\.js (v\d+\.\d+\.\d+)$)"};
    const ServiceFact* const service = picture.service(folder.service);
    if (folder.node_wanted.empty() || service == nullptr || picture.is_well(*service)) return;
    std::smatch found;
    const LineFact* const last = picture.find_line(
        service->name, [](const std::string& it) { return std::regex_search(it, says); });
    const LineFact* const line = picture.find_line(service->name, tells_missing_feature);
    if (last == nullptr || line == nullptr) return;
    std::regex_search(last->text, found, says);
    const std::string version = found[1].str();
    if (may_be_wanted(folder.node_wanted, version)) return;
    Finding finding;
    finding.id = "runtime-too-old";
    finding.service = service->name;
    finding.topic = "end";
    finding.strength = 76;
    finding.what = service->name + " wants Node.js " + folder.node_wanted + " (" +
                   folder.node_wanted_in + ") and is run by " + version +
                   ", which does not know what it uses: " + line->text + ".";
    finding.evidence = {render_line(service->name, *last)};
    finding.fix =
        "install that version (nvm install, fnm install, mise use), and let it be the first node "
        "in "
        "the PATH with which devstack up is called, or in PATH of " +
        service->name;
    findings.push_back(std::move(finding));
}

// ---- Development servers that pass on -----------------------------------------------------------

bool is_development_server(const ReferenceFact& reference) {
    return reference.kind == "config" &&
           (contains(reference.name, ".config.") || contains(reference.name, "proxy.conf") ||
            contains(reference.name, "setupProxy"));
}

/// The path is passed on as it came, and the service knows it without its beginning.
void look_at_kept_prefix(const ReferenceFact& reference,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    const DialFact* const same = picture.dial("past " + reference.where + ": asked");
    const DialFact* const stripped = picture.dial("past " + reference.where + ", stripped: asked");
    constexpr int not_found = 404;
    if (asked == nullptr || same == nullptr || stripped == nullptr) return;
    const bool is_kept = asked->status == not_found && same->status == not_found &&
                         stripped->status >= 200 && stripped->status < 300;
    // It is that one's answer.
    if (!is_kept || asked->body != same->body ||
        picture.owner_of(asked->port) != picture.service(reference.service))
        return;
    const std::string prefix = asked->path.substr(0, asked->path.find('/', 1));
    Finding finding;
    finding.id = "proxy-keeps-prefix";
    finding.service = reference.service;
    finding.topic = "path";
    finding.strength = 80;
    finding.what = reference.service + " passes " + asked->path + " on to " +
                   render_endpoint(reference.host, reference.port) + " (" + reference.where +
                   ") as it is, where there is no such path; without " + prefix +
                   " it would be answered.";
    finding.evidence = {render_request(*same) + ": status 404",
                        render_request(*stripped) + ": status " + std::to_string(stripped->status)};
    finding.fix = "take it off in " + reference.where + ": rewrite: (path) => path.replace(/^\\" +
                  prefix +
                  "/, '') (pathRewrite in webpack, Angular and setupProxy), or let the "
                  "service answer below " +
                  prefix;
    findings.push_back(std::move(finding));
}

/// It is told to speak TLS to a port of this project where plain text is spoken.
void look_at_scheme(const ReferenceFact& reference,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    constexpr double recent_seconds = 120;
    const auto listeners = picture.listeners_on(reference.port);
    if (reference.scheme != "https" || !is_local(reference.host) || listeners.empty()) return;
    const LineFact* const line = picture.find_line(reference.service, [](const std::string& it) {
        return contains_word(it, "wrong version number") ||
               contains_word(it, "packet length too long") || contains(it, "EPROTO");
    });
    if (line == nullptr || picture.seconds_since(line->time) > recent_seconds) {
        return;
    }
    Finding finding;
    finding.id = "tls-to-plain-port";
    finding.service = reference.service;
    finding.topic = finding.id;
    finding.strength = 82;
    finding.what =
        reference.service + " passes requests on to https://" +
        render_endpoint(reference.host, reference.port) + " (" + reference.where + "), where " +
        (listeners.front()->service.empty() ? "plain text is spoken"
                                            : listeners.front()->service + " speaks plain http") +
        ".";
    finding.evidence = {render_line(reference.service, *line)};
    finding.fix = "write http:// in " + reference.where;
    findings.push_back(std::move(finding));
}

// ---- Socket.IO
// -----------------------------------------------------------------------------------

/// Engine.IO's first packet.
bool is_open_packet(const DialFact& dial) {
    return dial.status == 200 && dial.body.starts_with("0{");
}

/// A client that asks at another path than the server has.
void look_at_socket_path(const ReferenceFact& reference,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const std::string begin = "socket.io ";
    const std::string end = " of " + reference.dial;
    const DialFact* const usual = picture.dial(begin + "/socket.io/" + end);
    const ServiceFact* const server = picture.owner_of(reference.port);
    if (usual == nullptr || usual->status == 0 || is_open_packet(*usual) || server == nullptr) {
        return;
    }
    for (const DialFact& dial : picture.facts().dials) {
        const bool is_other = dial.id.starts_with(begin) && dial.id.ends_with(end);
        if (!is_other || !is_open_packet(dial)) continue;
        const std::string path = dial.path.substr(0, dial.path.find('?'));
        Finding finding;
        finding.id = "socket-path-differs";
        finding.service = reference.service;
        finding.topic = "socket path";
        finding.strength = 80;
        finding.what = server->name + " has Socket.IO at " + path + ", and " + reference.service +
                       " (" + render_reference(reference) +
                       ") gets no connection: the usual path /socket.io/ is answered with " +
                       std::to_string(usual->status) + " there.";
        finding.evidence = {render_request(dial) + ": status 200, a session is opened",
                            render_request(*usual) + ": status " + std::to_string(usual->status)};
        finding.fix = "give the client the same path: io(URL, { path: \"" + path + "\" })";
        findings.push_back(std::move(finding));
        return;
    }
}

// ---- What was built in
// ---------------------------------------------------------------------------

/// A page is handed out, and its scripts ask where nobody is.
void look_at_bundle(const ReferenceFact& reference,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    if (reference.kind != "bundle" || !picture.listeners_on(reference.port).empty()) return;
    Finding finding;
    finding.id = "bundle-names-dead-port";
    finding.service = reference.service;
    finding.topic = "bundle";
    finding.strength = 76;
    finding.what = "The pages of " + reference.service + " ask " +
                   render_endpoint(reference.host, reference.port) +
                   ", where nothing listens: it is built into " + reference.path.substr(1) +
                   ", from " + render_reference(reference) + ".";
    std::vector<std::string> others;
    for (const ServiceFact& it : picture.facts().services) {
        if (it.name == reference.service || it.ports.empty() || !picture.is_alive(it)) continue;
        others.push_back(it.name + " listens on port " + it.ports.front());
    }
    if (others.size() == 1) finding.evidence = others;
    finding.fix = "correct the port in " + reference.where +
                  ", and build anew (npm run build): "
                  "what was built does not read it again";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_node_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const FolderFact& folder : picture.facts().folders)
        look_at_version(folder, picture, findings);
    for (const ReferenceFact& reference : picture.facts().references) {
        look_at_socket_path(reference, picture, findings);
        look_at_bundle(reference, picture, findings);
        if (!is_development_server(reference)) continue;
        look_at_kept_prefix(reference, picture, findings);
        look_at_scheme(reference, picture, findings);
    }
}

}  // namespace devstack::core::doctor
