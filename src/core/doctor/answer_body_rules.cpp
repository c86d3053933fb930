// What is wrong with the body of an answer whose status is well: it ends too early, or is kept back
// by whoever compresses it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <charconv>

namespace devstack::core::doctor {

namespace {

std::size_t count_events(const std::string& body) {
    std::size_t count = 0;
    for (auto at = body.find("data:"); at != body.npos; at = body.find("data:", at + 1))
        ++count;
    return count;
}

Finding begin(const DialFact& asked, const Picture& picture, const char* id, int strength) {
    const ServiceFact* const server = server_behind(asked, picture);
    Finding finding;
    finding.id = id;
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = id;
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    return finding;
}

std::string name_of(const DialFact& asked, const Picture& picture) {
    const ServiceFact* const server = server_behind(asked, picture);
    return server == nullptr ? render_endpoint(asked.host, asked.port) : server->name;
}

/// Events that come plain, and not where the client takes gzip, as all browsers do.
void look_at_compression(const DialFact& asked,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const DialFact* const packed = picture.dial("gzip of asked");
    constexpr std::size_t events_min = 2;
    // RFC 1952, 2.3.1: of the header one byte can be shown, as U+FFFD.
    constexpr std::size_t header_shown_max = 4;
    const std::size_t events = count_events(asked.body);
    const bool is_kept_back = packed != nullptr && packed->status == 200 &&
                              packed->body.size() <= header_shown_max &&
                              !header_of(*packed, "content-encoding").empty() &&
                              contains(header_of(*packed, "content-type"), "event-stream");
    if (!is_kept_back || asked.status != 200 || events < events_min) return;
    const std::string name = name_of(asked, picture);
    Finding finding = begin(asked, picture, "stream-compressed", 86);
    finding.what = "The event stream (SSE) " + asked.path + " of " + name +
                   " is compressed for clients that accept that, as browsers do, and its events "
                   "stay in the compressor: " +
                   count_of(events, "event") + " came without, none with Accept-Encoding: gzip.";
    finding.evidence = {render_request(*packed) +
                        " with Accept-Encoding: gzip: status 200, "
                        "content-encoding " +
                        header_of(*packed, "content-encoding") + ", no event within " +
                        seconds_text(packed->seconds)};
    finding.fix =
        "leave text/event-stream out of compression (filter of compression() in Express, "
        "gzip_types of nginx, or Cache-Control: no-transform), or flush after each event "
        "(res.flush())";
    findings.push_back(std::move(finding));
}

/// It ends within a string or a bracket.
bool is_unfinished(const std::string& json) {
    int depth = 0;
    bool is_in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (is_in_string) {
            if (c == '\\') ++i;
            if (c == '"') is_in_string = false;
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return is_in_string || depth > 0;
}

/// RFC 9110, 8.6: the number of octets, of which a character may have several.
void look_at_length(const DialFact& asked, const Picture& picture, std::vector<Finding>& findings) {
    const std::string text = header_of(asked, "content-length");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    const bool is_json = contains(header_of(asked, "content-type"), "json") &&
                         (asked.body.starts_with('{') || asked.body.starts_with('['));
    // More than that is not kept of a body.
    const bool is_whole = !text.empty() && length == asked.body.size() && asked.stage == "done";
    const bool has_wide = std::ranges::any_of(
        asked.body, [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
    if (!is_json || !is_whole || !is_unfinished(asked.body)) return;
    const std::string name = name_of(asked, picture);
    Finding finding = begin(asked, picture, "answer-cut-short", has_wide ? 84 : 70);
    if (!has_wide) finding.confidence = Confidence::probable;
    finding.what = name + " announces " + text + " bytes for " + asked.path +
                   " (Content-Length), and its JSON is not complete with them: clients see it cut" +
                   (has_wide ? "; it counts characters, and some here have several bytes." : ".");
    finding.evidence = {
        render_request(asked) + ": status " + std::to_string(asked.status) + ", content-length " +
        text + ", ends with …" +
        asked.body.substr(asked.body.size() - std::min<std::size_t>(asked.body.size(), 20))};
    finding.fix = "let " + name +
                  " count the bytes (len(body.encode()), Buffer.byteLength(body)), or leave "
                  "Content-Length to its framework";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_bad_bodies(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    if (asked == nullptr) return;
    look_at_compression(*asked, picture, findings);
    look_at_length(*asked, picture, findings);
}

}  // namespace devstack::core::doctor
