// Traefik leaves out what it does not understand, and answers 404 in its place: only its log tells.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// "routerName=api@file", "\"routerName\":\"api@file\""; empty: of none.
std::string router_of(const std::string& line) {
    static const std::regex form{R"re(routerName"?[=:]"?([\w.@-]+))re"};
    std::smatch found;
    return std::regex_search(line, found, form) ? found[1].str() : "";
}

/// What is wrong with a router; empty: the line tells of nothing.
std::string read_trouble(const std::string& line) {
    static const std::regex missing{
        R"re((service|middleware|entryPoint) \\?"([^"\\]+)\\?" do(?:es not|esn't) exist)re"};
    static const std::regex entry_point{
        R"re(EntryPoint doesn't exist.*entryPointName"?[=:]"?([\w.-]+))re"};
    static const std::regex rule{R"re(error while (?:parsing|adding) rule ([^"]{1,120}))re"};
    std::smatch found;
    if (std::regex_search(line, found, missing)) {
        return "names the " + found[1].str() + " " + found[2].str() + ", which does not exist";
    }
    if (std::regex_search(line, found, entry_point)) {
        return "names the entryPoint " + found[1].str() + ", which does not exist";
    }
    if (std::regex_search(line, found, rule)) {
        return "has a rule that can not be read: " + found[1].str();
    }
    return "";
}

}  // namespace

void find_traefik_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    const ServiceFact* const server = asked == nullptr ? nullptr : picture.owner_of(asked->port);
    const bool is_traefik =
        server != nullptr && !server->words.empty() && base_of(server->words[0]) == "traefik";
    // What it says of routers of its own while it starts is harmless.
    if (!is_traefik || asked->status != 404 || !contains(asked->body, "404 page not found")) return;
    const LineFact* const line = picture.find_line(server->name, [](const std::string& text) {
        const std::string router = router_of(text);
        return !router.empty() && !router.ends_with("@internal") && !read_trouble(text).empty();
    });
    if (line == nullptr) return;
    Finding finding;
    finding.id = "traefik-router-left-out";
    finding.service = server->name;
    finding.topic = "proxy";
    finding.strength = 82;
    finding.what = "Traefik (" + server->name + ") leaves out its router " + router_of(line->text) +
                   ", which " + read_trouble(line->text) + "; where no other router applies it " +
                   "answers " + asked->path + " with 404 itself.";
    finding.evidence = {render_line(server->name, *line)};
    finding.fix =
        "correct the router in its configuration; names of another provider need its "
        "name behind them (app@file, app@docker)";
    findings.push_back(std::move(finding));
}

}  // namespace devstack::core::doctor
