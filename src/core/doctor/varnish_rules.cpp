// What Varnish and lighttpd say of their configurations: that a VCL is refused, with the reason in
// one line and the place in another one; that a key is ignored.

#include "devstack/base/text.hpp"

#include "core/doctor/proxy_answers.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// The last thing that the compiler of VCL complains of; what comes behind its first place only
/// says where the block begins.
std::size_t find_complaint(const LogFact& log) {
    const auto head = std::find_if(log.lines.rbegin(), log.lines.rend(), [](const LineFact& it) {
        return contains(it.text, "Message from VCC-compiler");
    });
    return static_cast<std::size_t>(log.lines.rend() - head);
}

void look_at_vcl(const ServiceFact& service, const LogFact& log, std::vector<Finding>& findings) {
    static const std::regex form{R"re(^\('?([^']+?)'? Line (\d+) Pos (\d+)\))re"};
    std::smatch found;
    std::string message;
    const std::size_t begin = find_complaint(log);
    if (begin == 0) return;
    for (std::size_t i = begin; i < log.lines.size(); ++i) {
        const std::string& text = log.lines[i].text;
        if (!std::regex_search(text, found, form)) {
            const bool is_said = !text.empty() && !text.starts_with("(program line");
            if (is_said) message += (message.empty() ? "" : " ") + text;
            continue;
        }
        const std::string file = base_of(found[1].str());
        const std::string place = file + ":" + found[2].str();
        Finding finding;
        finding.id = "varnish-config";
        finding.service = service.name;
        finding.topic = "configuration";
        finding.strength = 82;
        finding.confidence = Confidence::sure;
        finding.what = service.name + " (Varnish) does not start: it refuses its VCL at " + place +
                       ", position " + found[3].str() +
                       (message.empty() ? "." : ": " + message + ".");
        if (message.ends_with('.')) finding.what.pop_back();
        finding.evidence = {render_line(service.name, log.lines[i])};
        finding.fix =
            "correct " + place +
            (contains(message, "Expected ';'") ? ", or the end of the line before it" : "") +
            "; varnishd -C -f " + found[1].str() + " checks it";
        findings.push_back(std::move(finding));
        return;
    }
}

/// Its own page, unless vcl_synth makes another one (builtin.vcl).
void look_at_synth(const ProxyAnswer& it, std::vector<Finding>& findings) {
    constexpr std::size_t rules_max = 3;
    const bool is_own = contains(it.dial.body, "Guru Meditation") ||
                        contains(it.dial.body, "Varnish cache server") ||
                        it.well_behind() != nullptr;
    if (it.dial.status < 400 || !is_own) return;
    std::vector<std::string> places;
    for (const ProxyRuleFact* rule : it.rules("answer")) {
        if (rule->status == it.dial.status) places.push_back(place_of(*rule));
    }
    if (places.empty() || places.size() > rules_max) return;
    Finding finding = it.begin("proxy-returns", 90);
    finding.what = it.name() + " answers " + it.path() + " itself, and passes it on to nobody: " +
                   (places.size() > 1 ? "by one of " : "by ") + join_for_people(places) + ".";
    if (const DialFact* const behind = it.well_behind()) {
        finding.evidence.push_back(render_request(*behind) + ": status " +
                                   std::to_string(behind->status));
    }
    finding.fix = "correct the condition there, or ask as it wants it (this request: host " +
                  it.host() + "), then load the VCL anew (varnishadm vcl.load, vcl.use)";
    findings.push_back(std::move(finding));
}

std::string module_of(const std::string& key) {
    return key.substr(0, key.find('.'));
}

/// What nobody knows does nothing: the request falls through to the files.
void look_at_ignored_key(const Picture& picture, std::vector<Finding>& findings) {
    static const std::regex form{R"re(unknown config-key: (\S+) \(ignored\))re"};
    static const std::vector<std::string> keys{"proxy.server",
                                               "fastcgi.server",
                                               "scgi.server",
                                               "alias.url",
                                               "url.rewrite-once",
                                               "url.redirect",
                                               "auth.require",
                                               "setenv.add-response-header",
                                               "index-file.names",
                                               "server.error-handler-404"};
    const DialFact* const asked = picture.dial("asked");
    const ServiceFact* const server = asked == nullptr ? nullptr : picture.owner_of(asked->port);
    if (server == nullptr || asked->status < 400) return;
    const LineFact* const line = picture.find_line_with(server->name, "unknown config-key: ");
    std::smatch found;
    if (line == nullptr || !std::regex_search(line->text, found, form)) return;
    const std::string key = found[1].str();
    const auto meant = closest_match(key, keys);
    const bool is_misspelt = meant && *meant != key;
    Finding finding;
    finding.id = "lighttpd-key-ignored";
    finding.service = server->name;
    finding.topic = "configuration";
    finding.strength = 84;
    finding.what = server->name + " (lighttpd) ignores " + key +
                   " in its configuration, since none of its modules knows it" +
                   did_you_mean(key, is_misspelt ? keys : std::vector<std::string>{}) +
                   ", and answers " + asked->path + " with " + std::to_string(asked->status) + ".";
    finding.evidence = {render_line(server->name, *line)};
    finding.fix =
        (is_misspelt ? "write " + *meant + " in its place, and load the module that has it"
                     : "load the module that has it") +
        " (server.modules += ( \"mod_" + module_of(meant ? *meant : key) + "\" )), then restart " +
        server->name;
    findings.push_back(std::move(finding));
}

}  // namespace

void find_varnish_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        const bool is_it = service != nullptr && !service->words.empty() &&
                           base_of(service->words[0]) == "varnishd";
        if (is_it && !picture.is_alive(*service)) look_at_vcl(*service, log, findings);
    }
    for (const ProxyAnswer& it : find_proxy_answers(picture, "Varnish"))
        look_at_synth(it, findings);
    look_at_ignored_key(picture, findings);
}

}  // namespace devstack::core::doctor
